"""Charts of wide columns, which the player paints: rasters under its lines, and curves.

The layers that stand for these draw a picture in a file, from data sets that ui/export.py fills. In
the player those stay empty: Vega draws axes and legend, js/raster.js and js/paint.js the rest. What
else a chart may read stands at the top of ui/charts.py.
"""

from functools import cache
from typing import Any, NamedTuple

import altair as alt

from ui.charts import CLOUD, FRAMES, NOW, NUMBERS, PARTS, STANDS, Spec, between, finished
from ui.colours import RANGES
from ui.theme import BLUE, GREY, VERMILION

End = float | str  # a number, or the name of a parameter of the chart
Ends = tuple[End, End]
# A line is black with a white outline, which is painted first: one of the two stands out from any
# colour of a map. Each with its width in pixels.
INK, PAPER = "#000000", "#FFFFFF"
OUTLINED = ((PAPER, 4.5), (INK, 2))
POINTS = alt.NamedData("points")


class Level(NamedTuple):
    """A line over a raster, along which another one of the same places, perhaps itself, is at a
    byte.
    """

    name: str  # of a column of the frames
    columns: int  # cells from left to right
    byte: float


class Raster(NamedTuple):
    """One byte a cell (core/rasters.py), painted from the outer ends of its outer cells."""

    name: str  # of a column of the frames or, if it stays still, of a data set with `cells`
    label: str  # what its numbers are, in the legend and under the pointer; "": nothing there
    columns: int  # cells from left to right
    x: Ends  # left and right
    y: Ends  # lower and upper
    limits: Ends  # what the bytes 0 and 254 stand for
    colours: str = "sequential"  # or "diverging"
    smooth: bool = False  # the colours between neighbours too, else blocks
    down: bool = False  # whether the first row is the highest, as in a matrix, or the lowest
    legend: bool = True
    level: Level | None = None  # a line over it
    bands: int = 0  # of one colour each, the middle one of its numbers; 0: as many as the map has
    shows: tuple[Ends, Ends] | None = None  # what its places stand for, if not where it is drawn
    # A number of a column of the frames, under the pointer too: what it is, the column, which part.
    beside: tuple[str, str, int] | None = None
    columns_are: tuple[str, ...] = ()  # what its columns are called, under the pointer
    # In place of colours a bar in each cell, as high as its number; of each row one column is
    # marked, which is the right one.
    bars: tuple[int, ...] | None = None


class Edges(NamedTuple):
    """Lines as thick as numbers of a frame, coloured by their signs."""

    name: str  # of a data set: x, y, to_x, to_y, and part: which number of the column
    column: str  # of the frames
    labels: tuple[str, ...]  # of each line, for the pointer
    per: float = 1.6  # pixels for 1
    most: float = 9.0  # pixels
    colours: tuple[str, str] = (BLUE, VERMILION)  # below 0, above


class Mesh(NamedTuple):
    """Lines through `length` numbers each of a wide column, all x, then all y."""

    name: str  # of the column
    length: int
    colour: str = GREY
    width: float = 1.25


class Curve(NamedTuple):
    """A line through the numbers of one frame, over x that stay."""

    name: str  # of a column of the frames, and of the data set that has its `x`
    colour: str = BLUE
    width: float = 2.5
    still: bool = False  # whether it is the same in each frame, of a data set with `x` and `y`


def _scale(ends: Ends, **how: Any) -> alt.Scale:
    places: list[Any] = [alt.ExprRef(expr=end) if isinstance(end, str) else end for end in ends]
    return alt.Scale(domain=places, nice=False, zero=False, **how)


def _raster(raster: Raster, across: dict[str, Any], up: dict[str, Any]) -> list[alt.Chart]:
    """The picture, then its axes and legend."""
    ends = dict(zip(("left", "right", "lower", "upper"), (*raster.x, *raster.y), strict=True))
    rows = alt.Chart(alt.NamedData(raster.name)).transform_calculate(
        **{name: str(end) for name, end in ends.items()}, least=str(raster.limits[0])
    )
    x, y = alt.X("left:Q", **across), alt.Y("lower:Q", **up)
    picture = rows.mark_image(aspect=False, smooth=raster.smooth, clip=True)
    kind = next(kind for kind, name in RANGES.items() if name == raster.colours)
    legend = alt.Legend(
        title=raster.label,
        titleFontWeight="normal",
        orient="top",
        gradientThickness=10,
        tickCount=4,
        labelExpr=NUMBERS["labelExpr"],
    )
    value = alt.Color(
        "least:Q",
        scale=_scale(raster.limits, range=kind, interpolate="rgb"),
        legend=legend if raster.legend else None,
    )
    return [
        picture.encode(x, alt.X2("right:Q"), y, alt.Y2("upper:Q"), alt.Url("url:N")),
        rows.mark_point(size=0, opacity=1).encode(x, y, value),
        *(_level(raster, across, up) if raster.level is not None else []),
    ]


