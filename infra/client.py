"""A client of Scrawl's API, for programs in Python and for the command line.

Every refusal becomes an `ApiError` with the API's own message. `infra.cli.api_commands` reads and writes the files.
"""

import gzip
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.util.retry import Retry

from functions import structs
from functions.prediction_warnings import PredictionWarning

JSON = "application/json"
SAFETENSORS = "application/vnd.safetensors"
ONNX = "application/vnd.onnx"
PAGE = 100  # versions that are asked for at once

_CONNECT, _READ = 5, 60  # seconds
_ATTEMPTS = 3  # of a request that only reads, when the API says that it is busy


class ApiError(RuntimeError):
    """The API refused, or did not answer; the message says which and what to do. `status` is 0 without an answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Prediction(msgspec.Struct):
    """Which digit it is, how probable each of the ten is, the weights that were used, and what may be wrong."""

    label: int
    probabilities: list[float]
    model: str
    version: str
    warnings: tuple[PredictionWarning, ...] = ()


class VersionInfo(msgspec.Struct):
    """A version of a model's weights: where it comes from and how good it is on the test digits."""

    version: str
    parent: str | None
    source: str
    samples: int
    loss: float
    accuracy: float
    created_at: str
    current: bool = False


class Published(msgspec.Struct):
    """The API's answer after making weights current."""

    model: str
    version: str
    accuracy: float
    loss: float


class _History(msgspec.Struct):
    versions: list[VersionInfo]
    next: str | None = None  # the address of older versions; None when there are none


@dataclass(frozen=True)
class Client:
    """The API at `url` (as in http://localhost:8000/api); `token` allows changing weights where that needs one."""

    url: str
    token: str | None = None

    def predict(self, image: bytes, name: str = "", model: str | None = None) -> Prediction:
        """Recognise the digit in an image file; `name` gives its type, else the API detects it."""
        kind = mimetypes.guess_type(name)[0] or ""
        headers = {"Content-Type": kind if kind.startswith("image/") else "image/png"}
        answer = self._send("POST", "predict", {"model": model}, image, headers)
        return _read(answer, Prediction)

    def weights(self, model: str | None = None, version: str | None = None, media_type: str = SAFETENSORS) -> bytes:
        """Return a version of a model's weights, the current one by default, as SAFETENSORS, ONNX or JSON."""
        return self._send(
            "GET", "weights", {"model": model, "version": version}, headers={"Accept": media_type}
        ).content

    def put_weights(
        self,
        body: bytes,
        model: str | None = None,
        media_type: str = SAFETENSORS,
        if_version: str | None = None,
        *,
        force: bool = False,
    ) -> Published:
        """Make weights current: with `if_version` only if that still is, with `force` even if they are worse."""
        headers = {"Content-Type": media_type} | _condition(if_version)
        if media_type == JSON:  # conv-32-64's would be larger than the API takes
            body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        query = {"model": model, "force": "true" if force else None}
        return _read(self._send("POST", "weights", query, body, headers), Published)

    def history(self, model: str | None = None, limit: int = PAGE) -> Iterator[VersionInfo]:
        """Yield a model's versions, newest first, at most `limit`; further pages are requested as needed."""
        before: str | None = None
        while limit > 0:
            query = {"model": model, "limit": str(min(limit, PAGE)), "before": before}
            page = _read(self._send("GET", "weights/history", query), _History)
            yield from page.versions[:limit]
            limit -= len(page.versions)
            if page.next is None or not page.versions:
                return
            before = page.versions[-1].version

    def rollback(self, version: str, model: str | None = None, if_version: str | None = None) -> Published:
        """Make an older version's weights current again."""
        body = msgspec.json.encode({"version": version})
        headers = {"Content-Type": JSON} | _condition(if_version)
        return _read(self._send("POST", "weights/rollback", {"model": model}, body, headers), Published)

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str | None],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        address = f"{self.url.rstrip('/')}/{path}"
        asked = {"Accept": JSON} | (headers or {})
        if self.token:
            asked["Authorization"] = f"Bearer {self.token}"
        given = {name: value for name, value in query.items() if value is not None}
        with requests.Session() as session:
            retries = Retry(_ATTEMPTS, connect=0, read=0, status_forcelist=(429, 503), raise_on_status=False)
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retries))
            try:
                answer = session.request(
                    method, address, params=given, data=body, headers=asked, timeout=(_CONNECT, _READ)
                )
            except (InvalidSchema, InvalidURL, MissingSchema) as error:
                raise ApiError(0, f"an API's address is like http://localhost:8000/api, got '{self.url}'") from error
            except requests.RequestException as error:
                raise ApiError(
                    0, f"no answer from {self.url} ({_cause(error)}): is that the API, and is it up?"
                ) from error
        if not answer.ok:
            raise ApiError(answer.status_code, _refusal(answer))
        return answer


def _condition(if_version: str | None) -> dict[str, str]:
    return {"If-Match": f'"{if_version}"'} if if_version else {}


def _read[T](answer: requests.Response, kind: type[T]) -> T:
    try:
        return structs.decode(answer.content, kind)
    except msgspec.MsgspecError as error:
        raise ApiError(answer.status_code, f"{answer.url} does not answer as Scrawl's API does: {error}") from error


def _refusal(answer: requests.Response) -> str:
    """Return the API's message, or the status when the answer is not the API's."""
    try:
        error: Any = msgspec.json.decode(answer.content)["error"]
        message = f"{error['field']}: {error['message']}" if error.get("field") else error["message"]
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return f"{answer.url} answered {answer.status_code} {answer.reason}: is that Scrawl's API?"
    return f"the API declined ({answer.status_code}): {message}"


def _cause(error: requests.RequestException) -> str:
    """Return in a few words what requests says at length."""
    if isinstance(error, requests.Timeout):
        return "it took too long"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)
