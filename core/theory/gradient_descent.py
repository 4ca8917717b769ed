"""Five weights on a quadratic: what theory says of a run, and the same measured on one.

The error e = w - t obeys one linear recurrence for every weight. With learning rate η, momentum β
and curvature λ one update is

    z <- β z + .grad,   e <- e - η z,   .grad <- λ e, or λ e + .grad where `zero_grad` is off

Source: G. Goh, "Why Momentum Really Works", Distill 2017.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, lengthened
from core.recording import Frames
from core.theory.enough import TRUST, fewest, tells
from core.theory.finding import Finding
from core.theory.heavy_ball import best_step, carried, critical_step, first_number, mode
from core.theory.measuring import measured_period, measured_rate

if TYPE_CHECKING:
    from core.gradient_descent import Config

CURVATURE = 2.0  # λ, the second derivative of (w - t)² in w: equal in every direction
FIRST = np.array([1.0, 0.0, CURVATURE])  # (e, z, .grad) of the start, as parts of its error


class Prediction(NamedTuple):
    """What linear theory says of a run; what does not exist is nan."""

    regime: str  # one of core.theory.heavy_ball.REGIMES
    rate: float  # the factor by which the error shrinks (or grows) an update, in the long run
    period: float  # updates from one swing to the next
    critical_learning_rate: float  # from here on the error no longer shrinks, at this momentum
    best_learning_rate: float  # where the rate is smallest, at this momentum
    final_loss: float  # after `steps` updates


def predict(config: Config) -> Prediction:
    """Rate, period, critical and best learning rate and final loss, without running anything.

    Forgetting `zero_grad` without momentum is momentum with β = 1: .grad is then itself a velocity.
    With momentum as well, .grad feeds z: (μ - 1)² (μ - β) + ηλ μ² = 0, which no learning rate makes
    stable.
    """
    step, beta = config.learning_rate * CURVATURE, config.momentum
    final_loss = float(predicted_loss(config)[-1])
    if not config.zero_grad and beta > 0:
        square = min(step - 2 - beta, 1e150)  # np.roots takes no inf
        slowest = max(np.roots([1, square, 1 + 2 * beta, -beta]), key=abs)
        period = 2 * math.pi / abs(np.angle(slowest))
        return Prediction("diverging", float(abs(slowest)), period, 0.0, math.nan, final_loss)
    beta = beta if config.zero_grad else 1.0
    critical, best = (limit(beta) / CURVATURE for limit in (critical_step, best_step))
    return Prediction(*mode(step, beta), critical, best, final_loss)


def predicted_error(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1,) e_k / e_0, what is left of the error after each update, by a 3 x 3 matrix.

    With zero_grad and without momentum this is (1 - ηλ)ᵏ. `later` are changes of settings on the
    way, as in a course: each takes another matrix from its step on.
    """
    return first_number(((0, config), *later), _matrix, FIRST)


def _matrix(config: Config) -> np.ndarray:
    """(3, 3) one update of (e, z, .grad)."""
    eta, beta, keep = config.learning_rate, config.momentum, 0.0 if config.zero_grad else 1.0
    velocity = np.array([0.0, beta, 1.0])
    error = np.array([1.0, 0.0, 0.0]) - eta * velocity
    return np.array([error, velocity, CURVATURE * error + [0.0, 0.0, keep]])


def predicted_weights(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, n) t + e_k."""
    error = np.subtract(config.start, config.target)
    with np.errstate(over="ignore", invalid="ignore"):
        left = predicted_error(config, *later)[:, None] * error
        return np.asarray(config.target) + np.where(error == 0, 0.0, left)


def predicted_loss(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1,) |e_k|²."""
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.sum(np.subtract(config.start, config.target) ** 2)
        return np.where(first == 0, 0.0, predicted_error(config, *later) ** 2 * first)


def rounding_loss(config: Config, *later: Change[Config]) -> float:
    """The loss that rounding alone may leave: each update moves weights by a unit of their last
    digit, and what follows carries that on, to less where errors shrink, to more where they grow.

    Below it theory goes on, but a float64 cannot: between t and t (1 + 2⁻⁵²) there is no number.
    """
    left = carried(((0, config), *later), _matrix, FIRST)[:, None]
    moving = np.not_equal(config.start, config.target)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        digits = np.spacing(np.abs(predicted_weights(config, *later)[:, moving]))
        loss = float(np.sum(np.sum(np.where(left > 0, left * digits, 0.0), axis=0) ** 2))
    return loss if loss == loss else math.inf


