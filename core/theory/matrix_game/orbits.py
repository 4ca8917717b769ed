"""The flow da/dt = v, which learning follows as η goes to 0: energy, orbits, distances, drift.

Around an equilibrium (p*, q*) the flow conserves H, and each orbit is a circle in X and Y, where

    X² = |c₁| (G(p; p*) - G(p*; p*)),   Y² = |c₀| (G(q; q*) - G(q*; q*)),   G as in `energy`

Source: Singh, Kearns & Mansour 2000.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.theory.matrix_game.equilibrium import analyse, equilibrium, rest, slopes

if TYPE_CHECKING:
    from core.matrix_game import Config

Values = float | np.ndarray | Tensor
FLOWING = frozenset({"naive", "alternating", "extragradient", "optimistic"})  # follow the flow


def flow(config: Config, p: Values, q: Values) -> tuple[Any, Any]:
    """(dp/dt, dq/dt) of the flow da/dt = v, of numbers, arrays or tensors; dp/dt = p(1-p) v₀.

    An update is η of time.
    """
    c0, b0, c1, b1 = slopes(config)
    return (p * (1 - p)) ** 2 * (c0 * q + b0), (q * (1 - q)) ** 2 * (c1 * p + b1)


def energy(config: Config, p: Values, q: Values) -> Any:
    """H of numbers, arrays or tensors, which the flow conserves: its level sets are the orbits.

    H = |c₁| G(p; p*) ± |c₀| G(q; q*), + around a cycle, - at a saddle, nan without an equilibrium.
    G(x; x*) = (1-2x*) logit(x) + x*/x + (1-x*)/(1-x), which is inf at 0 and 1.
    """
    c0, _, c1, _ = slopes(config)
    sign = -1 if (c0 > 0) == (c1 > 0) else 1
    x, y = (v if isinstance(v, Tensor) else torch.tensor(v, dtype=torch.float64) for v in (p, q))
    rest_p, rest_q = equilibrium(config)
    total = abs(c1) * _barrier(x, rest_p) + sign * abs(c0) * _barrier(y, rest_q)
    if isinstance(p, Tensor) or isinstance(q, Tensor):
        return total
    return total.numpy() if total.ndim else total.item()


def _barrier(x: Tensor, center: float) -> Tensor:
    """G(x; x*)."""
    if math.isnan(center):
        return torch.full_like(x, math.nan)
    value = (1 - 2 * center) * torch.logit(x) + center / x + (1 - center) / (1 - x)
    return torch.where((x <= 0) | (x >= 1), math.inf, value)


class Orbit(NamedTuple):
    """One closed orbit of the flow. Not to be written to."""

    p: np.ndarray  # (points + 1,), the last being the first
    q: np.ndarray  # (points + 1,)
    time: np.ndarray  # (points + 1,) of the flow, from the start; an update is η of it
    period: float  # updates of a lap: its time divided by the learning rate


def orbit(config: Config, start: tuple[float, float], points: int = 4096) -> Orbit:
    """The orbit of the flow through the logits `start`, in its direction; nan if no cycle.

    H - H* = X² + Y², X² = |c₁| (G(p) - G(p*)) and Y² likewise: a circle, on which the flow turns by
    |dφ/dt| = |c₀c₁ (p-p*) (q-q*) / 2XY|. A lap is the integral of dt/dφ over the turn, smooth all
    around: equal steps give it to rounding, at logits of 10 to 1e-8, at 30 to 1e-4.
    """
    c0, _, c1, _ = slopes(config)
    center = equilibrium(config)
    if math.isnan(center[0]) or (c0 > 0) == (c1 > 0):
        nowhere = np.full(points + 1, math.nan)
        return Orbit(nowhere, nowhere, nowhere, math.nan)
    a0, a1 = map(float, start)
    p, q, time, lap = _orbit((c0, c1), center, (a0, a1), points)
    return Orbit(p, q, time, lap / config.learning_rate)


@lru_cache(maxsize=64)  # a page asks again at every run of it, whatever its learning rate
def _orbit(
    slopes: tuple[float, float], rest: tuple[float, float], start: tuple[float, float], points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """p, q and time of an `Orbit`, not to be written to, and the time of its lap."""
    c0, c1 = slopes
    center, weight = np.array(rest), np.abs([c1, c0])
    logits = np.log(center) - np.log1p(-center)
    away = np.subtract(start, logits)
    # Half a step off the axes, where both sides of the quotients below are 0.
    turn = (np.arange(points) + 0.5) * math.copysign(2 * math.pi / points, c1)
    with np.errstate(all="ignore"):  # beyond logits of 700 all is inf
        first = np.copysign(np.sqrt(weight * excess(away, center)), away)  # X and Y of the start
        radius = np.hypot(*first)
        circle = radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1)  # (points, 2) X and Y
        offset = offset_of_root(circle / np.sqrt(weight), center)
        around = np.exp(-np.logaddexp(0, -logits - offset))  # (points, 2) p and q
        # p - p*, without the rounding of p: e - 1 of the offset is exact however near an edge.
        side, left = np.where(offset > 0, center, 1 - center), np.exp(-np.abs(offset))
        gap = center * (1 - center) * -np.expm1(-np.abs(offset)) / (side + (1 - side) * left)
        slowness = 2 * np.prod(np.abs(circle) / gap, axis=1) / abs(c0 * c1)  # (points,) dt/dφ
    if np.abs(away).max() < 1e-4:  # the quotients drown in rounding: a small orbit's, known
        known = float(np.prod(center * (1 - center))) * math.sqrt(abs(c0 * c1))
        slowness = np.full(points, 1 / known)
    lap = 2 * math.pi * float(np.mean(slowness))
    # When the points are passed, counted from the start, which lies between two of them.
    with np.errstate(invalid="ignore"):  # where the lap is inf
        passed = (np.cumsum(slowness) - slowness / 2) * 2 * math.pi / points
        begun = math.copysign(1, c1) * math.atan2(first[1], first[0]) % (2 * math.pi)
        # From the last point to the first a lap ends: beyond both, each has its twin of that lap.
        angles, all_around = np.abs(turn), 2 * math.pi
        turned = np.array([angles[-1] - all_around, *angles, angles[0] + all_around])
        twins = np.array([passed[-1] - lap, *passed, passed[0] + lap])
        time = (passed - np.interp(begun, turned, twins)) % lap
    order = np.argsort(time)
    closed = np.append(order, order[:1])
    found = (*around[closed].T, np.append(time[order], time[order[0]] + lap))
    for values in found:
        values.setflags(write=False)
    return *found, lap


def orbit_period(config: Config, start: tuple[float, float]) -> float:
    """Updates of one lap of the flow from the logits `start`; nan if the game is no cycle."""
    return orbit(config, start).period


def corner(config: Config, start: tuple[float, float]) -> tuple[float, float]:
    """(p, q) where the flow ends from the logits `start`; nan if it goes round, or nobody knows.

    By dominance, or at a saddle on the side of the line X = ∓Y, a level set of H, that it is on.
    """
    analysis = analyse(config)
    if analysis.kind == "dominance":
        return analysis.p, analysis.q
    c0, _, c1, _ = slopes(config)
    center, weight = np.array(equilibrium(config)), np.abs([c1, c0])
    away = np.subtract(start, np.log(center) - np.log1p(-center))
    with np.errstate(over="ignore"):  # beyond logits of 700 all is inf
        x, y = np.copysign(np.sqrt(weight * excess(away, center)), away)
    side = x + math.copysign(1, c0) * y
    if analysis.kind == "cycle" or not side:
        return math.nan, math.nan
    return float(side > 0), float((side > 0) == (c0 > 0))


def distance(config: Config, logits: np.ndarray) -> np.ndarray:
    """(..., n) how far logits (..., 2, n) are from where the learner rests, nan where nowhere.

    √(X² + Y²) of `orbit` around that place: on the flow's orbits it does not change.
    """
    c0, _, c1, _ = slopes(config)
    center = np.array(rest(config)).reshape(2, 1)
    if np.isnan(center).any():
        return np.full((*logits.shape[:-2], logits.shape[-1]), math.nan)
    offset = logits - (np.log(center) - np.log1p(-center))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt((np.abs([[c1], [c0]]) * excess(offset, center)).sum(axis=-2))


def begins_at_rest(config: Config) -> bool:
    """Whether every start is where the learner rests, so that nothing will move."""
    return not distance(config, np.transpose(config.starts)).any()


def drift(config: Config, start: tuple[float, float]) -> float:
    """What a lap from the logits `start` adds to H - H*, as a part of it; to the first order in η.

    nan if the game is no cycle, at rest, or if the learner does not follow the flow as η goes to 0.
    A naive update adds ½ η² vᵀ ∇²H v, and extragradient and optimistic ones take as much away.
    Alternating ones add less, by what η² ∂H/∂a₁ ∂v₁/∂a₀ v₀ takes away: nothing is left of it where
    orbits are small. ∇²H in logits is diagonal, |c₁| (p* (1-p)/p + (1-p*) p/(1-p)) and likewise
    for q.
    """
    c0, _, c1, _ = slopes(config)
    lap, center = orbit(config, start), equilibrium(config)
    if config.learner not in FLOWING or math.isnan(lap.period):
        return math.nan
    play = np.stack([lap.p, lap.q])
    x = np.reshape(center, (2, 1))
    curvature = np.abs([[c1], [c0]]) * (x * (1 - play) / play + (1 - x) * play / (1 - play))
    field = np.stack(flow(config, lap.p, lap.q)) / (play * (1 - play))
    added = (curvature * field**2).sum(axis=0) / 2
    if config.learner == "alternating":
        added -= c0 * c0 * abs(c1) * ((lap.q - center[1]) * lap.p * (1 - lap.p)) ** 2
    elif config.learner != "naive":
        added = -added
    gained = config.learning_rate * float(np.trapezoid(added, lap.time))
    height = float(distance(config, np.reshape(start, (2, 1)))[0]) ** 2
    return gained / height if height else math.nan


def excess(offset: np.ndarray, center: np.ndarray) -> np.ndarray:
    """G(x; x*) - G(x*; x*), `offset` being logit(x) - logit(x*): of two terms, none below 0."""
    return center * (np.expm1(offset) - offset) + (1 - center) * (np.expm1(-offset) + offset)


def offset_of_root(root: np.ndarray, center: np.ndarray) -> np.ndarray:
    """The offset, with the sign of `root`, whose excess is root², by halving."""
    low, high = np.zeros_like(root), np.full_like(root, 1500.0)
    with np.errstate(over="ignore"):  # beyond offsets of 700 all is inf
        for _ in range(80):
            middle = (low + high) / 2
            below = excess(np.copysign(middle, root), center) < root * root
            low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.copysign(low, root)
