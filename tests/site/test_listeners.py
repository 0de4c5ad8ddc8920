"""Everybody who waits is called, whatever the others do."""

import pytest
from scrawl.listeners import call_each


def test_all_are_called_in_order_with_the_same_arguments() -> None:
    calls: list[tuple[str, int]] = []
    call_each([lambda n: calls.append(("a", n)), lambda n: calls.append(("b", n))], 3)
    assert calls == [("a", 3), ("b", 3)]


def test_one_that_fails_does_not_keep_the_others_from_being_called() -> None:
    calls: list[str] = []

    def fail() -> None:
        calls.append("failed")
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        call_each([fail, lambda: calls.append("second")])
    assert calls == ["failed", "second"]


def test_one_may_ask_to_be_called_again() -> None:
    actions: list[object] = []
    actions.append(lambda: actions.append(None))
    call_each(actions)  # type: ignore[arg-type] # what is added meanwhile is not called
    assert len(actions) == 2
