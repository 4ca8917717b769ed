"""Solving A x = b by gradient descent: one damping factor for directions of different curvature.

The loss is L = |A x - b|², its gradient 2 Aᵀ (A x - b), its Hessian 2 AᵀA. One update, with
damping factor η and momentum β:

    z <- β z + gradient
    x <- x - η z

Along each eigenvector of the Hessian, with eigenvalue λ, the error obeys `core.theory.heavy_ball`
alone: see `core.theory.linear_regression`.
Source: "Working Notes - Learning PyTorch - Day 1", Linear Regression Example: damping factors 0.5,
which solves it in one update, and 0.1.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from core import devices
from core.ranges import COUNT, FRACTION, POSITIVE, Range, check_numbers, check_vector
from core.theory.linear_regression.measurement import Measurement, findings, measure, needed
from core.theory.linear_regression.plane import (
    Window,
    axes,
    drawn,
    level_lines,
    levels,
    solutions,
    window,
)
from core.theory.linear_regression.prediction import (
    Prediction,
    predict,
    predicted_loss,
    predicted_modes,
    predicted_x,
    rounding_loss,
    settled,
)
from core.theory.linear_regression.system import charted_modes, mode_errors, undetermined

__all__ = ["ENTRIES", "LIVE", "RANGES", "SIZES", "Config", "State", "diverged", "frame"]
__all__ += ["plain_pytorch", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["Measurement", "Prediction", "Window", "axes", "charted_modes", "drawn", "findings"]
__all__ += ["level_lines", "levels", "measure", "mode_errors", "needed", "predict"]
__all__ += ["predicted_loss", "predicted_modes", "predicted_x", "rounding_loss", "settled"]
__all__ += ["solutions", "undetermined", "window"]

SIZES = Range(1, 6, whole=True)  # rows and columns of A
ENTRIES = Range(-1e6, 1e6)
RANGES: dict[str, Range] = {"damping_factor": POSITIVE, "momentum": FRACTION, "steps": COUNT}
LIVE = frozenset({"damping_factor", "momentum"})


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    A: tuple[tuple[float, ...], ...] = ((0.0, 1.0), (1.0, 0.0))  # (n, n)
    b: tuple[float, ...] = (1.0, 1.0)  # (n,)
    start: tuple[float, ...] = (0.0, 0.0)  # (n,) x before the first update
    damping_factor: float = 0.5  # η > 0
    momentum: float = 0.0  # β from 0 to 1
    steps: int = 10  # updates
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not isinstance(self.A, tuple) or len(self.A) not in SIZES:
            raise ValueError(
                f"A = {self.A!r} is not allowed: "
                f"it must be a tuple of {SIZES.low} to {SIZES.high} rows."
            )
        for index, row in enumerate(self.A):
            check_vector(f"A[{index}]", row, length=len(self.A), allowed=ENTRIES)
        for field in ("b", "start"):
            check_vector(field, getattr(self, field), length=len(self.A), allowed=ENTRIES)
        check_numbers(self, RANGES)
        devices.check("device", self.device)


class State(NamedTuple):
    """A run after `step` updates; loss and gradient are taken at this x."""

    step: int
    x: torch.Tensor  # (n,) float64
    gradient: torch.Tensor  # (n,)
    velocity: torch.Tensor  # (n,) z of the update that led here, 0 at step 0
    loss: torch.Tensor  # ()


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    Raises `RuntimeError` where the device does not exist. A run that diverges yields inf and nan.
    """
    device = devices.resolve(config.device)
    kind = {"dtype": devices.double(device), "device": device}
    A, b = torch.tensor(config.A, **kind), torch.tensor(config.b, **kind)

    if state is None:
        x = torch.tensor(config.start, **kind).requires_grad_()
        state = _backward(0, x, torch.zeros_like(b), A, b)
    else:
        x = state.x.to(device, copy=True).requires_grad_()
    yield state

    z, gradient = state.velocity.to(device), state.gradient.to(device)
    for step in range(state.step + 1, config.steps + 1):
        with torch.no_grad():
            z = config.momentum * z + gradient
            x -= config.damping_factor * z
        x.grad = None
        state = _backward(step, x, z, A, b)
        gradient = state.gradient
        yield state


def _backward(
    step: int, x: torch.Tensor, z: torch.Tensor, A: torch.Tensor, b: torch.Tensor
) -> State:
    residual = A @ x - b
    loss = residual @ residual
    loss.backward()
    assert x.grad is not None
    return State(step, x.detach().clone(), x.grad, z, loss.detach())


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: loss (), x, gradient and velocity (n,)."""
    return {
        "loss": state.loss.numpy(force=True),
        "x": state.x.numpy(force=True),
        "gradient": state.gradient.numpy(force=True),
        "velocity": state.velocity.numpy(force=True),
    }


def plain_pytorch(config: Config) -> str:
    """The same run as a script that needs nothing but PyTorch, to paste anywhere.

    It prints step, x and loss, at most a screenful of them.
    """
    every = -(-config.steps // 20)
    some = f"if step % {every} == 0:\n        " if every > 1 else ""
    dtype = devices.double(torch.device(config.device))
    A = [[float(entry) for entry in row] for row in config.A]
    b, start = [float(entry) for entry in config.b], [float(entry) for entry in config.start]
    return f"""import torch

kind = {{"dtype": {dtype}, "device": {config.device!r}}}
A = torch.tensor({A!r}, **kind)
b = torch.tensor({b!r}, **kind)
x = torch.tensor({start!r}, requires_grad=True, **kind)
z = torch.zeros_like(b)

for step in range({int(config.steps)}):
    loss = ((A @ x - b) ** 2).sum()
    loss.backward()
    {some}print(step, x.tolist(), loss.item())
    with torch.no_grad():
        z = {float(config.momentum)!r} * z + x.grad
        x -= {float(config.damping_factor)!r} * z
    x.grad = None  # or the next backward() adds to it

print({int(config.steps)}, x.tolist(), ((A @ x - b) ** 2).sum().item())
"""
