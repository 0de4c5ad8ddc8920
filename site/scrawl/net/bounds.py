"""Whether weights stay within float32's range, whatever the picture: however well they read ordinary ones.

The rule is that of `functions/weights/bounds.py`; a shared table of cases keeps the two alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrawl.net.interfaces import Kernel
    from scrawl.net.parameters import Parameter

LARGEST_ANSWER = 1e15
ONE = 0x3F800000  # as the bits of a float32


class Bounds:
    """Room in the kernel's memory for the largest magnitudes that a layer's inputs and answers can have."""

    def __init__(self, kernel: Kernel, parameters: Iterable[Parameter], saturated: bool = False) -> None:
        self.kernel = kernel
        self._saturated = saturated  # whether hidden units answer with up to 1, however little comes in
        self.parameters = [*parameters]  # in the architecture's order: a layer's weight, then its bias
        size = FLOAT * max(parameter.shape[0] for parameter in self.parameters)
        self._one, self._here, self._next = (kernel.alloc(size) for _ in range(3))
        kernel.write_words(self._one, [ONE])

    def check(self) -> None:
        """Refuse the parameters that are staged, unless every layer's answers stay within bounds.

        Raises ValueError, naming the layer.
        """
        source, count, target = self._one, 1, self._here
        name = ""
        for parameter in self.parameters:
            rows = parameter.shape[0]
            if len(parameter.shape) > 1:
                if self._saturated and name:
                    self.kernel.write_words(source, [ONE] * count)
                name = parameter.name
                self.kernel.write_words(target, [0] * rows)
                fits = parameter.add_magnitudes(target, source, count, LARGEST_ANSWER)
                source, count, target = target, rows, self._next if target == self._here else self._here
            else:
                fits = parameter.add_magnitudes(source, self._one, 1, LARGEST_ANSWER)
            if not fits:
                raise ValueError(
                    f"with these weights some picture makes the layer of {name} answer with more than "
                    f"{LARGEST_ANSWER:.0e}, or with no number"
                )
