"""Python compiled for the browser: Brython's names are short, an `await` keeps its frame; nothing else changed."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from py_mini_racer import MiniRacer

from infra.page import brython, brython_runtime
from infra.page.bundle import bundles
from infra.paths import SITE

SOURCE = """
TEXTS = ["locals_m_Kept", 'f123456', "it's f234567"]
class Kept:
    def names(self, found):
        return [lambda: one + found for one in found]
def numbers():
    yield 1
"""


def test_names_of_brython_are_short_and_texts_stay() -> None:
    script = brython.compiled({"m": (SOURCE, False)})["m"]
    assert set(re.findall(r"locals_\w+", script)) == {"locals_m", "locals_m_Kept"}
    assert re.findall(r"[a-z]\d{6}\b", script) == ["f123456", "f234567"]


def test_compiled_code_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = []
    for folder in ("one", "two"):
        monkeypatch.setattr(brython, "BUILD", tmp_path / folder)
        made.append(brython.compiled({"m": (SOURCE, False)}))
    assert made[0] == made[1]


def test_loader_finds_a_modules_namespace_by_its_full_name() -> None:
    script = brython.compiled({"a.b": (SOURCE, False)})["a.b"]
    short = re.search(r'(\S+) = \$B\.namespace\("a\.b"\)', script)
    assert short
    assert script.endswith(f"\nvar locals_a_b = {short[1]}\n")


def test_functions_know_what_they_are_called_with() -> None:
    source = """
class Base:
    def tell(self, first, second):
        return f"{first} {second}"
class Kept(Base):
    def tell(self, *, second, first):
        return super().tell(first, second=second)
found = [Kept().tell(first=1, second=2), Kept.tell.__qualname__, Base.tell.__code__.co_argcount, Base.tell.__module__]
try:
    Base().tell(1)
except TypeError as error:
    found.append(str(error))
found.append(str(b"ab" + bytes([99])))
text = b"a"
text += b"b"
found.append(str(text))
result = str(found)
"""
    script = brython.compiled({"m": (source, False)})["m"]
    assert script.count("$B.made(") == 1  # `tell` of Base; the other is a closure over its class
    missing = "tell() missing 1 required positional argument: 'second'"
    expected = ["1 2", "Kept.tell", 3, "m", missing, "b'abc'", "b'ab'"]
    with MiniRacer() as engine:
        engine.eval(brython.SURROUNDINGS)
        engine.eval(brython.runtime().decode())
        engine.eval("__BRYTHON__.imported.m = __BRYTHON__.module.$factory('m')")
        engine.eval(f"(() => {{ {script}\nself.result = locals.result }})()")
        assert engine.eval("result") == str(expected)


def test_runtime_has_what_the_pages_code_calls() -> None:
    called = set(re.findall(r"\$B\.([\w$]+)(?![\w$]| = )", "".join(bundles(SITE / "scrawl"))))
    with MiniRacer() as engine:
        engine.eval(brython.SURROUNDINGS)
        engine.eval(brython.runtime().decode())
        known = set(json.loads(str(engine.eval("JSON.stringify(Object.keys(__BRYTHON__))"))))
    assert called - known == set()


# Coroutines that go on in the same turn of the event loop, started at different depths, note where they get.
INTERLEAVED = """
class Lock:
    def __enter__(self):
        pass
    def __exit__(self, *_error):
        pass
async def try_else(number):
    try:
        await later()
    except ValueError:
        pass
    else:
        note("else")
async def finally_return(number):
    try:
        await later()
        if number % 2:
            return note("returned")
    finally:
        note("finally")
    note("after")
async def raising(number):
    try:
        try:
            await fails()
        except Exception as error:
            raise ValueError(number) from error
        else:
            note("not raised")
    except ValueError:
        note("raised")
async def holding(number):
    with Lock():
        await try_else(number)
        note("held")
    for _ in range(2):
        await later()
    else:
        note("for")
    while number < 6:
        number += 1
        await later()
    else:
        note("while")
def start(coroutine, depth, number):
    if depth:
        start(coroutine, depth - 1, number)
    else:
        run(coroutine(number))
for coroutine in (try_else, finally_return, raising, holding):
    for number in range(6):
        start(coroutine, number % 3, number)
"""
EXPECTED = {"else": 12, "finally": 6, "returned": 3, "after": 3, "raised": 6, "held": 6, "for": 6, "while": 6}
PAGE = """
for (const name of ['Event', 'Node', 'HTMLElement', 'MouseEvent', 'NodeList', 'HTMLCollection'])
  globalThis[name] = class {}
const notes = []
Object.assign(__BRYTHON__.builtins, {
  note(text) { notes.push(text) },
  later() { return Promise.resolve(0) },
  fails() { return Promise.reject(Error('no')) },
  run(coroutine) { // as `aio.run` does
    const before = __BRYTHON__.frame_obj
    __BRYTHON__.coroutine.tp_funcs.send(coroutine).catch(error => notes.push(String(error)))
    __BRYTHON__.frame_obj = before
  },
})
async function results() {
  for (let turns = 0; turns < 100; turns++) await null
  return JSON.stringify(notes)
}
"""


def noted(script: str, runtime: str) -> Counter[str]:
    """Return how often compiled code notes what. A thread of its own has no event loop, as a browser's tests may."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_noted, script, runtime).result()


def _noted(script: str, runtime: str) -> Counter[str]:
    with MiniRacer() as engine:
        engine.eval(brython.SURROUNDINGS)
        engine.eval(runtime)
        engine.eval(PAGE)
        engine.eval(f"(() => {{ __BRYTHON__.imported.m = __BRYTHON__.module.$factory('m')\n{script}}})()")
        promise: Any = engine.eval("results()")
        return Counter(json.loads(promise.get()))


def test_coroutines_that_go_on_together_skip_nothing() -> None:
    script = brython.compiled({"m": (INTERLEAVED, False)})["m"]
    assert noted(script, brython.runtime().decode()) == EXPECTED


def test_brython_itself_still_skips_else_and_loses_errors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once it no longer does, the build need not repair it, and docs/brython-await.md can go."""
    monkeypatch.setattr(brython, "BUILD", tmp_path)
    monkeypatch.setattr(brython, "compiler", brython.whole)
    script = brython.compiled({"m": (INTERLEAVED, False)})["m"]
    found = noted(script, brython.whole() + brython_runtime.HELPERS)
    assert {name for name, count in EXPECTED.items() if found[name] != count} == {"else", "raised"}


@pytest.mark.parametrize("language", ["C", "c-POSIX", "", "de-CH"])
def test_runtime_starts_whatever_the_locale_is(language: str) -> None:
    with MiniRacer() as engine:
        engine.eval(brython.SURROUNDINGS)
        engine.eval(f"globalThis.navigator = {{ language: {language!r} }}")
        engine.eval(brython.runtime().decode())
        assert engine.eval("__BRYTHON__.language") == (language if language == "de-CH" else "en")
