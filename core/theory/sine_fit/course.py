"""Where a run goes, update by update: its updates written out in NumPy, without torch.

There is no closed form of a course on this loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.course import Change, Course, legs
from core.theory.sine_fit.landscape import data, local, share, slope

if TYPE_CHECKING:
    from core.sine_fit import Config


def predicted_course(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, 2) amplitude and frequency; settings of `later` from its steps. Not to write to.

    After a number that is not finite all are nan.
    """
    return _course(((0, config), *later))


@lru_cache(maxsize=16)  # a page asks again at every run of it
def _course(course: Course) -> np.ndarray:
    with np.errstate(all="ignore"):
        found = np.array(list(_walk(course)))
    found.setflags(write=False)
    return found


def _walk(course: Course) -> Iterator[np.ndarray]:
    first = course[0][1]
    w, z = np.array([first.amplitude, first.frequency]), np.zeros(2)
    mean, square = np.zeros(2), np.zeros(2)
    x, y = (values.numpy() for values in data(first))
    yield w
    for leg in legs(course):
        config = leg.settings
        part = share(config)
        for k in range(leg.begin, leg.end):
            g = part * np.array(slope(x, y, *w.tolist()))
            match config.optimiser:
                case "normalised":
                    z = config.momentum * z + g / (1 + math.hypot(*g))
                case "momentum":
                    z = config.momentum * z + g
                case "adam":
                    mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
                    root = np.sqrt(square / (1 - 0.999 ** (k + 1)))
                    z = mean / (1 - 0.9 ** (k + 1)) / (root + 1e-8)
                case "newton":
                    (p, q), (_, s) = local(config, w).hessian
                    z = np.array([s * g[0] - q * g[1], p * g[1] - q * g[0]]) / (p * s - q * q)
                case _:
                    z = g
            w = w - config.step_size / (1 + config.decay * k) * z
            yield w
