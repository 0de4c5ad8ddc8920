"""What is on screen as commands that do the same against the API: curl, and Python with nothing to install. Pure."""

SAFETENSORS = "application/vnd.safetensors"
TOKEN = "SCRAWL_WRITE_TOKEN"
TASKS = {
    "predict": "Read this drawing",
    "get": "Get the shared weights",
    "send": "Send the downloaded weights",
    "teach": "Teach this drawing",
}
NEEDS_DRAWING = ("predict", "teach")
LANGUAGES = {"curl": "curl", "python": "Python"}


class Scene:
    """What is on screen: the API's address, the network, the drawing and what it is meant to be."""

    def __init__(self, api: str, model: str) -> None:
        self.api = api  # ends with a slash
        self.model = model
        self.png = ""  # base64
        self.pixels = ""  # base64 of 784 bytes
        self.image = ""  # JSON of 784 numbers, 0 to 1
        self.label = 0
        self.needs_token = False

    def address(self, route: str) -> str:
        """Return a route's address, for this network."""
        return f"{self.api}{route}?model={self.model}"


def snippet(task: str, language: str, scene: Scene) -> str:
    """Return the commands, ending with a line feed."""
    return WRITERS[language, task](scene)


def image_json(picture: object) -> str:
    """Return a picture of 784 bytes as JSON of numbers from 0 to 1, short: most of them are 0."""
    return "[" + ",".join(_number(byte) for byte in picture) + "]"


def _number(byte: int) -> str:
    if byte in (0, 255):
        return "1" if byte else "0"
    return f"{byte / 255:.3f}".rstrip("0")


# curl


def _curl_predict(scene: Scene) -> str:
    return _curl([_json_header(), f"""-d '{{"image": "{scene.png}"}}'"""], scene.address("predict"))


def _curl_get(scene: Scene) -> str:
    return _curl([f"-H 'Accept: {SAFETENSORS}'", f"-o {scene.model}.safetensors"], scene.address("weights"))


def _curl_send(scene: Scene) -> str:
    parts = [f"-H 'Content-Type: {SAFETENSORS}'", *_curl_token(scene), f"--data-binary @{scene.model}.safetensors"]
    return _curl(parts, scene.address("weights"))


def _curl_teach(scene: Scene) -> str:
    body = f'{{"data": [{{"target": {scene.label}, "image": {scene.image}}}]}}'
    return _curl(["-X PATCH", _json_header(), *_curl_token(scene), f"-d '{body}'"], scene.address("weights"))


def _curl(parts: list, address: str) -> str:
    return " \\\n  ".join(["curl -sS --fail-with-body", *parts, f"'{address}'"]) + "\n"


def _json_header() -> str:
    return "-H 'Content-Type: application/json'"


def _curl_token(scene: Scene) -> list:
    return [f'-H "Authorization: Bearer ${TOKEN}"'] if scene.needs_token else []


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


def _python(template: str, route: str) -> object:
    def write(scene: Scene) -> str:
        return template.format(
            url=scene.address(route),
            model=scene.model,
            png=scene.png,
            pixels=scene.pixels,
            label=scene.label,
            safetensors=SAFETENSORS,
            import_os="import os\n" if scene.needs_token else "",
            token=f""", "Authorization": "Bearer " + os.environ["{TOKEN}"]""" if scene.needs_token else "",
        )

    return write


WRITERS = {
    ("curl", "predict"): _curl_predict,
    ("curl", "get"): _curl_get,
    ("curl", "send"): _curl_send,
    ("curl", "teach"): _curl_teach,
    ("python", "predict"): _python(_PREDICT, "predict"),
    ("python", "get"): _python(_GET, "weights"),
    ("python", "send"): _python(_SEND, "weights"),
    ("python", "teach"): _python(_TEACH, "weights"),
}
