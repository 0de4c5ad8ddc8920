"""The local stream of lessons: a Kinesis in this process, and a thread that learns what is on it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from functions import aws, wiring
from functions.lessons.records import read_event
from infra.local.kinesis_server import LocalKinesis
from infra.local.lesson_consumer import Event, LessonConsumer

STREAM = "scrawl-local"
_ENDPOINT = "AWS_ENDPOINT_URL_KINESIS"


@contextmanager
def local_stream() -> Iterator[None]:
    """Have PATCHes of this process go through a stream; at the end, learn what is still on it."""
    kinesis = LocalKinesis(STREAM)
    os.environ |= {"SCRAWL_LESSON_STREAM": STREAM, _ENDPOINT: kinesis.endpoint}

    def learn(event: Event) -> None:
        for shard, records in read_event(event).items():
            wiring.service().learner.learn(shard, records)
            kinesis.forget(records[-1].sequence)

    consumer = LessonConsumer(aws.client("kinesis"), STREAM, learn, after=str(kinesis.start))
    thread = threading.Thread(target=consumer.run, name="lessons", daemon=True)
    thread.start()
    try:
        yield
    finally:
        consumer.stop()
        thread.join()
        kinesis.close()
