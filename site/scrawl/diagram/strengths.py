"""How strongly the units of a network are connected, and how much each matters. It runs in the worker.

With a drawing, a connection's strength is what the lower unit contributes to the upper one: weight times activation,
summed over a map's places; a unit that is silent receives nothing. Without one it is the weight alone. What leads to
an answer is compared with the average of all ten, as everywhere in `scrawl.inspect.attribution`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.convolution import ImageConvolution, InnerConvolution
from scrawl.net.dense import Dense
from scrawl.net.network import CLASSES
from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.inspect.attribution import Attribution, Stage
    from scrawl.net.interfaces import Floats, Kernel

TAPS = 9  # of a filter


class Strengths:
    """The connections of one network. With a drawing, call the attribution's `predict` first."""

    def __init__(self, kernel: Kernel, attribution: Attribution) -> None:
        self.kernel = kernel
        self.attribution = attribution
        self.stages = attribution.stages
        # Those above the first stage: the last leads to the answers.
        self._weighted = [x for x in attribution.network.layers if isinstance(x, (Dense, InnerConvolution))]
        self._sums = kernel.alloc(FLOAT * max([stage.wide for stage in self.stages], default=1))

    # Which units matter

    def importance_for(self, digit: int) -> list[list[float]]:
        """Return for each stage by how much each unit moves a digit's score, up or down."""
        if not self.stages:
            return []
        self.attribution.backpropagate_digit(digit, 0)
        return [[abs(float(value)) for value in self._products(stage)] for stage in self.stages]

    def importance_by_weight(self) -> list[list[float]]:
        """Return for each stage the sum of the squares of the weights that lead up from each unit."""
        pairs = zip(self.stages, self._weighted, strict=True)
        return [self._outgoing(stage, weighted) for stage, weighted in pairs]

    def _outgoing(self, stage: Stage, weighted: Dense | InnerConvolution) -> list[float]:
        weight = weighted.weight
        if isinstance(weighted, InnerConvolution):  # (O, 9, I)
            taps = TAPS * weighted.outputs
            self.kernel.function("channel_products")(self._sums, weight.address, weight.address, taps, stage.wide)
            return [float(value) for value in self.kernel.read_floats(self._sums, stage.count)]
        squares, row = self.kernel.function("squares"), weighted.stride  # (I, stride), I: (position, channel)
        found = [0.0] * stage.count
        for place in range(weighted.inputs):
            if place % stage.wide < stage.count:
                found[place % stage.wide] += squares(weight.address + FLOAT * row * place, row)
        return found

    # Connections

    def links(self, units: Sequence[Sequence[int]], drawn: bool) -> list[list[list[float]]]:
        """Return the strengths between the units that are shown of each stage and of the next, and the answers last.

        Each row leads to one unit or answer, from each of the units below.
        """
        if not self.stages:
            return []
        groups = [
            [self._into_unit(number, unit, units[number - 1], drawn) for unit in units[number]]
            for number in range(1, len(self.stages))
        ]
        return [*groups, [self._into_answer(digit, units[-1], drawn) for digit in range(CLASSES)]]

    def _into_answer(self, digit: int, below: Sequence[int], drawn: bool) -> list[float]:
        last = len(self.stages) - 1
        self.attribution.backpropagate_digit(digit, last)
        return self._contributions(last, below) if drawn else self._gradients(last, below)

    def _into_unit(self, number: int, unit: int, below: Sequence[int], drawn: bool) -> list[float]:
        if drawn:
            self.attribution.backpropagate_unit(number, unit, number - 1)
            return self._contributions(number - 1, below)
        weighted = self.stages[number].weighted
        if isinstance(weighted, InnerConvolution):
            wide = self.stages[number - 1].wide
            row = self.kernel.read_floats(weighted.weight.address + FLOAT * TAPS * wide * unit, TAPS * wide)
            return [sum([float(row[tap * wide + channel]) for tap in range(TAPS)]) for channel in below]
        self.attribution.backpropagate_unit(number, unit, number - 1, masked=False)
        return self._gradients(number - 1, below)

    def _contributions(self, number: int, units: Sequence[int]) -> list[float]:
        """Return activation times gradient of a stage's units."""
        products = self._products(self.stages[number])
        return [float(products[unit]) for unit in units]

    def _products(self, stage: Stage) -> Floats:
        """Return activation times gradient, summed over a map's places. Borders are zero."""
        layer, positions = stage.layer, (stage.side + 2 * stage.border) ** 2
        self.kernel.function("channel_products")(self._sums, layer.output, layer.delta, positions, stage.wide)
        return self.kernel.read_floats(self._sums, stage.count)

    def _gradients(self, number: int, units: Sequence[int]) -> list[float]:
        stage = self.stages[number]
        delta = self.kernel.read_floats(stage.layer.delta, stage.layer.stride)
        if stage.side == 1:  # what is the sum of one number: in Brython a sum takes long
            return [float(delta[unit]) for unit in units]
        return [sum([float(delta[index]) for index in stage.indices(unit)]) for unit in units]

    # The first convolution

    def filters(self, units: Sequence[int]) -> list[float]:
        """Return nine weights, row by row, and the bias of some filters of the first convolution, if there is one."""
        weighted = self.stages[0].weighted if self.stages else None
        if not isinstance(weighted, ImageConvolution):
            return []
        weight, bias = [
            self.kernel.read_floats(parameter.address, parameter.size)
            for parameter in (weighted.weight, weighted.bias)
        ]  # (9, O) and (O), with room for more channels
        found: list[float] = []
        for unit in units:
            found += [float(weight[tap * weighted.wide + unit]) for tap in range(TAPS)]
            found.append(float(bias[unit]))
        return found
