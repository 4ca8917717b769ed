"""What linear theory says of a run: each direction of the system obeys `core.theory.heavy_ball`.

`later` are changes of damping factor and momentum on the way, as in a course, of one A and b.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, legs
from core.theory.heavy_ball import (
    Mode,
    carried,
    critical_step,
    error_left,
    mode,
    update,
    updates_per_decimal,
)
from core.theory.linear_regression.system import (
    eigen,
    least_loss,
    least_squares,
    rounding_at_solution,
)

if TYPE_CHECKING:
    from core.linear_regression import Config


class Prediction(NamedTuple):
    """What linear theory says of a run; what does not exist is nan."""

    curvatures: np.ndarray  # (n,) λ, eigenvalues of 2 AᵀA, growing; 0 where A leaves x undetermined
    directions: np.ndarray  # (n, n) their eigenvectors, one a column
    kept: np.ndarray  # (n,) 1 - ηλ, what an update without momentum keeps of the error along each
    modes: tuple[Mode | None, ...]  # the long run along each; None where nothing moves
    rate: float  # the largest rate of all modes: in the long run the error shrinks by it
    critical_damping_factor: float  # from here on some mode no longer shrinks, at this momentum
    best_damping_factor: float  # without momentum: 2 / (λ_min + λ_max)
    best_with_momentum: tuple[float, float]  # the damping factor and momentum with the best rate
    solution: np.ndarray  # (n,) where the run ends if it converges
    final_loss: float
    per_decimal: float  # updates that make the error ten times smaller, in the long run

    @property
    def moving(self) -> dict[int, Mode]:
        """The modes that move, by their index."""
        return {index: found for index, found in enumerate(self.modes) if found}

    @property
    def round_bowl(self) -> bool:
        """Whether the loss is equally curved in every direction, but for rounding."""
        return bool(self.curvatures[-1] < self.curvatures[0] * (1 + 1e-9))


def predict(config: Config) -> Prediction:
    """Curvatures, directions, modes, critical and best damping, and the end, without running.

    Best with momentum: η = (2 / (√λ₁ + √λₙ))², β = ((√κ - 1) / (√κ + 1))², κ = λₙ / λ₁.
    """
    curvatures, directions = eigen(config)
    moving = curvatures[curvatures > 0]
    critical = best = math.nan
    polyak = (math.nan, math.nan)
    if moving.size:
        low, high = float(moving[0]), float(moving[-1])
        critical, best = critical_step(config.momentum) / high, 2 / (low + high)
        slow, fast = math.sqrt(low), math.sqrt(high)
        polyak = (4 / (slow + fast) ** 2, ((fast - slow) / (fast + slow)) ** 2)
    modes = tuple(
        mode(config.damping_factor * curvature, config.momentum) if curvature > 0 else None
        for curvature in curvatures.tolist()
    )
    rate = max((found.rate for found in modes if found), default=math.nan)
    final_loss = float(predicted_loss(config)[-1])
    return Prediction(
        curvatures,
        directions,
        1 - config.damping_factor * curvatures,
        modes,
        rate,
        critical,
        best,
        polyak,
        least_squares(config),
        final_loss,
        updates_per_decimal(rate),
    )


def predicted_modes(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, n) the error along each direction of `predict(config).directions`.

    `later` are changes of damping factor and momentum on the way, as in a course.
    """
    curvatures, directions = eigen(config)
    first = directions.T @ (np.asarray(config.start) - least_squares(config))
    course = ((0, config), *later)
    settings = tuple((k, (leg.damping_factor, leg.momentum)) for k, leg in course)
    steps = course[-1][1].steps
    left = [error_left(curvature, settings, steps) for curvature in curvatures.tolist()]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(first == 0, 0.0, np.stack(left, axis=1) * first)


def settled(config: Config, *later: Change[Config]) -> bool:
    """Whether x is where the loss is smallest when the last settings begin to hold."""
    since = later[-1][0] if later else 0
    return not predicted_modes(config, *later)[since:].any()


def predicted_x(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, n) the solution and what is left of each mode."""
    _, directions = eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        return least_squares(config) + predicted_modes(config, *later) @ directions.T


def predicted_loss(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1,) the smallest loss there is, and λ/2 e² for each mode."""
    curvatures, _ = eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = predicted_modes(config, *later) ** 2
        return least_loss(config) + squares @ (curvatures / 2)


def rounding_loss(config: Config, *later: Change[Config]) -> float:
    """The loss that rounding alone may leave: that of residuals four units of the last digit of the
    numbers they come from, since sums and products round too, and what becomes of such slips of
    each update in those that follow.

    Below it theory goes on, but a float64 cannot tell A x from b.
    """
    course = ((0, config), *later)
    curvatures, _ = eigen(config)
    eps, loss = float(np.finfo(np.float64).eps), rounding_at_solution(config, np.abs(config.start))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        x = np.abs(predicted_x(config, *later))
        slopes = 2 * (x @ np.abs(config.A).T + np.abs(config.b)) @ np.abs(config.A)
        eta = np.zeros(len(x))  # of the update that leads to each x
        for leg in legs(course):
            eta[leg.begin + 1 : leg.end + 1] = leg.settings.damping_factor
        slips = eps * (x + eta[:, None] * slopes).sum(axis=1)
        for curvature in curvatures[curvatures > 0].tolist():
            matrix_of = partial(_matrix, curvature)
            left = carried(course, matrix_of, np.array([1.0, 0.0]))
            loss += curvature / 2 * np.sum(np.where(left > 0, left * slips, 0.0)) ** 2
    return 16 * float(loss) if loss == loss else math.inf


def _matrix(curvature: float, config: Config) -> np.ndarray:
    return update(curvature, config.damping_factor, config.momentum)
