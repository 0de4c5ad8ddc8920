"""The pictures to train on: written digits, each drawn many times with its path varied, and synthetic ones.

They are drawn in several processes, as `POST /predict` draws strokes. The pixels are varied further during training,
by `variation`. Needs no PyTorch.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from functions.dataset.block import PIXELS, Block
from functions.images.pen import draw_digit
from model_export.skeletons import Stroke
from model_export.strokes import pen_width, vary, write

_CHUNK = 200  # pictures that a process draws at a time


@dataclass(frozen=True)
class Written:
    """A digit that somebody wrote: its label, its writer's number, and its strokes, y downwards."""

    label: int
    writer: int
    strokes: Sequence[Stroke]


def leave_out(digits: Sequence[Written], count: int, seed: int) -> tuple[list[Written], list[Written]]:
    """Return the digits of most writers, and those of `count` others, drawn by the seed."""
    writers = sorted({digit.writer for digit in digits})
    others = set(np.random.default_rng(seed).permutation(writers)[:count].tolist())
    return [d for d in digits if d.writer not in others], [d for d in digits if d.writer in others]


def drawn(digits: Sequence[Written], pen: float) -> Block:
    """Return each digit as it was written, drawn once."""
    return _block([d.label for d in digits], [_bytes(draw_digit(d.strokes, pen)) for d in digits])


def varied(digits: Sequence[Written], variants: int, seed: int, processes: int) -> Block:
    """Return `variants` pictures of each digit: other slants, proportions, bends, pens, and coarser tablets."""
    paths = [(_unit(digit.strokes), digit.label) for digit in digits for _ in range(variants)]
    chunks = [(paths[start : start + _CHUNK], [seed, 1, start]) for start in range(0, len(paths), _CHUNK)]
    return _in_processes(_draw_varied, chunks, processes)


def synthetic(count: int, seed: int, processes: int) -> Block:
    """Return digits that `model_export.strokes` writes, as many of each."""
    chunks = [(range(start, min(start + _CHUNK, count)), [seed, 2, start]) for start in range(0, count, _CHUNK)]
    return _in_processes(_draw_synthetic, chunks, processes)


def _draw_varied(chunk: tuple[list[tuple[list[Stroke], int]], list[int]]) -> Block:
    digits, seed = chunk
    rng = np.random.default_rng(seed)
    pictures = [_bytes(draw_digit(vary(strokes, rng), pen_width(rng))) for strokes, _ in digits]
    return _block([label for _, label in digits], pictures)


def _draw_synthetic(chunk: tuple[range, list[int]]) -> Block:
    numbers, seed = chunk
    rng = np.random.default_rng(seed)
    pictures = [_bytes(draw_digit(write(number % 10, rng), pen_width(rng))) for number in numbers]
    return _block([number % 10 for number in numbers], pictures)


def _unit(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Return strokes scaled as skeletons are: about 1 high, from 0 on."""
    points = np.concatenate(strokes)
    low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    return [(stroke - low) / size for stroke in strokes]


def _in_processes[Chunk](draw: Callable[[Chunk], Block], chunks: list[Chunk], processes: int) -> Block:
    if processes == 1:
        with threadpool_limits(1, "blas"):
            blocks = [draw(chunk) for chunk in chunks]
    else:
        # Matrices this small are slower with several BLAS threads.
        with multiprocessing.get_context("spawn").Pool(processes, threadpool_limits, (1, "blas")) as pool:
            blocks = pool.map(draw, chunks, chunksize=1)
    return Block(np.concatenate([b.labels for b in blocks]), np.concatenate([b.pixels for b in blocks]))


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(picture.ravel() * 255).astype(np.uint8)


def _block(labels: list[int], pictures: list[NDArray[np.uint8]]) -> Block:
    return Block(np.array(labels, np.uint8), np.array(pictures, np.uint8).reshape(-1, PIXELS))
