"""Colours for numbers: blue below zero, paper at zero, orange above, as RGBA pixels to paint with. Pure.

Blue and orange differ for colour-blind eyes too, and zero is the page's own colour, so that what says nothing is seen
as nothing.
"""

SIDE = 127  # colours on each side of the middle
OPAQUE = 255
GAMMA = 0.6  # of opacity: a little can be seen, too


def parse(colour: str) -> tuple:
    """Return (red, green, blue) of a colour #rrggbb, as the page's tokens have it."""
    digits = colour.strip().lstrip("#")
    if len(digits) != 6:
        raise ValueError(f"a token's colour is #rrggbb, got {colour!r}")
    return tuple(int(digits[place : place + 2], 16) for place in (0, 2, 4))


def diverging(negative: tuple, zero: tuple, positive: tuple) -> list:
    """Return the bytes of 255 colours: from `negative` by way of `zero` to `positive`."""
    colours: list = []
    for step in range(-SIDE, SIDE + 1):
        end, share = (positive, step / SIDE) if step > 0 else (negative, -step / SIDE)
        colours += [round(a + (b - a) * share) for a, b in zip(zero, end, strict=True)]
        colours.append(OPAQUE)
    return colours


def fading(negative: tuple, positive: tuple) -> list:
    """Return the bytes of 255 colours: full at both ends, and the more transparent the nearer to zero."""
    colours: list = []
    for step in range(-SIDE, SIDE + 1):
        colours += [*(positive if step > 0 else negative), round(OPAQUE * (abs(step) / SIDE) ** GAMMA)]
    return colours
