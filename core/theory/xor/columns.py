"""Columns for charts that nobody records: of the points, and made of recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.recording import Frames
from core.theory.xor.points import OWN, points

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
