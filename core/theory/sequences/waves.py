"""The waves that are learnt, and how well one can guess without having learnt anything.

Wave k is sin(2π f_k t), f from low_hz to high_hz, t from 0 to 1 s. A network that has heard samples
0 to i says sample i + 1. Losses are means over all waves and all those samples, as in a run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from core.sequences import Config


LEAST_DRAWN = 1e-7  # of a loss: of one wave alone the least is 0


def frequencies(config: Config) -> Tensor:
    """(sequences,) float32, in Hz."""
    return torch.linspace(config.low_hz, config.high_hz, config.sequences)


def waves(config: Config, hz: Tensor | None = None, samples: int | None = None) -> Tensor:
    """(n, samples) float32: waves of these frequencies (n,), by default those that are learnt.

    The first `length` samples take one second, so neighbours are 1/(length - 1) s apart (the notes
    say 100 Hz; it is 99 Hz). More samples go on at the same distance.
    """
    hz = frequencies(config) if hz is None else hz
    # As the notes write it, so that the waves learnt are theirs to the last bit.
    t = torch.linspace(0, 1, config.length)
    if samples is not None:
        t = torch.cat([t, torch.arange(config.length, samples) / rate(config)])[:samples]
    return torch.sin(2 * np.pi * hz[:, None] * t)


def rate(config: Config) -> int:
    """Samples a second."""
    return config.length - 1


class Baselines(NamedTuple):
    """Losses of guesses that need no training."""

    last: float  # the last sample once more
    line: float  # on a straight line through the last two samples; after one, that one
    line_later: float  # the same, of samples with two before them alone
    least: float  # of who knows all about these waves but which one begins: see `baselines`


def baselines(config: Config) -> Baselines:
    """What one gets without learning.

    The least: a sine goes on as x₂ = 2 cos(ω) x₁ - x₀, so that two samples tell ω, and with it all
    that follows. Sample 1 alone comes before that: nobody can guess it better than by the mean over
    the waves, and is wrong by its variance. (Below a quarter of the sampling rate: above, two waves
    can begin alike, and nobody comes as low as this.)
    """
    x = waves(config).double()
    last = x[:, 1:] - x[:, :-1]
    bent = x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]
    line = torch.cat([last[:, :1], bent], dim=1)
    targets = config.length - 1
    return Baselines(
        _mean_square(last),
        _mean_square(line),
        _mean_square(bent),
        x[:, 1].var(correction=0).item() / targets,
    )


def loss_window(config: Config) -> tuple[float, float]:
    """Ends of a logarithmic axis for a loss: a power of ten below all that is known, and 1."""
    known = [loss for loss in baselines(config) if loss > LEAST_DRAWN]
    return 10.0 ** math.floor(math.log10(min(known, default=LEAST_DRAWN))), 1.0


def _mean_square(errors: Tensor) -> float:
    return errors.square().mean().item() if errors.numel() else math.nan
