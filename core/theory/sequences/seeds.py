"""One cell against the other over several seeds: does the difference hold?

A loss is never below 0 and may be ten times another, so what is compared are logarithms: the
difference of their means is the logarithm of a ratio.
"""

import math
from typing import NamedTuple

import numpy as np

SURE = 0.95


class Ratio(NamedTuple):
    """How many times as large the losses of one are as those of the other."""

    ratio: float  # of their geometric means
    low: float  # ends of the 95 % interval
    high: float

    @property
    def holds(self) -> bool:
        """Whether a difference can be claimed: 1 is outside."""
        return self.low > 1 or self.high < 1


def ratio(one: np.ndarray, other: np.ndarray) -> Ratio:
    """Of losses (n,) and (m,), by Welch's interval for the difference of the means of logarithms.

    Welch 1947: the variances need not be equal. nan where there are not two of each, or one is no
    positive number.
    """
    if min(len(one), len(other)) < 2:
        return Ratio(math.nan, math.nan, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(np.asarray(losses, np.float64)) for losses in (one, other)]
        apart = logs[0].mean() - logs[1].mean()
        parts = [log.var(ddof=1) / len(log) for log in logs]
        spread = sum(parts)
        freedom = spread**2 / sum(
            part**2 / (len(log) - 1) for part, log in zip(parts, logs, strict=True)
        )
    if not math.isfinite(apart):
        return Ratio(math.nan, math.nan, math.nan)
    half = student(SURE, freedom) * math.sqrt(spread) if spread else 0.0
    return Ratio(*(math.exp(value) for value in (apart, apart - half, apart + half)))


def student(sure: float, freedom: float) -> float:
    """How far from 0 a Student's t of so many degrees of freedom lies less often than `sure`.

    The share within ±x is the integral of the density; it grows with x, so x is found by halving.
    """
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    scale = math.exp(scale) / math.sqrt(freedom * math.pi)

    def share(x: float) -> float:
        places = np.linspace(0, x, 4001)
        density = scale * (1 + places**2 / freedom) ** (-(freedom + 1) / 2)
        return 2 * float(np.trapezoid(density, places))

    low, high = 0.0, 1.0
    while share(high) < sure:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if share(middle) >= sure else (middle, high)
    return high
