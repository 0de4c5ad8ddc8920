"""The template's CloudFront: what it caches, which file it asks for, and the page's policy."""

import json
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

from functions.storage.memory import MemoryStore
from infra import cloudformation
from infra.cloudformation import template
from infra.cloudformation.template import Json
from infra.page import site
from infra.page.headers import content_security_policy
from infra.paths import SITE
from tests.support.api import serving
from tests.support.aws.stack_template import properties


def test_cached_answers_differ_only_by_what_the_cache_looks_at(sam: Json, memory: MemoryStore) -> None:
    config = properties(sam, "AnswersCache")["CachePolicyConfig"]
    keys = config["ParametersInCacheKeyAndForwardedToOrigin"]
    looked_at = {*keys["HeadersConfig"]["Headers"], "Accept-Encoding"}
    behaviours = properties(sam, "Distribution")["DistributionConfig"]["CacheBehaviors"]
    cached = [b["PathPattern"] for b in behaviours if b["CachePolicyId"] == {"Ref": "AnswersCache"}]
    assert cached == ["/api/datablock/*", "/api/weights"]
    assert (keys["QueryStringsConfig"]["QueryStringBehavior"], config["DefaultTTL"]) == ("all", 0)
    with serving(memory) as api:
        for path in ("/datablock/train/0", "/weights"):
            answer = api("GET", path)
            assert set(answer.headers["Vary"].split(", ")) <= looked_at
            assert answer.headers["Cache-Control"]
        # CloudFront puts requests together whose answers it may keep; random digits stay out of that.
        assert api("GET", "/data").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "uri", "expected"),
    [
        ("gzip, deflate, br, zstd", "/", "/index.html.br"),
        ("gzip", "/assets/1/kernel.wasm", "/assets/1/kernel.wasm.gz"),
        ("br;q=0, gzip;q=0.5", "/service-worker.js", "/service-worker.js.gz"),
        ("br; q=0.000, gzip; q=0", "/index.html", "/index.html"),
        ("BR;Q=1.0", "/index.html", "/index.html.br"),
        ("brotli", "/index.html", "/index.html"),
        (None, "/", "/index.html"),
        ("br", "/assets/1/picture.png", "/assets/1/picture.png"),
    ],
)
def test_the_edge_asks_for_the_file_that_the_browser_can_unpack(accepted: str, uri: str, expected: str) -> None:
    code = Path(cloudformation.__file__).with_name("negotiate.js").read_text()
    headers = {} if accepted is None else {"accept-encoding": {"value": accepted}}
    event = json.dumps({"request": {"uri": uri, "headers": headers}})
    assert MiniRacer().eval(f"{code}\nhandler({event}).uri") == expected


def test_the_policy_names_the_scripts_of_the_built_page() -> None:
    source = (SITE / "index.html").read_text("utf-8")
    names = ["worker.js", "brython.js", "scrawl.js", "scrawl-later.js", "style.css", "kernel.wasm"]
    built = site._with_addresses(source, {name: f"assets/0123456789ab/{name}" for name in names})
    assert built != source
    policy = content_security_policy(source)
    assert policy.count("'sha256-") == source.count("<script>") + source.count("<script data-")
    assert content_security_policy(built) == policy
    assert policy in json.dumps(template.stack("prod"))
