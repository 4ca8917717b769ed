"""Gradient descent on a quadratic, written out: five weights that should become 0, 1, 2, 3, 4.

The loss is L = Σ (w - t)², its gradient 2 (w - t). One update, with learning rate η and momentum β:

    z <- β z + .grad        (velocity)
    w <- w - η z

Source: "Notes on PyTorch", Simple gradient descent: float64, 100 updates with η = 0.05, w = 1₅, t =
(0, 1, 2, 3, 4). Theory, in `core.theory.gradient_descent`: G. Goh, "Why Momentum Really Works",
Distill 2017.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from core import devices
from core.ranges import COUNT, FRACTION, POSITIVE, Range, check_flag, check_numbers, check_vector
from core.theory.gradient_descent import (
    CURVATURE,
    Measurement,
    Prediction,
    findings,
    in_force,
    measure,
    needed,
    predict,
    predicted_error,
    predicted_loss,
    predicted_weights,
    rounding_loss,
    settled,
    window,
)

__all__ = ["LIVE", "RANGES", "Config", "State", "diverged", "frame", "plain_pytorch", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["CURVATURE", "Measurement", "Prediction", "findings", "in_force", "measure", "needed"]
__all__ += ["predict", "predicted_error", "predicted_loss", "predicted_weights", "rounding_loss"]
__all__ += ["settled", "window"]

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
        check_numbers(self, RANGES)
        check_flag("zero_grad", self.zero_grad)
        devices.check("device", self.device)


class State(NamedTuple):
    """A run after `step` updates; loss and gradient are taken at these weights."""

    step: int
    weights: torch.Tensor  # (n,) float64 w
    gradient: torch.Tensor  # (n,) what .grad holds: the sum of all so far where zero_grad is off
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


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: loss (), weights, gradient and velocity (n,)."""
    return {
        "loss": state.loss.numpy(force=True),
        "weights": state.weights.numpy(force=True),
        "gradient": state.gradient.numpy(force=True),
        "velocity": state.velocity.numpy(force=True),
    }


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
