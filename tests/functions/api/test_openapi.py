"""The API's description: complete, valid, and a page to read. That it is true is tested in `test_contract`."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from functions.api import openapi
from functions.app import app
from functions.storage.memory import MemoryStore
from tests.support.api import Api, serving

WITHOUT_END = {"br", "meta", "link", "hr", "img"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document("/api", token_needed=False)


def operations(document: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_described_and_every_description_has_a_route(document: dict[str, Any]) -> None:
    routes = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
    reading = {route for route in routes if route.startswith("GET ")}
    routes -= {route.replace("GET", "HEAD", 1) for route in reading}  # which OpenAPI's readers take for granted
    assert set(operations(document)) == routes


def test_ids_are_different(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(ids)) == len(ids)
    assert "getDatablockBySplitByIndex" in ids


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    found = set(re.findall(r"'\$ref': '#/components/(\w+)/([\w-]+)'", str(document)))
    assert found
    for kind, name in found:
        assert name in document["components"][kind]


def test_variables_of_a_path_are_parameters(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        told = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert told == set(re.findall(r"{(\w+)}", name))


def test_types_that_validate_are_those_that_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    pixels = schemas["Sample"]["properties"]["image"]
    assert (pixels["minItems"], pixels["maxItems"], pixels["items"]["maximum"]) == (784, 784, 1)
    assert schemas["LessonBody"]["properties"]["learning_rate"]["default"] == 0.01
    assert "untrained" in schemas["VersionAnswer"]["properties"]["source"]["description"]
    body = operations(document)["POST /predict"]["requestBody"]["content"]["application/json"]["schema"]
    assert [one["required"] for one in body["oneOf"]] == [["tensor"], ["tensors"], ["image"], ["strokes"]]
    assert {"type": "null"} in schemas["PredictBody"]["properties"]["strokes"]["anyOf"]
    assert set(schemas["Point"]["required"]) == {"x", "y"}


def test_form_has_a_file(document: dict[str, Any]) -> None:
    form = operations(document)["POST /predict"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"] == {"image": {"type": "string", "format": "binary"}}
    assert form["required"] == ["image"]


def test_writing_needs_the_token_where_one_is_set(document: dict[str, Any]) -> None:
    strict = openapi.document("", token_needed=True)
    for name, operation in operations(strict).items():
        writes = "/rooms" in name or (not name.startswith("GET") and "/weights" in name)
        assert ("security" in operation) == writes, name
        if writes:
            assert operation["security"] == [{"token": []}]
            assert operations(document)[name]["security"] == [{"token": []}, {}]


def test_document_is_served_and_known_again(api: Api) -> None:
    answer = api("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    plain = api("GET", "/openapi.json")
    assert plain.json_body["openapi"] == "3.1.0"
    known = {"If-None-Match": plain.headers["ETag"]}
    assert api("GET", "/openapi.json", headers=known).status_code == 304
    assert api("GET", "/openapi.json", headers={"Accept": "image/png"}).status_code == 406


def test_document_knows_where_it_is(memory: MemoryStore) -> None:
    with serving(memory, api_prefix="/api", write_token="secret") as api:
        document = api("GET", "/openapi.json").json_body
        assert document["servers"] == [{"url": "/api"}]
        assert "secret" not in str(document)
        assert api("GET", "/").json_body["links"]["docs"] == "/api/docs"


class Page(HTMLParser):
    """What is on a page: its ids, links and text; that all that is opened is closed again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in WITHOUT_END:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src"):
                self.addresses.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_shows_every_operation_with_an_example(api: Api, document: dict[str, Any]) -> None:
    answer = api("GET", "/docs")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer.body.decode())
    assert page.open == []
    for operation in operations(document).values():
        assert operation["operationId"] in page.ids
        assert operation["x-codeSamples"][0]["source"] in page.text
        assert f"#{operation['operationId']}" in page.addresses
    assert "784 × number 0 to 1" in page.text


def test_page_fetches_nothing(api: Api) -> None:
    answer = api("GET", "/docs")
    page = Page(answer.body.decode())
    assert {address for address in page.addresses if not address.startswith("#")} == {"data:,", "openapi.json"}
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert api("GET", "/docs", headers={"Accept": "text/html;q=0.9,*/*;q=0.1"}).status_code == 200
    assert api("GET", "/docs", headers={"Accept": "application/json"}).status_code == 406
