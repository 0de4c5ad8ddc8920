"""Running a training step many times: on a GPU as a CUDA graph, with a learning rate schedule, within a time."""

import time
from collections.abc import Callable, Iterable

import torch

from functions.errors import InvalidValueError
from model_export.hyperparameters import SCHEDULES

_TIMED = 50  # steps from which the time of all is estimated
_REPORTS = 12  # in all
_AVERAGED_OVER = 1000  # steps, about
_HOPELESS = 100.0  # a loss that no network recovers from


class Average:
    """An exponential moving average of tensors, which is better than their last values."""

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        self.tensors = [tensor for tensor in tensors if tensor.is_floating_point()]
        self.means = [tensor.detach().clone() for tensor in self.tensors]
        self.taken = torch.zeros((), device=self.tensors[0].device)

    def update(self) -> None:
        """Take the tensors' values in."""
        with torch.no_grad():
            self.taken += 1
            weight = 1 / self.taken.clamp(max=_AVERAGED_OVER)
            for mean, tensor in zip(self.means, self.tensors, strict=True):
                mean.lerp_(tensor, weight)

    def keep(self) -> None:
        """Give the tensors their means."""
        with torch.no_grad():
            for mean, tensor in zip(self.means, self.tensors, strict=True):
                tensor.copy_(mean)


def optimizer(parameters: Iterable[torch.Tensor], rate: float, decay: float, device: str) -> torch.optim.Optimizer:
    """Return AdamW whose learning rate can change while a graph repeats it."""
    on_gpu = device == "cuda"
    return torch.optim.AdamW(
        list(parameters),
        lr=torch.tensor(rate, device=device) if on_gpu else rate,
        weight_decay=decay,
        fused=on_gpu,
        capturable=on_gpu,
    )


def take_steps(
    step: Callable[[], torch.Tensor],
    optimizers: list[torch.optim.Optimizer],
    steps: int,
    seconds: float,
    say: Callable[[str], None],
) -> int:
    """Take so many steps, or as many as the seconds allow, and return how many; `step` returns its loss."""
    rates = [float(group["lr"]) for opt in optimizers for group in opt.param_groups]
    _set_rates(optimizers, [0.0 for _ in rates])  # the steps that a graph is captured with change nothing
    step = _captured(step)
    start = time.monotonic()
    for _ in range(_TIMED):
        loss = step()
    float(loss)  # waits for the GPU
    each = (time.monotonic() - start) / _TIMED
    steps = min(steps, max(1, int(seconds / each)))
    say(f"{steps:,} steps of {1000 * each:.2f} ms")
    for number in range(steps):
        factor = SCHEDULES["warm-cosine"]((number + 0.5) / steps)
        _set_rates(optimizers, [rate * factor for rate in rates])
        loss = step()
        if number % max(1, steps // _REPORTS) == 0:
            if not float(loss) < _HOPELESS:
                raise InvalidValueError(f"diverged at step {number + 1:,}: the loss was {float(loss):g}")
            say(f"step {number + 1:,}: loss {float(loss):.4f}")
    return steps


def _set_rates(optimizers: list[torch.optim.Optimizer], rates: list[float]) -> None:
    groups = [group for opt in optimizers for group in opt.param_groups]
    for group, rate in zip(groups, rates, strict=True):
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def _captured(step: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Return the step as a CUDA graph, which spares the time to start hundreds of small kernels."""
    if not torch.cuda.is_available():
        return lambda: step().detach()
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step().detach()

    def replay() -> torch.Tensor:
        graph.replay()
        return loss

    return replay
