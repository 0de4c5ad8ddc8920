"""Content negotiation: the q-values of Accept and Accept-Encoding, ETags, and answers in gzip.

An ETag is `"content"`, or `"content.form"` where the form is a media type's or a coding's short name, so that each
representation has its own and `If-Match` asks for the content whatever its form. Each route decides which formats it
has.
"""

import gzip

GZIP = "gzip"
LONGEST_WAIT = 20  # seconds for which a client may wait for an answer: API Gateway gives up after 29
_LEVEL = 1  # of compression: two thirds of the gain for a sixth of the time of the usual 9
_MOST_ENTRIES = 100  # of an Accept header that are looked at: no browser sends more than ten
_SMALLEST = 1024  # bytes; what is smaller travels in one packet anyhow
_SHRINK = ("application/json", "text/html")  # floats do not; blocks are to be fast, and shards stored compressed


def quality(accept: str, wanted: str) -> float:
    """Return how much an Accept or Accept-Encoding header wants something, 0 to 1; the most specific entry counts."""
    best, rank = 0.0, 0
    for entry in accept.split(",", _MOST_ENTRIES)[:_MOST_ENTRIES]:
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        specific = {wanted: 3, wanted.split("/")[0] + "/*": 2, "*/*": 1, "*": 1}.get(name, 0)
        if specific > rank:
            best, rank = _q(parameters), specific
    return best


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client takes gzip, and does not like it less than plain bytes."""
    wanted = quality(accept_encoding, GZIP)
    return wanted > 0 and wanted >= quality(accept_encoding.replace("*", ""), "identity")


def etag(content: str, form: str = "") -> str:
    """Return the ETag of a representation; `form` tells apart those of the same content."""
    return f'"{content}.{form}"' if form else f'"{content}"'


def in_gzip(tag: str) -> str:
    """Return the ETag of the same representation in gzip."""
    return f'{tag[:-1]}.{GZIP}"'


def content_of(tag: str) -> str:
    """Return which content an ETag names, in whatever form."""
    return _strong(tag).strip('"').split(".")[0]


def named(if_none_match: str) -> set[str]:
    """Return the ETags that an If-None-Match header names."""
    return {_strong(tag) for tag in if_none_match.split(",")}


def shrinks(media_type: str, size: int) -> bool:
    """Return whether compressing an answer is worth its time."""
    return size >= _SMALLEST and media_type.split(";")[0] in _SHRINK


def compress(body: bytes) -> bytes:
    """Return a body in gzip; the same bytes always, so that an ETag may stand for them."""
    return gzip.compress(body, _LEVEL, mtime=0)


def _strong(tag: str) -> str:
    return tag.strip().removeprefix("W/")


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(0.0, float(parameter[2:])), 1.0)  # in this order NaN becomes 0
            except ValueError:
                return 0.0
    return 1.0


def preferred_wait(prefer: str) -> int:
    """Return for how many seconds a Prefer header, such as `wait=10`, wants to wait; what else it says is ignored."""
    for preference in prefer.split(","):
        name, _, value = preference.split(";")[0].partition("=")
        seconds = value.strip().strip('"')
        if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdecimal() and len(seconds) < 9:
            return min(int(seconds), LONGEST_WAIT)
    return 0
