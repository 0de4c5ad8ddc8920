"""Brython made faster computes what Python computes, and refuses a release that has other texts."""

import pytest
from py_mini_racer import MiniRacer

from infra.page import brython
from infra.page.brython_speed import faster

LOOKING_UP = """
class Base:
    kind = "base"
    def tell(self, *rest):
        return (self.kind, rest, self.late())
    def late(self):
        return Later.number
    @staticmethod
    def alone(number):
        return number
    @classmethod
    def of_class(cls):
        return cls.kind
    @property
    def doubled(self):
        return self.kind * 2
class Kept(Base):
    kind = "kept"
    def __init__(self):
        self.called = lambda *rest: len(rest)
        self.own = 1
class Hidden(Base):
    def __init__(self):
        self.tell = lambda: "the object's own"
class Answering:
    def __getattr__(self, name):
        if name == "none":
            raise AttributeError(name)
        return lambda: name
class Later:
    number = 7
kept = Kept()
found += [kept.tell(1), kept.called(1, 2), kept.own, kept.alone(3), kept.of_class(), kept.doubled, kept.kind]
kept.kind = "changed"
found += [kept.tell(), Hidden().tell(), Answering().some(), getattr(Answering(), "none", 0), Base.tell(kept, 4)]
for name in ("missing", "doubled"):
    try:
        found.append(getattr(kept, name)())
    except (AttributeError, TypeError) as error:
        found.append(type(error).__name__)
"""
SETTING = """
class Kept:
    shared = 0
    def __init__(self):
        self.own = 1
        self._inner = 2
    @property
    def inner(self):
        return self._inner
    @inner.setter
    def inner(self, value):
        self._inner = value * 10
class Watching:
    def __setattr__(self, name, value):
        found.append((name, value))
        object.__setattr__(self, name, value)
class Slotted:
    __slots__ = ("one",)
class Inherits(Kept):
    pass
for made in (Kept(), Inherits()):
    for round_ in range(3):
        made.own += 1
        made.inner = round_
        made.shared += 1
        made.late = made.own
        found += [made.own, made.inner, made._inner, made.shared, Kept.shared, made.late]
    del made.own
    found += [hasattr(made, "own"), sorted(made.__dict__), made.__dict__["late"]]
    made.own = None
    found.append(made.own)
watching, slotted = Watching(), Slotted()
watching.a = 1
watching.a = 2
slotted.one = 1
slotted.one += 1
found += [watching.a, slotted.one]
Kept.shared = 5
found += [Inherits().shared, made.shared]
numbered = {}
for key in ("b", "-1", "a", "0", "", " x", "_", 1, "b"):
    numbered[key] = len(numbered)
    found.append(numbered[key])
found += [len(numbered), sorted(map(str, numbered)), list({"b": 1, "a": 2, "b": 3}.items())]
growing = {"a": 1}
try:
    for key in growing:
        growing[key + "a"] = 1
except RuntimeError as error:
    found.append(str(error))
"""
DICTIONARIES = """
class Counted(dict):
    def __missing__(self, key):
        return key + 1
mixed = {"a": 1, 2: "two", (3, 4): None, "1": "text"}
for key in ("a", 2, (3, 4), "1", 1, "b", (4, 3), 2.5, None):
    found += [mixed.get(key), mixed.get(key, "default"), key in mixed]
    try:
        found.append(mixed[key])
    except KeyError as error:
        found.append(str(error))
found += [{"a": 1}.get(5), {}.get("__class__", 3), Counted()[4], Counted().get(4), {"toString": 1}.get("toString")]
found += [list(mixed), list(mixed.items()), sorted({"b": 1, "a": 2}.values()), [*{1: 2, 3: 4}]]
"""
ITERATING = """
def counting(end):
    number = 0
    while number < end:
        sent = yield number
        number += sent or 1
    return "ended"
def through(end):
    found.append((yield from counting(end)))
    yield -1
def failing():
    yield 1
    raise ValueError("in the middle")
def returning():
    for number in counting(5):
        if number == 3:
            return number
class Stepping:
    def __iter__(self):
        self.left = 3
        return self
    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return self.left
generator = counting(6)
found += [next(generator), generator.send(3), next(generator), list(generator), next(generator, "over")]
found += [list(through(3)), returning(), list(Stepping()), sum(counting(4)), max(counting(4)), tuple(counting(0))]
found += [all(x < 3 for x in counting(3)), all(x < 2 for x in counting(3)), all([]), any(x > 1 for x in counting(3))]
found += ["-".join(str(x) for x in counting(3)), "".join([]), " ".join({"a": 1, "b": 2}), "-".join("abc")]
found += [list(zip(counting(3), "abcd", [1, 2])), list(enumerate(counting(2), 1)), list(map(str, counting(2)))]
found += [list(filter(None, counting(3))), list(reversed([1, 2])), list(range(4, 0, -2))]
found += [[a + b for a, b in [(1, 2), [3, 4], counting(2)]], {a: b for a, b in zip("ab", counting(2))}]
for attempt in (
    lambda: list(failing()),
    lambda: all(1 / (1 - x) for x in counting(3)),
    lambda: "".join([1]),
    lambda: "".join(5),
    lambda: next(counting(0)),
    lambda: [one for one, two in [(1, 2, 3)]],
    lambda: [one for one, two in [[1]]],
    lambda: [one for one, two in [5]],
):
    try:
        found.append(attempt())
    except Exception as error:
        found.append(type(error).__name__)
first, *rest = counting(4)
(one, two), three = (1, [2][0]), "3"
found += [first, rest, one, two, three]
"""
COMPUTING = """
nan, values = float("nan"), [0, 1, -1, 7, 2.5, -2.5, 0.0, True]
for left in values:
    for right in values:
        found += [left == right, left != right, left < right, left >= right, left + right, left - right, left * right]
        if right:
            found += [left // right, left % right]
class Sized:
    def __len__(self):
        return 5
for number in (0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 7, -7.9):
    found += [round(number), int(number), round(number, 1), number % 3, -7 // 3, -7 % 3, 7 // -2, 7 % -2, 2**-1]
found += [2.0**0.5, 0.0**2, (-8.0) ** 3, 1e10**2, 2.0**-1, 4**0.5, 2**70, 7 // 2.0, 2**53 // 3, 2**53 % 3]
found += [len([1, 2]), len((1,)), len("abc"), len({1: 2}), len(Sized()), int("12"), int("ff", 16), int()]
for attempt in (lambda: 1 // 0, lambda: 1 % 0, lambda: int(nan), lambda: round(nan), lambda: len(5)):
    try:
        found.append(attempt())
    except Exception as error:
        found.append(type(error).__name__)
found += [nan == nan, nan != nan, nan < 1, nan > 1, "a" == "a", "a" != "b", "a" < "b", "a" == 1, "1" != 1, None == 0]
found += [(1, "a") == (1, "a"), [1, 2.0] == [1.0, 2], {"a": [1]} == {"a": [1]}, (1, 2) < (1, 3), "ab" >= "aa"]
"""
# What Brython asks of each thing of the browser's.
KINDS = "globalThis.Node = class {}\nglobalThis.Event = class {}\n"


@pytest.mark.parametrize("source", [LOOKING_UP, SETTING, DICTIONARIES, ITERATING, COMPUTING])
def test_faster_brython_computes_what_python_does(source: str) -> None:
    source = f"found = []\n{source}\nresult = repr(found)\n"
    expected: dict[str, object] = {}
    exec(source, expected)
    script = brython.compiled({"m": (source, False)})["m"]
    with MiniRacer() as engine:
        engine.eval(brython.SURROUNDINGS + KINDS)
        engine.eval(brython.runtime().decode())
        engine.eval("__BRYTHON__.imported.m = __BRYTHON__.module.$factory('m')")
        engine.eval(f"(() => {{ {script}\nself.result = locals.result }})()")
        assert engine.eval("result") == expected["result"]


@pytest.mark.parametrize("text", ["dict_funcs.items=function", "var it=$B.$iter(iterator)", "startsWith('class ')"])
def test_another_release_of_brython_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is it another version"):
        faster(brython.whole().replace(text, "other"))
