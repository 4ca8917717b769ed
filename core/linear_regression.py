"""Solving A x = b by gradient descent: one damping factor for directions of different curvature.

The loss is L = |A x - b|², its gradient 2 Aᵀ (A x - b), its Hessian 2 AᵀA. One update, with
damping factor η and momentum β:

    z <- β z + gradient
    x <- x - η z

Along each eigenvector of the Hessian, with eigenvalue λ, the error obeys `core.heavy_ball` alone.
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
from core.heavy_ball import Mode, critical_step, error_left, mode
from core.ranges import COUNT, FRACTION, POSITIVE, Range, check_vector

SIZES = Range(1, 6, whole=True)  # rows and columns of A
ENTRIES = Range(-1e6, 1e6)
RANGES: dict[str, Range] = {"damping_factor": POSITIVE, "momentum": FRACTION, "steps": COUNT}
LIVE = frozenset({"damping_factor", "momentum"})
FLAT = 1e-12  # eigenvalues below this part of the largest are 0 but for rounding


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
        for field, allowed in RANGES.items():
            allowed.check(field, getattr(self, field))
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


def frame(state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: loss (), x, gradient and velocity (n,)."""
    return {
        "loss": state.loss.numpy(force=True),
        "x": state.x.numpy(force=True),
        "gradient": state.gradient.numpy(force=True),
        "velocity": state.velocity.numpy(force=True),
    }


# --- What theory says.


class Prediction(NamedTuple):
    """What linear theory says of a run; what does not exist is nan."""

    curvatures: np.ndarray  # (n,) λ, eigenvalues of 2 AᵀA, growing; 0 where A leaves x undetermined
    directions: np.ndarray  # (n, n) their eigenvectors, one a column
    modes: tuple[Mode | None, ...]  # the long run along each; None where nothing moves
    rate: float  # the largest rate of all modes: in the long run the error shrinks by it
    critical_damping_factor: float  # from here on some mode no longer shrinks, at this momentum
    best_damping_factor: float  # without momentum: 2 / (λ_min + λ_max)
    best_with_momentum: tuple[float, float]  # the damping factor and momentum with the best rate
    solution: np.ndarray  # (n,) where the run ends if it converges
    final_loss: float


def predict(config: Config) -> Prediction:
    """Curvatures, directions, modes, critical and best damping, and the end, without running.

    Best with momentum: η = (2 / (√λ₁ + √λₙ))², β = ((√κ - 1) / (√κ + 1))², κ = λₙ / λ₁.
    """
    curvatures, directions = _eigen(config)
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
    end = predicted_x(config)[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        final_loss = float(np.sum((np.asarray(config.A) @ end - config.b) ** 2))
    return Prediction(
        curvatures, directions, modes, rate, critical, best, polyak, _solution(config), final_loss
    )


def predicted_modes(config: Config) -> np.ndarray:
    """(steps + 1, n) the error along each direction of `predict(config).directions`."""
    curvatures, directions = _eigen(config)
    first = directions.T @ (np.asarray(config.start) - _solution(config))
    left = [
        error_left(config.damping_factor * curvature, config.momentum, config.steps)
        for curvature in curvatures.tolist()
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(first == 0, 0.0, np.stack(left, axis=1) * first)


def predicted_x(config: Config) -> np.ndarray:
    """(steps + 1, n) the solution and what is left of each mode."""
    _, directions = _eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        return _solution(config) + predicted_modes(config) @ directions.T


def _eigen(config: Config) -> tuple[np.ndarray, np.ndarray]:
    # Singular values of A rather than eigenvalues of AᵀA, whose small ones drown in rounding.
    _, singular, directions = np.linalg.svd(np.asarray(config.A, dtype=np.float64))
    singular = np.where(singular > FLAT * singular[0], singular, 0.0)
    return 2 * singular[::-1] ** 2, directions[::-1].T


def _solution(config: Config) -> np.ndarray:
    """The least-squares solution nearest to the start: along flat directions nothing moves."""
    A, start = np.asarray(config.A, dtype=np.float64), np.asarray(config.start)
    return start + np.linalg.pinv(A, rcond=FLAT) @ (np.asarray(config.b) - A @ start)
