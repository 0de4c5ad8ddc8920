"""Docs, docstrings, comments and messages avoid phrases that a native engineer would stumble over.

Of Python files only comments and strings are checked; identifiers are for reviews. A few phrases cannot make a text
plain, but those that had spread through this repository do not come back.
"""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.paths import ROOT

SUFFIXES = {".c", ".css", ".h", ".html", ".js", ".md", ".proto", ".py", ".pyi", ".sh", ".yaml", ".yml"}
WITHOUT_SUFFIX = {"Dockerfile", "Makefile", "run", "try-fresh", "try-serve"}
INSTEAD = {  # phrase → what to write instead
    r"anew": "again",
    r"begotten": "made from",
    r"beg[aiu]n(?:s|ning|nings)?": "start, started",
    r"born deaf": "what happens, in plain words",
    r"hence(?:forth)?": "so, from now on",
    r"(?:is|are|be) left to": "name who does it: 'X does Y'",
    r"(?:is|are) no (?:file|folder|number|version|whole)": "is not a …",
    r"(?:is|are|be|been) (?:said|told|spoken) (?:by|in|of|with)": "name who says it: 'X describes Y'",
    r"lets? go of": "drops, releases",
    r"mend(?:s|ed|ing)?": "repair, fix",
    r"nothing is said": "say what happens",
    r"sign of life": "heartbeat",
    r"there(?:in|of|upon)": "in it, of it",
    r"upon": "on",
    r"where(?:in|of|upon)": "in which, of which",
}
_ANY = re.compile(rf"\b(?:{'|'.join(INSTEAD)})\b".replace(" ", r"\s+"), re.IGNORECASE)
_TEXT = (tokenize.COMMENT, tokenize.STRING, tokenize.FSTRING_MIDDLE)


def files() -> list[Path]:
    """Return the tracked files in which somebody writes English; not this one, nor what protoc writes."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    paths = [ROOT / name for name in listed.splitlines() if "_pb2" not in name]
    return [path for path in paths if _is_read(path) and path != Path(__file__)]


def _is_read(path: Path) -> bool:
    return path.is_file() and (path.suffix in SUFFIXES or path.name in WITHOUT_SUFFIX)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Return (line, text) for each piece of a file that speaks to people."""
    text = path.read_text("utf-8")
    if path.suffix not in (".py", ".pyi"):
        yield 1, text
    elif _ANY.search(text):  # tokenizing takes a while
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in _TEXT:
                yield token.start[0], token.string


def found(path: Path) -> list[str]:
    """Return the places in a file, each with what would be better."""
    name = path.relative_to(ROOT)
    hits = [
        (line + text[: match.start()].count("\n"), match[0])
        for line, text in prose(path)
        for match in _ANY.finditer(text)
    ]
    return [f"{name}:{line}: {words!r}, better: {_advice(words)}" for line, words in hits]


def _advice(words: str) -> str:
    return next(better for phrase, better in INSTEAD.items() if re.fullmatch(phrase, " ".join(words.split()), re.I))


@pytest.mark.skipif(not files(), reason="not a Git checkout")
def test_texts_are_in_plain_english() -> None:
    places = [place for path in files() for place in found(path)]
    assert not places, "\n".join(["", *places])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("# It begins anew.\n", 2),
        ('begin = begun("again")\n', 0),
        ('"""Storing them is\nleft to `store`; reading is\nleft to `models`."""\n', 2),
        ('f"mends {what} upon {when}"\n', 2),
    ],
)
def test_phrases_are_found_in_comments_and_strings_only(
    text: str, places: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "module.py").write_text(text, "utf-8")
    assert len(found(tmp_path / "module.py")) == places
