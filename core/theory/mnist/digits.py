"""Single pictures: the sixteen that every frame shows, and one that somebody draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.datasets import CLASSES, SIDE, images
from core.theory.mnist.network import columns, nearest_resumable, opinions

if TYPE_CHECKING:
    from core.mnist import Config, State

SHOWN = 16
INK_CELLS = 112  # a side of what is drawn, before it becomes a picture
PEN = 0.045  # radius of the pen, as a part of the side
# The longest side of a digit: of MNIST 20 of 28 pixels, with its centre of mass in the middle
# (LeCun's page says so); scikit-learn's fill their picture.
BOX = {"mnist": 20, "fashion": 28, "digits": 28}


class Shown(NamedTuple):
    """Pictures that test."""

    indices: np.ndarray  # (16,) int64 among those that test
    labels: np.ndarray  # (16,) int64
    pictures: np.ndarray  # (16, 28, 28) uint8


@lru_cache(maxsize=8)
def sixteen(dataset: str) -> Tensor:
    """(16,) the first picture of each class and then the first others, in their order."""
    labels = images(dataset).test_labels
    first = [int((labels == label).nonzero()[0]) for label in range(CLASSES)]
    others = [k for k in range(SHOWN + CLASSES) if k not in first][: SHOWN - CLASSES]
    return torch.tensor(sorted([*first, *others]))


def shown(config: Config) -> Shown:
    """The sixteen pictures of `State.opinions`, in its order."""
    indices, data = sixteen(config.dataset), images(config.dataset)
    pictures = data.test[indices].view(-1, SIDE, SIDE).numpy()
    return Shown(indices.numpy(), data.test_labels[indices].numpy(), pictures)


def opinion(config: Config, state: State, picture: np.ndarray) -> np.ndarray:
    """(10,) float64 probabilities of the classes of a picture (28, 28) uint8.

    Raises `ValueError` where the state has no parameters, or where the picture has another shape.
    """
    parameters = parameters_of(config, state)
    if picture.shape != (SIDE, SIDE):
        raise ValueError(
            f"picture.shape = {picture.shape} is not allowed: it must be {(SIDE, SIDE)}."
        )
    x = torch.from_numpy(np.array(picture, dtype=np.uint8)).view(1, -1).to(state.loss.device)
    return opinions(parameters, columns(x))[0].double().numpy(force=True)


def parameters_of(config: Config, state: State) -> dict[str, Tensor]:
    """Those of a state. Raises `ValueError` where it has none, naming the step nearest with."""
    if state.parameters is None:
        raise ValueError(
            f"state.step = {state.step} is not allowed: it has no parameters. "
            f"The nearest state with them is that of step {nearest_resumable(config, state.step)}."
        )
    return state.parameters


def ink(strokes: Sequence[Sequence[tuple[float, float]]], cells: int = INK_CELLS) -> np.ndarray:
    """(cells, cells) float64 from 0 to 1: what a round pen leaves that goes along the strokes.

    Each stroke is a row of points x, y from 0 to 1, y downwards; one point alone is a dot.
    """
    middles = (np.arange(cells) + 0.5) / cells
    nearest = np.full((cells, cells), np.inf)
    reach = PEN + 1 / cells
    for stroke in strokes:
        points = np.asarray([*stroke, stroke[-1]] if len(stroke) else [], dtype=np.float64)
        for begin, end in pairwise(points):
            (across, down), length = end - begin, float(((end - begin) ** 2).sum())
            # Only cells that its ink may reach: with all of them a long drawing took half a second.
            first = np.floor((np.minimum(begin, end) - reach) * cells).clip(0, cells).astype(int)
            last = np.ceil((np.maximum(begin, end) + reach) * cells).clip(0, cells).astype(int)
            columns_, rows = (slice(*ends) for ends in zip(first, last, strict=True))
            x, y = middles[None, columns_] - begin[0], middles[rows, None] - begin[1]
            part = np.clip((x * across + y * down) / length, 0, 1) if length else 0.0
            here = nearest[rows, columns_]
            np.minimum(here, np.hypot(x - part * across, y - part * down), out=here)
    return np.clip((PEN - nearest) * cells + 0.5, 0, 1)  # over the width of a cell


def as_picture(drawing: np.ndarray, dataset: str = "mnist") -> np.ndarray:
    """(28, 28) uint8 of a drawing (h, w), from 0 to 1: brought to the size and the place that the
    digits of a data set have, or a network would be asked about what it has never seen.

    The longest side of what has ink becomes BOX pixels, its centre of mass goes to the middle as
    far as the picture allows. Without ink the picture is black.
    """
    rows, columns_ = (np.flatnonzero(drawing.max(axis=axis) > 0) for axis in (1, 0))
    picture = np.zeros((SIDE, SIDE))
    if not len(rows):
        return picture.astype(np.uint8)
    cut = drawing[rows[0] : rows[-1] + 1, columns_[0] : columns_[-1] + 1].astype(np.float64)
    scale = BOX[dataset] / max(cut.shape)
    height, width = (max(1, round(scale * size)) for size in cut.shape)
    small = interpolate(
        torch.from_numpy(cut)[None, None], (height, width), mode="bilinear", antialias=True
    )[0, 0].numpy()
    mass = small.sum()
    top, left = (
        round(SIDE / 2 - float((small.sum(axis=1 - axis) * (np.arange(size) + 0.5)).sum() / mass))
        for axis, size in enumerate(small.shape)
    )
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    picture[top : top + height, left : left + width] = small
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
