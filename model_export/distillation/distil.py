"""The core of `scrawl distil`: large networks learn all digits, and the shipped ones learn what those answer.

Every step draws digits of three sources: MNIST's, written ones and synthetic ones. `pictures` makes the last two,
`variation` varies all of them. Callers read the data and write the weights.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import nn

from functions.dataset.block import Block
from functions.errors import InvalidValueError
from functions.models.calibration import calibrate
from model_export.architectures import ARCHITECTURES
from model_export.distillation import pictures
from model_export.distillation.batches import Batches
from model_export.distillation.measures import Measure, measure
from model_export.distillation.networks import (
    Parameters,
    as_images,
    as_numpy,
    cooled,
    first_parameters,
    parameters_of,
    scores,
    teacher,
)
from model_export.distillation.pictures import Written
from model_export.distillation.settings import DistillationSettings
from model_export.distillation.steps import Average, optimizer, take_steps

type Weights = Mapping[str, NDArray[np.float32]]
type Network = Callable[[torch.Tensor], torch.Tensor]  # images to scores

_TEST = "test digits"
_TAUGHT_BY = "conv-32-64"  # the best of the shipped networks
PENS = (0.07, 0.1, 0.13)  # that written digits are measured with
_TEMPERATURE = 2.0  # at which answers are compared, so that the less likely digits count, too
_SOFT = 0.9  # part of the loss that compares with the large networks' answers; the rest compares with the labels
_TEACHERS_TIME = 0.27  # of the whole


@dataclass(frozen=True)
class Distilled:
    """The small networks' weights, what was measured, and how many steps were taken."""

    weights: dict[str, dict[str, NDArray[np.float32]]]  # by architecture
    lines: tuple[str, ...]
    measures: dict[str, Measure]  # of each architecture, on the test digits
    held_out: tuple[int, ...]  # writers whose digits were not learned
    teacher_steps: int
    steps: int

    def metadata(self, model: str, settings: DistillationSettings) -> dict[str, str]:
        """Return what to write beside the weights: how they were trained, and how good they are."""
        measure = self.measures[model]
        return {
            "model": model,
            "source": "pretrained",
            "loss": f"{measure.loss:.6f}",
            "accuracy": f"{measure.accuracy:.4f}",
            "training": f"scrawl distil {settings.description()}",
            "held_out_writers": ",".join(map(str, self.held_out)),
            "outcome": f"{self.teacher_steps} steps of the teachers, {self.steps} of the small networks",
        }


def distil(
    mnist: Block,
    test: Block,
    written: Sequence[Written],
    settings: DistillationSettings,
    say: Callable[[str], None] = print,
    start: Mapping[str, Weights] | None = None,
    learn_from: Sequence[Weights] = (),
) -> Distilled:
    """Return weights for every shipped architecture; with writers held out, their digits are only measured on.

    Args:
        start: weights to go on from, by architecture, instead of initial ones.
        learn_from: weights of `conv-32-64` to learn from together, instead of large networks.
    """
    if not written:
        raise InvalidValueError("distilling needs digits that people wrote as strokes, got none")
    since = time.monotonic()
    learned, others = pictures.leave_out(written, settings.held_out, settings.seed)
    sources = {
        "mnist": mnist,
        "written": pictures.varied(learned, settings.variants, settings.seed, settings.processes),
        "synthetic": pictures.synthetic(settings.synthetic, settings.seed, settings.processes),
    }
    measured = {_TEST: test} | {f"others' strokes, pen {pen:.0%}": pictures.drawn(others, pen) for pen in PENS}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(settings.seed)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    batches = Batches(sources, settings.batch, device)
    left = 60 * settings.minutes - (time.monotonic() - since)
    say(f"{', '.join(f'{len(block):,} {name}' for name, block in sources.items())}; {left:.0f} s left")
    run = _Run(settings, batches, measured, device, say)
    teachers, teacher_steps = run.together(learn_from) if learn_from else run.teach(_TEACHERS_TIME * left)
    held_out = tuple(sorted({digit.writer for digit in others}))
    weights, steps = run.learn(teachers, start or {}, 60 * settings.minutes - (time.monotonic() - since))
    return Distilled(weights, tuple(run.lines), run.on_test, held_out, teacher_steps, steps)


