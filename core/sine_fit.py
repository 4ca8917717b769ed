"""Fitting a sine wave by its amplitude and frequency: a step longer than the valley is wide.

The model is a sin(f x), w = (a, f) are its parameters, and the loss is L = Σ (a sin(f x) - y)², or
its mean over the points. With gradient g, Hessian H, step size η and momentum β, update k is

    z <- β z + g / (1 + |g|)      normalised: never farther than η (without momentum)
         g                        gradient_descent
         β z + g                  momentum
         m̂ / (√v̂ + 1e-8)          adam (Kingma & Ba 2015): averages of g and g², β₁ 0.9, β₂ 0.999
         H⁻¹ g                    newton
    w <- w - η / (1 + decay k) z      k from 0

Close to a minimum the normalised step is η g, and comes to rest there only where the largest
curvature λ, of H, is below 2/η. The sum over 1,000 points makes it about 10,000: the frequency
flips for ever between two values, η/2 - 1/λ to either side (`core.theory.sine_fit`).
Source: "Working Notes - Learning PyTorch - Day 1", Nonlinear Regression: 40 normalised updates with
η = 0.1 from (1.3, 1) on 1,000 points of sin x.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.ranges import COUNT, FRACTION, POSITIVE, Range, check_choice, check_numbers
from core.theory.sine_fit.course import predicted_course
from core.theory.sine_fit.findings import NOTES_END, NOTES_LOSS, findings
from core.theory.sine_fit.landscape import (
    CURVE,
    data,
    frequency_window,
    seeds,
    share,
    slice_frequencies,
    slice_parabolas,
    surface,
    wave_positions,
)
from core.theory.sine_fit.minima import Minimum, best_fit, minima, minimum_below
from core.theory.sine_fit.picture import Plane, cycle_ends, foretold, plane, slice_height
from core.theory.sine_fit.tail import (
    GROWS,
    KINDS,
    LONG,
    RETURNS,
    SHRINKS,
    STRAIGHT,
    Measurement,
    Tail,
    final,
    measure,
    needed,
    tail,
)
from core.theory.sine_fit.two_cycle import (
    Prediction,
    critical_step_size,
    edges,
    momentum_of,
    predict,
    two_cycle_amplitude,
)

__all__ = ["FORMULAS", "LIVE", "OPTIMISERS", "RANGES", "REDUCTIONS", "Config", "State"]
__all__ += ["diverged", "frame", "plain_pytorch", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["CURVE", "GROWS", "KINDS", "LONG", "NOTES_END", "NOTES_LOSS", "RETURNS", "SHRINKS"]
__all__ += ["STRAIGHT"]
__all__ += ["Measurement", "Minimum", "Plane", "Prediction", "Tail", "best_fit"]
__all__ += ["critical_step_size", "cycle_ends", "data", "edges", "final", "findings"]
__all__ += ["foretold"]
__all__ += ["frequency_window", "measure", "minima", "minimum_below", "momentum_of", "needed"]
__all__ += ["plane", "predict"]
__all__ += ["predicted_course", "slice_frequencies", "slice_height", "surface", "tail"]
__all__ += ["two_cycle_amplitude", "wave_positions"]

AMPLITUDE, FREQUENCY, NOT_NEGATIVE = Range(-1e6, 1e6), Range(-100, 100), Range(0)
RANGES: dict[str, Range] = {
    "points": Range(1, 10_000, whole=True),
    "width": Range(0, 1000, above_low=True),
    "noise": Range(0, 1e6),
    "true_amplitude": AMPLITUDE,
    "true_frequency": FREQUENCY,
    "second_amplitude": AMPLITUDE,
    "second_frequency": FREQUENCY,
    "amplitude": AMPLITUDE,
    "frequency": FREQUENCY,
    "step_size": POSITIVE,
    "momentum": FRACTION,
    "decay": NOT_NEGATIVE,
    "steps": COUNT,
    "seed": COUNT,
}
LIVE = frozenset({"step_size", "momentum", "decay"})
REDUCTIONS = ("sum", "mean")
ADAM = (0.9, 0.999, 1e-8)  # β₁, β₂ and ε, PyTorch's defaults


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    points: int = 1000  # of the data
    width: float = 6.283185307179586  # x are uniform from 0 to it
    noise: float = 0.0  # standard deviation of what is added to y
    true_amplitude: float = 1.0  # y = true_amplitude sin(true_frequency x) + the second + noise
    true_frequency: float = 1.0
    second_amplitude: float = 0.0
    second_frequency: float = 0.7
    amplitude: float = 1.3  # a before the first update
    frequency: float = 1.0  # f before the first update
    optimiser: str = "normalised"  # one of OPTIMISERS
    step_size: float = 0.1  # η > 0
    momentum: float = 0.0  # β from 0 to 1, for normalised and momentum only
    decay: float = 0.0  # update k is made with step_size / (1 + decay k)
    reduction: str = "sum"  # or "mean", over the points
    steps: int = 40  # updates
    seed: int = 0  # of the data
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_numbers(self, RANGES)
        check_choice("optimiser", self.optimiser, OPTIMISERS)
        check_choice("reduction", self.reduction, REDUCTIONS)
        devices.check("device", self.device)

    def step_size_of(self, update: int) -> float:
        """η of an update, counted from 0: step_size / (1 + decay · update)."""
        return self.step_size / (1 + self.decay * update)


class State(NamedTuple):
    """A run after `step` updates; loss and its derivatives are taken at these parameters."""

    step: int
    parameters: Tensor  # (2,) float64 amplitude and frequency
    gradient: Tensor  # (2,)
    velocity: Tensor  # (2,) z of the update that led here, 0 at step 0
    loss: Tensor  # ()
    curvature: Tensor  # () λ, the largest eigenvalue of the Hessian
    hessian: Tensor  # (2, 2)
    averages: Tensor  # (2, 2) adam's of g and of g², 0 at step 0 and for all others


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    Raises `RuntimeError` where the device does not exist. A run that diverges yields inf and nan:
    see `diverged`.
    """
    device = devices.resolve(config.device)
    kind = {"dtype": devices.double(device), "device": device}
    x, y = (values.to(**kind) for values in data(config))

    if state is None:
        start = torch.tensor((config.amplitude, config.frequency), **kind)
        zero = torch.zeros(2, 2, **kind)
        state = _look(config, x, y, 0, start, zero[0], zero)
    yield state

    state = State(state.step, *(values.to(device) for values in state[1:]))
    for step in range(state.step + 1, config.steps + 1):
        velocity, averages = OPTIMISERS[config.optimiser](config, state)
        parameters = state.parameters - config.step_size_of(step - 1) * velocity
        state = _look(config, x, y, step, parameters, velocity, averages)
        yield state


