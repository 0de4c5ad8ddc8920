"""A body as clients send it: content codings, media types that do not say what it is, and encodings of text.

`curl -d` calls everything a form, and some clients send no type at all: then the first bytes tell. `requests` decides
what to answer.
"""

import gzip
import io
import json
import zlib
from collections.abc import Callable

from functions.api.responses import JSON, OCTETS, PNG, SAFETENSORS
from functions.dataset import block
from functions.errors import FormatError

CODINGS = ("gzip", "deflate")
_SAME = {"x-gzip": "gzip", "": "identity"}
# What clients send when nobody told them the type: curl -d, curl -T, fetch with a string, axios, requests.
_SAYS_NOTHING = {
    "",
    "*/*",
    OCTETS,
    "application/x-www-form-urlencoded",
    "binary/octet-stream",
    "text/plain",
    "text/json",
}
_STARTS = {  # of files
    b"\x89PNG": PNG,
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"RIFF": "image/webp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    block.MAGIC: OCTETS,
}
_WITHOUT_LINE_ENDS = b"\x89PNG\x1a"  # a PNG as `curl -d @file` sends it
_LENGTH = 8  # bytes that a safetensors file starts with: the length of the JSON that follows


def coding(content_encoding: str | None) -> str:
    """Return the coding that a Content-Encoding header names, `identity` when there is none."""
    name = (content_encoding or "").strip().lower()
    return _SAME.get(name, name)


def unpack(body: bytes, name: str, most: int) -> bytes | None:
    """Return what a packed body holds, or None when that is more than `most` bytes; no more than that is unpacked.

    gzip may have several members; deflate is zlib's format, as HTTP has it, or without its header, as some send it.

    Raises:
        FormatError: when it is not of that coding, is cut off, or something follows it.
    """
    try:
        content = _gunzip(body, most + 1) if name == "gzip" else _inflate(body, most + 1)
    except EOFError as error:
        raise FormatError(f"the body is said to be {name}, but its end is missing") from error
    except (OSError, zlib.error) as error:
        raise FormatError(f"the body is said to be {name}, but cannot be unpacked: {error}") from error
    return None if len(content) > most else content


def text(body: bytes) -> bytes | str:
    """Return JSON without its byte-order mark, and as text if it is UTF-16 or UTF-32.

    Raises:
        UnicodeDecodeError: when it is neither.
    """
    encoding = json.detect_encoding(body)
    return body if encoding == "utf-8" else body.decode(encoding)


def media_type(content_type: str | None, body: Callable[[], bytes]) -> str:
    """Return a body's media type: what the header says, or what the body starts with if it says nothing."""
    came = (content_type or "").split(";")[0].strip().lower()
    if came.endswith("+json") and came.startswith("application/"):
        return JSON
    return (guess(body()) or came or JSON) if came in _SAYS_NOTHING else came


def parameter(content_type: str | None, name: str) -> str | None:
    """Return a parameter of a media type; None when it is missing."""
    for part in (content_type or "").split(";")[1:]:
        key, _, value = part.strip().partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return None


def guess(body: bytes) -> str | None:
    """Return the media type of what is in a body; None when it could be anything.

    Raises:
        FormatError: when it is a picture that `curl -d` has damaged.
    """
    if body[_LENGTH - 4 : _LENGTH + 1] == b"\0\0\0\0{":
        return SAFETENSORS
    if body[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] in (b"{", b"["):
        return JSON
    if body.startswith(_WITHOUT_LINE_ENDS):
        raise FormatError("this picture has lost its line ends: send it with `curl --data-binary @file`, not with -d")
    return next((kind for first, kind in _STARTS.items() if body.startswith(first)), None)


def _gunzip(body: bytes, most: int) -> bytes:
    if not body:
        raise EOFError
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        return file.read(most)


def _inflate(body: bytes, most: int) -> bytes:
    has_header = len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    unpacking = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
    content = unpacking.decompress(body, most)
    if len(content) < most and not unpacking.eof:
        raise EOFError
    if unpacking.unused_data:
        raise zlib.error(f"{len(unpacking.unused_data)} bytes follow it")
    return content