def level_name(raster: str) -> str:
    """The data set with the strokes of its level, for a file; the player finds them itself."""
    return f"{raster}_level"


def _level(raster: Raster, across: dict[str, Any], up: dict[str, Any]) -> list[alt.Chart]:
    strokes = alt.Chart(alt.NamedData(level_name(raster.name)))
    return [
        strokes.mark_rule(color=colour, strokeWidth=width, strokeCap="round", clip=True).encode(
            alt.X("x:Q", **across), alt.Y("y:Q", **up), alt.X2("to_x:Q"), alt.Y2("to_y:Q")
        )
        for colour, width in OUTLINED
    ]


# Points of two classes: each has a colour and a shape, those that test are hollow.
CLASSES = ((BLUE, "circle"), (VERMILION, "triangle-up"))


def _classes(across: dict[str, Any], up: dict[str, Any]) -> list[alt.Chart]:
    layers = []
    for label, (colour, shape) in enumerate(CLASSES):
        for tests in (0, 1):
            own = alt.Chart(POINTS).transform_filter(
                f"datum.label == {label} && datum.tests == {tests}"
            )
            look: dict[str, Any] = {"fill": PAPER, "stroke": colour, "strokeWidth": 1.75}
            if not tests:
                look = {"fill": colour, "stroke": PAPER, "strokeWidth": 0.75}
            dots = own.mark_point(**look, shape=shape, size=38, opacity=1, clip=True)
            layers.append(dots.encode(alt.X("x:Q", **across), alt.Y("y:Q", **up)))
    return layers


@cache
def field(
    raster: Raster,
    titles: tuple[str, str] | None = None,
    path: tuple[str, str] | None = None,
    parameters: tuple[str, ...] = (),
    pick: bool = False,
    classes: bool = False,
) -> Spec:
    """A raster in all of its plot, with axes if there are `titles`, under the path of two columns.

    `parameters` are the names that the raster has in place of numbers. With `pick` a click reports
    its place. With `classes` it reads `points` (x, y, label, which is 0 or 1, and tests: 1 of a
    point that is drawn hollow).
    """
    across, up = (
        {
            "axis": alt.Axis(title=titles[k], grid=False, **NUMBERS) if titles else None,
            "scale": _scale(ends),
        }
        for k, ends in enumerate((raster.x, raster.y))
    )
    layers = _raster(raster, across, up)
    if classes:
        layers += _classes(across, up)
    if path:
        x, y = alt.X(f"{path[0]}:Q", **across), alt.Y(f"{path[1]}:Q", **up)
        for colour, width in OUTLINED:
            trail = alt.Chart(FRAMES).mark_line(color=colour, strokeWidth=width, clip=True)
            layers.append(trail.encode(x, y, order=alt.Order("step:Q")))
        head = alt.Chart(NOW).transform_filter(f"isValid(datum.{path[0]} + datum.{path[1]})")
        for colour, size in ((PAPER, 160), (INK, 80)):
            dot = head.mark_point(color=colour, filled=True, size=size, opacity=1, clip=True)
            layers.append(dot.encode(x, y))
    meta = {"rasters": [raster._asdict()]} | ({"pick": {"x": "x", "y": "y"}} if pick else {})
    return finished(alt.layer(*layers), *parameters, **meta)


@cache
def drawing(
    rasters: tuple[Raster, ...],
    span: tuple[float, float],
    parameters: tuple[str, ...],
    edges: Edges | None = None,
    words: tuple[tuple[float, float, str], ...] = (),
    pick: bool = False,
) -> Spec:
    """Rasters, each in its place, over lines between them, as of a network; no axes.

    The plane is `span` wide and high, to one scale, with y from 0 above down. `words` are (x, y,
    text). With `pick` a click reports its place, and the run stays where it is.
    """
    pixel = f"max({span[0]} / width, {span[1]} / height)"
    wide, high = f"{pixel} * width / 2", f"{pixel} * height / 2"
    across, up = (
        {
            "axis": None,
            "scale": _scale((f"{middle / 2} {one} {half}", f"{middle / 2} {two} {half}")),
        }
        for middle, half, one, two in ((span[0], wide, "-", "+"), (span[1], high, "+", "-"))
    )
    layers: list[alt.Chart] = []
    if edges:
        lines = alt.Chart(alt.NamedData(edges.name)).mark_rule(strokeCap="round")
        layers.append(
            lines.encode(
                alt.X("x:Q", **across),
                alt.Y("y:Q", **up),
                alt.X2("to_x:Q"),
                alt.Y2("to_y:Q"),
                strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
                color=alt.Color("colour:N", scale=None),
            )
        )
    for raster in rasters:
        layers += _raster(raster, across, up)
    if words:
        rows = [{"x": x, "y": y, "text": text} for x, y, text in words]
        said = alt.Chart(alt.InlineData(values=rows)).mark_text(color=GREY, fontSize=13)
        layers.append(said.encode(alt.X("x:Q", **across), alt.Y("y:Q", **up), text="text:N"))
    meta: dict[str, Any] = {"rasters": [raster._asdict() for raster in rasters]}
    meta |= {"edges": [edges._asdict()]} if edges else {}
    meta |= {"pick": {"x": "x", "y": "y", "stays": True}} if pick else {}
    return finished(alt.layer(*layers), *parameters, **meta)


