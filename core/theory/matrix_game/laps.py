"""What a run shows, measured without the theory of its learner: laps, averages, half-lives."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.theory.matrix_game.course import alone
from core.theory.matrix_game.equilibrium import analyse, rest
from core.theory.matrix_game.orbits import FLOWING, distance
from core.theory.measuring import half_life

if TYPE_CHECKING:
    from core.matrix_game import Config
    from core.recording import Frames

# How near to where a learner rests its play is still told from it: of p - p* a float64 then has
# six digits.
FLOOR = 1e-10
SMOOTH = 6  # frames of a lap: fewer do not show it


def laps(config: Config, p: np.ndarray) -> np.ndarray:
    """(m,) when laps begin, in updates: p (steps + 1,) rises through the p where the learner rests.

    Between two updates p is taken as a straight line. `np.diff` of it is how long each lap takes.
    """
    center, _ = rest(config)
    k = np.flatnonzero((p[:-1] < center) & (p[1:] >= center))
    return k + (center - p[k]) / (p[k + 1] - p[k])


def average(values: np.ndarray, laps: np.ndarray) -> np.ndarray:
    """(m - 1,) the means of values (steps + 1,) from the first of the m laps' begins to each later.

    Over whole laps of the flow p, q and both rewards average to those of the equilibrium; over
    parts of one they do not. Between two updates values are taken as straight lines.
    """
    if not laps.size:
        return np.empty(0)
    k = np.minimum(laps.astype(int), len(values) - 2)
    part = laps - k
    area = np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2)])[k]
    area = area + part * (values[k] + part / 2 * (values[k + 1] - values[k]))
    return (area[1:] - area[0]) / (laps[1:] - laps[0])


def running_averages(
    values: np.ndarray, begin: float, laps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) means of values (m, k) from `begin` to each row, and to the last lap's begin before.

    All times are counted in rows; nan before there is something to average.
    """
    m = len(values)
    at = np.arange(m)
    area = np.cumsum((values[1:] + values[:-1]) / 2, axis=0)
    area = np.vstack([np.zeros((1, values.shape[1])), area])
    first = min(int(begin), max(m - 2, 0))
    part = begin - first
    ahead = values[min(first + 1, m - 1)] - values[first]
    before = area[first] + part * (values[first] + part / 2 * ahead)
    late = at[:, None] > begin
    so_far = np.where(late, (area - before) / np.where(late, at[:, None] - begin, 1), math.nan)
    done = np.searchsorted(laps, at, side="right") - 1  # whole laps until each row
    whole = np.full(values.shape, math.nan)
    for column in range(values.shape[1] if len(laps) > 1 else 0):
        means = np.append(math.nan, average(values[:, column], laps))
        whole[:, column] = means[np.clip(done, 0, None)]
    return so_far, whole


def averages(config: Config, p: np.ndarray, q: np.ndarray) -> dict[str, np.ndarray]:
    """`so_far` and `whole` (m, 2): the averages of p and q (m,) since the first lap began.

    To each row, and to the end of the last whole lap before; without laps since the start.
    """
    if analyse(config).kind == "cycle":
        begins = laps(config, p)
        first = float(begins[0]) if begins.size else float(len(p))
    else:
        begins, first = np.empty(0), 0.0
    so_far, whole = running_averages(np.stack([p, q], axis=1), first, begins)
    return {"so_far": so_far, "whole": whole}


def charted_averages(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """The `averages` of the first run, of frames from the first on: charted, not recorded."""
    return averages(config, frames.columns["p"][:, 0], frames.columns["q"][:, 0])


class Measured(NamedTuple):
    """What the first run shows; nan where it shows nothing."""

    laps: int  # whole ones
    first_lap: float  # updates
    last_lap: float  # updates
    gained: float  # energy above the equilibrium's in the first lap, as a part of what it was
    averages: tuple[float, float, float, float]  # over whole laps: p, q and both rewards
    half_lives: tuple[float, ...]  # (n,) updates that halve each run's distance


def measure(config: Config, columns: dict[str, np.ndarray], every: int) -> Measured:
    """The same quantities as theory's, of frames `every` so many updates apart; there may be none.

    Laps and distances as long as they are above FLOOR, laps of SMOOTH frames or more. The distance
    of a learner that goes round and round is averaged over laps, two of them at least.
    """
    names = ("p", "q", "reward_0", "reward_1")
    p, logits = columns["p"], columns["logits"]
    round_, begins, lives = analyse(config).kind == "cycle", np.empty(0), []
    for runs, one in alone(config):
        for k, away in enumerate(distance(one, logits[:, :, runs]).T, runs.start):
            sound = slice(_told(one, logits[:, :, k]))
            rising = laps(one, p[sound, k])
            if rising.size > 1 and np.diff(rising).min() < SMOOTH:
                rising = np.empty(0)
            begins = begins if k else rising
            late = rising[rising >= len(p[sound]) // 2]
            lap = round(float(np.mean(np.diff(late)))) if len(late) > 1 else 1
            orbits = round_ and one.learner in FLOWING
            seen = not orbits or 1 < lap <= (len(p[sound]) - len(p[sound]) // 2) // 2
            lives.append(half_life(away[sound], every, lap) if seen else math.nan)
    took = np.append(np.diff(begins) * every, math.nan)
    means = [average(columns[name][:, 0], begins) for name in names]
    height = distance(replace(config, learner="naive"), logits[..., :1])[:, 0] ** 2
    ends = np.interp(begins[:2], np.arange(len(height)), height) if begins.size > 1 else (0, 0)
    return Measured(
        len(took) - 1,
        float(took[0]),
        float(took[max(len(took) - 2, 0)]),
        float(ends[1] / ends[0] - 1) if ends[0] else math.nan,
        tuple(float(mean[-1]) if mean.size else math.nan for mean in means),  # type: ignore[arg-type]
        tuple(lives),
    )


def _told(config: Config, logits: np.ndarray) -> int:
    """How many of the first logits (m, 2) are told from those of its rest: see FLOOR."""
    center = np.array(rest(config))
    if np.isnan(center).any():
        return len(logits)
    away = np.abs(logits - (np.log(center) - np.log1p(-center))) * center * (1 - center)
    near = away.max(axis=1) <= FLOOR
    return int(np.argmax(near)) if near.any() else len(logits)
