"""How weights move: plain SGD, SGD with momentum, Adam. Each records its part of a training program.

A layer's backward pass adds STEP times its gradient to `gradient(parameter)`; the first layer, whose gradient is
never stored, leaves its update to `move_sparse`. `move` comes at the end. The rules are PyTorch's: `torch.optim.SGD`,
whose weight decay is part of the gradient, and `torch.optim.AdamW`, whose weight decay is not (it takes a share of
each weight, however steep the loss): within Adam, L2 decay hardly acts on weights with large gradients. Without decay
that is `torch.optim.Adam`. Betas are 0.9 and 0.999, epsilon 1e-8. The arithmetic is the kernel's.
"""

from scrawl.net.program import ADAM_EPSILON, ADAM_KEEP, ADAM_RATE, DECAY, MOMENTUM, RATE, STEP


class Sgd:
    """w -= rate · gradient. Gradients go straight to the weights."""

    gathers = False
    age = 0

    def step(self, learning_rate, count):
        """Return what a batch's summed gradients are multiplied with where they are added."""
        return -learning_rate / count

    def gradient(self, parameter):
        """Return the address that the parameter's gradient is added to."""
        return parameter.address

    def move_sparse(self, program, weight, columns, shape):
        """Record the update of the first layer's weights from the listing `columns`; `shape` says what is read."""
        program.add("sparse_update", weight.address, *columns, *shape, STEP)

    def move(self, program, parameters):
        """Record nothing: the weights have moved already."""

    def forget(self):
        """Forget earlier gradients: there are none."""


class _Averaging:
    """What momentum and Adam share: sums of gradients for a batch, and averages over the batches so far."""

    gathers = True
    averages = 0  # kept for each parameter

    def __init__(self, kernel, parameters):
        self.kernel = kernel
        self.age = 0  # steps since the averages were zero
        self._parameters = parameters
        self._averages = {p.name: [kernel.alloc(p.bytes) for _ in range(self.averages)] for p in parameters}

    def step(self, _learning_rate, count):
        """Gradients are averaged over the batch; the rate comes later."""
        return 1 / count

    def gradient(self, parameter):
        """Return the address that the parameter's gradient is added to."""
        return parameter.gradient()

    def move_sparse(self, program, weight, columns, shape):
        """Record the update of the first layer's weights, in one go with their averages."""
        kept = self._averages[weight.name]
        program.add(self.sparse, weight.address, *kept, *columns, *shape, STEP, *self.registers)

    def move(self, program, parameters):
        """Record the updates of all others."""
        for p in parameters:
            if not p.sparse:
                kept = self._averages[p.name]
                program.add(self.dense, p.address, *kept, p.gradient(), p.size, *self.registers)

    def forget(self):
        """Forget earlier gradients."""
        self.age = 0
        for parameter in self._parameters:
            for address in self._averages[parameter.name]:
                self.kernel.function("clear")(address, parameter.size)


class Momentum(_Averaging):
    """v = momentum · v + gradient + weight_decay · w, then w -= rate · v."""

    averages = 1
    sparse, dense, registers = "sparse_momentum", "move_momentum", (RATE, MOMENTUM, DECAY)


class Adam(_Averaging):
    """AdamW: w moves by the gradient's running average over the root of its square's."""

    averages = 2
    sparse, dense, registers = "sparse_adam", "move_adam", (ADAM_RATE, ADAM_EPSILON, ADAM_KEEP)


# What makes each optimizer, from (kernel, parameters).
OPTIMIZERS = {"sgd": lambda _kernel, _parameters: Sgd(), "momentum": Momentum, "adam": Adam}
