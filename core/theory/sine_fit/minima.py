"""The minima of the loss: the best fit, and the side valleys in which a bad start is caught.

The loss ripples in the frequency, since sin(f x) and sin((f + d) x) go apart by a whole turn over
the data where d = 2π / width. Where the amplitude is the best for each frequency, what is left is a
curve, and its low points are the minima of the surface.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from core.theory.sine_fit.landscape import even_parabolas, local, parabolas

if TYPE_CHECKING:
    from core.sine_fit import Config

PER_RIPPLE, MOST = 50, 5_000  # frequencies tried in each 2π / width, and at once
FLAT = 1e-12  # part of the larger curvature below which the smaller is rounding
REACH = 2  # ripples to either side in which the minimum of a place is looked for


class Minimum(NamedTuple):
    """A low point of the loss, and how steeply it rises around."""

    place: np.ndarray  # (2,) amplitude and frequency
    loss: float
    curvatures: np.ndarray  # (2,) eigenvalues of the Hessian, the largest first
    directions: np.ndarray  # (2, 2) their unit vectors, one a column


def minima(config: Config, low: float, high: float) -> list[Minimum]:
    """Those with frequencies from `low` to `high`, both at least 0, as the frequency grows.

    (-a, -f) is the same wave as (a, f). Found among PER_RIPPLE frequencies a ripple, of which there
    are MOST: in a wider window a narrow valley may be missed.
    """
    grid, least = _tried(config, low, high)
    found = [_minimum_between(config, grid[k - 1], grid[k + 1]) for k in _low_points(least)]
    return [minimum for minimum in found if minimum]


def best_fit(config: Config) -> Minimum | None:
    """The lowest minimum with a frequency up to REACH ripples above those of the data."""
    frequencies = (config.true_frequency, config.second_frequency)
    high = max(map(abs, frequencies)) + REACH * _ripple(config)
    return min(minima(config, 0.0, high), key=lambda minimum: minimum.loss, default=None)


def minimum_below(config: Config, place: Any) -> Minimum | None:
    """The minimum of the valley that (a, f) lies in: downhill from f, with the best amplitude at
    each frequency. None where that leads to f = 0, or past the REACHth ripple from that of f.
    """
    frequency = abs(float(place[1]))
    if not math.isfinite(frequency):
        return None
    # From whole ripple to whole ripple: a slider that moves asks again for the same frequencies.
    ripple = _ripple(config)
    number = frequency // ripple
    grid, least = _tried(config, (number - REACH) * ripple, (number + 1 + REACH) * ripple)
    k = int(np.argmin(np.abs(grid - frequency)))
    while 0 < k < len(grid) - 1 and least[k] > min(least[k - 1], least[k + 1]):
        k += 1 if least[k + 1] < least[k - 1] else -1
    if not 0 < k < len(grid) - 1:
        return None
    found = _minimum_between(config, grid[k - 1], grid[k + 1])
    if found and place[1] < 0:  # the same wave
        return found._replace(place=-found.place)
    return found


def _ripple(config: Config) -> float:
    return 2 * math.pi / config.width


def _tried(config: Config, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and the loss at each with its best amplitude. At f = 0 there is no such one."""
    low = max(low, _ripple(config) / 1000)
    count = 3 + math.ceil(max(0.0, high - low) / _ripple(config) * PER_RIPPLE)
    count = min(MOST, count)
    return np.linspace(low, high, count), even_parabolas(config, low, high, count).least.numpy()


def _low_points(least: np.ndarray) -> list[int]:
    inside = (least[1:-1] < least[:-2]) & (least[1:-1] <= least[2:])
    return (np.flatnonzero(inside) + 1).tolist()


def _minimum_between(config: Config, low: float, high: float) -> Minimum | None:
    """By ever finer grids, then Newton's method; None where the loss is no bowl there."""
    for _ in range(3):
        grid = np.linspace(low, high, 21)
        k = int(np.argmin(parabolas(config, grid).least.numpy()[1:-1])) + 1
        low, high = grid[k - 1], grid[k + 1]
    frequency = (low + high) / 2
    place = np.array([parabolas(config, [frequency]).best.item(), frequency])
    for _ in range(6):
        _, gradient, hessian = local(config, place)
        curvatures, directions = np.linalg.eigh(hessian)
        if not curvatures[0] > FLAT * curvatures[1]:
            return None
        place = place - directions @ (directions.T @ gradient / curvatures)
    loss, _, hessian = local(config, place)
    curvatures, directions = np.linalg.eigh(hessian)
    # Upward: a direction has no sign of its own, and a picture wants one.
    directions = directions * np.where(directions[1] < 0, -1, 1)
    return Minimum(place, loss, curvatures[::-1], directions[:, ::-1])
