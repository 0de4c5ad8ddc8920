"""What the page and its worker say to each other: two closed tables, message kind → the fields it carries.

Both sides build messages with `message`, which refuses an unknown kind and missing or extra fields. Sending and
receiving is left to `main` and `worker`.
"""

# The page asks, the worker does.
REQUESTS = {
    "start": ("kernel",),  # JSON of two addresses
    "open": ("model", "settings", "seed"),  # or select; JSON, JSON, int
    "settings": ("settings",),  # JSON: batch_size, learning_rate, cache_size
    "blocks_at": ("url", "splits"),  # address with {split} and {index}, JSON {split: {count, shards}}; also: retry
    "weights": ("model", "buffer", "origin"),  # a safetensors file's bytes
    "randomise": ("seed",),
    "train": (),
    "pause": (),
    "step": (),
    "predict": ("number", "width", "height", "pixels"),  # bytes, 255 is full ink
    "predict_picture": ("number", "picture"),  # 784 bytes, normalised already
    "tune": ("label",),  # learn the picture predicted last
    "export": ("model", "metadata"),  # JSON of texts
    "sample": (),
    "later": ("address",),  # of the second bundle
}

# The worker tells, the page shows.
REPORTS = {
    "opened": ("model",),  # and selected, with the weights it had if it had been opened before
    "weights_taken": ("model", "origin", "metadata"),  # origin: "random", or as asked; JSON of texts
    "weights_refused": ("model", "message"),
    "predicted": ("number", "blank", "picture", "probabilities"),
    "progress": ("model", "iteration", "loss", "accuracy", "samples_per_second"),
    "evaluated": ("model", "iteration", "loss", "accuracy", "count"),
    "diverged": ("model", "iteration", "back_to"),  # training has stopped, the last good weights are back
    "blocks": ("cached", "total", "in_flight"),
    "block_refused": ("split", "index", "message"),
    "source_failed": ("message", "seconds"),  # and when it will be asked again
    "source_back": (),
    "tuned": ("model", "label", "before", "after", "steps"),
    "exported": ("model", "buffer"),
    "sampled": ("picture", "label"),  # picture is None while there is no block
    "failed": ("message",),
    "later_begun": (),  # the worker's part of the second bundle
}


def message(table: dict, kind: str, **fields: object) -> dict:
    """Return the message, ready to be sent."""
    if kind not in table:
        raise ValueError(f"messages are {', '.join(table)}, got {kind!r}")
    if set(fields) != set(table[kind]):
        raise ValueError(f"{kind!r} carries {sorted(table[kind])}, got {sorted(fields)}")
    return {"kind": kind, **fields}


def fields(table: dict, received: object) -> tuple:
    """Return the kind and the fields of a message that arrived; it may be a JavaScript object."""
    kind = received["kind"]
    if kind not in table:
        raise ValueError(f"messages are {', '.join(table)}, got {kind!r}")
    return kind, {name: received[name] for name in table[kind]}
