"""How well the shipped weights read what people write, for docs/models.md: test digits, strokes, pictures.

Strokes are those that `infra.dataset.written_digits` finds (STROKES_DIR, else a download), of the writers whom the
weights have not learned from: with three pens, as exact as the tablet is, and as the page gets them when they are
written with a mouse, which moves by whole pixels, as large as the pad, half and a quarter of that. Pictures are files
of a folder, named `{digit}_{kind}_{…}`. Run: `python -m bench.reading [--pictures FOLDER]`.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.errors import FormatError, InvalidValueError
from functions.images.image_files import read_digit
from functions.images.pen import Stroke, draw_digit
from infra.dataset.labelled_images import LabelledImages, from_test_split
from infra.dataset.sources import DataError
from infra.dataset.unipen import WrittenDigit
from infra.dataset.written_digits import StrokeSources, load_written_digits
from model_export import pretrained
from model_export.evaluation import evaluate_weights
from model_export.pretrained import shipped_architectures

PENS = (0.07, 0.1, 0.13)  # parts of the path's longer side
PAD = 366  # pixels of a side of the page's pad, on a laptop
TABLET = 500  # units of a side, of the tablet that people wrote on
SIZES = {"full": 1.0, "half": 0.5, "quarter": 0.25}
SURE = 0.9

type Pictures = NDArray[np.float32]  # (N, 784)


def main() -> None:
    """Measure and print: a line for each set of digits, with every model's figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder of pictures, named {digit}_{kind}_{…}")
    folder = parser.parse_args().pictures
    models = {each.id: pretrained.load(each.id) for each in shipped_architectures()}
    print(f"{'':42}{', '.join(models)}: right, and in brackets wrong though over {SURE:.0%} sure")
    strokes = others_strokes([metadata for _, metadata in models.values()])
    misread: dict[str, Counter[str]] = {model: Counter() for model in models}
    for digits in chain([from_test_split(print)], written(strokes), photographed(folder)):
        figures = []
        for model, (weights, _) in models.items():
            result = evaluate_weights(model, weights, digits.images, digits.labels)
            sure = sum(mistake.answer_probability > SURE for mistake in result.mistakes)
            figures.append(f"{result.accuracy:7.2%} ({sure})")
            if digits.title.startswith("strokes, as written"):
                misread[model].update(f"{mistake.label}→{mistake.answer}" for mistake in result.mistakes)
        print(f"{digits.title:34}{len(digits.labels):6,}  {'  '.join(figures)}", flush=True)
    for model, pairs in misread.items():
        print(f"{model} misread of the strokes: {', '.join(f'{pair} ×{n}' for pair, n in pairs.most_common(5))}")


def others_strokes(metadata: Sequence[dict[str, str]]) -> list[WrittenDigit]:
    """Return the digits of the writers that no model has learned from; none without a network."""
    try:
        digits = load_written_digits(StrokeSources.from_environment(), print)
    except DataError as error:
        print(f"No strokes: {error}")
        return []
    held_out = [set(each["held_out_writers"].split(",")) for each in metadata if "held_out_writers" in each]
    others = set.intersection(*held_out) if held_out else {str(digit.writer) for digit in digits}
    return [digit for digit in digits if str(digit.writer) in others]


def written(digits: list[WrittenDigit]) -> Iterator[LabelledImages]:
    """Yield the strokes, with three pens, and the sizes in which they may stand on the page."""
    if not digits:
        return
    labels = np.array([digit.label for digit in digits])
    written_in = {"as written": [digit.strokes for digit in digits]} | {
        f"{name} size": [on_pad(digit, size) for digit in digits] for name, size in SIZES.items()
    }
    for name, writing in written_in.items():
        for pen in PENS:
            images = np.stack([draw_digit(strokes, pen).ravel() for strokes in writing])
            yield LabelledImages(images, labels, f"strokes, {name}, pen {pen:.0%}")


def on_pad(digit: WrittenDigit, size: float) -> list[Stroke]:
    """Return a digit's strokes on the pad, where they take up `size` of the room that they had on the tablet."""
    return [np.round(PAD * size * stroke / TABLET) for stroke in digit.strokes]


def photographed(folder: Path | None) -> Iterator[LabelledImages]:
    """Yield the pictures of each kind; those that `/predict` refuses are only counted."""
    kinds: dict[str, list[tuple[Pictures, int]]] = {}
    refused: Counter[str] = Counter()
    for file in sorted(folder.iterdir()) if folder else ():
        digit, kind, *_ = f"{file.name}__".split("_")
        if not digit.isdigit():
            continue
        try:
            kinds.setdefault(kind, []).append((read_digit(file.read_bytes()).ravel(), int(digit)))
        except (FormatError, InvalidValueError):
            refused[kind] += 1
    for kind, pictures in kinds.items():
        images, labels = zip(*pictures, strict=True)
        note = f", {refused[kind]} refused" if refused[kind] else ""
        yield LabelledImages(np.stack(images), np.array(labels), f"pictures: {kind}{note}")


if __name__ == "__main__":
    main()
