"""Which versions may be removed, and when somebody looks for them."""

from functions.weights.pointer import Pointer
from functions.weights.pruning import prune_is_due, superfluous


def test_only_smaller_ids_that_nobody_names_may_go() -> None:
    pointer = Pointer("3", "", "")
    assert superfluous(["1", "2", "3", "4"], pointer, 10, {"2"}) == ["1"]


def test_pruning_is_due_now_and_then() -> None:
    assert prune_is_due(Pointer("", "", "", count=16), 200)
    assert not prune_is_due(Pointer("", "", "", count=17), 200)
