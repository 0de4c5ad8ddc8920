"""Structs are read from many threads at once, also for the first time, which msgspec alone does not survive."""

import re
import subprocess
import sys

from functions import structs
from infra.paths import ROOT

KINDS = 600
# Each kind is new, and has fields for msgspec to look at; the interpreter changes threads as often as it can.
PROGRAM = f"""
import sys, threading
from typing import Annotated
import msgspec
from functions import structs

sys.setswitchinterval(1e-6)
for _ in range({KINDS}):
    inner = msgspec.defstruct("Inner", [("x", int), ("y", Annotated[str, msgspec.Meta(max_length=9)], "")])
    kind = msgspec.defstruct("Kind", [("a", int), ("b", dict[str, inner]), ("c", list[inner])])
    together = threading.Barrier(4)
    def read():
        together.wait()
        found.append(structs.decode('{{"a": 1, "b": {{"k": {{"x": 1}}}}, "c": [{{"x": 2}}]}}', kind).c[0].x)
    found = []
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 4
"""


def test_many_threads_read_a_kind_for_the_first_time() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


def test_structs_are_decoded_only_here() -> None:
    alone = re.compile(r"msgspec\.(msgpack\.decode|convert)\(|msgspec\.json\.decode\(.*type=_?[A-Z]")
    sources = [path for house in ("functions", "infra") for path in (ROOT / house).rglob("*.py")]
    assert sources
    found = [path.name for path in sources if alone.search(path.read_text("utf-8")) and path.name != "structs.py"]
    assert found == []


def test_message_pack_and_plain_values_are_read_as_well() -> None:
    assert structs.unpack(b"\x93\x01\x02\x03", list[int]) == [1, 2, 3]
    assert structs.convert({"a": "1"}, dict[str, int], strict=False) == {"a": 1}
