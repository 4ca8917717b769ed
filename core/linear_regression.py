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
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import torch

from core import devices
from core.heavy_ball import (
    Mode,
    carried,
    critical_step,
    error_left,
    fewest,
    measured_rate,
    mode,
    tells,
    update,
    updates_per_decimal,
)
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
        _solution(config),
        final_loss,
        updates_per_decimal(rate),
    )


Change = tuple[int, Config]  # from this step on this config, of the same A and b


def predicted_modes(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1, n) the error along each direction of `predict(config).directions`.

    `later` are changes of damping factor and momentum on the way, as in a course.
    """
    curvatures, directions = _eigen(config)
    first = directions.T @ (np.asarray(config.start) - _solution(config))
    settings = tuple((k, leg.damping_factor, leg.momentum) for k, leg in ((0, config), *later))
    left = [error_left(curvature, settings, config.steps) for curvature in curvatures.tolist()]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(first == 0, 0.0, np.stack(left, axis=1) * first)


def predicted_x(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1, n) the solution and what is left of each mode."""
    _, directions = _eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        return _solution(config) + predicted_modes(config, *later) @ directions.T


def predicted_loss(config: Config, *later: Change) -> np.ndarray:
    """(steps + 1,) the smallest loss there is, and λ/2 e² for each mode."""
    curvatures, _ = _eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = predicted_modes(config, *later) ** 2
        return _least_loss(config) + squares @ (curvatures / 2)


def rounding_loss(config: Config, *later: Change) -> float:
    """The loss that rounding alone may leave: that of residuals four units of the last digit of the
    numbers they come from, since sums and products round too, and what becomes of such slips of
    each update in those that follow.

    Below it theory goes on, but a float64 cannot tell A x from b.
    """
    legs = ((0, config), *later)
    ends = (*(begin for begin, _ in later), config.steps)
    curvatures, _ = _eigen(config)
    eps, loss = float(np.finfo(np.float64).eps), _rounding(config, np.abs(config.start))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        x = np.abs(predicted_x(config, *later))
        slopes = 2 * (x @ np.abs(config.A).T + np.abs(config.b)) @ np.abs(config.A)
        eta = np.zeros(len(x))  # of the update that leads to each x
        for (begin, leg), end in zip(legs, ends, strict=True):
            eta[begin + 1 : end + 1] = leg.damping_factor
        slips = eps * (x + eta[:, None] * slopes).sum(axis=1)
        for curvature in curvatures[curvatures > 0].tolist():
            matrices = [
                (update(curvature, leg.damping_factor, leg.momentum), end - begin)
                for (begin, leg), end in zip(legs, ends, strict=True)
            ]
            left = carried(matrices, np.array([1.0, 0.0]))
            loss += curvature / 2 * np.sum(np.where(left > 0, left * slips, 0.0)) ** 2
    return 16 * float(loss) if loss == loss else math.inf


def _rounding(config: Config, beside: np.ndarray | float = 0.0) -> float:
    """The loss of residuals at the solution that are one unit of the last digit away, of the digits
    of the solution, of b and of what is `beside` the solution (n,).
    """
    sizes = np.abs(config.A) @ (np.abs(_solution(config)) + beside) + np.abs(config.b)
    return float(np.sum((np.finfo(np.float64).eps * sizes) ** 2))


def mode_errors(config: Config, x: np.ndarray) -> np.ndarray:
    """(m, n) the sizes of the errors of each x (m, n) along each of the eigenvectors."""
    return np.abs(_errors(config, x))


def _errors(config: Config, x: np.ndarray) -> np.ndarray:
    _, directions = _eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        return (x - _solution(config)) @ directions


