"""How numbers and moments read on the page. Pure."""

SPELT = {"gelu": "GELU"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
NO_BREAK = "\u00a0"


def percent(fraction: float | None, places: int = 2) -> str:
    """Return 97.31% for 0.9731, a dash when there is no value yet."""
    return "–" if fraction is None else f"{100 * fraction:.{places}f}%"


def loss(value: float | None) -> str:
    """Return a loss with four digits, a dash when there is none yet."""
    if value is None:
        return "–"
    if value != value or value in (float("inf"), -float("inf")):
        return "diverged"
    return f"{value:.4f}"


def short_name(model: str) -> str:
    """Return MLP 128-64 for mlp-128-64, MLP 300 GELU, 20% off for mlp-300.gelu.drop20; others stay as they are."""
    family, _, rest = model.partition("-")
    if family not in ("mlp", "conv") or not rest:
        return model
    sizes, *endings = rest.split(".")
    more = [
        f", {ending[4:]}% off" if ending.startswith("drop") else f" {SPELT.get(ending, ending)}" for ending in endings
    ]
    return f"{'MLP' if family == 'mlp' else 'Conv'} {sizes.replace('_', ' | ')}{''.join(more)}"


def rounded(value: float) -> str:
    """Return a rate as a plain number of three significant digits: 243000."""
    number = int(value)
    unit = 10 ** max(len(str(number)) - 3, 0)
    return str(round(number / unit) * unit)


def lessons(count: int) -> str:
    """Return 2 lessons for 2."""
    return f"{count} {'lesson' if count == 1 else 'lessons'}"


def moment(iso: str) -> str:
    """Return 17 May 2026, 09:30 UTC for an ISO date and time; a line breaks between the two, nowhere else."""
    if len(iso) < 16 or not iso[5:7].isdigit() or not 1 <= int(iso[5:7]) <= 12:
        return iso
    date = (str(int(iso[8:10])), MONTHS[int(iso[5:7]) - 1], iso[:4])
    return f"{NO_BREAK.join(date)}, {iso[11:16]}{NO_BREAK}UTC"


def seconds(value: float) -> str:
    """Return a short span in words."""
    whole = max(1, round(value))
    return f"{whole} s"
