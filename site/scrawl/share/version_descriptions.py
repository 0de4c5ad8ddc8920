"""Versions of weights in words: where they come from, and how good they are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import formatting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from scrawl.net.safetensors import Metadata
    from scrawl.state.app_state import Record

SOURCES = {
    "pretrained": "shipped with Scrawl",
    "untrained": "new, random weights",
    "upload": "sent by a visitor",
    "train": "trained with scrawl train",
    "patch": "taught",
    "update": "learned together",
    "room": "the room's first weights",
    "retrain": "trained from scratch by the API",
    "rollback": "went back to an earlier one",
}

SHIPPED = "shipped"  # the source of the weights of a page without an API
SHARED = {"older": "an earlier version of the shared weights"}


def source(name: str) -> str:
    """Return in words where a version comes from."""
    return SOURCES.get(name, name)


def version(entry: Mapping[str, Any]) -> str:
    """Return one line about a version of the API's history."""
    samples = int(entry.get("samples") or 0)
    parts = [source(entry.get("source") or "")]
    if samples:
        parts.append(f"on {grouped(samples)} {'digit' if samples == 1 else 'digits'}")
    created = entry.get("created_at")
    if entry.get("restores"):
        parts.append(f"({short(entry['restores'])})")
    return " ".join(parts) + (f", {formatting.moment(created)}" if created else "")


def descent(entry: Mapping[str, Any]) -> str:
    """Return a version's short name, and that of the version it was made from."""
    parent = entry.get("parent")
    return f"{short(entry['version'])}, {f'from {short(parent)}' if parent else 'the first'}"


def accuracy(entry: Mapping[str, Any]) -> str:
    """Return a version's test accuracy, a dash when it is not known."""
    measured = entry.get("accuracy")
    return formatting.percent(None if measured is None else float(measured))


def short(version_id: str) -> str:
    """Return what tells a version from others at a glance."""
    return version_id.split("-")[-1][:8]


def grouped(number: int) -> str:
    """Return 60,000 for 60000."""
    return f"{number:,}"


def declined(status: int, error: str) -> str:
    """Return why the API declined, and what one can do about it."""
    if status == 422 and "not made current" in error:  # the API has one code for all that is well-formed but wrong
        return (
            f"The API declined: {error}. So nobody loses by sharing. Train further, then send again; "
            "your weights and the shared ones stay as they are."
        )
    return f"The API declined: {error}. Its weights stay as they were."


def origin(record: Record) -> str:
    """Return where a network's weights in this tab come from."""
    if not record.opened:
        return "none yet"
    trained = record.iteration - record.shared_iteration
    parts = [_first_weights(record)]
    if trained:
        parts.append(f"trained here for {trained} {'iteration' if trained == 1 else 'iterations'}")
    if record.lessons:
        parts.append(f"and {formatting.lessons(record.lessons)} of yours")
    return ", ".join(parts)


def provenance(model: str, record: Record) -> Metadata:
    """Return where a network's weights come from, as the metadata of a file say it."""
    metadata = {"model": model, "source": "page", "iteration": str(record.iteration)}
    earlier = record.version.get("lessons", "") if "file" in record.version else ""
    lessons = record.lessons + (int(earlier) if earlier.isdigit() else 0)
    if lessons:
        metadata["lessons"] = str(lessons)
    if record.test_accuracy is not None:
        metadata["accuracy"] = f"{record.test_accuracy:.4f}"
    if record.version.get("version"):
        metadata["parent"] = record.version["version"]
    return metadata


def _first_weights(record: Record) -> str:
    if record.origin in ("", "random"):
        return "new, random weights"
    version = record.version
    if "file" in version:
        what, when = version["file"], "saved"
    elif version.get("source") == SHIPPED:
        what, when = "the shipped weights", "this page was built"
    else:
        what, when = SHARED.get(record.origin, "the shared weights"), "the API measured them"
    created = f" of {formatting.moment(version['created_at'])}" if version.get("created_at") else ""
    measured = f" ({accuracy(version)} when {when})" if version.get("accuracy") else ""
    return f"{what}{created}{measured}"
