"""Columns for charts that nobody records: of the points, and made of recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.rasters import to_bytes
from core.recording import Frames
from core.theory.xor.field import UNIT_CELLS, grid
from core.theory.xor.network import outputs, unflattened
from core.theory.xor.points import OWN, inputs, points, window

if TYPE_CHECKING:
    from core.xor import Config


def counted(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """The "epoch" (m,) float64 of the update that led to each frame, the first being 1."""
    return {"epoch": np.ceil(frames.steps / config.batches)}


def drawn(config: Config, most: int, tests: bool) -> dict[str, np.ndarray]:
    """Some of the points as columns (k,) float64: "x", "y", "label" and "tests", 1 of one that
    tests: the first `most` that train, all that are added, and if wanted `most` / 4 that test.
    """
    data = points(config)
    added = len(config.extra_points) if config.data != OWN else 0
    size = len(data.train)
    shown = np.r_[0 : min(most, size - added), size - added : size]
    places, labels = data.train.numpy()[shown], data.train_labels.numpy()[shown]
    hollow = slice(0, most // 4 if tests else 0)
    x, y = np.concatenate([places, data.test.numpy()[hollow]]).astype(np.float64).T
    label = np.concatenate([labels, data.test_labels.numpy()[hollow]]).astype(np.float64)
    return {"x": x, "y": y, "label": label, "tests": (np.arange(len(x)) >= len(shown)) * 1.0}


def input_pictures(config: Config) -> dict[str, tuple[np.ndarray, float]]:
    """Of each input of the network (UNIT_CELLS, UNIT_CELLS) uint8 over the window, and the limit on
    either side of 0 that its bytes 0 and 254 stand for.
    """
    places = grid(window(config), UNIT_CELLS).view(-1, 2)
    found = {}
    for name, values in zip(config.features, inputs(config.features, places), strict=True):
        limit = max(float(values.abs().max()), 1e-9)
        cells = to_bytes(values, -limit, limit).view(UNIT_CELLS, UNIT_CELLS)
        found[name] = cells.numpy(), limit
    return found


LINES, ALONG = 11, 17  # of the grid in each direction, and numbers along a line
MOVED = 150  # points of each class
AT_ONCE = 2**22  # numbers of one layer


@cache
def bent(across: int, up: int) -> Callable[[Config, Frames], Mapping[str, np.ndarray]]:
    """What two units of the last layer of units make of the plane: a maker of two columns.

    "grid" (m, 2, 2 LINES ALONG), the lines of a grid over the window, first those that go up; and
    "cloud" (m, 2, 2 MOVED), points that train, in turn of class 0 and 1, nan where there are fewer;
    the unit `across`, from 0 on, then the unit `up`, or the last where there are fewer.
    """

    def bent_by(config: Config, frames: Frames) -> dict[str, np.ndarray]:
        places = torch.cat([_lines(config), _turns(config)])
        x = inputs(config.features, places)
        chosen = [min(unit, config.hidden - 1) for unit in (across, up)]
        rows = torch.tensor(frames.columns["weights"])
        chunk = max(1, AT_ONCE // (config.hidden * len(places)))
        parts = []
        for some in rows.split(chunk):
            units, _ = outputs(unflattened(config, some), config.activation, x)
            parts.append(units[-1][:, chosen])
        both = torch.cat(parts).numpy()
        ends = 2 * LINES * ALONG
        return {"grid": both[..., :ends], "cloud": both[..., ends:], **counted(config, frames)}

    return bent_by


def _lines(config: Config) -> torch.Tensor:
    """(2 LINES ALONG, 2) places along the lines of a grid over the window, line by line."""
    left, right, low, high = window(config)
    x, y = torch.linspace(left, right, LINES), torch.linspace(low, high, LINES)
    u, v = torch.linspace(left, right, ALONG), torch.linspace(low, high, ALONG)
    rising = torch.cartesian_prod(x, v)
    level = torch.cartesian_prod(y, u).flip(1)
    return torch.cat([rising, level])


def _turns(config: Config) -> torch.Tensor:
    """(2 MOVED, 2) points that train, of class 0 and 1 in turn; nan where there are no more."""
    data = points(config)
    both = torch.full((MOVED, 2, 2), torch.nan)
    for label in (0, 1):
        own = data.train[data.train_labels == label][:MOVED]
        both[: len(own), label] = own
    return both.view(-1, 2)


LOOKS = 150  # at the sharpness in a run: each costs as much as dozens of updates


def looks_every(config: Config) -> int:
    """Updates from one look at the sharpness to the next."""
    return max(1, config.steps // LOOKS)


def last_sharpness(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """The "curvature" (m,) last looked at, of recorded frames that have their "sharpness" or nan:
    see `core.xor.frame_with_sharpness`; and what `counted` makes.
    """
    looked = np.isfinite(frames.columns["sharpness"])
    last = np.maximum.accumulate(np.where(looked, np.arange(len(looked)), 0))
    return {"curvature": frames.columns["sharpness"][last], **counted(config, frames)}