@cache
def warped(mesh: Mesh, titles: tuple[str, str]) -> Spec:
    """A grid that is bent, under points of two classes that take turns in `cloud`.

    Reads `left`, `right`, `low` and `high`, the ends of the axes.
    """
    across = {
        "axis": alt.Axis(title=titles[0], grid=False, **NUMBERS),
        "scale": between("left", "right"),
    }
    up = {"axis": alt.Axis(title=titles[1], grid=False, **NUMBERS), "scale": between("low", "high")}
    x, y = alt.X("x:Q", **across), alt.Y("y:Q", **up)
    lines = alt.Chart(alt.NamedData(mesh.name)).mark_line(
        color=mesh.colour, strokeWidth=mesh.width, clip=True
    )
    turns = [colour for colour, _ in CLASSES] * (PARTS // len(CLASSES))
    colours = alt.Scale(domain=list(range(PARTS)), range=turns)
    dots = alt.Chart(CLOUD).mark_point(filled=True, size=16, opacity=1, clip=True)
    # Of what stands: what moves would have the axes drawn each frame.
    corner = alt.Chart(STANDS).transform_calculate(x="left", y="low").mark_point(size=0)
    layers = [
        corner.encode(x, y),  # for the axes: all else is painted by the player
        lines.encode(x, y, detail="line:N", order=alt.Order("turn:Q")),
        dots.encode(x, y, alt.Color("part:N", scale=colours, legend=None)),
    ]
    ends = ("left", "right", "low", "high")
    return finished(alt.layer(*layers), *ends, meshes=[mesh._asdict()])


@cache
def profile(
    curves: tuple[Curve, ...],
    titles: tuple[str, str],
    head: tuple[str, str] | None = None,
    rules: tuple[str, ...] = (),
) -> Spec:
    """Curves over x that stay, points that stay too, and a `head` at two recorded columns.

    Reads `left`, `right`, `low` and `high`, the ends of the axes, `points` (x, y) if there are any,
    for each curve a data set of its name (x; also y, if it is still), and the parameters `rules`,
    places on the x axis that a thin line marks.
    """
    across = {
        "axis": alt.Axis(title=titles[0], grid=False, **NUMBERS),
        "scale": between("left", "right"),
    }
    up = {"axis": alt.Axis(title=titles[1], **NUMBERS), "scale": between("low", "high")}
    at = {"x": alt.X("x:Q", **across), "y": alt.Y("y:Q", **up)}
    dots = alt.Chart(POINTS).mark_point(color=GREY, filled=True, size=30, opacity=1, clip=True)
    layers = [dots.encode(**at)]
    for rule in rules:
        place = alt.Chart(STANDS).transform_calculate(x=rule)
        mark = place.mark_rule(color=GREY, strokeWidth=1, strokeDash=[2, 3], clip=True)
        layers.append(mark.encode(at["x"]))
    for curve in curves:
        line = alt.Chart(alt.NamedData(curve.name)).mark_line(
            color=curve.colour, strokeWidth=curve.width, clip=True
        )
        layers.append(line.encode(**at, **({"order": "x:Q"} if curve.still else {})))
    if head:
        here = alt.Chart(NOW).transform_filter(f"isValid(datum.{head[0]} + datum.{head[1]})")
        dot = here.mark_point(color=BLUE, filled=True, size=110, opacity=1, clip=True)
        layers.append(dot.encode(alt.X(f"{head[0]}:Q", **across), alt.Y(f"{head[1]}:Q", **up)))
    ends = ("left", "right", "low", "high", *rules)
    moving = [curve.name for curve in curves if not curve.still]
    return finished(alt.layer(*layers), *ends, curves=moving)
