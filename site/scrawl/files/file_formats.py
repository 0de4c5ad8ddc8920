"""Which file is this, and which network is it for? Pure: reading its numbers is left to `share.worker`."""

from scrawl.net.safetensors import FormatError, check_shapes

LARGEST = 64 * 1024 * 1024  # bytes of a file that is opened
MEDIA_TYPES = {
    "safetensors": "application/vnd.safetensors",
    "onnx": "application/vnd.onnx",
    "json": "application/json",
}
WANTED = "Weights come as safetensors, ONNX or JSON"


def check_size(name: str, size: int) -> None:
    """Refuse a file before it is read."""
    if size == 0:
        raise FormatError(f"{name} is empty. {WANTED}.")
    if size > LARGEST:
        most, found = LARGEST // 1024**2, -(-size // 1024**2)
        raise FormatError(f"{name} is too large: {found} MB, weights of these networks have at most {most} MB.")


def kind_of(start: bytes) -> str:
    """Return safetensors, json or onnx, from a file's first 16 bytes; a file's name says too little."""
    if start[8:9] == b"{" and start[6:8] == b"\0\0":
        return "safetensors"
    if start[:4] == b"PK\x03\x04" or start[:2] == b"\x80\x02":
        raise FormatError(
            "this is a PyTorch checkpoint, which only PyTorch may read; save it with safetensors.torch.save_file"
        )
    if start[:2] == b"\x1f\x8b":
        raise FormatError("this is a gzip file; unpack it first")
    for magic, what in ((b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"%PDF", "a PDF")):
        if start.startswith(magic):
            raise FormatError(f"this is {what}. {WANTED}")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return "json"
    if start[:1] == b"\x08":  # the first field of an ONNX model: the version of its format
        return "onnx"
    raise FormatError(f"this is none of the files that hold weights. {WANTED}")


def fitting(tensors: dict, networks: dict) -> str:
    """Return the network that the tensors are for: the first of {model: {name: shape}} that fits.

    Raises FormatError, saying what the first one would have needed, when none does.
    """
    problems = []
    for model, shapes in networks.items():
        try:
            check_shapes(tensors, shapes)
            return model
        except FormatError as error:
            problems.append(f"{model}: {error}")
    raise FormatError(f"the file fits none of the networks. {problems[0]}")


def first_not_finite(names: list, is_finite: object) -> None:
    """Refuse weights that hold NaN or infinity, naming the tensor; `is_finite(name)` tells."""
    for name in names:
        if not is_finite(name):
            raise FormatError(f"{name} holds NaN or infinity: whatever trained it has diverged")


def check_nested(name: str, nested: object, shape: list, is_list: object) -> list:
    """Return the innermost lists of a tensor written as nested lists, in order, if they have that shape."""
    rows = [nested]
    for depth, size in enumerate(shape):
        for row in rows:
            if not is_list(row) or len(row) != size:
                found = f"a list of {len(row)}" if is_list(row) else "no list"
                raise FormatError(f"{name} needs lists of {size} at depth {depth + 1}, the file has {found}")
        if depth < len(shape) - 1:
            rows = [inner for row in rows for inner in row]
    return rows
