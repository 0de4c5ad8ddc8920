"""How the commands' steps tell the user what they do: one line at a time, through a function that they are given."""

from collections.abc import Callable

type Say = Callable[[str], None]  # prints a line, or keeps it for a test