def _look(
    config: Config,
    x: Tensor,
    y: Tensor,
    step: int,
    parameters: Tensor,
    velocity: Tensor,
    averages: Tensor,
) -> State:
    """The state at these parameters: loss, gradient by autograd, Hessian written out.

    With s = sin(f x), t = ∂s/∂f = x cos(f x) and the residual r = a s - y,

        H = 2 [[s·s, a s·t + r·t], [., a² t·t - a r·x²s]]

    which takes five more sums over the data; autograd would go through the loss twice more.
    """
    w = parameters.detach().requires_grad_()
    amplitude, frequency = w.unbind()
    s = torch.sin(frequency * x)
    r = amplitude * s - y
    loss = share(config) * (r @ r)
    (gradient,) = torch.autograd.grad(loss, w)
    with torch.no_grad():
        t = x * torch.cos(frequency * x)
        # Products of vectors: one of matrices would wake a pool of threads for next to nothing.
        h00, h01 = s @ s, amplitude * (s @ t) + r @ t
        h11 = amplitude * (amplitude * (t @ t) - r @ (x * x * s))
        hessian = 2 * share(config) * torch.stack([h00, h01, h01, h11]).view(2, 2)
        (h00, h01), (_, h11) = hessian.unbind()
        # Both eigenvalues have a closed form; torch.linalg refuses the nan of a run that diverged.
        curvature = (h00 + h11) / 2 + torch.hypot((h00 - h11) / 2, h01)
    return State(step, parameters, gradient, velocity, loss.detach(), curvature, hessian, averages)


# --- The optimisers: each gives the velocity (2,), and adam's averages (2, 2).


def _normalised(config: Config, state: State) -> tuple[Tensor, Tensor]:
    unit = state.gradient / (1 + torch.linalg.vector_norm(state.gradient))
    return config.momentum * state.velocity + unit, state.averages


def _gradient_descent(config: Config, state: State) -> tuple[Tensor, Tensor]:
    return state.gradient, state.averages


def _momentum(config: Config, state: State) -> tuple[Tensor, Tensor]:
    return config.momentum * state.velocity + state.gradient, state.averages


def _adam(config: Config, state: State) -> tuple[Tensor, Tensor]:
    beta_1, beta_2, epsilon = ADAM
    mean = beta_1 * state.averages[0] + (1 - beta_1) * state.gradient
    square = beta_2 * state.averages[1] + (1 - beta_2) * state.gradient**2
    # Both begin at 0: they hold 1 - βᵏ of what they will.
    unbiased = mean / (1 - beta_1 ** (state.step + 1))
    root = torch.sqrt(square / (1 - beta_2 ** (state.step + 1)))
    return unbiased / (root + epsilon), torch.stack([mean, square])


def _newton(config: Config, state: State) -> tuple[Tensor, Tensor]:
    (h00, h01), (_, h11) = state.hessian.unbind()
    g0, g1 = state.gradient.unbind()
    determinant = h00 * h11 - h01 * h01  # of 0 the velocity is inf: torch.linalg.solve would raise
    solved = torch.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0]) / determinant
    return solved, state.averages


OPTIMISERS: dict[str, Callable[[Config, State], tuple[Tensor, Tensor]]] = {
    "normalised": _normalised,
    "gradient_descent": _gradient_descent,
    "momentum": _momentum,
    "adam": _adam,
    "newton": _newton,
}


