"""The data of the sine fit, and the loss over the plane of amplitude a and frequency f.

At each frequency the loss is a parabola in the amplitude: with s = sin(f x), its lowest point is at
b = s·y / s·s, and

    L(a, f) = |y - b s|² + (a - b)² s·s

so that two numbers a frequency, |y - b s|² and s·s, give the whole surface.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import devices, randomness

if TYPE_CHECKING:
    from core.sine_fit import Config

CURVE = 200  # points of each curve that a frame has
SUMMED = 2**20  # numbers in memory while frequencies are summed over the data
FLAT = 1e-200  # s·s of a wave that no amplitude lifts; below it b² would leave the range of numbers
_DRAWN = ("points", "width", "noise", "true_amplitude", "true_frequency", "second_amplitude")
_DRAWN += ("second_frequency", "seed")  # the settings on which the data depend


def data(config: Config) -> tuple[Tensor, Tensor]:
    """(points,) x and y in float64 on the CPU, not to be written to: x uniform from 0 to `width`,

    y = A sin(F x) + A' sin(F' x) + noise, with numbers of a normal distribution times `noise`.
    """
    return _draw(*_drawn(config))


def _drawn(config: Config) -> tuple[Any, ...]:
    return tuple(getattr(config, field) for field in _DRAWN)


@lru_cache(maxsize=16)
def _draw(
    points: int,
    width: float,
    noise: float,
    true_amplitude: float,
    true_frequency: float,
    second_amplitude: float,
    second_frequency: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    places, errors = seeds(seed)
    draw = {"generator": torch.Generator().manual_seed(places), "dtype": torch.float64}
    x = width * torch.rand(points, **draw)
    y = true_amplitude * torch.sin(true_frequency * x)
    y = y + second_amplitude * torch.sin(second_frequency * x)
    draw["generator"] = torch.Generator().manual_seed(errors)
    return x, y + noise * torch.randn(points, **draw)


def seeds(seed: int) -> tuple[int, int]:
    """The seeds of PyTorch's generators that draw x and the noise."""
    return randomness.mix(seed, 0), randomness.mix(seed, 1)


def share(config: Config) -> float:
    """What a point's squared error counts in the loss: 1, or a part of the mean."""
    return 1 / config.points if config.reduction == "mean" else 1.0


class Parabolas(NamedTuple):
    """The loss as a parabola in the amplitude, one for each of n frequencies; by `reduction`."""

    best: Tensor  # (n,) b, the amplitude of the lowest point
    least: Tensor  # (n,) the loss there
    width: Tensor  # (n,) s·s, half its second derivative

    def at(self, amplitude: Any) -> Tensor:
        """(..., n) the losses at an amplitude, or at amplitudes (..., 1)."""
        return self.least + (amplitude - self.best) ** 2 * self.width


def parabolas(config: Config, frequencies: Any) -> Parabolas:
    """The loss over amplitudes at each of the frequencies (n,), in float64 on the CPU."""
    asked = torch.as_tensor(np.asarray(frequencies, dtype=np.float64))
    return _parabolas(_drawn(config), share(config), asked)


def even_parabolas(config: Config, low: float, high: float, count: int) -> Parabolas:
    """Those at so many frequencies from `low` to `high`, evenly; kept, as a page asks again."""
    return _even_parabolas(_drawn(config), share(config), low, high, count, torch.device("cpu"))


def slice_parabolas(config: Config, device: torch.device) -> Parabolas:
    """Those at `slice_frequencies(config)`, on a device and in its precision; kept."""
    window = frequency_window(config)
    return _even_parabolas(_drawn(config), share(config), *window, CURVE, device)


@lru_cache(maxsize=64)
def _even_parabolas(
    drawn: tuple[Any, ...],
    share: float,
    low: float,
    high: float,
    count: int,
    device: torch.device,
) -> Parabolas:
    found = _parabolas(drawn, share, torch.from_numpy(np.linspace(low, high, count)))
    return Parabolas(*(values.to(device, devices.double(device)) for values in found))