class _Run:
    """One run: its digits, what it measures on, and what was measured."""

    def __init__(
        self,
        settings: DistillationSettings,
        batches: Batches,
        measured: Mapping[str, Block],
        device: str,
        say: Callable[[str], None],
    ) -> None:
        self.settings, self.batches, self.measured, self.device, self.say = settings, batches, measured, device, say
        self.lines: list[str] = []
        self.on_test: dict[str, Measure] = {}

    def teach(self, seconds: float) -> tuple[Network, int]:
        """Train the large networks; return their mean answer, as log-probabilities."""
        networks = [_on(teacher(), self.device) for _ in range(self.settings.teachers)]
        opts = [optimizer(network.parameters(), 2e-3, 0.03, self.device) for network in networks]
        average = Average(tensor for network in networks for tensor in network.state_dict().values())

        def step() -> torch.Tensor:
            images, labels = self.batches.draw()
            images = images.contiguous(memory_format=torch.channels_last)
            with _half(self.device):
                losses = [F.cross_entropy(network(images), labels) for network in networks]
            return _update(torch.stack(losses).sum(), opts, average)

        taken = take_steps(step, opts, self.settings.teacher_steps, seconds, self.say)
        average.keep()
        for network in networks:
            network.eval()

        def answer(images: torch.Tensor) -> torch.Tensor:
            images = images.contiguous(memory_format=torch.channels_last)
            with _half(self.device):
                answers = [network(images) for network in networks]
            return torch.stack([torch.log_softmax(each.float(), 1) for each in answers]).mean(0)

        self.report("teachers", answer)
        return answer, taken

    def together(self, weights: Sequence[Weights]) -> tuple[Network, int]:
        """Return the mean answer of several sets of weights, as log-probabilities."""
        networks = [_answer(_TAUGHT_BY, parameters_of(each, self.device)) for each in weights]

        def answer(images: torch.Tensor) -> torch.Tensor:
            return torch.stack([torch.log_softmax(network(images), 1) for network in networks]).mean(0)

        self.report("teachers", answer)
        return answer, 0

    def learn(
        self, teachers: Network, start: Mapping[str, Weights], seconds: float
    ) -> tuple[dict[str, dict[str, NDArray[np.float32]]], int]:
        """Train the small networks, all on the same digits; return their weights."""
        small = {
            name: parameters_of(start[name], self.device)
            if name in start
            else first_parameters(architecture, self.settings.seed, self.device)
            for name, architecture in ARCHITECTURES.items()
        }
        opts = [
            optimizer(parameters.values(), self.settings.rate, 0.005, self.device) for parameters in small.values()
        ]
        average = Average(tensor for parameters in small.values() for tensor in parameters.values())

        def step() -> torch.Tensor:
            images, labels = self.batches.draw()
            with torch.no_grad():
                wanted = torch.softmax(teachers(images) / _TEMPERATURE, 1)
            losses = [
                _loss(scores(ARCHITECTURES[name].layers, parameters, images), wanted, labels)
                for name, parameters in small.items()
            ]
            return _update(torch.stack(losses).sum(), opts, average)

        taken = take_steps(step, opts, self.settings.steps, seconds, self.say)
        average.keep()
        small = {name: self.as_sure_as_right(name, parameters) for name, parameters in small.items()}
        for name, parameters in small.items():
            self.report(name, _answer(name, parameters))
        return {name: as_numpy(parameters) for name, parameters in small.items()}, taken

    def as_sure_as_right(self, name: str, parameters: Parameters) -> Parameters:
        """Return weights that are calibrated on the test digits, which changes no label."""
        test = self.measured[_TEST]
        with torch.no_grad():
            images = as_images(torch.tensor(test.pixels, device=self.device))
            found = torch.cat([_answer(name, parameters)(part) for part in images.split(1000)])
        temperature = calibrate(found.float().cpu().numpy(), test.images(), test.labels.astype(np.int64)).temperature
        self.say(f"{name}: temperature {temperature:g}")
        return cooled(ARCHITECTURES[name].layers, parameters, temperature)

    def report(self, name: str, network: Network) -> None:
        """Measure a network and say how good it is."""
        for title, block in self.measured.items():
            if not len(block):
                continue
            result = measure(network, block, self.device)
            self.lines.append(f"{name} on {title}: {result}")
            self.say(self.lines[-1])
            if title == _TEST:
                self.on_test[name] = result


def _answer(name: str, parameters: Parameters) -> Network:
    return lambda images: scores(ARCHITECTURES[name].layers, parameters, images)


def _loss(answers: torch.Tensor, wanted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the loss of scores (B, 10) against the large networks' softened answers and the labels."""
    softened = torch.log_softmax(answers / _TEMPERATURE, 1)
    soft = F.kl_div(softened, wanted, reduction="batchmean") * _TEMPERATURE**2
    return _SOFT * soft + (1 - _SOFT) * F.cross_entropy(answers, labels)


def _update(loss: torch.Tensor, opts: list[torch.optim.Optimizer], average: Average) -> torch.Tensor:
    for opt in opts:
        opt.zero_grad(set_to_none=True)
    loss.backward()
    for opt in opts:
        opt.step()
    average.update()
    return loss


def _on(network: nn.Sequential, device: str) -> nn.Sequential:
    moved: nn.Sequential = network.to(device, memory_format=torch.channels_last).train()
    return moved


def _half(device: str) -> torch.autocast:
    return torch.autocast(device, torch.bfloat16, enabled=device == "cuda", cache_enabled=False)
