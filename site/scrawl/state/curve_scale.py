"""How high losses and accuracies stand on the curves. Pure.

Both scales are logarithmic where the interest lies: losses as they are, accuracies by the share still misread, so
that 90 % and 99 % stand as far apart as 99 % and 99.9 %.
"""


def log10(value: float) -> float:
    """Return the decimal logarithm of a positive number; the math module would outweigh all of the page's code."""
    exponent = 0
    while value >= 10:
        value, exponent = value / 10, exponent + 1
    while value < 1:
        value, exponent = value * 10, exponent - 1
    halvings = 0
    while value > 1.2:
        value, halvings = value**0.5, halvings + 1
    t = (value - 1) / (value + 1)  # ln(value) = 2 artanh(t)
    return exponent + 2 * (t + t**3 / 3 + t**5 / 5 + t**7 / 7) * 2**halvings / 2.302585092994046


def loss_height(value: float) -> float:
    """Return where a loss stands on its scale: 1 lower for each tenth."""
    return log10(max(value, 0.001))


def accuracy_height(value: float) -> float:
    """Return where an accuracy stands on its scale: 1 higher for each tenth of the errors."""
    return -log10(max(1 - value, 0.001))
