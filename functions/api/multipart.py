"""A form's file, as `curl -F` and HTML forms send it (`multipart/form-data`). Routes decide who takes forms."""

from email.message import Message
from email.parser import HeaderParser

from functions.errors import FormatError, InvalidValueError

FORM = "multipart/form-data"


def only_file(body: bytes, boundary: str | None) -> bytes:
    """Return the content of a form's only file; of its only field if it has no file.

    Raises:
        FormatError: when it is not a form.
        InvalidValueError: when it has several files, or several fields and no file.
    """
    parts = _parts(body, boundary)
    files = [part for part in parts if part[1].get_filename() is not None] or parts
    if len(files) != 1:
        names = ", ".join(str(head.get_param("name", "", "content-disposition")) for _, head in files)
        raise InvalidValueError(f"the form must have one file, got {len(files)}: {names or 'no field'}")
    return files[0][0]


def _parts(body: bytes, boundary: str | None) -> list[tuple[bytes, Message]]:
    """Return content and head of each part of a form."""
    if not boundary:
        raise FormatError(f"Content-Type: {FORM} must name the boundary between its parts")
    _, *sections = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not sections or not sections[-1].startswith(b"--"):
        raise FormatError(f"the form is cut off: it does not end with its boundary {boundary!r}")
    parts = []
    for section in sections[:-1]:
        head, found, content = section.partition(b"\r\n\r\n")
        if not found:
            raise FormatError("a part of the form has no empty line between its head and its content")
        text = head.lstrip(b"\r\n").decode("utf-8", "replace")
        parts.append((content, HeaderParser().parsestr(text)))
    return parts
