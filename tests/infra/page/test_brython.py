"""Python compiled for the browser: Brython's names are short, and nothing else has changed."""

import re

from infra.page import brython

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


def test_loader_finds_a_modules_namespace_by_its_full_name() -> None:
    script = brython.compiled({"a.b": (SOURCE, False)})["a.b"]
    short = re.search(r'(\S+) = \$B\.namespace\("a\.b"\)', script)
    assert short
    assert script.endswith(f"\nvar locals_a_b = {short[1]}\n")
