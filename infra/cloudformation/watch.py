"""Alarms, who is told of them, and the budget. What to do about each is said in docs/operations.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.telemetry.metrics import NAMESPACE, SERVICE
from infra.cloudformation.parameters import Json, when


@dataclass(frozen=True)
class _Alarm:
    """When `statistic` of `metric` reaches `threshold` in `periods` successive five minutes."""

    says: str
    metric: str  # namespace/name
    dimensions: Mapping[str, object]
    statistic: str
    threshold: float
    periods: int = 1
    below: bool = False
    missing: str = "notBreaching"  # what no data means: here, that nobody asked, so nothing is wrong


_API = {"FunctionName": {"Ref": "APIHandler"}}
_RETRAIN = {"FunctionName": {"Ref": "Retrain"}}
_GATEWAY = {"ApiName": {"Fn::Sub": "${AWS::StackName}"}, "Stage": "api"}


def alarms(stage: str) -> dict[str, _Alarm]:
    """Return what a stage is watched for. All stages write metrics of Scrawl's own into one namespace."""
    own = {"stage": stage, "service": SERVICE}
    return {
        "ApiFails": _Alarm("The API answers 5xx", "AWS/ApiGateway/5XXError", _GATEWAY, "Sum", 5),
        "ApiCrashes": _Alarm("The API's Lambda ends or times out", "AWS/Lambda/Errors", _API, "Sum", 3),
        "ApiThrottled": _Alarm("There are too few Lambdas for the requests", "AWS/Lambda/Throttles", _API, "Sum", 10),
        "ApiSlow": _Alarm("One request in a hundred takes over 3 s", "AWS/Lambda/Duration", _API, "p99", 3000, 3),
        "RetrainCrashes": _Alarm("A retraining ended before its time", "AWS/Lambda/Errors", _RETRAIN, "Sum", 1),
        "RetrainFails": _Alarm("A retraining came to no weights", f"{NAMESPACE}/RetrainFailed", own, "Sum", 1),
        "WeightsOld": _Alarm("Predictions go on with old weights", f"{NAMESPACE}/StaleSeconds", own, "Maximum", 60),
        "Mlp128Bad": _accuracy("mlp-128", own),
        "Mlp12864Bad": _accuracy("mlp-128-64", own),
        "Conv3264Bad": _accuracy("conv-32-64", own),
    }


def _accuracy(model: str, own: dict[str, str]) -> _Alarm:
    """Return an alarm that lasts until better weights are published: no news says nothing of them."""
    says = f"The shared weights of {model} have become bad; roll them back"
    metric = f"{NAMESPACE}/Accuracy"
    return _Alarm(says, metric, own | {"model": model}, "Minimum", 90, below=True, missing="ignore")


def resources(stage: str) -> Json:
    """Return the alarms, the topic that they tell, and the budget."""
    return {name: _resource(alarm) for name, alarm in alarms(stage).items()} | {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Condition": "HasEmail",
            "Properties": {"Subscription": [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]},
        },
        "Budget": _budget(),
    }


def _resource(alarm: _Alarm) -> Json:
    namespace, _, metric = alarm.metric.rpartition("/")
    kind = "ExtendedStatistic" if alarm.statistic.startswith("p") else "Statistic"
    told = when("HasEmail", [{"Ref": "AlarmTopic"}])
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": alarm.says,
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()],
            kind: alarm.statistic,
            "Period": 300,
            "EvaluationPeriods": alarm.periods,
            "Threshold": alarm.threshold,
            "ComparisonOperator": "LessThanThreshold" if alarm.below else "GreaterThanOrEqualToThreshold",
            "TreatMissingData": alarm.missing,
            "AlarmActions": told,
            "OKActions": told,
        },
    }


def _budget() -> Json:
    """Return a budget that warns when most of it is spent, and when more than it is about to be."""
    warnings = [
        {
            "Notification": {
                "NotificationType": kind,
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": percent,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}],
        }
        for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
    ]
    return {
        "Type": "AWS::Budgets::Budget",
        "Condition": "HasEmail",
        "Properties": {
            "Budget": {
                "BudgetName": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
                "BudgetLimit": {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"},
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
            },
            "NotificationsWithSubscribers": warnings,
        },
    }
