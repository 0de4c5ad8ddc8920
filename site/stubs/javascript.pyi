"""What the page uses of Brython's `javascript`."""

from typing import Any

class JSON:
    @staticmethod
    def parse(text: str) -> Any: ...
    @staticmethod
    def stringify(value: object) -> str: ...

NULL: Any
UNDEFINED: Any
