"""Gradient descent on a quadratic, written out: five weights that should become 0, 1, 2, 3, 4.

The loss is L = Σ (w - t)², its gradient 2 (w - t). One update, with learning rate η and momentum β:

    z <- β z + .grad        (velocity)
    w <- w - η z

Source: "Notes on PyTorch", Simple gradient descent: float64, 100 updates with η = 0.05, w = 1₅, t =
(0, 1, 2, 3, 4). Theory: G. Goh, "Why Momentum Really Works", Distill 2017.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch

from core import devices
from core.heavy_ball import (
    TRUST,
    best_step,
    carried,
    critical_step,
    fewest,
    measured_period,
    measured_rate,
    mode,
    tells,
)
from core.ranges import COUNT, FRACTION, POSITIVE, Range, check_flag, check_vector

CURVATURE = 2.0  # λ, the second derivative of (w - t)² in w: equal in every direction
RANGES: dict[str, Range] = {"learning_rate": POSITIVE, "momentum": FRACTION, "steps": COUNT}
LIVE = frozenset({"learning_rate", "momentum", "zero_grad"})


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    start: tuple[float, ...] = (1.0,) * 5  # (n,) w before the first update
    target: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0)  # (n,) t
    learning_rate: float = 0.05  # η > 0
    momentum: float = 0.0  # β from 0 to 1; 1 never forgets
    zero_grad: bool = True  # whether .grad is cleared after an update, before the next backward
    steps: int = 100  # updates
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_vector("start", self.start)
        check_vector("target", self.target, length=len(self.start))
        for field, allowed in RANGES.items():
            allowed.check(field, getattr(self, field))
        check_flag("zero_grad", self.zero_grad)
        devices.check("device", self.device)


class State(NamedTuple):
    """A run after `step` updates; loss and gradient are taken at these weights."""

    step: int
    weights: torch.Tensor  # (n,) float64 w
    gradient: (
        torch.Tensor
    )  # (n,) what .grad holds: a sum over all steps so far where zero_grad is off
    velocity: torch.Tensor  # (n,) z of the update that led here, 0 at step 0
    loss: torch.Tensor  # ()


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    Raises `RuntimeError` where the device does not exist. A run that diverges yields inf and nan:
    see `diverged`.
    """
    device = devices.resolve(config.device)
    dtype = devices.double(device)
    target = torch.tensor(config.target, dtype=dtype, device=device)

    def loss_at(weights: torch.Tensor) -> torch.Tensor:
        residual = weights - target
        return residual @ residual

    if state is None:
        w = torch.tensor(config.start, dtype=dtype, device=device, requires_grad=True)
        z = torch.zeros_like(target)
        loss = loss_at(w)
        loss.backward()
        state = _snapshot(0, w, z, loss)
    else:
        w = state.weights.to(device, copy=True).requires_grad_()
        w.grad = state.gradient.to(device, copy=True)
        z = state.velocity.to(device)
    yield state

    for step in range(state.step + 1, config.steps + 1):
        assert w.grad is not None
        with torch.no_grad():
            z = config.momentum * z + w.grad
            w -= config.learning_rate * z
        if config.zero_grad:
            w.grad = None
        loss = loss_at(w)
        loss.backward()
        yield _snapshot(step, w, z, loss)


