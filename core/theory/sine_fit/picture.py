"""What the pictures of the fit show beside the run: the loss over the plane, and the course."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from core.course import Change, Course
from core.rasters import centers, to_bytes
from core.theory.sine_fit.course import predicted_course
from core.theory.sine_fit.landscape import frequency_window, local, slice_parabolas, surface
from core.theory.sine_fit.minima import minimum_below
from core.theory.sine_fit.two_cycle import predict

if TYPE_CHECKING:
    from core.sine_fit import Config

COLUMNS, ROWS = 120, 80  # cells of the picture of the loss
ROOM = 0.5  # amplitudes around those of start and minimum
DECADES = 4  # below the largest loss on the picture: what is less has the colour of that


class Foretold(NamedTuple):
    """The numbers of the predicted course, nan where it has become too large for numbers."""

    loss: np.ndarray  # (steps + 1,)
    curvature: np.ndarray  # (steps + 1,) the largest eigenvalue of the Hessian
    unit_gradient: np.ndarray  # (steps + 1, 2)


def foretold(config: Config, *later: Change[Config]) -> Foretold:
    """Loss, curvature and unit gradient along `predicted_course`. Not to write to."""
    return _foretold(((0, config), *later))


@lru_cache(maxsize=16)  # a page asks again at every run of it
def _foretold(course: Course) -> Foretold:
    places = predicted_course(*(course[0][1], *course[1:]))
    found = Foretold(
        *(np.full(shape, math.nan) for shape in (len(places), len(places), places.shape))
    )
    for step, place in enumerate(places[np.isfinite(places).all(axis=1)]):
        loss, gradient, hessian = local(course[-1][1], place)
        length = math.hypot(*gradient)
        found.loss[step] = loss
        if np.isfinite(hessian).all():
            found.curvature[step] = np.linalg.eigvalsh(hessian)[-1]
        found.unit_gradient[step] = gradient / length if length else 0.0
    return found


def slice_height(config: Config, *later: Change[Config]) -> float:
    """The upper end of a picture of the slice: room for the losses of the course, as far as those
    of the start's slice reach, so that the walls between which it leaps are seen.
    """
    heights = slice_parabolas(config, torch.device("cpu")).at(config.amplitude)
    losses = foretold(config, *later).loss
    return 1.2 * min(float(heights.max()), float(np.nanmax(losses))) or 1.0


def cycle_ends(config: Config, *later: Change[Config]) -> dict[str, np.ndarray]:
    """Frequency x and loss y of both ends of the predicted two-cycle; no rows if there is none."""
    theory = predict(config, *later)
    if theory is None or theory.kind != "2-cycle":
        return {"x": np.empty(0), "y": np.empty(0)}
    now = later[-1][1] if later else config
    losses = [local(now, place).loss for place in theory.ends]
    return {"x": theory.ends[:, 1], "y": np.array(losses)}


class Plane(NamedTuple):
    """A picture of the loss over the plane of frequency and amplitude."""

    left: float  # frequencies
    right: float
    lower: float  # amplitudes
    upper: float
    low: float  # log₁₀ of the losses
    high: float
    cells: np.ndarray  # (ROWS, COLUMNS) uint8 bytes of log₁₀ L, the lowest amplitude first


def plane(config: Config, *later: Change[Config]) -> Plane:
    """The part of the plane in which a run begins and ends, with the logarithm of the loss."""
    places = predicted_course(config, *later)
    minimum = minimum_below(config, places[0])
    ends = [config.amplitude, *([minimum.place[0]] if minimum else [])]
    lower, upper = float(min(ends)) - ROOM, float(max(ends)) + ROOM
    left, right = frequency_window(config)
    losses = surface(config, centers(lower, upper, ROWS), centers(left, right, COLUMNS))
    high = math.log10(max(float(losses.max()), 1e-300))
    low = high - DECADES
    with np.errstate(divide="ignore"):
        cells = to_bytes(torch.from_numpy(np.log10(losses)), low, high).numpy()
    return Plane(left, right, lower, upper, low, high, cells)