def window(config: Config) -> tuple[float, float]:
    """The weights worth a look: twice the largest first error around all starts and targets."""
    ends = (*config.start, *config.target)
    margin = 2 * max(abs(w - t) for w, t in zip(config.start, config.target, strict=True)) or 1.0
    return min(ends) - margin, max(ends) + margin


# --- What a run shows, measured without the theory.

# Errors below this part of the first are rounding: float64 carries 16 digits of w, not of w - t.
FLOOR = 1e-12


class Measurement(NamedTuple):
    """What a finished run shows; what cannot be measured is nan."""

    rate: float
    period: float
    final_loss: float


def measure(config: Config, weights: np.ndarray, loss: np.ndarray) -> Measurement:
    """Rate, period and final loss, from all weights (steps + 1, n) and losses (steps + 1,).

    Both from the errors above FLOOR: see `measured_rate` and `measured_period`.
    """
    if not len(weights):
        return Measurement(math.nan, math.nan, math.nan)
    errors = weights - np.asarray(config.target)
    # All weights have one rate. By the settings, since rounding parts errors of one size.
    furthest = int(np.argmax(np.abs(np.subtract(config.start, config.target))))
    error = errors[:, furthest]
    digit = np.spacing(max(abs(config.start[furthest]), abs(config.target[furthest])))
    if abs(error[0]) <= 100 * digit:  # nothing but rounding is left
        return Measurement(math.nan, math.nan, float(loss[-1]))
    error = error[: np.argmin(np.isfinite(error)) or None]
    above = np.flatnonzero(np.abs(error) > max(FLOOR * abs(error[0]), 100 * digit))
    end = max(2, above[-1] + 1) if above.size else 2  # the first update always counts
    rate = math.inf if len(error) == 1 < len(errors) else measured_rate(error[:end])
    return Measurement(rate, measured_period(error[:end]), float(loss[-1]))


@lru_cache(maxsize=64)  # a page asks again at every run of it
def needed(field: str, begin: int, config: Config, *later: Change[Config]) -> int | None:
    """The updates that a run needs until `measure` from update `begin` on tells its "rate" or
    "period" of the long run: `config.steps` where these are enough, None where no number is.

    Asked of the predicted course, with as many more updates of the last settings as it takes.
    """
    now = later[-1][1] if later else config
    value = getattr(predict(now), field)

    def enough(steps: int) -> bool:
        (_, first), *rest = lengthened(((0, config), *later), steps)
        weights = predicted_weights(first, *rest)[begin:]
        loss = predicted_loss(first, *rest)[begin:]
        found = getattr(measure(now, weights, loss), field)
        return tells(found, value) if field == "rate" else abs(found - value) <= TRUST * value

    return config.steps if enough(config.steps) else fewest(enough, config.steps)


# --- Both beside each other.


def in_force(config: Config, *later: Change[Config]) -> int:
    """From which update on the last settings decide: the first after `zero_grad` comes back still
    moves by the old sum.
    """
    since, now = later[-1] if later else (0, config)
    before = later[-2][1] if len(later) > 1 else config
    return min(since + (now.zero_grad and not before.zero_grad), now.steps)


def settled(config: Config, *later: Change[Config]) -> bool:
    """Whether the weights are on their targets when the last settings begin to decide."""
    left = predicted_error(config, *later)[in_force(config, *later) :]
    return config.start == config.target or not left.any()


def findings(frames: Frames, config: Config, *later: Change[Config]) -> list[Finding]:
    """What `frames`, of every update, show of the last settings: "rate", "final_loss" and, where
    the errors swing, "period" in updates. Nothing before the run is over.
    """
    legs, begin = (config, *later), in_force(config, *later)
    if not frames.finished or frames.steps[-1] < begin:  # a run that stopped may not come so far
        return []
    now = later[-1][1] if later else config
    measured = measure(now, *(frames.columns[name][begin:] for name in ("weights", "loss")))
    prediction, losses = predict(now), predicted_loss(*legs)
    moves = not settled(*legs)

    def long_run(quantity: str) -> Finding:
        count = needed(quantity, begin, *legs) if moves else 0
        values = (getattr(source, quantity) for source in (prediction, measured))
        return Finding(quantity, *values, needed=count)

    floor = rounding_loss(*legs)
    loss = Finding("final_loss", float(losses[-1]), measured.final_loss, floor=floor)
    swings = prediction.regime.startswith("swinging")
    return [long_run("rate"), loss, *([long_run("period")] if swings else [])]
