"""Waves that run over pictures of numbers: nothing is learnt, but every frame is another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from core.ranges import Range
from core.rasters import centers, to_bytes

CELLS, SMALL, PICTURES, POINTS = 100, 32, 4, 128
RANGES = {"speed": Range(0.01, 1), "steps": Range(0, 2_499, whole=True)}
LIVE = frozenset({"speed"})
STEP = "moment"  # what a step is called


@dataclass(frozen=True)
class Config:
    """How far the waves run in a step, and for how many steps."""

    speed: float = 0.05
    steps: int = 1_999


class State(NamedTuple):
    """Where the waves are."""

    step: int
    phase: torch.Tensor  # () float64


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """The phase grows by `speed` at each step."""
    state = state or State(0, torch.tensor(0.0, dtype=torch.float64))
    yield state
    for step in range(state.step + 1, config.steps + 1):
        state = State(step, state.phase + config.speed)
        yield state


SIDE = torch.tensor(centers(-3, 3, CELLS))
ACROSS = np.linspace(-3, 3, POINTS)
LEVELS = torch.linspace(0, 8, SMALL * SMALL).reshape(SMALL, SMALL)
# Where there is no number: a corner of the surface, below on the left, and one of each picture.
HOLE = torch.zeros(CELLS, CELLS)
HOLE[:20, :30] = torch.nan
LEVELS[:4, :8] = torch.nan


def surface(phase: torch.Tensor) -> torch.Tensor:
    """(CELLS, CELLS) numbers, beyond -1 and 1 in places; the first row is the lowest."""
    return 1.2 * torch.sin(SIDE + phase) * torch.cos(SIDE[:, None]) + HOLE


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """A surface, four pictures (SMALL, SMALL), a wave (POINTS,), a point (2,), the speed, and
    whether the height falls, 0, or rises, 1.
    """
    phase = float(state.phase)
    pictures = [to_bytes(torch.sin(LEVELS + phase + k), -1, 1) for k in range(PICTURES)]
    wave = np.sin(2 * ACROSS + phase)
    wave[:8] = np.nan
    return {
        "surface": to_bytes(surface(state.phase), -1, 1).numpy(force=True),
        **{f"picture_{k}": cells.numpy(force=True) for k, cells in enumerate(pictures)},
        "wave": wave.astype(np.float32),
        "at": np.array([2 * np.cos(phase / 3), 2 * np.sin(phase / 3)]),
        "height": np.array(np.sin(phase)),
        "speed": np.array(config.speed),
        "way": np.array(int(np.cos(phase) > 0)),
    }