def _singular(config: Config) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A = U S Vᵀ, the singular values (n,) shrinking, 0 where they are but rounding, or too small
    for a float64 to hold their square.
    """
    U, singular, V = np.linalg.svd(np.asarray(config.A, dtype=np.float64))
    told = (singular > FLAT * singular[0]) & (singular**2 > np.finfo(np.float64).tiny)
    return U, np.where(told, singular, 0.0), V


def _eigen(config: Config) -> tuple[np.ndarray, np.ndarray]:
    # Singular values of A rather than eigenvalues of AᵀA, whose small ones drown in rounding.
    _, singular, directions = _singular(config)
    return 2 * singular[::-1] ** 2, directions[::-1].T


def _solution(config: Config) -> np.ndarray:
    """The least-squares solution nearest to the start: along flat directions nothing moves."""
    U, singular, V = _singular(config)
    start = np.asarray(config.start)
    away = U.T @ (np.asarray(config.b) - np.asarray(config.A) @ start)
    return start + V.T @ np.divide(away, singular, out=np.zeros_like(away), where=singular > 0)


def undetermined(config: Config) -> tuple[tuple[np.ndarray, float], ...]:
    """The directions (n,) along which the loss is flat, each with the value that x keeps there."""
    curvatures, directions = _eigen(config)
    found = []
    for direction in directions.T[curvatures == 0]:
        forward = direction * np.sign(direction[np.abs(direction) > 1e-9][0])
        found.append((forward, float(forward @ np.asarray(config.start))))
    return tuple(found)


def _least_loss(config: Config) -> float:
    """The loss at the solution: 0 where A x = b has one, but for rounding."""
    residual = np.asarray(config.A) @ _solution(config) - config.b
    loss = float(residual @ residual)
    return loss if loss > 1e4 * _rounding(config) else 0.0


# --- What a picture of the plane shows, for two unknowns.


class Window(NamedTuple):
    """A part of the plane of (x_0, x_1)."""

    center_x: float
    center_y: float
    span_x: float  # from the left to the right
    span_y: float

    def rounded(self, x: float, y: float) -> tuple[float, float]:
        """The point with no more digits than a click can mean: to a thousandth of the window."""
        digits = 3 - math.floor(math.log10(max(self.span_x, self.span_y)))
        return round(x, digits), round(y, digits)


def window(config: Config, *later: Change) -> Window:
    """The window around start, solution and the predicted path, as far as that stays near."""
    ends = np.array([config.start, _solution(config)])
    room = float(np.linalg.norm(ends[1] - ends[0]))
    path = np.clip(predicted_x(config, *later), ends.min(axis=0) - room, ends.max(axis=0) + room)
    path = np.vstack([ends, path[np.isfinite(path).all(axis=1)]])
    low, high = path.min(axis=0), path.max(axis=0)
    center, span = (low + high) / 2, 1.2 * (high - low)
    size = float(np.abs(ends).max())
    least = 0.1 * size if size > 1e-100 else 2.0  # squares of less than that are 0
    if max(span) < 1e-9 * least:  # nothing to do: some room around the point
        span = np.array([least, least])
    return Window(*center.tolist(), *span.tolist())


def levels(config: Config, view: Window, most: int = 12, factor: float = 3.0) -> np.ndarray:
    """(m,) losses above the smallest, each `factor` times the next, that fill the window.

    The first lies around all that is on screen, the last is small; m is at most `most`.
    """
    curvatures, directions = _eigen(config)
    if not curvatures[-1]:
        return np.empty(0)
    size = max(view.span_x, view.span_y)
    corners = np.array([view.center_x, view.center_y]) + 0.8 * size * np.array(
        [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    )
    errors = (corners - _solution(config)) @ directions
    found = (errors**2 @ (curvatures / 2)).max() / factor ** np.arange(most)
    widest = np.sqrt(2 * found / curvatures[curvatures > 0][0])
    return found[widest > 0.02 * size]


def level_lines(config: Config, above: np.ndarray, far: float) -> dict[str, np.ndarray]:
    """Closed lines where the loss is `above` (m,) its minimum, for n = 2.

    Columns x, y, level, and turn, the place of a point on its line: 0, 1, 2 ...
    Ellipses around the solution: L - L_min = Σ λ/2 e². For a singular A, where the loss changes
    along one direction only, strips that end `far` from the solution; for A = 0 nothing. Points
    beyond `far` are brought back to it.
    """
    curvatures, directions = _eigen(config)
    if not curvatures[-1]:
        return {name: np.empty(0) for name in ("x", "y", "level", "turn")}
    if curvatures[0]:
        turn = np.linspace(0, 2 * math.pi, 49)  # a quarter is a point, where long ellipses pass
        shape = np.column_stack([np.cos(turn), np.sin(turn)]) / np.sqrt(curvatures / 2)
        errors = np.sqrt(above)[:, None, None] * shape
    else:
        shape = np.array([(-1, 1), (1, 1), (1, -1), (-1, -1), (-1, 1)])
        across = np.sqrt(2 * above / curvatures[1])[:, None]
        errors = np.stack([far * shape[:, 0] + 0 * across, across * shape[:, 1]], axis=-1)
    points = _solution(config) + np.clip(errors, -far, far) @ directions.T
    return {
        "x": points[..., 0].ravel(),
        "y": points[..., 1].ravel(),
        "level": np.repeat(above, points.shape[1]),
        "turn": np.tile(np.arange(points.shape[1], dtype=np.float64), len(above)),
    }


def axes(config: Config, view: Window) -> dict[str, np.ndarray]:
    """The eigenvectors as lines through the solution, for n = 2: columns x, y, mode, end.

    Three points each, from beyond the window to beyond it; `end` is 1 at the last, which lies
    inside the window, where its name can stand, and 0 at the others. Flat directions have none.
    """
    curvatures, directions = _eigen(config)
    center = np.array([view.center_x, view.center_y])
    half, solution = np.array([view.span_x, view.span_y]) / 2, _solution(config)
    far = 4 * max(view.span_x, view.span_y)
    rows = []
    for index, direction in enumerate(directions.T):
        if not curvatures[index]:
            continue
        slope = np.where(direction == 0, 1e-300, direction)
        with np.errstate(over="ignore"):
            ways = (center + np.outer([-1, 1], half) - solution) / slope
        forth, back = ways.max(axis=0).min(), ways.min(axis=0).max()
        way = forth if forth > -back else back
        rows += [
            (*(solution + length * direction), index, end)
            for length, end in ((-far, 0), (far, 0), (0.9 * way, 1))
        ]
    columns = np.array(rows).reshape(-1, 4).T
    return dict(zip(("x", "y", "mode", "end"), columns, strict=True))


def solutions(config: Config, view: Window) -> dict[str, np.ndarray]:
    """Where the loss is smallest, for n = 2: the point (x, y), or beyond the window the two ends
    of the line that A leaves open.
    """
    curvatures, directions = _eigen(config)
    far = 4 * max(view.span_x, view.span_y) if not curvatures[0] and curvatures[1] else 0.0
    ends = _solution(config) + np.outer([-far, far] if far else [0.0], directions[:, 0])
    return {"x": ends[:, 0], "y": ends[:, 1]}


# --- What a run shows, measured without the theory.

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
    curvatures, directions = _eigen(config)
    errors = _errors(config, x)
    moving = np.flatnonzero(curvatures)
    # Residuals round like the numbers they come from; a gentle direction answers by moving far.
    # The solution has those of the start, from which it is reckoned, also long after a run began.
    ends = np.array([_solution(config), config.start])
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
        above = np.abs(error) > np.maximum(FLOOR * first, digits[: len(error), index])
        # The first update always counts.
        end = max(2, int(np.flatnonzero(above).max(initial=0)) + 1)
        lost = len(error) == 1 < len(errors)
        rates[index] = math.inf if lost else measured_rate(error[:end])
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


def needed(config: Config, *later: Change) -> dict[int | None, int | None]:
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
        first, *rest = (replace(leg, steps=steps) for leg in (config, *(leg for _, leg in later)))
        legs = (first, *((k, leg) for (k, _), leg in zip(later, rest, strict=True)))
        x, loss = predicted_x(*legs)[since:], predicted_loss(*legs)[since:]
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
