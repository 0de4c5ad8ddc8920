"""The template's stream of lessons: only where it is asked for, and read so that nothing is lost."""

from infra.cloudformation.template import Json, alarms
from tests.support.aws.stack_template import mentions, properties

STREAM = ("LessonStream", "LessonsToLearn", "LearnFromStream", "HandInLessons", "LearnFails", "LessonsLate")


def test_stages_have_no_stream_unless_they_ask_for_one(sam: Json) -> None:
    assert sam["Parameters"]["LessonShards"]["Default"] == 0
    assert all(sam["Resources"][name]["Condition"] == "StreamsLessons" for name in STREAM)
    conditional = {name for name, each in sam["Resources"].items() if each.get("Condition") == "StreamsLessons"}
    assert conditional == set(STREAM)
    variables = properties(sam, "APIHandler")["Environment"]["Variables"]
    assert variables["SCRAWL_LESSON_STREAM"] == {"Fn::If": ["StreamsLessons", {"Ref": "LessonStream"}, ""]}


def test_lessons_are_read_in_order_from_the_first_and_what_fails_is_set_aside(sam: Json) -> None:
    mapping = properties(sam, "LessonsToLearn")
    assert mapping["FunctionName"] == {"Ref": "Learn"}
    assert (mapping["StartingPosition"], mapping["ParallelizationFactor"]) == ("TRIM_HORIZON", 1)
    assert (mapping["MaximumBatchingWindowInSeconds"], mapping["BisectBatchOnFunctionError"]) == (1, True)
    assert mapping["MaximumRetryAttempts"] > 0
    assert mentions(mapping["DestinationConfig"]["OnFailure"], "DataBucket")


def test_the_api_may_only_put_lessons_and_the_consumer_only_read_them(sam: Json) -> None:
    for name, role, verbs in (
        ("HandInLessons", "ApiHandlerRole", {"PutRecord"}),
        ("LearnFromStream", "LearnRole", {"Describe", "Get", "List"}),
    ):
        policy = properties(sam, name)
        assert policy["Roles"] == [{"Ref": role}]
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions)
            if actions[0].startswith("kinesis:"):
                assert statement["Resource"] == {"Fn::GetAtt": ["LessonStream", "Arn"]}
                assert all(action.startswith(tuple(f"kinesis:{verb}" for verb in verbs)) for action in actions)
            else:
                assert actions == ["s3:PutObject"]
                assert mentions(statement["Resource"], "DataBucket")


def test_alarms_look_at_the_function_that_learns() -> None:
    for name in ("LearnFails", "LessonsLate"):
        assert alarms("prod")[name]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Learn"}}]
