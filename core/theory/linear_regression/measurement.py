"""What a run shows, measured without the theory of its course; and when it is long enough."""

from __future__ import annotations

import math
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, lengthened
from core.recording import Frames
from core.theory.enough import fewest, tells
from core.theory.finding import Finding
from core.theory.heavy_ball import critical_step, updates_per_decimal
from core.theory.linear_regression.prediction import (
    predict,
    predicted_loss,
    predicted_x,
    rounding_loss,
    settled,
)
from core.theory.linear_regression.system import eigen, errors_along, least_squares
from core.theory.measuring import measured_rate

if TYPE_CHECKING:
    from core.linear_regression import Config

# Errors below this part of the first are rounding.
FLOOR = 1e-12


class Measurement(NamedTuple):
    """What a finished run shows; what cannot be measured is nan."""

    rates: tuple[float, ...]  # (n,) the factor an update along each eigenvector, in the long run
    rate: float  # the largest of them
    per_decimal: float  # updates that make the error ten times smaller
    critical_damping_factor: float  # from the curvatures that the first gradient shows
    best_damping_factor: float
    final_loss: float


def measure(config: Config, x: np.ndarray, gradient: np.ndarray, loss: np.ndarray) -> Measurement:
    """Rates, critical and best damping and final loss, from a run's x, gradient and loss.

    x and gradient are (steps + 1, n), loss is (steps + 1,). Rates come from the errors above FLOOR
    and above what the digits of x and b allow, see `measured_rate`; a curvature is how much
    gradient there is for an error: the first of the one divided by the first of the other.
    """
    if not len(x):
        return Measurement((math.nan,) * len(config.b), *(math.nan,) * 5)
    curvatures, directions = eigen(config)
    errors = errors_along(config, x)
    moving = np.flatnonzero(curvatures)
    # Residuals round like the numbers they come from; a gentle direction answers by moving far.
    # The solution has those of the start, from which it is reckoned, also long after a run began.
    ends = np.array([least_squares(config), config.start])
    size = np.maximum.accumulate(np.abs(np.vstack([ends, x])).max(axis=1))[2:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slopes = gradient[0] @ directions
        size = size + np.abs(config.b).max() / np.sqrt(curvatures[-1] / 2)
        digits = 100 * np.finfo(np.float64).eps * size[:, None] * curvatures[-1] / curvatures
        digits = digits + 100 * np.finfo(np.float64).tiny / np.minimum(curvatures, 1)  # denormals
    rates = [math.nan] * len(curvatures)
    found = []
    for index in moving.tolist():
        error, first = errors[:, index], abs(errors[0, index])
        if not digits[0, index] < first < math.inf:  # nothing to measure, or no number at all
            continue
        found.append(float(slopes[index] / errors[0, index]))
        error = error[: np.argmin(np.isfinite(error)) or None]
        away, least = np.abs(error), digits[: len(error), index]
        sound = np.flatnonzero(away > np.maximum(FLOOR * first, least))
        end = max(2, int(sound.max(initial=0)) + 1)  # the first update always counts
        if len(error) == 1 < len(errors):  # lost
            rates[index] = math.inf
        elif len(error) > 1 and (away < np.minimum(FLOOR * first, least))[1:].all():
            rates[index] = 0.0  # one update took it away: what is left is rounding
        else:
            rates[index] = measured_rate(error[:end])
    known = [rate for rate in rates if not math.isnan(rate)]
    rate = max(known, default=math.nan)
    seen = len(found) == len(moving) > 0
    return Measurement(
        tuple(rates),
        rate,
        updates_per_decimal(rate),
        critical_step(config.momentum) / max(found) if seen else math.nan,
        2 / (min(found) + max(found)) if seen else math.nan,
        float(loss[-1]),
    )


@lru_cache(maxsize=64)  # a page asks again at every run of it
def needed(config: Config, *later: Change[Config]) -> dict[int | None, int | None]:
    """For each direction that moves, and for None, the largest rate: the updates that a run needs
    until `measure`, since its last change, tells the rate of the long run.

    `config.steps` where these are enough, None where no number is. Asked of the predicted course,
    with as many more updates of the last settings as it takes.
    """
    since, now = later[-1] if later else (0, config)
    prediction = predict(now)
    rates = {i: found.rate for i, found in prediction.moving.items()} | {None: prediction.rate}

    @cache
    def found(steps: int) -> Measurement:
        (_, first), *rest = lengthened(((0, config), *later), steps)
        x, loss = predicted_x(first, *rest)[since:], predicted_loss(first, *rest)[since:]
        A = np.asarray(now.A)
        with np.errstate(over="ignore", invalid="ignore"):
            return measure(now, x, 2 * (x @ A.T - now.b) @ A, loss)

    def enough(index: int | None, steps: int) -> bool:
        rate = found(steps).rate if index is None else found(steps).rates[index]
        return tells(rate, rates[index])

    return {
        index: config.steps
        if enough(index, config.steps)
        else fewest(partial(enough, index), config.steps)
        for index in rates
    }


def findings(frames: Frames, config: Config, *later: Change[Config]) -> list[Finding]:
    """What `frames`, of every update, show of the last settings; nothing before the run is over.

    The "rate" along each direction that moves, by its index; with momentum the largest of them,
    "all"; "per_decimal"; "critical_damping_factor", "best_damping_factor" and "final_loss".
    """
    legs, (since, now) = (config, *later), later[-1] if later else (0, config)
    if not frames.finished or frames.steps[-1] < since:  # a run that stopped may not come so far
        return []
    names = ("x", "gradient", "loss")
    measured = measure(now, *(frames.columns[name][since:] for name in names))
    prediction, losses = predict(now), predicted_loss(*legs)
    moving = prediction.moving
    counts = needed(*legs) if moving and not settled(*legs) else {}

    def both(field: str, quantity: str = "", count: int | None = 0) -> Finding:
        values = (getattr(source, field) for source in (prediction, measured))
        return Finding(quantity or field, *values, needed=count)

    found = [
        Finding("rate", mode.rate, measured.rates[i], i, needed=counts.get(i, 0))
        for i, mode in moving.items()
    ]
    if moving and now.momentum:
        found.append(both("rate", "all", counts.get(None, 0)))
    if prediction.rate < 1:
        found.append(both("per_decimal", count=counts.get(None, 0)))
    if moving:
        found += [both("critical_damping_factor"), both("best_damping_factor")]
    floor = rounding_loss(*legs)
    return [*found, Finding("final_loss", float(losses[-1]), measured.final_loss, floor=floor)]
