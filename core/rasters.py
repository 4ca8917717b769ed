"""Pictures of one byte a cell: a loss surface, a decision boundary, the weights of a layer.

The bytes are computed where the tensors are, so that the one copy to the host is the picture's own
size: a byte for a number of four or eight.
"""

import numpy as np
import torch
from torch import Tensor

LARGEST = 254  # the byte of the upper limit
NO_NUMBER = 255


def to_bytes(values: Tensor, low: float, high: float) -> Tensor:
    """Numbers of any shape as uint8, on their device: 0 to 254 from `low` to `high`, evenly.

    What lies beyond a limit is that limit's byte, infinity too; 255 says that there is no number.
    Raises `ValueError` unless `low` < `high`.
    """
    if not low < high:
        raise ValueError(f"low = {low!r} is not allowed: it must be below high = {high!r}.")
    parts = ((values - low) / (high - low)).clamp(0, 1) * LARGEST
    # To the nearest by cutting off: torch.round wakes a pool of threads from 2,049 cells on, and
    # where the cores are busy waiting for it takes longer than all else in a frame.
    return torch.where(values.isnan(), NO_NUMBER, parts + 0.5).to(torch.uint8)


def to_values(cells: np.ndarray, low: float, high: float) -> np.ndarray:
    """What uint8 cells stand for, in float64: to half a 254th of what the limits are apart."""
    values = low + cells / LARGEST * (high - low)
    return np.where(cells == NO_NUMBER, np.nan, values)


def centers(low: float, high: float, cells: int) -> np.ndarray:
    """(cells,) float64: the middles of so many equal cells between `low` and `high`.

    A picture is painted from the outer ends of its outer cells: its values belong here.
    """
    return low + (np.arange(cells) + 0.5) / cells * (high - low)


def level_line(cells: np.ndarray, level: float) -> np.ndarray:
    """(n, 4) float64: the strokes x, y, x, y of the line on which a picture (rows, columns) uint8
    is at `level`, a byte; in cells, the middle of the first one at 0, 0.

    Each square of four middles has a stroke where some are at or above the level and some below,
    two where corners that are across are alike: the mean of the four says which of these the line
    parts. The places are found as if bytes changed evenly; `levelLine` in player/js/raster.js goes
    the same way. Where a corner has no number there is no line.
    """
    high = cells.astype(np.float64)
    rows, columns = (np.arange(size - 1) for size in high.shape)
    corners = high[:-1, :-1], high[:-1, 1:], high[1:, 1:], high[1:, :-1]  # around a square
    a, b, c, d = (corner >= level for corner in corners)
    known = np.all([corner != NO_NUMBER for corner in corners], axis=0)
    sides = a != b, b != c, c != d, d != a

    def part(begin: int, end: int) -> np.ndarray:
        """How far from one corner to another the level is."""
        away = corners[end] - corners[begin]
        return (level - corners[begin]) / np.where(away == 0, 1, away)

    x, y = np.meshgrid(columns, rows)
    places = (
        (x + part(0, 1), y + 0.0),
        (x + 1.0, y + part(1, 2)),
        (x + part(3, 2), y + 1.0),
        (x + 0.0, y + part(0, 3)),
    )
    apart = np.all(sides, axis=0)
    alone = (np.mean(corners, axis=0) >= level) == a  # the middle is with a and c
    strokes = []
    for one, other in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        there = sides[one] & sides[other] & ~apart
        if (one, other) in ((0, 1), (2, 3)):
            there |= apart & alone
        elif (one, other) in ((0, 3), (1, 2)):
            there |= apart & ~alone
        there &= known
        strokes.append(np.stack([*places[one], *places[other]], axis=-1)[there])
    return np.concatenate(strokes)
