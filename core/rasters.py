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
