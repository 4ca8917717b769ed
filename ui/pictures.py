"""Pictures that lessons have in common: columns against the number of steps, surfaces."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ui import charts
from ui.painted import Raster, field
from ui.player.player import Picture
from ui.steering import Run
from ui.tables import Derive
from ui.theme import SERIES

EMPTY: Mapping[str, float] = MappingProxyType({})


def of_loss(
    run: Run, theory: np.ndarray, *, within: tuple[float, float], log: bool = True
) -> Picture:
    """The recorded loss and what theory says of it, (steps + 1,); as far as both lie `within` these
    parts of the first.
    """
    if not log:
        first = float(theory[0]) or 1.0
        within = within[0] * first, within[1] * first
    lines = [Line("loss", "loss", theory)]
    return over_steps(run, "The loss", "loss", lines, within=within, log=log)


def surface(
    title: str,
    label: str,
    view: Mapping[str, Any],
    axes: tuple[str, str],
    path: tuple[str, str],
    description: str,
    hint: str,
) -> Picture:
    """A raster that stands still under the path of two columns; a click reports its place, of which
    the `hint` says what it does.

    Of `view` `cells` (rows, columns) uint8; the ends of the axes, `left`, `right`, `lower` and
    `upper`; and what the bytes 0 and 254 stand for, `low` and `high`. These are numbers of the
    picture, so that another surface is no other chart.
    """
    cells, ends = view["cells"], ("left", "right", "lower", "upper", "low", "high")
    raster = Raster("surface", label, cells.shape[1], ends[:2], ends[2:4], ends[4:], smooth=True)
    return Picture(
        title,
        field(raster, axes, path, ends, pick=True),
        description,
        {name: view[name] for name in ends},
        {"surface": {"cells": cells}},
        hint=hint,
    )


class Line(NamedTuple):
    """A column of the frames as a curve."""

    column: str
    label: str
    theory: ArrayLike  # (steps + 1,) or one number: what it should be; nan if theory says nothing
    colour: str = ""  # "" for the next of the series
    published: ArrayLike | None = None  # (2,) a step and the notes' figure there, or (n, 2) of them


def over_steps(
    run: Run,
    title: str,
    axis: str,
    lines: Sequence[Line],
    limits: tuple[float, float] | None = None,
    *,
    within: tuple[float, float] = (-charts.MOST, charts.MOST),
    targets: Sequence[float] = (),
    levels: Mapping[str, float] = EMPTY,
    also: Derive | None = None,
    log: bool = False,
    **how: Any,
) -> Picture:
    """Columns against the number of steps, lines at `targets`, and at `levels`, with their names.

    The axis ends at `limits`; without them it has room for all these and pinned curves as far
    as they lie `within`, which on a `log` axis are parts of the largest value at step 0. Columns
    that `also` makes are those of pinned runs too; `how` goes to charts.against_step.
    """
    theory = {
        line.column: np.broadcast_to(np.asarray(line.theory, np.float64), run.config.steps + 1)
        for line in lines
    }
    published = [
        (k, *figure)
        for k, line in enumerate(lines)
        if line.published is not None
        for figure in np.reshape(np.asarray(line.published, np.float64), (-1, 2)).tolist()
    ]
    if limits is None:
        pinned = [values for column in theory for values in run.pinned(column, also)]
        domain = charts.log_domain if log else charts.domain
        if log:
            first = max(0.0, *(float(values[0]) for values in theory.values())) or 1.0
            within = within[0] * first, within[1] * first
        marks = [*targets, *levels.values(), *(value for *_, value in published)]
        limits = domain([*theory.values(), np.asarray(marks), *pinned], within)
    data: dict[str, Mapping[str, ArrayLike]] = {"theory": charts.theory(theory, limits, log=log)}
    if targets:
        data["targets"] = {"value": targets}
    if published:
        columns = zip(*published, strict=True)
        data["published"] = dict(zip(("line", "step", "value"), columns, strict=True))
    fields = tuple((line.column, line.label) for line in lines)
    colours = tuple(line.colour or SERIES[k % len(SERIES)] for k, line in enumerate(lines))
    how = {"step": run.step_name, "log": log, "targets": bool(targets), "colours": colours, **how}
    how |= {"published": bool(published), "levels": tuple(levels)}
    said = ", ".join(f"{name} = {{{field}}}" for field, name in fields)
    return Picture(
        title,
        charts.against_step(fields, axis, **how),
        f"After {run.step_name} {{step}}: {said}.",
        {"last": run.config.steps, "low": limits[0], "high": limits[1]}
        | {f"level_{k}": value for k, value in enumerate(levels.values())},
        data,
    )
