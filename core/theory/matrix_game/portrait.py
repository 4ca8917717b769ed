"""The portrait of a game in the plane of p and q: level lines of the energy, orbits, arrows.

Columns are rows of a chart's data, by name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from core.theory.matrix_game.equilibrium import Analysis, analyse, equilibrium, slopes
from core.theory.matrix_game.orbits import FLOWING, excess, flow, offset_of_root, orbit

if TYPE_CHECKING:
    from core.matrix_game import Config


COLUMNS = ("x", "y", "dx", "dy", "size", "line", "turn", "step")


def portrait(config: Config, *, round_: bool, field: bool) -> dict[str, dict[str, Any]]:
    """The data of the portrait, name -> columns: `rest`, the equilibrium or the corner that all
    lead to; if `round_` the `orbit` of the flow through the first start, where the learner follows
    the flow; with the `field` `levels` and `arrows`. Columns have no rows where they say nothing.
    """
    none: dict[str, Any] = {name: np.empty(0) for name in COLUMNS}
    game = analyse(config)
    return {
        "orbit": orbit_line(config) if round_ and config.learner in FLOWING else none,
        "levels": level_lines(config) if field else none,
        "arrows": arrows(config) if field else none,
        "rest": {"x": [game.p], "y": [game.q]},
    }


def averages_window(game: Analysis) -> tuple[float, float]:
    """Ends of an axis for averages around an equilibrium, within 0 and 1 but for some air."""
    low, high = max(0.0, min(game.p, game.q) - 0.2), min(1.0, max(game.p, game.q) + 0.2)
    air = 0.06 * (high - low)
    return low - air, high + air


def logits_at(p: float, q: float) -> tuple[float, float]:
    """a₀ and a₁ of a place in the portrait, as exact as a click is; nobody plays 0 or 1."""
    inside = (min(max(x, 0.001), 0.999) for x in (p, q))
    a0, a1 = (round(math.log(x / (1 - x)), 2) for x in inside)
    return a0, a1


def cloud(
    n: int, center: tuple[float, float], radius: float = 0.5
) -> tuple[tuple[float, float], ...]:
    """(n, 2) starts that fill a disk in the plane of logits, and so do the first of them.

    In six sectors in turn: start k lies in sector k % 6. Radius and angle take the steps of
    Roberts' R2 sequence (2018), which leaves no gaps.
    """
    k = np.arange(n)
    plastic = 1.324717957244746  # the real root of x³ = x + 1
    angle = 2 * math.pi / 6 * (k % 6 + k / plastic % 1)
    away = radius * np.sqrt(k / plastic**2 % 1)
    a0, a1 = center[0] + away * np.cos(angle), center[1] + away * np.sin(angle)
    return tuple(zip(a0.tolist(), a1.tolist(), strict=True))


def level_sets(
    config: Config, sizes: tuple[float, ...] = (0.0, 0.6, 1.2, 1.8, 2.4, 3.2), points: int = 200
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lines (m,) p and q of equal energy, as far from the equilibrium as logits of `sizes` are.

    Closed orbits around a cycle. At a saddle hyperbolas, X² - Y² being what is constant, and at
    size 0 the two lines that part them. None where there is no equilibrium.
    """
    c0, _, c1, _ = slopes(config)
    center, weight = np.array(equilibrium(config)), np.abs([c1, c0])
    if math.isnan(center[0]):
        return []
    logits = np.log(center) - np.log1p(-center)
    if (c0 > 0) != (c1 > 0):
        starts = [(logits[0] + size, logits[1]) for size in sizes if size]
        return [orbit(config, start, points)[:2] for start in starts]
    lines = []
    along = np.sinh(np.linspace(-8, 8, points))
    for size in sizes:
        vertex = math.sqrt(weight[0] * excess(np.array(size), center[0]))
        bend = np.hypot(vertex, along)
        # Both branches to the sides, then above and below.
        for root in ((bend, along), (-bend, along), (along, bend), (along, -bend)):
            around = logits + offset_of_root(np.stack(root, axis=-1) / np.sqrt(weight), center)
            lines.append(tuple(np.exp(-np.logaddexp(0, -around)).T))
    return lines


def level_lines(config: Config) -> dict[str, np.ndarray]:
    """`level_sets` as rows x, y, line (which one) and turn (which point of it)."""
    lines = level_sets(config)
    which = [np.full(len(p), float(k)) for k, (p, _) in enumerate(lines)]
    columns = (
        [p for p, _ in lines],
        [q for _, q in lines],
        which,
        [np.arange(len(w)) for w in which],
    )
    none = np.empty(0)
    joined = (np.concatenate([none, *parts]) for parts in columns)
    return dict(zip(("x", "y", "line", "turn"), joined, strict=True))


def orbit_line(config: Config) -> dict[str, np.ndarray]:
    """The orbit of the flow through the first start as rows x, y and step, the update at which the
    flow is there in its first lap; none but around a cycle.
    """
    lap = orbit(config, config.starts[0], 720)
    known = slice(None) if math.isfinite(lap.period) else slice(0)
    return {"x": lap.p[known], "y": lap.q[known], "step": lap.time[known] / config.learning_rate}


def arrows(config: Config, columns: int = 15, rows: int = 12) -> dict[str, np.ndarray]:
    """The flow on a grid as rows x, y, dx, dy, and size in square pixels, larger where swifter."""
    x, y = np.meshgrid(np.linspace(0.04, 0.96, columns), np.linspace(0.04, 0.96, rows))
    dx, dy = flow(config, x.ravel(), y.ravel())
    speed = np.hypot(dx, dy)
    size = 30 + 170 * np.sqrt(speed / (speed.max() or 1.0))
    return {"x": x.ravel(), "y": y.ravel(), "dx": dx, "dy": dy, "size": size}
