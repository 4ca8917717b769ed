"""Gradient descent with momentum on a quadratic, one direction at a time: what theory says.

Along a direction of curvature λ the error e obeys

    z <- β z + λ e,   e <- e - η z

whose modes are the roots of μ² - (1 + β - ηλ) μ + β = 0. Only ηλ and β matter; β = 0 is plain
gradient descent, where e shrinks by 1 - ηλ at each update.
Source: G. Goh, "Why Momentum Really Works", Distill 2017; B. Polyak 1964.
"""

import math
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


def error_left(step: float, momentum: float, steps: int) -> np.ndarray:
    """(steps + 1,) e_k / e_0 from rest, by powers of the update's 2 x 2 matrix."""
    advance = np.array([[1 - step, -momentum], [step, momentum]])  # of (e, η z)
    state, left = np.array([1.0, 0.0]), np.empty(steps + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps + 1):
            left[k] = state[0]
            state = advance @ state
    return left