def _parabolas(drawn: tuple[Any, ...], share: float, frequencies: Tensor) -> Parabolas:
    x, y = (values.numpy() for values in _draw(*drawn))
    parts = [_sums(part.numpy(), x, y) for part in frequencies.split(max(1, SUMMED // len(x)))]
    best, least, width = (
        torch.from_numpy(np.concatenate(sums)) for sums in zip(*parts, strict=True)
    )
    return Parabolas(best, share * least, share * width)


def _sums(
    frequencies: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In NumPy, on one thread: PyTorch would wake its pool, which takes 30 times as long as the
    sums themselves while other runs have the cores.
    """
    s = np.sin(frequencies[:, None] * x)
    width = np.einsum("fx,fx->f", s, s)
    best = np.divide(np.einsum("fx,x->f", s, y), width, out=np.zeros(len(s)), where=width > FLAT)
    left = y - best[:, None] * s
    return best, np.einsum("fx,fx->f", left, left), width


def surface(config: Config, amplitudes: Any, frequencies: Any) -> np.ndarray:
    """(len(amplitudes), len(frequencies)) the loss on a grid."""
    rows = torch.as_tensor(amplitudes, dtype=torch.float64)[:, None]
    return parabolas(config, frequencies).at(rows).numpy()


def frequency_window(config: Config) -> tuple[float, float]:
    """The frequencies worth a look: from start to data, and a quarter of a ripple on each side.

    sin(f x) and sin((f + d) x) go apart by a whole turn over the data where d = 2π / width.
    """
    ends = [config.frequency, config.true_frequency]
    if config.second_amplitude:
        ends.append(config.second_frequency)
    margin = math.pi / (2 * config.width)
    return float(min(ends)) - margin, float(max(ends)) + margin


def slice_frequencies(config: Config) -> np.ndarray:
    """(CURVE,) the frequencies of a frame's slice of the loss."""
    return np.linspace(*frequency_window(config), CURVE)


def wave_positions(config: Config) -> np.ndarray:
    """(CURVE,) the x of a frame's fitted wave, from 0 to `width`."""
    return np.linspace(0.0, config.width, CURVE)


def slope(x: np.ndarray, y: np.ndarray, a: float, f: float) -> tuple[float, float]:
    """The gradient of the sum of squared errors at (a, f), that of `local` without the rest of it:
    a thousand of them are walked at each move of a slider.
    """
    s, t, r = _waves(x, y, a, f)
    return 2 * float(r @ s), 2 * a * float(r @ t)


def _waves(
    x: np.ndarray, y: np.ndarray, a: float, f: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) each: s = sin(f x), t = x cos(f x), its slope along f, and r = a s - y."""
    # By the tangent of half the angle, which takes NumPy a third of the time of sine and cosine.
    t = np.tan(0.5 * f * x)
    q = 2 / (1 + t * t)
    s = t * q
    return s, x * (q - 1), a * s - y


class Local(NamedTuple):
    """The loss close to a place (a, f)."""

    loss: float
    gradient: np.ndarray  # (2,)
    hessian: np.ndarray  # (2, 2)


def local(config: Config, place: Any) -> Local:
    """Loss, gradient and Hessian at (a, f), written out.

    With r = a s - y and t = ∂s/∂f = x cos(f x): the gradient is 2 (r·s, a r·t), the Hessian
    2 [[s·s, a s·t + r·t], [., a² t·t - a r·x²s]].
    """
    x, y = (values.numpy() for values in data(config))
    a, f = place
    with np.errstate(over="ignore", invalid="ignore"):
        s, t, r = _waves(x, y, a, f)
        gradient = np.array([r @ s, a * (r @ t)])
        mixed = a * (s @ t) + r @ t
        hessian = np.array([[s @ s, mixed], [mixed, a * a * (t @ t) - a * (r @ (x * x * s))]])
        two = 2 * share(config)
        return Local(share(config) * float(r @ r), two * gradient, two * hessian)