FORMULAS = {  # what each makes of the gradient g, in LaTeX
    "normalised": r"z &\leftarrow \beta z + g / (1 + |g|)",
    "gradient_descent": r"z &= g",
    "momentum": r"z &\leftarrow \beta z + g",
    "adam": r"z &= \hat m / (\sqrt{\hat v} + 10^{-8})",
    "newton": r"z &= H^{-1} g",
}


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host, by one copy.

    loss, curvature and step_size (), parameters, gradient, velocity and unit_gradient g / |g| (2,);
    and in float32 two curves (CURVE,): `wave`, the model at `wave_positions(config)`, and `slice`,
    the loss at `slice_frequencies(config)` and this amplitude. step_size is η of the update that
    led here, at step 0 of the first. The unit gradient of 0 is 0.
    """
    device, dtype = state.parameters.device, state.parameters.dtype
    amplitude, frequency = state.parameters.unbind()
    length = torch.linalg.vector_norm(state.gradient)
    unit = state.gradient / torch.where(length > 0, length, 1.0)
    x = torch.linspace(0.0, config.width, CURVE, dtype=dtype, device=device)
    wave = amplitude * torch.sin(frequency * x)
    slice_ = slice_parabolas(config, device).at(amplitude)
    numbers = [state.loss[None], state.curvature[None], state.parameters, state.gradient]
    numbers += [state.velocity, unit, wave, slice_]
    values = torch.cat(numbers).numpy(force=True)
    with np.errstate(over="ignore"):  # of a run that diverges
        curves = values[10:].astype(np.float32)
    return {
        "loss": values[0],
        "curvature": values[1],
        "parameters": values[2:4],
        "gradient": values[4:6],
        "velocity": values[6:8],
        "unit_gradient": values[8:10],
        "step_size": np.array(config.step_size_of(max(state.step - 1, 0))),
        "wave": curves[:CURVE],
        "slice": curves[CURVE:],
    }


_BY_HAND = {
    "normalised": "        z = {momentum!r} * z + w.grad / (1 + w.grad.norm())\n",
    "newton": """        H = torch.autograd.functional.hessian(loss_at, w)
        z = torch.linalg.solve(H, w.grad)
""",
}
_BY_TORCH = {
    "gradient_descent": "SGD([w], lr={step_size!r})",
    "momentum": "SGD([w], lr={step_size!r}, momentum={momentum!r})",
    "adam": "Adam([w], lr={step_size!r})",
}


def plain_pytorch(config: Config) -> str:
    """The same run as a script that needs nothing but PyTorch, to paste anywhere.

    It prints step, amplitude, frequency and loss, at most some fifty lines: of the run of the notes
    every update, as they do, since two in a row are what to look at.
    """
    points, dtype = int(config.points), devices.double(torch.device(config.device))
    value = {field: float(getattr(config, field)) for field in RANGES}
    places, errors = seeds(config.seed)
    second = noise = begin = decayed = ""
    if config.second_amplitude:
        wave = "{second_amplitude!r} * torch.sin({second_frequency!r} * x)".format(**value)
        second = f"y = y + {wave}\n"
    if config.noise:
        noise = f"""errors = torch.Generator().manual_seed({errors})
y = y + {value["noise"]!r} * torch.randn({points}, generator=errors, dtype=torch.float64)
"""
    if config.optimiser in _BY_HAND:
        decayed = f" / (1 + {value['decay']!r} * step)" if config.decay else ""
        begin = "z = torch.zeros_like(w)\n" if config.optimiser == "normalised" else ""
        update = f"""    with torch.no_grad():
{_BY_HAND[config.optimiser].format(**value)}        w -= {value["step_size"]!r}{decayed} * z
    w.grad = None
"""
    else:
        begin = f"optimizer = torch.optim.{_BY_TORCH[config.optimiser].format(**value)}\n"
        update = "    optimizer.step()\n    optimizer.zero_grad()\n"
        if config.decay:
            part = f"lambda step: 1 / (1 + {value['decay']!r} * step)"
            begin += f"scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, {part})\n"
            update += "    scheduler.step()\n"
    every = max(1, -(-config.steps // 50)) | 1  # odd: every second loss of a 2-cycle is a flat line
    some = f"if step % {every} == 0:\n        " if every > 1 else ""
    return f"""import torch

kind = {{"dtype": {dtype}, "device": {config.device!r}}}
places = torch.Generator().manual_seed({places})
x = {value["width"]!r} * torch.rand({points}, generator=places, dtype=torch.float64)
y = {value["true_amplitude"]!r} * torch.sin({value["true_frequency"]!r} * x)
{second}{noise}x, y = x.to(**kind), y.to(**kind)
w = torch.tensor([{value["amplitude"]!r}, {value["frequency"]!r}], requires_grad=True, **kind)
{begin}

def loss_at(w):
    return ((w[0] * torch.sin(w[1] * x) - y) ** 2).{config.reduction}()


for step in range({int(config.steps)}):
    loss = loss_at(w)
    loss.backward()
    {some}print(step, *w.tolist(), loss.item())
{update}
print({int(config.steps)}, *w.tolist(), loss_at(w).item())
"""