def _snapshot(step: int, w: torch.Tensor, z: torch.Tensor, loss: torch.Tensor) -> State:
    assert w.grad is not None
    return State(step, w.detach().clone(), w.grad.clone(), z, loss.detach())


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def frame(state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: loss (), weights, gradient and velocity (n,)."""
    return {
        "loss": state.loss.numpy(force=True),
        "weights": state.weights.numpy(force=True),
        "gradient": state.gradient.numpy(force=True),
        "velocity": state.velocity.numpy(force=True),
    }


# --- What theory says. The error e = w - t obeys one linear recurrence for every weight.


class Prediction(NamedTuple):
    """What linear theory says of a run; what does not exist is nan."""

    regime: str  # one of core.heavy_ball.REGIMES
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


Change = tuple[int, Config]  # from this step on this config


def predicted_error(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1,) e_k / e_0, what is left of the error after each update, by a 3 x 3 matrix.

    With zero_grad and without momentum this is (1 - ηλ)ᵏ. `later` are changes of settings on the
    way, as in a course: each takes another matrix from its step on.
    """
    mode = np.array([1.0, 0.0, CURVATURE])  # e, z, .grad
    left = np.empty(config.steps + 1)
    ends = [step for step, _ in later] + [config.steps]
    begin = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for (_, settings), end in zip([(0, config), *later], ends, strict=True):
            advance = _advance(settings)
            for step in range(begin, end):
                left[step] = mode[0]
                mode = advance @ mode
            begin = end
        left[config.steps] = mode[0]
    return left


def _advance(config: Config) -> np.ndarray:
    """(3, 3) one update of (e, z, .grad)."""
    eta, beta, keep = config.learning_rate, config.momentum, 0.0 if config.zero_grad else 1.0
    velocity = np.array([0.0, beta, 1.0])
    error = np.array([1.0, 0.0, 0.0]) - eta * velocity
    return np.array([error, velocity, CURVATURE * error + [0.0, 0.0, keep]])


def predicted_weights(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1, n) t + e_k."""
    error = np.subtract(config.start, config.target)
    with np.errstate(over="ignore", invalid="ignore"):
        left = predicted_error(config, *later)[:, None] * error
        return np.asarray(config.target) + np.where(error == 0, 0.0, left)


def predicted_loss(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1,) |e_k|²."""
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.sum(np.subtract(config.start, config.target) ** 2)
        return np.where(first == 0, 0.0, predicted_error(config, *later) ** 2 * first)


def rounding_loss(config: Config, *later: Change) -> float:
    """The loss that rounding alone may leave: each update moves weights by a unit of their last
    digit, and what follows carries that on, to less where errors shrink, to more where they grow.

    Below it theory goes on, but a float64 cannot: between t and t (1 + 2⁻⁵²) there is no number.
    """
    legs = ((0, config), *later)
    ends = (*(begin for begin, _ in later), config.steps)
    matrices = [(_advance(leg), end - begin) for (begin, leg), end in zip(legs, ends, strict=True)]
    left = carried(matrices, np.array([1.0, 0.0, CURVATURE]))[:, None]
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
    furthest = int(np.argmax(np.abs(errors[0])))
    error = errors[:, furthest]
    digit = np.spacing(max(abs(config.start[furthest]), abs(config.target[furthest])))
    error = error[: np.argmin(np.isfinite(error)) or None]
    above = np.flatnonzero(np.abs(error) > max(FLOOR * abs(error[0]), 100 * digit))
    end = max(2, above[-1] + 1) if above.size else 2  # the first update always counts
    rate = math.inf if len(error) == 1 < len(errors) else measured_rate(error[:end])
    return Measurement(rate, measured_period(error[:end]), float(loss[-1]))


def needed(field: str, begin: int, config: Config, *later: Change) -> int | None:
    """The updates that a run needs until `measure` from update `begin` on tells its "rate" or
    "period" of the long run: `config.steps` where these are enough, None where no number is.

    Asked of the predicted course, with as many more updates of the last settings as it takes.
    """
    now = later[-1][1] if later else config
    value = getattr(predict(now), field)

    def enough(steps: int) -> bool:
        first, *rest = (replace(leg, steps=steps) for leg in (config, *(leg for _, leg in later)))
        legs = (first, *((k, leg) for (k, _), leg in zip(later, rest, strict=True)))
        weights, loss = predicted_weights(*legs)[begin:], predicted_loss(*legs)[begin:]
        found = getattr(measure(now, weights, loss), field)
        return tells(found, value) if field == "rate" else abs(found - value) <= TRUST * value

    return config.steps if enough(config.steps) else fewest(enough, config.steps)


def plain_pytorch(config: Config) -> str:
    """The same run as a script that needs nothing but PyTorch, to paste anywhere.

    It prints step and loss, at most a screenful of them.
    """
    every = -(-config.steps // 20)
    some = f"if step % {every} == 0:\n        " if every > 1 else ""
    clear = "    w.grad = None  # or the next backward() adds to it\n" if config.zero_grad else ""
    dtype = devices.double(torch.device(config.device))
    start, target = [float(w) for w in config.start], [float(t) for t in config.target]
    return f"""import torch

kind = {{"dtype": {dtype}, "device": {config.device!r}}}
w = torch.tensor({start!r}, requires_grad=True, **kind)
t = torch.tensor({target!r}, **kind)
z = torch.zeros_like(t)

for step in range({int(config.steps)}):
    loss = ((w - t) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        z = {float(config.momentum)!r} * z + w.grad
        w -= {float(config.learning_rate)!r} * z
{clear}    {some}print(step, loss.item())

print({int(config.steps)}, ((w - t) ** 2).sum().item())
print(w)
"""
