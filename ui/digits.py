"""Pictures of a data set, each beside ten bars: how likely a network takes it for which class."""

from functools import cache

import numpy as np

from core import datasets
from core.datasets import CLASSES
from core.rasters import LARGEST
from ui.painted import Raster, Spec, drawing
from ui.player.player import Picture

# The columns of the frames with what is thought of the pictures of either block, a row for each.
BLOCKS = ("first_opinions", "last_opinions")
ROWS = 8  # pictures of a block, one below the other
# To one scale: a picture with its margin, the place of one bar, and what is between.
SIDE, BAR, GAP, BETWEEN, HEAD = 1.15, 0.44, 0.15, 0.6, 0.5
WIDTH = SIDE + GAP + CLASSES * BAR  # of a block
MARGIN = 4  # pixels around a picture


def opinions(
    title: str,
    description: str,
    pictures: np.ndarray,
    labels: np.ndarray,
    names: tuple[str, ...],
) -> Picture:
    """Sixteen `pictures` (16, 28, 28) uint8 in two blocks, what is thought of them, and which class
    of the ten, `labels` (16,), is right. What these are called comes under the pointer.
    """
    right = tuple(map(int, labels))
    still = {
        f"pictures_{k}": {"cells": column(pictures[k * ROWS : (k + 1) * ROWS])}
        for k in range(len(BLOCKS))
    }
    return Picture(title, _spec(right, names), description, {}, still)


def column(pictures: np.ndarray) -> np.ndarray:
    """(n, h, w) uint8 one below the other, each with a margin."""
    shown = np.minimum(pictures, LARGEST)  # 255 would be no number
    padded = np.pad(shown, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    return padded.reshape(-1, padded.shape[2])


@cache
def _spec(labels: tuple[int, ...], names: tuple[str, ...]) -> Spec:
    rasters, words = [], []
    foot = HEAD + ROWS * SIDE
    for k, name in enumerate(BLOCKS):
        left = k * (WIDTH + BETWEEN)
        bars = left + SIDE + GAP
        ends = (bars, left + WIDTH), (foot, HEAD)
        rasters.append(
            Raster(
                f"pictures_{k}",
                "",
                datasets.SIDE + 2 * MARGIN,
                (left, left + SIDE),
                (foot, HEAD),
                (0, LARGEST),
                "ink",
                down=True,
                legend=False,
                smooth=True,
            )
        )
        rasters.append(
            Raster(
                name,
                "probability",
                CLASSES,
                *ends,
                (0, 1),
                down=True,
                legend=False,
                columns_are=names,
                bars=labels[k * ROWS : (k + 1) * ROWS],
            )
        )
        words += [(bars + (c + 0.5) * BAR, HEAD / 2, str(c)) for c in range(CLASSES)]
    span = len(BLOCKS) * WIDTH + BETWEEN, foot
    return drawing(tuple(rasters), span, (), words=tuple(words))
