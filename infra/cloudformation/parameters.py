"""What an operator may choose about a stack, the conditions that follow from it, and what a stack tells."""

from typing import Any

type Json = dict[str, Any]

PARAMETERS: Json = {
    "WriteToken": {
        "Type": "String",
        "NoEcho": True,
        "MinLength": 16,
        "MaxLength": 256,
        "AllowedPattern": "[A-Za-z0-9._~+/=-]+",
        "ConstraintDescription": "16 to 256 letters, digits or ._~+/=-",
        "Description": "What whoever changes the shared weights sends as Authorization: Bearer.",
    },
    "AlarmEmail": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"|[^@\s]+@[^@\s]+\.[^@\s]+",
        "ConstraintDescription": "an e-mail address, or nothing",
        "Description": "Who is told of alarms and of the budget; nobody when it is empty.",
    },
    "MonthlyBudget": {
        "Type": "Number",
        "Default": 20,
        "MinValue": 1,
        "Description": "US dollars a month, of the whole account, about which AlarmEmail is warned.",
    },
    "ReservedConcurrency": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "The most copies of the API's Lambda at a time, kept free for it; 0: what the account allows.",
    },
    "RateLimit": {
        "Type": "Number",
        "Default": 200,
        "MinValue": 1,
        "Description": "Requests per second of each method of each path, from everybody together.",
    },
    "BurstLimit": {
        "Type": "Number",
        "Default": 400,
        "MinValue": 1,
        "Description": "Such requests at once, before RateLimit counts.",
    },
    "WriteRateLimit": {
        "Type": "Number",
        "Default": 4,
        "MinValue": 1,
        "Description": "The same of those that change shared weights; one model takes about four PATCHes per second.",
    },
    "RequestsPerVisitor": {
        "Type": "String",
        "Default": "0",
        "AllowedPattern": "0|[1-9][0-9]{1,8}",  # WAF counts from ten
        "ConstraintDescription": "0, or at least 10",
        "Description": (
            "Requests that one address may send in five minutes; 0: no such limit. "
            "It needs a stack in us-east-1, and AWS WAF takes about 6 dollars a month."
        ),
    },
    "LogRetention": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": [1, 3, 7, 14, 30, 60, 90, 180, 365],
        "Description": "Days that logs are kept.",
    },
    "XRay": {
        "Type": "String",
        "Default": "off",
        "AllowedValues": ["on", "off"],
        "Description": "Whether AWS X-Ray traces requests.",
    },
    "DomainName": {
        "Type": "String",
        "Default": "",
        "Description": "A domain of one's own, whose DNS points to DistributionDomain; needs CertificateArn.",
    },
    "CertificateArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"|arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/.+",
        "ConstraintDescription": "the ARN of an ACM certificate in us-east-1, or nothing",
        "Description": "The certificate of DomainName, from AWS Certificate Manager in us-east-1.",
    },
}

CONDITIONS: Json = {
    "HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
    "HasDomain": {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]},
    "ReservesConcurrency": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReservedConcurrency"}, 0]}]},
    "LimitsVisitors": {"Fn::Not": [{"Fn::Equals": [{"Ref": "RequestsPerVisitor"}, "0"]}]},
    "Traces": {"Fn::Equals": [{"Ref": "XRay"}, "on"]},
}

# What would otherwise fail only after minutes.
RULES: Json = {
    "DomainNeedsCertificate": {
        "RuleCondition": CONDITIONS["HasDomain"],
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]},
                "AssertDescription": "DomainName needs CertificateArn",
            }
        ],
    },
    "VisitorLimitNeedsRegion": {
        "RuleCondition": CONDITIONS["LimitsVisitors"],
        "Assertions": [
            {
                "Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
                "AssertDescription": "RequestsPerVisitor needs a stack in us-east-1, where CloudFront's WAF lives",
            }
        ],
    },
}

# Chalice adds RestAPIId, EndpointURL, APIHandlerName and APIHandlerArn.
OUTPUTS: Json = {
    "SiteBucket": {"Description": "Where the page goes.", "Value": {"Ref": "SiteBucket"}},
    "DataBucket": {"Description": "Digits, models, weights and jobs.", "Value": {"Ref": "DataBucket"}},
    "DistributionId": {"Description": "CloudFront's, to invalidate.", "Value": {"Ref": "Distribution"}},
    "DistributionDomain": {
        "Description": "Where Scrawl is.",
        "Value": {"Fn::GetAtt": ["Distribution", "DomainName"]},
    },
    "RetrainName": {"Description": "The Lambda that retrains.", "Value": {"Ref": "Retrain"}},
}


def when(condition: str, value: object) -> Json:
    """Return a value that a property has only on a condition."""
    return {"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]}
