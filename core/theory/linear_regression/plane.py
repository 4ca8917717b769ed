"""What a picture of the plane of two unknowns shows: a window, level lines, axes, solutions.

All in the units of x. Columns are rows of a chart's data, by name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change
from core.theory.linear_regression.prediction import predicted_x
from core.theory.linear_regression.system import eigen, least_squares

if TYPE_CHECKING:
    from core.linear_regression import Config


class Window(NamedTuple):
    """A part of the plane of (x_0, x_1)."""

    center_x: float
    center_y: float
    span_x: float  # from the left to the right
    span_y: float

    @property
    def far(self) -> float:
        """How far beyond the window lines go on, so that none ends in it."""
        return 4 * max(self.span_x, self.span_y)

    def rounded(self, x: float, y: float) -> tuple[float, float]:
        """The point with no more digits than a click can mean: to a thousandth of the window."""
        digits = 3 - math.floor(math.log10(max(self.span_x, self.span_y)))
        return round(x, digits), round(y, digits)


def window(config: Config, *later: Change[Config]) -> Window:
    """The window around start, solution and the predicted path, as far as that stays near."""
    ends = np.array([config.start, least_squares(config)])
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


def drawn(config: Config, view: Window) -> dict[str, dict[str, np.ndarray]]:
    """The data of the picture, name -> columns, for n = 2: `contours`, `axes` and `solutions`."""
    return {
        "contours": level_lines(config, levels(config, view), view.far),
        "axes": axes(config, view),
        "solutions": solutions(config, view),
    }


def levels(config: Config, view: Window, most: int = 12, factor: float = 3.0) -> np.ndarray:
    """(m,) losses above the smallest, each `factor` times the next, that fill the window.

    The first lies around all that is on screen, the last is small; m is at most `most`.
    """
    curvatures, directions = eigen(config)
    if not curvatures[-1]:
        return np.empty(0)
    size = max(view.span_x, view.span_y)
    corners = np.array([view.center_x, view.center_y]) + 0.8 * size * np.array(
        [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    )
    errors = (corners - least_squares(config)) @ directions
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
    curvatures, directions = eigen(config)
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
    points = least_squares(config) + np.clip(errors, -far, far) @ directions.T
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
    curvatures, directions = eigen(config)
    center = np.array([view.center_x, view.center_y])
    half, solution = np.array([view.span_x, view.span_y]) / 2, least_squares(config)
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
            for length, end in ((-view.far, 0), (view.far, 0), (0.9 * way, 1))
        ]
    columns = np.array(rows).reshape(-1, 4).T
    return dict(zip(("x", "y", "mode", "end"), columns, strict=True))


def solutions(config: Config, view: Window) -> dict[str, np.ndarray]:
    """Where the loss is smallest, for n = 2: the point (x, y), or beyond the window the two ends
    of the line that A leaves open.
    """
    curvatures, directions = eigen(config)
    far = view.far if not curvatures[0] and curvatures[1] else 0.0
    ends = least_squares(config) + np.outer([-far, far] if far else [0.0], directions[:, 0])
    return {"x": ends[:, 0], "y": ends[:, 1]}
