"""Gradient descent with momentum on a quadratic, one direction at a time: what theory says.

Along a direction of curvature λ the error e obeys

    z <- β z + λ e,   e <- e - η z

whose modes are the roots of μ² - (1 + β - ηλ) μ + β = 0. Only ηλ and β matter; β = 0 is plain
gradient descent, where e shrinks by 1 - ηλ at each update.
Source: G. Goh, "Why Momentum Really Works", Distill 2017; B. Polyak 1964.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from core.course import Change, Course, legs

REGIMES = (
    "monotone",
    "one step",
    "overshooting",
    "swinging in",
    "bouncing",
    "swinging for ever",
    "diverging",
)

Settings = tuple[float, float]  # η and β


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


BLOCK = 64  # updates whose powers are made once

MatrixOf = Callable[[Any], np.ndarray]  # from the settings of a leg to the (n, n) of an update


def states(matrix: np.ndarray, state: np.ndarray, count: int) -> np.ndarray:
    """(count, n) what `count` updates make of `state` (n,), each by the `matrix` (n, n).

    The powers of BLOCK updates are made once, and then applied to all of a block together. Where
    they are too large for numbers each update is made by itself: inf times 0 is no number.
    """
    powers = [matrix]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        while len(powers) < min(count, BLOCK):
            powers.append(matrix @ powers[-1])
        if not np.isfinite(powers[-1]).all():
            powers = [matrix]
        made, stack = [state[None]], np.array(powers)
        for _ in range(0, count, len(powers)):
            made.append(stack @ made[-1][-1])
    return np.concatenate(made)[1 : count + 1]


def first_number(
    course: Course, matrix_of: MatrixOf, state: np.ndarray, steps: int | None = None
) -> np.ndarray:
    """(steps + 1,) the first number of `state` (n,), at first and after each update's matrix."""
    made = [state[None]]
    for leg in legs(course, steps):
        if leg.end > leg.begin:
            made.append(states(matrix_of(leg.settings), made[-1][-1], leg.end - leg.begin))
    return np.concatenate(made)[:, 0]


@lru_cache(maxsize=64)  # a page asks for x, loss, modes and window of one run
def error_left(curvature: float, course: tuple[Change[Settings], ...], steps: int) -> np.ndarray:
    """(steps + 1,) e_k / e_0 from rest, by powers of the update's 2 x 2 matrix; not to write to.

    `course` is ((0, (η, β)), (k, (η', β')), ...): after k updates η' and β' hold.
    """
    at_rest = np.array([1.0, 0.0])  # e, z
    left = first_number(course, lambda settings: update(curvature, *settings), at_rest, steps)
    left.setflags(write=False)
    return left


def carried(course: Course, matrix_of: MatrixOf, slip: np.ndarray) -> np.ndarray:
    """(steps + 1,) what is left in the end of a `slip` (n,) of the state made at each update.

    That is the size of the state's first number. The course is walked backwards: a row that each
    matrix before multiplies, instead of one walk for each slip.
    """
    rows = [np.eye(len(slip))[:1]]
    for leg in reversed(legs(course)):
        if leg.end > leg.begin:
            rows.append(states(matrix_of(leg.settings).T, rows[-1][-1], leg.end - leg.begin))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return np.abs(np.concatenate(rows)[::-1] @ slip)


def updates_per_decimal(rate: float) -> float:
    """How many updates make the error ten times smaller; inf where it does not shrink."""
    if rate >= 1:
        return math.inf
    return math.log(0.1) / math.log(rate) if rate else 0.0
