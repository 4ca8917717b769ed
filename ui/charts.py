"""Charts from field names. Knows neither Streamlit nor torch.

A chart holds no numbers: the player fills it, so that moving a slider changes data, not charts. It
may read

- `frames`, a row for each frame up to the one on screen, as lines of one recorded column against
  another: the player paints these itself, stroke by stroke, ten times faster than Vega;
- `cloud`, points of the frame on screen, which the player paints too;
- `now`, one row, the frame on screen, with the one before it as `before_<column>`;
- the parameters `frame`, the index of the frame on screen, and `until`, the step up to which
  what theory predicts is shown;
- data sets and parameters of its own (`theory`, `targets`, `low`, `high` ...), which come with
  the run.

A recorded column of n numbers is n columns here: `weights_0`, `weights_1`, ... Each function
returns a Vega-Lite specification, built by Altair once.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import ArrayLike

from ui.theme import BLUE, GREEN, GREY, ORANGE, PURPLE, SERIES, VERMILION

Spec = dict[str, Any]
Fields = tuple[tuple[str, str], ...]  # (column, label), ...

FRAMES, NOW, CLOUD, THEORY, TARGETS, CONTOURS, AXES, SOLUTIONS, ORBIT, LEVELS, ARROWS, REST = (
    alt.NamedData(name)
    for name in (
        *("frames", "now", "cloud", "theory", "targets", "contours", "axes", "solutions"),
        *("orbit", "levels", "arrows", "rest"),
    )
)
PUBLISHED = alt.NamedData("published")
STANDS = alt.InlineData(values=[{"one": 1}])  # for a mark whose places are parameters or pixels
# A tick at a power of ten as 10⁻⁸, no words at the others.
_DECADE = "log(abs(datum.value)) / LN10"


def _ten_to(power: str) -> str:
    """An expression that writes 10⁻⁸. Expressions have no loop over characters."""
    raised = f"'' + {power}"
    for sign, small in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True):
        raised = f"replace({raised}, /{sign}/g, '{small}')"
    return f"'10' + {raised}"


_WHOLE = f"abs({_DECADE} - round({_DECADE})) < 1e-9"
_ONLY_THERE: Any = {"condition": {"test": _WHOLE, "value": 1}, "value": 0}
_DECADES: Any = {
    "labelExpr": f"{_WHOLE} ? {_ten_to(f'round({_DECADE})')} : ''",
    "gridOpacity": _ONLY_THERE,
    "tickOpacity": _ONLY_THERE,
}
# A number as `number` in theme.py writes it, but with as many digits as tell ticks apart.
_LEADING = f"floor({_DECADE} + 1e-9)"
NUMBERS: Any = {
    "labelExpr": "!datum.value || (abs(datum.value) >= 1e-4 && abs(datum.value) < 1e6) "
    "? format(datum.value, ',.12~g') "
    f": format(datum.value / pow(10, {_LEADING}), '.12~g') + '\u2009×\u2009' + " + _ten_to(_LEADING)
}
MODES = (PURPLE, ORANGE)  # the gentle and the steep direction
SHAPES = ("circle", "square", "diamond", *(f"triangle-{way}" for way in ("up", "down", "left")))
FORETOLD = "datum.step <= until"
PARTS = 6  # colours of a cloud's points
MOST_ROWS = 300  # of a curve drawn once: more would be closer together than two pixels
LABEL, BROAD = 15, 110  # pixels from one label to the next, and as long as a learner's name
ASIDE = 6  # more pixels from a label over its line to an edge along which that line may run
# An axis is wide enough to tell its ticks apart in 12 digits, and its numbers are no denormal ones.
NARROWEST, LEAST, MOST = 1e-9, 1e-290, 1e290


def finished(chart: alt.LayerChart | alt.FacetChart, *parameters: str, **usermeta: object) -> Spec:
    """The chart with its parameters, filling whatever box the page gives it."""
    names = ["frame", "until", *parameters]
    return (
        chart.add_params(*(alt.param(name=name, value=index) for index, name in enumerate(names)))
        .properties(
            width="container",
            height="container",
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            usermeta=usermeta,
        )
        .to_dict()
    )


def between(low: str, high: str, log: bool = False) -> alt.Scale:
    ends: list[Any] = [alt.ExprRef(expr=low), alt.ExprRef(expr=high)]
    if log:  # clamped, since 0 has no logarithm
        return alt.Scale(type="log", domain=ends, nice=False, clamp=True)
    return alt.Scale(domain=ends, nice=False, zero=False)


def _look_up(values: Mapping[str, Any]) -> str:
    """An expression: the value of the series that a row belongs to."""
    return f"{json.dumps(values, ensure_ascii=False)}[datum.series]"


_NAMED: Any = {"text": "label:N", "color": alt.Color("ink:N", scale=None)}


def _spread(
    now: alt.Chart, named: Sequence[tuple[str, str, str, int]], log: bool, aside: int
) -> alt.Chart:
    """A row for each label of the heads in `now`: label, ink, and y, so that none hides another.

    Each of `named` is (column, label, colour, pixels below the head); none comes nearer to the
    upper or lower edge than `aside` pixels. Labels are sorted by where their heads are and, where
    these are in one place, by where theory ends. Pushing each below the one before, and each above
    the one after, are both ways of keeping them apart; so is the mean of the two, which leaves a
    crowd around its middle.
    """
    value = "clamp(datum.value, low, high)"
    part = f"log(high / {value}) / log(high / low)" if log else f"(high - {value}) / (high - low)"
    back = "high * pow(low / high, datum.at)" if log else "high - datum.at * (high - low)"
    gap = f"min({LABEL}, (height - {2 * aside}) / {len(named)})"
    rank: Any = {"sort": [{"field": "rank"}], "ignorePeers": True}
    return (
        now.transform_fold([name for name, *_ in named], as_=["series", "value"])
        .transform_filter("isValid(datum.value)")
        .transform_calculate(
            head=f"height * {part}",
            at=f"datum.head + {_look_up({name: below for name, _, _, below in named})}",
            tie="length(data('theory')) ? -peek(data('theory'))[datum.series] || 0 : 0",
        )
        .transform_window(rank="row_number()", sort=[{"field": "head"}, {"field": "tie"}])
        .transform_calculate(free=f"datum.at - {gap} * datum.rank")
        .transform_window(pushed="max(free)", frame=[None, 0], **rank)
        .transform_window(raised="min(free)", frame=[0, None], **rank)
        .transform_window(many="count()", frame=[None, None], **rank)
        .transform_calculate(at=f"(datum.pushed + datum.raised) / 2 + {gap} * datum.rank")
        .transform_calculate(at=f"max(datum.at, {aside} + {gap} * (datum.rank - 0.5))")
        .transform_calculate(
            at=f"min(datum.at, height - {aside} - {gap} * (datum.many - datum.rank + 0.5)) / height"
        )
        .transform_calculate(
            y=back,
            label=_look_up({name: label for name, label, _, _ in named}),
            ink=_look_up({name: colour for name, _, colour, _ in named}),
        )
    )


@cache
def against_step(
    fields: Fields,
    title: str,
    *,
    step: str = "update",
    log: bool = False,
    targets: bool = False,
    colours: Sequence[str] = SERIES,
    apart: bool = False,
    stagger: bool = True,
    quiet: tuple[str, ...] = (),
    published: bool = False,
    levels: tuple[str, ...] = (),
    corner: str = "",
    goal: str = "",
) -> Spec:
    """Measured columns against the number of steps, each called `step`, over predicted courses.

    Reads `theory` (`step` and a column for each field), `targets` (`value`), and `last`, `low` and
    `high`, the ends of the axes. A value beyond them is a triangle at the edge: it is off the
    picture, not gone. Labels of heads that are close are spread. For long labels: `apart` writes
    them to the left of the heads in the end, and above the lines, of which `stagger` excepts every
    second one. `quiet` columns have their label only under the pointer. Of lines that are all noise
    the labels stand in a `corner` on the right, "top" or "bottom", where there is none, and below
    them `goal`, that of the targets. With `published` it reads `published` (`step`, `value`, and
    `line`, which of the fields it is of): figures of the notes, as diamonds. `levels` are the
    labels of lines across, whose values are the parameters `level_0`, `level_1`, ...
    """
    x = alt.X(
        "step:Q",
        axis=alt.Axis(title=step, grid=False, **NUMBERS),
        scale=between("0", "1.06 * last"),
    )
    labels = _DECADES if log else NUMBERS
    numbers = alt.Axis(title=title, tickCount=5, **labels)
    vertical = {"axis": numbers, "scale": between("low", "high", log)}
    shape = alt.Shape(
        "edge:N",
        legend=None,
        scale=alt.Scale(domain=[-1, 0, 1], range=["triangle-down", "circle", "triangle-up"]),
    )
    layers: list[alt.Chart] = []
    if targets:
        rule = alt.Chart(TARGETS).mark_rule(color=GREEN, strokeWidth=1.25, opacity=0.7)
        layers.append(rule.encode(alt.Y("value:Q", **vertical)))
    for k, label in enumerate(levels):
        level = alt.Chart(STANDS).transform_calculate(step="1.05 * last", value=f"level_{k}")
        at = alt.Y("value:Q", **vertical)
        layers += [
            level.mark_rule(color=GREY, strokeWidth=1, strokeDash=[2, 3]).encode(at),
            level.mark_text(color=GREY, text=label, align="right", dy=-7).encode(x, at),
        ]
    for (name, _), colour in zip(fields, colours, strict=False):
        y = alt.Y(f"{name}:Q", **vertical)
        head = (
            alt.Chart(NOW)
            .transform_filter(f"isValid(datum.{name})")
            .transform_calculate(
                edge=f"datum.{name} >= high ? 1 : datum.{name} <= low ? -1 : 0",
                **{name: f"clamp(datum.{name}, low, high)"},
            )
        )
        layers += [
            alt.Chart(THEORY)
            .transform_filter(FORETOLD)
            .mark_line(color=colour, strokeDash=[3, 4], strokeWidth=1.5, opacity=0.6, clip=True)
            .encode(x, y),
            alt.Chart(FRAMES).mark_line(color=colour, strokeWidth=2.5, clip=True).encode(x, y),
            head.mark_point(color=colour, size=70, filled=True, opacity=1).encode(x, y, shape),
        ]
    if published:
        inks = alt.Scale(domain=list(range(len(fields))), range=list(colours))
        figures = alt.Chart(PUBLISHED).mark_point(shape="diamond", size=150, opacity=1)
        ink = alt.Stroke("line:O", legend=None, scale=inks)
        layers.append(figures.encode(x, alt.Y("value:Q", **vertical), ink))
    named = [
        (name, label, colour, -10 if apart and (index % 2 or not stagger) else 11)
        for index, ((name, label), colour) in enumerate(zip(fields, colours, strict=False))
        if len(fields) > 1 and name not in quiet
    ]
    if named and corner:
        listed = [(label, colour) for _, label, colour, _ in named] + [(goal, GREEN)] * bool(goal)
        for row, (label, colour) in enumerate(listed):
            below = LABEL * (row if corner == "top" else row - len(listed)) + LABEL / 2
            place = alt.ExprRef(f"{below}" if corner == "top" else f"height + {below - LABEL / 2}")
            words = alt.Chart(NOW).mark_text(
                align="right", color=colour, text=label, fontWeight="bold", fontSize=14
            )
            layers.append(words.encode(x=alt.value(alt.ExprRef("width")), y=alt.value(place)))
    elif named:
        late = "datum.step > 0.75 * last"  # where a long label would leave the picture
        ways: Any = (
            ((f"!({late})", "left", 8), (late, "right", -8)) if apart else (("true", "left", 8),)
        )
        for where, align, dx in ways:
            heads = alt.Chart(NOW).transform_filter(where)
            words = _spread(heads, named, log, ASIDE if apart else 0).mark_text(
                align=align, dx=dx, fontWeight="bold", fontSize=14
            )
            layers.append(words.encode(x, y=alt.Y("y:Q", **vertical), **_NAMED))
    return finished(
        alt.layer(*layers),
        *("last", "low", "high", *(f"level_{k}" for k in range(len(levels)))),
        hover={"x": "step", "fields": dict(fields)},
    )


@cache
def descent(weight: str, label: str) -> Spec:
    """One weight's share of the loss, (w - t)², with the last update as an arrow.

    Reads `low` and `high`, the ends of the weight's axis, `target`, and `top`, the end of the other
    axis. A weight beyond them is a wedge at the edge, and so is an arrow's start: the arrow is cut
    there.
    """
    x = alt.X(
        "x:Q", axis=alt.Axis(title=label, grid=False, **NUMBERS), scale=between("low", "high")
    )
    y = alt.Y(
        "y:Q",
        axis=alt.Axis(title="share of the loss", **NUMBERS),
        scale=between("-0.04 * top", "top"),
    )
    curve = (
        alt.Chart(alt.sequence(0, 1.00001, 1 / 160, as_="part"))
        .transform_calculate(x="low + datum.part * (high - low)")
        .transform_calculate(y="pow(datum.x - target, 2)")
        .mark_line(color=GREY, strokeWidth=2, clip=True)
        .encode(x, y)
    )
    goal = (
        alt.Chart(NOW)
        .transform_calculate(x="target")
        .mark_rule(color=GREEN, strokeWidth=1.25, opacity=0.7)
    )
    before = f"before_{weight}"
    now = (
        alt.Chart(NOW)
        .transform_filter(f"isValid(datum.{weight})")
        .transform_calculate(**_held(weight, "x", "y", "out"))
    )
    moved = now.transform_filter(
        f"isValid(datum.{before}) && datum.{before} != datum.{weight}"
    ).transform_calculate(**_held(before, "from_x", "from_y", "from_out"))
    shaft = moved.transform_filter("!datum.out || !datum.from_out").mark_rule(
        color=VERMILION, strokeWidth=2.5
    )
    arrived = moved.transform_filter("!datum.out")
    tip = arrived.transform_calculate(towards="datum.x > datum.from_x ? 90 : 270")
    drop = arrived.mark_rule(color=VERMILION, strokeDash=[2, 3])
    ball = now.transform_filter("!datum.out").mark_point(
        color=BLUE, filled=True, size=150, opacity=1
    )
    from_y = alt.Y("from_y:Q")
    return finished(
        alt.layer(
            goal.encode(x),
            curve,
            drop.encode(x, from_y, y2="y:Q"),
            shaft.encode(alt.X("from_x:Q"), from_y, x2="x:Q"),
            tip.mark_point(
                shape="triangle", color=VERMILION, filled=True, size=110, opacity=1
            ).encode(x, from_y, angle=alt.Angle("towards:Q", scale=None)),
            ball.encode(x, y),
            _cut(moved, "from_x", "from_y", "from_out", VERMILION),
            _cut(now, "x", "y", "out", BLUE),
        ),
        "low",
        "high",
        "target",
        "top",
    )


def _held(weight: str, x: str, y: str, out: str) -> dict[str, str]:
    """Where a weight is on the curve as far as the axes go, and on which side it is beyond them."""
    share = f"pow(datum.{weight} - target, 2)"
    return {
        x: f"clamp(datum.{weight}, low, high)",
        y: f"min({share}, top)",
        out: f"datum.{weight} > high ? 1 : datum.{weight} < low ? -1 : 0",
        f"{out}_above": f"{share} > top",
    }


def _cut(moved: alt.Chart, x: str, y: str, out: str, colour: str) -> alt.Chart:
    """An outward triangle at the edge for what is beyond it: off the picture, not there."""
    return (
        moved.transform_filter(f"datum.{out}")
        .transform_calculate(
            x=f"datum.{x} - datum.{out} * 7 * (high - low) / width",
            y=f"datum.{y} - (datum.{out}_above ? 7 * top / height : 0)",
            towards=f"datum.{out} * (datum.{out}_above ? 45 : 90)",
        )
        .mark_point(shape="triangle", color=colour, filled=True, size=320, opacity=1)
        .encode(alt.X("x:Q"), alt.Y("y:Q"), angle=alt.Angle("towards:Q", scale=None))
    )


# Equal scales: a circle is round whatever the shape of the box.
_PIXEL = "max(span_x / width, span_y / height)"
_LEFT, _RIGHT = (f"center_x {sign} {_PIXEL} * width / 2" for sign in "-+")
_BOTTOM, _TOP = (f"center_y {sign} {_PIXEL} * height / 2" for sign in "-+")


@cache
def plane(path: tuple[str, str], titles: tuple[str, str], names: tuple[str, str]) -> Spec:
    """The path of two recorded columns over level lines of the loss, both axes to one scale.

    Reads `contours` (closed lines: x, y, level, turn), `axes` (the eigenvectors: x, y, mode, and
    end, which is 1 where a mode's name stands), `solutions` (x, y: a point, or the ends of a line)
    and the window: `center_x`, `center_y`, `span_x`, `span_y`. A point outside is an arrow at the
    edge. A click reports its place.
    """
    across, up = path
    wide = {
        "axis": alt.Axis(title=titles[0], grid=False, **NUMBERS),
        "scale": between(_LEFT, _RIGHT),
    }
    high = {
        "axis": alt.Axis(title=titles[1], grid=False, **NUMBERS),
        "scale": between(_BOTTOM, _TOP),
    }
    at = {"x": alt.X("x:Q", **wide), "y": alt.Y("y:Q", **high)}
    # Each ring lies over all wider ones: the bowl grows darker inwards.
    rings = alt.Chart(CONTOURS).mark_line(
        color=GREY, strokeWidth=1, strokeOpacity=0.35, fill=GREY, fillOpacity=0.05, clip=True
    )
    layers = [rings.encode(**at, detail="level:N", order=alt.Order("turn:Q"))]
    for mode, (name, colour) in enumerate(zip(names, MODES, strict=True)):
        own = alt.Chart(AXES).transform_filter(f"datum.mode == {mode}")
        dashes = own.transform_filter("datum.end == 0").mark_line(
            color=GREY, strokeDash=[4, 4], strokeWidth=1, opacity=0.8, clip=True
        )
        words = own.transform_filter("datum.end == 1").mark_text(
            color=colour, text=name, fontWeight="bold", fontSize=14, dy=-12, clip=True
        )
        layers += [dashes.encode(**at), words.encode(**at)]
    goal = alt.Chart(SOLUTIONS)
    now = (
        alt.Chart(NOW)
        .transform_filter(f"isValid(datum.{across}) && isValid(datum.{up})")
        .transform_calculate(
            x=f"clamp(datum.{across}, {_LEFT}, {_RIGHT})",
            y=f"clamp(datum.{up}, {_BOTTOM}, {_TOP})",
        )
        .transform_calculate(out=f"datum.x != datum.{across} || datum.y != datum.{up}")
    )
    head = now.mark_point(color=BLUE, filled=True, size=110, opacity=1)
    beyond = (
        now.transform_filter("datum.out")
        .transform_calculate(
            angle=f"atan2(datum.{across} - datum.x, datum.{up} - datum.y) * 180 / PI",
            x=f"clamp(datum.x, {_LEFT} + 12 * {_PIXEL}, {_RIGHT} - 12 * {_PIXEL})",
            y=f"clamp(datum.y, {_BOTTOM} + 12 * {_PIXEL}, {_TOP} - 12 * {_PIXEL})",
        )
        .mark_point(shape="wedge", color=BLUE, filled=True, size=400, opacity=1)
    )
    layers += [
        goal.mark_line(color=GREEN, strokeWidth=2, opacity=0.8, clip=True).encode(**at),
        goal.mark_point(
            color=GREEN, shape="cross", filled=True, size=160, opacity=1, clip=True
        ).encode(**at),
        alt.Chart(FRAMES)
        .mark_line(color=BLUE, strokeWidth=2.5, point=True, clip=True)
        .encode(alt.X(f"{across}:Q", **wide), alt.Y(f"{up}:Q", **high), order=alt.Order("step:Q")),
        head.transform_filter("!datum.out").encode(**at),
        beyond.encode(**at, angle=alt.Angle("angle:Q", scale=None)),
    ]
    return finished(
        alt.layer(*layers),
        "center_x",
        "center_y",
        "span_x",
        "span_y",
        pick={"x": "x", "y": "y"},
    )


def _named_heads(names: Sequence[str]) -> alt.Chart:
    """A row for each run with a name: label, ink, p, and y, a little aside of its q.

    Each of the others that is near pushes it away by half of what they lack in height: names of
    runs that are in one place stand in a column, names of those that are apart beside their heads.
    """
    series: list[Any] = [f"p_{k}" for k in range(len(names))]
    pushes = [
        f"max(0, 1 - abs(datum.p - datum.p_{j}) * width / {BROAD}) / 2"
        f" * max(0, {LABEL} - abs(datum.q - datum.q_{j}) * height)"
        f" * (datum.q == datum.q_{j} ? (datum.k > {j}) - (datum.k < {j})"
        f" : datum.q < datum.q_{j} ? 1 : -1)"
        for j in range(len(names))
    ]
    return (
        alt.Chart(NOW)
        .transform_fold(series, as_=["series", "p"])
        .transform_calculate(
            k=_look_up({name: k for k, name in enumerate(series)}),
            q="datum[replace(datum.series, 'p', 'q')]",
            label=_look_up(dict(zip(series, names, strict=True))),
            ink=_look_up(dict(zip(series, SERIES * len(names), strict=False))),
        )
        .transform_filter("isValid(datum.p) && isValid(datum.q)")
        .transform_calculate(y=f"clamp(datum.q - ({' + '.join(pushes)}) / height, 0.02, 0.98)")
    )


@cache
def portrait(
    titles: tuple[str, str], runs: int, *, cloud: bool = False, names: tuple[str, ...] = ()
) -> Spec:
    """The unit square of two probabilities, p_k and q_k of run k moving in it, each with its trail.

    Reads `orbit` (x, y, step: where theory sees the first run go, and when), `levels` (x, y, line,
    turn: lines of equal energy), `arrows` (x, y, dx, dy, size: the flow), `rest` (x, y: the
    equilibrium). With `cloud` its points take the place of all runs but the first, which is a ring.
    `names` stand beside the heads. A click reports its place.
    """
    square = alt.Scale(domain=[0, 1], nice=False)
    wide, high = ({"axis": alt.Axis(title=title, grid=False), "scale": square} for title in titles)
    x, y = alt.X("x:Q", **wide), alt.Y("y:Q", **high)
    pale: dict[str, Any] = {"color": GREY, "clip": True}
    layers = [
        alt.Chart(LEVELS)
        .mark_line(**pale, strokeWidth=1, opacity=0.45)
        .encode(x, y, detail="line:N", order="turn:Q"),
        alt.Chart(ARROWS)
        .transform_calculate(
            # Clockwise from above, as the picture is stretched.
            angle="atan2(datum.dx * width, datum.dy * height) * 180 / PI",
        )
        .mark_point(**pale, shape="arrow", filled=True, opacity=0.55)
        .encode(
            x,
            y,
            angle=alt.Angle("angle:Q", scale=None),
            size=alt.Size("size:Q", scale=None, legend=None),
        ),
        alt.Chart(ORBIT)
        .transform_filter(FORETOLD)
        .mark_line(color=BLUE, strokeDash=[3, 4], strokeWidth=1.5, opacity=0.7, clip=True)
        .encode(x, y, order="step:Q"),
        alt.Chart(REST)
        .mark_point(color=GREEN, shape="cross", filled=True, size=160, opacity=1)
        .encode(x, y),
    ]
    if cloud:
        colours = alt.Scale(domain=list(range(PARTS)), range=list(SERIES[:PARTS]))
        layers.append(
            alt.Chart(CLOUD)
            .mark_point(filled=True, size=8, opacity=1)
            .encode(x, y, alt.Color("part:N", scale=colours, legend=None))
        )
    for k in range(1 if cloud else runs):
        across, up = f"p_{k}", f"q_{k}"
        head = (
            alt.Chart(NOW)
            .transform_filter(f"isValid(datum.{across}) && isValid(datum.{up})")
            .transform_calculate(x=f"datum.{across}", y=f"datum.{up}")
        )
        colour = SERIES[k % len(SERIES)]
        trail = (
            alt.Chart(FRAMES)
            .mark_line(color=colour, strokeWidth=1.5, clip=True)
            .encode(
                alt.X(f"{across}:Q", **wide),
                alt.Y(f"{up}:Q", **high),
                order=alt.Order("step:Q"),
            )
        )
        point = head.mark_point(
            color=colour, shape=SHAPES[k % len(SHAPES)], filled=not cloud, size=110, opacity=1
        ).encode(x, y)
        layers += [point] if cloud else [trail, point]
    if names:
        full = f"datum.p * width > width - {BROAD}"  # on the right a name would leave the picture
        sides: Any = ((f"!({full})", "left", 9), (full, "right", -9))
        for where, align, dx in sides:
            words = _named_heads(names).transform_filter(where)
            layers.append(
                words.mark_text(align=align, dx=dx, fontWeight="bold", fontSize=14).encode(
                    alt.X("p:Q", **wide), alt.Y("y:Q", **high), **_NAMED
                )
            )
    return finished(alt.layer(*layers), pick={"x": "x", "y": "y"})


# --- The numbers that come with a run.


def domain(
    values: Sequence[ArrayLike], limits: tuple[float, float], air: float = 0.06
) -> tuple[float, float]:
    """Ends of an axis that holds all finite `values` as far as `limits` allow, with some air.

    Values that no axis could tell apart are one, with 1 on either side.
    """
    joined = np.concatenate([np.ravel(part) for part in values])
    finite = joined[np.isfinite(joined)]
    low, high = np.clip([finite.min(), finite.max()], *limits) if finite.size else limits
    apart = high - low > max(LEAST, NARROWEST * max(abs(low), abs(high)))
    margin = air * (high - low) if apart else max(1.0, NARROWEST * abs(high))
    return float(low - margin), float(high + margin)


def reach(low: float, high: float, target: float) -> float:
    """The largest (w - target)² between `low` and `high`, above 0 even where squares are 0."""
    return max(max(high - target, target - low) ** 2, LEAST)


def log_domain(values: Sequence[np.ndarray], limits: tuple[float, float]) -> tuple[float, float]:
    """Powers of ten around the positive finite `values`, within `limits`, three or more apart."""
    joined = np.concatenate([np.ravel(part) for part in values])
    positive = joined[np.isfinite(joined) & (joined > 0)]
    held = np.clip(limits, LEAST, MOST)
    ends = np.clip([positive.min(), positive.max()], *held) if positive.size else held
    high = np.ceil(np.log10(ends[1]))
    return float(10 ** min(np.floor(np.log10(ends[0])), high - 3)), float(10**high)


def theory(
    columns: Mapping[str, ArrayLike],
    limits: tuple[float, float] = (-1e300, 1e300),
    *,
    log: bool = False,
) -> dict[str, np.ndarray]:
    """Rows for the data set `theory`, from (steps + 1,) columns.

    Thinned by an odd stride, since an even one hides a zigzag; nan, a gap in the line, where a
    column is further from the `limits` of the picture than half of what they are apart, or, on a
    `log` axis, below them.
    """
    arrays = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    length = len(next(iter(arrays.values())))
    stride = max(1, -(-length // MOST_ROWS)) | 1
    drawn = np.unique(np.append(np.arange(0, length, stride), length - 1))
    middle, half = (limits[0] + limits[1]) / 2, (limits[1] - limits[0]) / 2
    near = {}
    for name, values in arrays.items():
        far = np.abs(values - middle) > 2 * half
        if log:  # a line to the lower end says "below"; one along it would say "there"
            below = values < limits[0]
            far = below & np.append(False, below[:-1])
        near[name] = np.where(far, np.nan, values)
    return {"step": drawn.astype(np.float64)} | {name: near[name][drawn] for name in columns}
