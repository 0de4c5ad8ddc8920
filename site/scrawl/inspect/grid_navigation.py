"""Moving through a grid of cells with the keyboard. Pure."""

STEPS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


def move(key: str, place: int, count: int, columns: int) -> int | None:
    """Return the cell that a key leads to from `place`; None if the key has no meaning here.

    Home and End lead to the ends of a row. At the edges one stays.
    """
    row, column = place // columns, place % columns
    last = min(columns, count - row * columns) - 1
    if key == "Home":
        return row * columns
    if key == "End":
        return row * columns + last
    if key not in STEPS:
        return None
    across, down = STEPS[key]
    target = (row + down) * columns + column + across
    stays = not 0 <= column + across < columns or not 0 <= target < count
    return place if stays else target
