"""One suite for the store in memory, on moto's S3 in process, and on moto's server."""

from collections.abc import Iterator

import pytest
import requests
from moto.server import ThreadedMotoServer

from functions import aws
from functions.errors import ConflictError, NotFoundError
from functions.storage import s3
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.storage.store import Store


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of moto's server."""
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def served(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    """Return an empty bucket on moto's server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)
    requests.post(f"{server}/moto-api/reset", timeout=30)
    over_http = aws.client("s3")
    over_http.create_bucket(Bucket="scrawl-test-server")
    yield S3Store(over_http, "scrawl-test-server")
    over_http.close()


@pytest.fixture(params=["memory", "in process", pytest.param("server", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: Store = request.getfixturevalue("empty_bucket" if request.param == "in process" else "served")
    return found


def test_what_is_put_is_got(store: Store) -> None:
    etag = store.put("a/b", b"first")
    assert store.get("a/b").body == b"first"
    assert store.get("a/b").etag == etag


def test_replacing_changes_the_etag(store: Store) -> None:
    assert store.put("k", b"one") != store.put("k", b"two")
    assert store.get("k").body == b"two"


def test_missing_object_is_named(store: Store) -> None:
    with pytest.raises(NotFoundError, match="'no/such'"):
        store.get("no/such")
    with pytest.raises(NotFoundError, match="'no/such'"):
        store.start("no/such", 10)


def test_start_is_cut_off(store: Store) -> None:
    store.put("k", b"0123456789")
    assert store.start("k", 4) == b"0123"
    assert store.start("k", 400) == b"0123456789"


def test_only_one_of_two_creations_succeeds(store: Store) -> None:
    store.put("k", b"one", if_absent=True)
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"two", if_absent=True)
    assert store.get("k").body == b"one"


def test_replacement_is_guarded_by_the_etag(store: Store) -> None:
    first = store.put("k", b"one")
    second = store.put("k", b"two", if_match=first)
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"three", if_match=first)
    assert store.get("k").body == b"two"
    store.put("k", b"three", if_match=second)


def test_guarded_replacement_of_nothing_is_a_conflict(store: Store) -> None:
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"one", if_match='"0123"')


def test_keys_are_those_of_the_prefix_sorted(store: Store) -> None:
    for key in ("b/2", "b/1", "a/1", "bb"):
        store.put(key, b"")
    assert store.keys("b/") == ["b/1", "b/2"]
    assert store.keys("") == ["a/1", "b/1", "b/2", "bb"]
    assert store.keys("c") == []


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put("k", b"one")
    store.delete("k")
    store.delete("k")
    assert store.keys("") == []


def test_many_are_deleted_at_once_and_others_stay(store: Store) -> None:
    for key in ("a", "b/c", "d e", "f"):
        store.put(key, b"")
    store.delete("a", "b/c", "d e", "never there")
    store.delete()
    assert store.keys("") == ["f"]


def test_more_are_deleted_than_one_call_takes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_MOST_PER_CALL", 2)
    for key in "abcdefg":
        store.put(key, b"")
    store.delete(*"abcde")
    assert store.keys("") == ["f", "g"]


def test_bytes_and_keys_of_any_kind_come_back(store: Store) -> None:
    everything = bytes(range(256)) * 300
    for key in ("weights/a-b_c.json", "ümlaut ☃", "a+b&c=d"):
        store.put(key, everything, content_type="application/json")
        assert store.get(key).body == everything
    store.put("empty", b"")
    assert store.get("empty").body == b""


def test_of_many_guarded_writes_one_after_the_other_each_counts(store: Store) -> None:
    etag = store.put("counter", b"0")
    for number in range(1, 5):
        assert store.get("counter").etag == etag
        etag = store.put("counter", b"%d" % number, if_match=etag)
    assert store.get("counter").body == b"4"
