"""Commands that do with the API what is on screen: curl, and Python with nothing to install. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    type CommandTask = Literal["predict", "get", "send", "teach"]
    type Language = Literal["curl", "python"]
    type Writer = Callable[[CommandContext], str]

SAFETENSORS = "application/vnd.safetensors"
TOKEN = "SCRAWL_WRITE_TOKEN"
TASKS: dict[CommandTask, str] = {
    "predict": "Read this drawing",
    "get": "Get the shared weights",
    "send": "Send the downloaded weights",
    "teach": "Teach this drawing",
}
NEEDS_DRAWING: tuple[CommandTask, ...] = ("predict", "teach")
LANGUAGES: dict[Language, str] = {"curl": "curl", "python": "Python"}


class CommandContext:
    """What commands are about: the API's address, the network, the drawing and its label."""

    def __init__(self, api: str, model: str) -> None:
        self.api = api  # ends with a slash
        self.model = model
        self.png = ""  # base64
        self.pixels = ""  # base64 of 784 bytes
        self.image = ""  # JSON of 784 numbers, 0 to 1
        self.label = 0
        self.needs_token = False

    def address(self, route: str) -> str:
        """Return the address of a route for this network."""
        return f"{self.api}{route}?model={self.model}"


def snippet(task: CommandTask, language: Language, context: CommandContext) -> str:
    """Return the commands, ending with a line feed."""
    return WRITERS[language, task](context)


def image_json(picture: Iterable[int]) -> str:
    """Return a picture of 784 bytes as JSON of numbers from 0 to 1, short: most of them are 0."""
    return "[" + ",".join(_number(byte) for byte in picture) + "]"


def _number(byte: int) -> str:
    if byte in (0, 255):
        return "1" if byte else "0"
    return f"{byte / 255:.3f}".rstrip("0")


# curl


def _curl_predict(context: CommandContext) -> str:
    return _curl([_json_header(), f"""-d '{{"image": "{context.png}"}}'"""], context.address("predict"))


def _curl_get(context: CommandContext) -> str:
    return _curl([f"-H 'Accept: {SAFETENSORS}'", f"-o {context.model}.safetensors"], context.address("weights"))


def _curl_send(context: CommandContext) -> str:
    parts = [
        f"-H 'Content-Type: {SAFETENSORS}'",
        *_curl_token(context),
        f"--data-binary @{context.model}.safetensors",
    ]
    return _curl(parts, context.address("weights"))


def _curl_teach(context: CommandContext) -> str:
    body = f'{{"data": [{{"target": {context.label}, "image": {context.image}}}]}}'
    return _curl(["-X PATCH", _json_header(), *_curl_token(context), f"-d '{body}'"], context.address("weights"))


def _curl(parts: list[str], address: str) -> str:
    return " \\\n  ".join(["curl -sS --fail-with-body", *parts, f"'{address}'"]) + "\n"


def _json_header() -> str:
    return "-H 'Content-Type: application/json'"


def _curl_token(context: CommandContext) -> list[str]:
    return [f'-H "Authorization: Bearer ${TOKEN}"'] if context.needs_token else []


# Python

_PREDICT = """\
import json
from urllib.request import Request, urlopen

body = json.dumps({{"image": "{png}"}})
request = Request("{url}", body.encode(), {{"Content-Type": "application/json"}})
answer = json.load(urlopen(request))
print(answer["label"], max(answer["probabilities"]))
"""

_GET = """\
from urllib.request import Request, urlopen

request = Request("{url}", headers={{"Accept": "{safetensors}"}})
with urlopen(request) as answer, open("{model}.safetensors", "wb") as file:
    file.write(answer.read())
    print("version", answer.headers["ETag"])
"""

_SEND = """\
import json
{import_os}from urllib.request import Request, urlopen

with open("{model}.safetensors", "rb") as file:
    weights = file.read()
headers = {{"Content-Type": "{safetensors}"{token}}}
answer = json.load(urlopen(Request("{url}", weights, headers)))
print("version", answer["version"], "accuracy", answer["accuracy"])
"""

_TEACH = """\
import base64
import json
{import_os}from urllib.request import Request, urlopen

pixels = base64.b64decode("{pixels}")
digit = {{"target": {label}, "image": [pixel / 255 for pixel in pixels]}}
headers = {{"Content-Type": "application/json"{token}}}
body = json.dumps({{"data": [digit]}})
answer = json.load(urlopen(Request("{url}", body.encode(), headers, method="PATCH")))
print("version", answer["version"], "accuracy", answer["accuracy"])
"""


def _python(template: str, route: str) -> Writer:
    def write(context: CommandContext) -> str:
        return template.format(
            url=context.address(route),
            model=context.model,
            png=context.png,
            pixels=context.pixels,
            label=context.label,
            safetensors=SAFETENSORS,
            import_os="import os\n" if context.needs_token else "",
            token=f""", "Authorization": "Bearer " + os.environ["{TOKEN}"]""" if context.needs_token else "",
        )

    return write


WRITERS: dict[tuple[Language, CommandTask], Writer] = {
    ("curl", "predict"): _curl_predict,
    ("curl", "get"): _curl_get,
    ("curl", "send"): _curl_send,
    ("curl", "teach"): _curl_teach,
    ("python", "predict"): _python(_PREDICT, "predict"),
    ("python", "get"): _python(_GET, "weights"),
    ("python", "send"): _python(_SEND, "weights"),
    ("python", "teach"): _python(_TEACH, "weights"),
}
