"""The messages between the page and its worker: two closed tables, message kind → the fields it carries.

Both sides build messages with `message`, which refuses an unknown kind and missing or extra fields. `app.worker_link`
and `worker.main` send and receive them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    type Table = dict[str, tuple[str, ...]]
    type Handlers = dict[str, Callable[..., None]]  # request → what answers it, called with its fields

# What the page asks the worker to do.
REQUESTS: Table = {
    "load_kernel": ("urls",),  # JSON {build of the kernel, or "helper": address}
    "open": ("model", "settings", "seed"),  # or select; JSON, JSON, int
    "settings": ("settings",),  # JSON of all of them
    "use_blocks": ("url", "splits"),  # address with {split} and {index}, JSON {split: {count, shards}}; also: retry
    "load_weights": ("model", "buffer", "origin"),  # a safetensors file's bytes
    "randomise": ("seed",),
    "train": (),
    "pause": (),
    "step": (),
    "predict": ("number", "width", "height", "pixels"),  # bytes, 255 is full ink
    "predict_path": ("number", "path"),  # of the pen, numbers as `pen.c` takes them
    "predict_picture": ("number", "picture"),  # 784 bytes, normalised already
    "tune": ("label",),  # learn the picture predicted last
    "take_back_lesson": (),  # the selected network's last one
    "export": ("model", "metadata"),  # JSON of texts
    "sample": (),
    "show_checkpoint": ("model", "number"),  # look at a checkpoint, -1: at the network as it is
    "restore": ("model", "number"),  # go back to a checkpoint
    "load_features": ("address", "pictures"),  # of the second bundle, and of the module that reads picture files
    "ping": (),  # whether it lives
    "find_ink": ("number", "width", "height", "colours"),  # in an image, RGBA
    "open_file": ("number", "buffer", "networks"),  # a file of weights; JSON {model: {tensor: shape}}
    "save_file": (
        "model",
        "form",
        "metadata",
        "graph",
    ),  # safetensors, onnx or json; JSON, JSON for onnx, {} for a network with only a name
    "train_on_collected": ("labels", "pictures"),  # digits that the person has drawn and kept
    "save_weights": ("key", "model", "record"),  # in the browser, with a text that belongs to them
    # Looking inside; `model` is its JSON where the worker may have to build it
    "palette": ("colours", "overlay", "ink"),  # bytes: 255 RGBA colours each, from the lowest number to the highest
    "inspect_layers": ("model", "panels", "chosen"),  # JSON: [[panel, columns], …], [stage, unit] or null
    "saliency": ("model", "digit"),  # -1: the one that is read
    "count_confusion": ("model", "iteration"),
    "find_misread": ("model", "label", "prediction"),
    "train_on_misread": ("model", "label", "prediction"),
    "compare_network": ("model", "buffer"),  # a safetensors file's bytes, for a network that is not selected
    "predict_with_all": (),
    "learn_together": (  # a round; the shared weights, as a safetensors file's bytes, and the person's digits
        "number",  # the report's; another request ends the round before
        "model",
        "buffer",
        "labels",
        "pictures",
        "with_blocks",
    ),
    "draw_network": ("model", "sizes", "chosen"),  # JSON: how many units of each stage, [stage, unit] or null
}

# What the worker reports to the page.
REPORTS: Table = {
    "opened": ("model",),  # and selected, with the weights it had if it had been opened before
    "not_opened": ("model", "message"),  # there is no room for it, say; the one before stays selected
    "weights_loaded": ("model", "origin", "metadata"),  # origin: "random", or as asked; JSON of texts
    "weights_refused": ("model", "origin", "message"),
    "predicted": (
        "number",
        "blank",
        "picture",
        "probabilities",
        "unlike",
    ),  # picture is None where it is the one before
    # `points` are of the training curve, new ones: iteration, loss, accuracy, iteration, …
    "progress": ("model", "iteration", "epoch", "loss", "accuracy", "samples_per_second", "points"),
    "evaluated": ("model", "iteration", "loss", "accuracy", "count", "on_curve"),
    "team_changed": ("threads", "why_single"),  # how many train, and why it is one
    "target_reached": ("model", "iteration", "accuracy"),  # training has stopped
    "checkpoint": ("model", "number", "iteration", "test_accuracy"),
    "checkpoint_gone": ("model", "number"),  # to make room, or because the run has gone back
    "checkpoint_shown": ("model", "number"),  # what readings and views look at from now on, -1: the network as it is
    "restored": ("model", "number", "iteration"),
    "diverged": ("model", "iteration", "back_to"),  # training has stopped, the last good weights are back
    "blocks": ("cached", "total", "in_flight"),
    "block_refused": ("split", "index", "message"),
    "source_failed": ("message", "seconds"),  # and when it will be asked again
    "source_back": (),
    "tuned": ("model", "label", "before", "after", "steps", "undoable"),  # how many lessons can be taken back
    "lesson_taken_back": ("model",),
    "exported": ("model", "buffer"),
    "sampled": ("picture", "label"),  # picture is None while there is no block
    "failed": ("message",),
    "no_kernel": ("message",),  # without it nothing works
    "pong": (),
    "ink_found": ("number", "width", "height", "ink", "angle", "warnings"),  # see `net.picture_reader.FoundInk`
    "features_ready": (),  # the worker's part of the second bundle
    "file_opened": ("number", "model", "buffer"),  # as safetensors
    "file_refused": ("number", "message"),
    "file_saved": ("model", "form", "buffer"),
    "trained_on_collected": ("model", "count", "right", "steps"),
    "weights_saved": ("model",),
    "weights_not_saved": ("model", "message", "buffer"),  # which the page keeps for as long as it lives
    "panel_painted": ("model", "panel", "width", "height", "limit", "buffer"),  # RGBA; `limit` has full colour
    "unit_explained": (
        "model",
        "stage",
        "unit",
        "activation",
        "contributions",
    ),  # what the chosen unit adds to each digit's score
    "layers_inspected": ("model",),
    "saliency_painted": (
        "model",
        "digit",
        "speaks_for",
        "against",
        "buffer",
    ),  # RGBA; None, and digit -1, for a blank pad
    "confusion_counted": ("model", "iteration", "counts"),  # 100, by label, then by what it is read as
    "misread_digits": ("model", "label", "prediction", "count", "shares", "buffer"),  # the surest first; RGBA
    "trained_on_misread": ("model", "label", "prediction", "count", "right", "steps", "rate"),
    "learned_together": ("number", "samples", "buffer"),  # the difference; None where it must not be sent
    "comparison_added": ("model",),
    "comparison_failed": ("model", "message"),
    # The network as a picture: first its parts in RGBA, then its numbers, flat: by stage, and by place in the column
    "network_part_painted": ("model", "part", "width", "height", "buffer"),
    "network_drawn": (
        "model",
        "drawn",  # whether there is a drawing
        "sizes",
        "units",  # which stand in the places
        "activations",
        "links",  # from each place of a stage to each place above
        "filters",  # of the first convolution, nine weights and a bias each
        "contributions",  # of the chosen unit to the ten scores
    ),
    "all_predicted": ("models", "probabilities"),  # ten each; none for a blank pad
}


def message(table: Table, kind: str, **fields: Any) -> dict[str, Any]:
    """Return the message, ready to be sent."""
    if kind not in table:
        raise ValueError(f"messages are {', '.join(table)}, got {kind!r}")
    if set(fields) != set(table[kind]):
        raise ValueError(f"{kind!r} carries {sorted(table[kind])}, got {sorted(fields)}")
    return {"kind": kind, **fields}


def fields(table: Table, received: Any) -> tuple[str, dict[str, Any]]:
    """Return the kind and the fields of a message that arrived; it may be a JavaScript object."""
    kind = received["kind"]
    if kind not in table:
        raise ValueError(f"messages are {', '.join(table)}, got {kind!r}")
    return kind, {name: received[name] for name in table[kind]}
