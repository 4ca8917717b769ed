"""Gradient descent with momentum on a quadratic, one direction at a time: what theory says.

Along a direction of curvature λ the error e obeys

    z <- β z + λ e,   e <- e - η z

whose modes are the roots of μ² - (1 + β - ηλ) μ + β = 0. Only ηλ and β matter; β = 0 is plain
gradient descent, where e shrinks by 1 - ηλ at each update.
Source: G. Goh, "Why Momentum Really Works", Distill 2017; B. Polyak 1964.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

REGIMES = (
    "monotone",
    "one step",
    "overshooting",
    "swinging in",
    "bouncing",
    "swinging for ever",
    "diverging",
)


Setting = tuple[int, float, float]  # from step k on, η and β


class Mode(NamedTuple):
    """The long run along one direction."""

    regime: str  # one of REGIMES
    rate: float  # the factor by which the error shrinks (or grows) an update
    period: float  # updates from one swing to the next, nan where it does not swing


def mode(step: float, momentum: float) -> Mode:
    """The slowest mode for `step` = ηλ > 0 and `momentum` = β from 0 to 1."""
    trace, edge = 1 + momentum - step, critical_step(momentum)
    at_edge = math.isclose(step, edge, rel_tol=1e-12)  # ηλ is a rounded product
    square = trace * trace - 4 * momentum
    if square < 0:  # two complex roots, both of modulus √β
        rate, angle = math.sqrt(momentum), math.acos(trace / (2 * math.sqrt(momentum)))
        regime = "swinging for ever" if momentum == 1 else "swinging in"
    else:
        slowest = (trace + math.copysign(math.sqrt(square), trace)) / 2
        rate, angle = abs(slowest), 0.0 if slowest >= 0 else math.pi
        # At the edge with β = 1 both roots are -1, and the error grows with the number of updates.
        if (step > edge and not at_edge) or (at_edge and momentum == 1):
            regime = "diverging"
        elif at_edge:
            regime = "bouncing"
        elif rate == 0:
            regime = "one step"
        else:
            regime = "monotone" if angle == 0 else "overshooting"
    return Mode(regime, rate, 2 * math.pi / angle if angle > 0 else math.nan)


def critical_step(momentum: float) -> float:
    """The ηλ from which on the error no longer shrinks."""
    return 2 + 2 * momentum


def best_step(momentum: float) -> float:
    """The smallest ηλ at which the rate is as small as this momentum allows; nan for β = 1."""
    return (1 - math.sqrt(momentum)) ** 2 if momentum < 1 else math.nan


def update(curvature: float, eta: float, beta: float) -> np.ndarray:
    """(2, 2) one update of (e, z)."""
    return np.array([[1 - eta * curvature, -eta * beta], [curvature, beta]])


@lru_cache(maxsize=64)  # a page asks for x, loss, modes and window of one run
def error_left(curvature: float, settings: tuple[Setting, ...], steps: int) -> np.ndarray:
    """(steps + 1,) e_k / e_0 from rest, by powers of the update's 2 x 2 matrix; not to write to.

    `settings` are (k, η, β): from step k on this η and this β; the first k is 0.
    """
    state, left = np.array([1.0, 0.0]), np.empty(steps + 1)  # e, z
    ends = [begin for begin, _, _ in settings[1:]] + [steps + 1]
    with np.errstate(over="ignore", invalid="ignore"):
        for (begin, eta, beta), end in zip(settings, ends, strict=True):
            advance = update(curvature, eta, beta)
            for k in range(begin, end):
                left[k] = state[0]
                state = advance @ state
    left.setflags(write=False)
    return left


def carried(legs: Sequence[tuple[np.ndarray, int]], slip: np.ndarray) -> np.ndarray:
    """(steps + 1,) what is left in the end of a `slip` (n,) of the state made at each update.

    `legs` are the (n, n) matrices of an update and for how many updates each holds; what is left is
    the size of the state's first number.
    """
    row, left = np.eye(len(slip))[0], []
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for advance, count in reversed(legs):
            for _ in range(count):
                left.append(row @ slip)
                row = row @ advance
        left.append(row @ slip)
    return np.abs(left[::-1])


def updates_per_decimal(rate: float) -> float:
    """How many updates make the error ten times smaller; inf where it does not shrink."""
    if rate >= 1:
        return math.inf
    return math.log(0.1) / math.log(rate) if rate else 0.0


# --- What a run shows, measured without the theory.


def measured_rate(error: np.ndarray) -> float:
    """The factor an update by which the errors (n,) of a run shrink or grow, nan if unknown.

    The mean over their later half. Where the error swings, and has been seen to, by what errors in
    a row span, e² - e_before e_after, which shrinks by the square of the rate at any phase: of two
    modes that is exact. Where more modes are mixed, from the first peak to the last.
    """
    if len(error) < 2 or error[0] == 0:
        return math.nan
    if error[-1] == 0:
        return 0.0
    late = error[(len(error) - 1) // 2 :]  # with momentum the first updates hold a faster mode too
    size, sign = np.abs(late), np.sign(late)
    keeps, flips = (sign == sign[0]).all(), (sign[1:] == -sign[:-1]).all()
    if sign[0] != 0 and (keeps or flips):
        return math.exp((math.log(size[-1]) - math.log(size[0])) / (len(late) - 1))
    size = np.abs(error)
    peaks = np.flatnonzero((size[1:-1] > size[:-2]) & (size[1:-1] >= size[2:])) + 1
    if len(peaks) < 2:
        return math.nan
    scaled = late / np.abs(late).max()
    span = scaled[1:-1] ** 2 - scaled[:-2] * scaled[2:]
    if len(span) > 1 and (span > 1e-300).all():
        return math.exp(math.log(span[-1] / span[0]) / (2 * (len(span) - 1)))
    before, top, after = size[peaks - 1], size[peaks], size[peaks + 1]
    # A parabola through three neighbours finds the peak between the updates.
    shift = (before - after) / (2 * (before - 2 * top + after))
    height = top - (before - after) * shift / 4
    return float(np.exp(np.polyfit(peaks + shift, np.log(height), 1)[0]))


TRUST = 0.01  # how far from the long run's number a measurement may be


def tells(found: float, value: float) -> bool:
    """Whether a measurement that is made of the predicted errors finds the rate of the long run.

    Within TRUST of its logarithm, and so of how fast the error shrinks. If so the run is long
    enough to measure; that is asked of theory alone, so that no fault of a run is hidden.
    """
    if not (0 < found < math.inf and 0 < value < math.inf):
        return found == value
    return abs(math.log(found / value)) <= TRUST * abs(math.log(value)) + 1e-6


def fewest(enough: Callable[[int], bool], steps: int, most: int = 20_000) -> int | None:
    """The fewest updates, more than `steps`, that are `enough`; None where `most` are not."""
    if steps >= most:
        return None
    few, many = steps, min(2 * steps + 2, most)
    while not enough(many):
        if many == most:
            return None
        few, many = many, min(2 * many, most)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def measured_period(error: np.ndarray) -> float:
    """Updates from one swing of the errors (n,) to the next, nan where there are not two.

    The mean distance of crossings of zero in one direction, interpolated between updates.
    """
    upward = np.flatnonzero((error[:-1] < 0) & (error[1:] >= 0))
    if len(upward) < 2:
        return math.nan
    at = upward + error[upward] / (error[upward] - error[upward + 1])
    return float((at[-1] - at[0]) / (len(at) - 1))


def departure(loss: np.ndarray) -> int | None:
    """The update from which on the loss (steps + 1,) stays above its start, None if none does."""
    back = np.flatnonzero(loss <= loss[0])
    gone = int(back[-1]) + 1 if back.size else 0
    return gone if gone < len(loss) else None


def first_not_finite(loss: np.ndarray) -> int | None:
    """The update at which the loss (steps + 1,) becomes inf or nan, None where it never does."""
    lost = np.flatnonzero(~np.isfinite(loss))
    return int(lost[0]) if lost.size else None
