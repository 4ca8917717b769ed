"""Tabs about networks that hear a wave: point by point, over seeds, sizes and times."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import streamlit as st

from core import devices
from core.recording import Frames, Recording
from ui.job import job
from ui.painted import Curve, Raster, Spec, drawing, profile
from ui.player.player import Picture
from ui.steering import Run
from ui.theme import GREEN, GREY, SERIES, number, number_table, setting, short
from ui.workings import on_screen

HEIGHT = 320  # pixels of a chart


def point_by_point(
    run: Run, times: np.ndarray, truth: np.ndarray, columns: tuple[str, str], heard: int, ink: str
) -> None:
    """The wave that goes on, grown sample by sample: what is fed, what is said, what is there.

    `truth` (n,) at `times` (n,); `columns` are those of the frames with what the network makes by
    itself after `heard` samples, and of what it says of the true ones.
    """
    step, last = on_screen(run), len(times) - 1
    frames = run.recording.frames(run.recording.frame_of(step), 0, 1)
    if not len(frames.steps):
        st.caption(f"{run.step_name.capitalize()} {step} is not computed yet.")
        return
    alone, told = (frames.columns[name][0] for name in columns)
    key = f"{run.name}.sample"
    st.session_state.setdefault(key, min(heard, last))
    st.session_state[key] = min(st.session_state[key], last)

    @st.fragment
    def shown() -> None:
        at = st.number_input("Sample", 1, last, key=key, width=200)
        fed = "the true sample" if at <= heard else "its own last word"
        st.markdown(
            f"After {run.step_name} {frames.steps[0]} it is fed **{fed}** "
            f"{number(float(alone[at - 1]))} and says sample {at}: "
            f"**{number(float(alone[at] if at >= heard else told[at]))}**. The wave has "
            f"{number(float(truth[at]))}."
        )
        series = {"the wave": truth, "told each sample": told, "by itself": alone}
        inks = alt.Scale(domain=list(series), range=[GREEN, GREY, ink])
        rows = [
            {"second": float(times[k]), "value": float(values[k]), "line": name}
            for name, values in series.items()
            for k in range(len(times) if name == "the wave" else at + 1)
            if np.isfinite(values[k])
        ]
        lines = alt.Chart(alt.InlineData(values=rows)).encode(
            alt.X("second:Q", scale=alt.Scale(domain=[0, float(times[-1])]), title="seconds"),
            alt.Y("value:Q", scale=alt.Scale(domain=[-1.6, 1.6], clamp=True), title="sample"),
            alt.Color("line:N", scale=inks, legend=alt.Legend(orient="top", title=None)),
        )
        here = lines.transform_filter(f"datum.second == {float(times[at])}")
        drawn = alt.layer(lines.mark_line(), here.mark_point(filled=True, size=70, opacity=1))
        st.altair_chart(drawn.properties(height=HEIGHT), key=f"{key}.chart")

    shown()


WIDE, HIGH, ASIDE, ABOVE = 3.0, 2.0, 0.25, 0.45  # of the picture of a gate, and the room around


class Gates(NamedTuple):
    """What the gates of a layer do: a raster for each, whose rows are units."""

    layer: int
    names: tuple[str, ...]
    units: int  # that are shown
    corners: tuple[tuple[float, float], ...]  # left and top of each raster
    spec: Spec

    def row_at(self, x: float, y: float) -> int | None:
        """The unit, counted from 0, at a place of the drawing."""
        for left, top in self.corners:
            if left <= x < left + WIDE and top <= y < top + HIGH:
                return int((y - top) / HIGH * self.units)
        return None

    def pictures(
        self, all_units: str, one_unit: str, seconds: np.ndarray, ink: str
    ) -> list[Picture]:
        """The rasters, one unit as curves, and how far back errors reach; the first two titles."""
        lines = {f"unit_{name}": colour for name, colour in zip(self.names, SERIES, strict=False)}
        reach = {f"slope_{self.layer}": ink, f"reach_{self.layer}": GREY}
        across = {"x": seconds}
        inside = {"left": 0.0, "right": float(seconds[-1])}
        return [
            Picture(all_units, self.spec, "What each gate does after epoch {step}."),
            Picture(
                one_unit,
                profile(tuple(Curve(*line, 2) for line in lines.items()), ("seconds", "gate")),
                "The gates of one unit after epoch {step}.",
                inside | {"low": -1.75, "high": 1.75},
                dict.fromkeys(lines, across),
                dict(zip(self.names, lines.values(), strict=True)),
                "a click in the rasters chooses another",
            ),
            Picture(
                "How far back an error reaches: |∂L/∂h|",
                profile(tuple(Curve(*line) for line in reach.items()), ("seconds", "log₁₀")),
                "The slopes after epoch {step}.",
                inside | {"low": -9.0, "high": 1.0},
                dict.fromkeys(reach, across),
                {"of all predictions": ink, "of the last alone": GREY},
            ),
        ]


def gates(limits: Mapping[str, tuple[float, float]], layer: int, moments: int, units: int) -> Gates:
    """The gates of a layer, each within its limits: columns `<gate>_<layer>` of the frames, of so
    many units and moments.
    """
    abreast = 3 if len(limits) > 4 else 2
    rasters, words, corners = [], [], []
    for k, (name, (low, high)) in enumerate(limits.items()):
        row, place = divmod(k, abreast)
        left, top = place * (WIDE + ASIDE), row * (HIGH + ABOVE) + ABOVE
        corners.append((left, top))
        words.append((left + WIDE / 2, top - 0.16, f"{name}, {short(low)} to {short(high)}"))
        rasters.append(
            Raster(
                f"{name}_{layer}",
                name,
                moments,
                (left, left + WIDE),
                (top + HIGH, top),
                (low, high),
                "diverging" if low < 0 else "sequential",
                down=True,
                legend=False,
            )
        )
    rows = -(-len(limits) // abreast)
    span = abreast * (WIDE + ASIDE) - ASIDE, rows * (HIGH + ABOVE)
    spec = drawing(tuple(rasters), span, (), words=tuple(words), pick=True)
    return Gates(layer, tuple(limits), units, tuple(corners), spec)


def meaning(known: Any) -> None:
    """What the losses of those who have learnt nothing say about a low one."""
    st.markdown(
        "A *loss* is small or large beside that of somebody who has learnt nothing. Of these waves:"
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(words)}</th><td>{number(loss)}</td></tr>'
        for words, loss in (
            ("says the last sample once more", known.last),
            ("goes on along the straight line through the last two samples", known.line),
            ("the same, where there are two samples before", known.line_later),
            ("knows all there is to know: only the second sample cannot be foretold", known.least),
        )
    )
    st.html(number_table("meaning", ("who", "loss"), rows))
    st.markdown(
        "From one sample to the next a wave hardly bends, so two samples tell nearly all about "
        "the third. Only the bend tells how fast the wave is, and it is worth no more than what "
        "lies between the last two of these numbers. By itself the network is fed its own small "
        "mistakes, which training never showed it: there the bend is all that counts."
    )


def over_seeds(
    run: Run,
    runs: Mapping[str, Sequence[Recording]],
    inks: Sequence[str],
    ratio: Callable[[np.ndarray, np.ndarray], Any],
) -> None:
    """Several seeds of two kinds, trained in the background: their losses, and whether one kind is
    better. Each of `runs`, as many of either kind, has a column `loss` (m,).
    """
    one, other = runs
    each = [*runs[one], *runs[other]]
    count, width = len(runs[one]), each[0].course[0][1].hidden
    st.caption(
        f"One run tells little: other first numbers end elsewhere. Here {count} runs of each, of "
        f"{width} units, with the other settings of this page."
    )

    def results() -> None:
        # One that has not begun, or cannot, has no frames to show.
        known = {
            kind: {k: one.frames() for k, one in enumerate(same) if one.known}
            for kind, same in runs.items()
        }
        # A run counts once it is whole: losses after unlike numbers of epochs compare nothing.
        whole = {kind: [of for of in same.values() if _whole(of)] for kind, same in known.items()}
        found = ratio(*(np.array([of.columns["loss"][-1] for of in whole[kind]]) for kind in runs))
        over = all(recording.finished for recording in each)
        st.markdown(told(found, {kind: len(same) for kind, same in whole.items()}, over))
        chart = _curves(known, whole, inks, run.step_name)
        st.altair_chart(chart, key=f"{run.name}.seeds.chart")
        rows = "".join(
            f'<tr><th scope="row">{kind}</th>'
            + "".join(f"<td>{end(known[kind].get(k))}</td>" for k in range(count))
            + f"<td>{number(_mean(whole[kind])[-1]) if whole[kind] else '—'}</td></tr>"
            for kind in runs
        )
        titles = ("loss", *(f"seed {k}" for k in range(count)), "geometric mean")
        table = number_table("seeds", titles, rows)
        st.html(f'<div style="overflow-x: auto" tabindex="0">{table}</div>')

    def end(of: Frames | None) -> str:
        return number(float(of.columns["loss"][-1])) if of and _whole(of) else "—"

    def told(found: Any, whole: Mapping[str, int], over: bool) -> str:
        epoch = f"{run.step_name} **{each[0].steps}**"
        have = f"{whole[one]} {one} and {whole[other]} {other} have come to {epoch}"
        if not over and min(whole.values()) < 2:
            return f"So far {have}. With two of each, comparing begins."
        words = f"After {epoch}, " if over else f"So far {have}: "
        if not np.isfinite(found.ratio):
            return f"{words}there is no number to compare."
        words += f"the loss of the {one} is **{short(found.ratio)} times** that of the {other}. "
        if not over:  # who looks again and again finds a difference some time
            return f"{words}Whether that holds is asked once, in the end."
        words += (
            f"In the long run it is between {short(found.low)} and {short(found.high)} times "
            "(Welch's interval of the logarithms, right 95 times of 100). "
        )
        if found.holds:
            better = other if found.low > 1 else one
            return f"{words}1 is not among them: with these settings the {better} learns better."
        return f"{words}1 is among them: so few seeds do not tell which is better."

    words = f"Train {count} seeds of each"
    by_turns = [recording for pair in zip(*runs.values(), strict=True) for recording in pair]
    job(f"{run.name}.seeds", by_turns, words, run.step_name, results)


def _whole(of: Frames) -> bool:
    return len(of.steps) == of.total


def _mean(whole: Sequence[Frames]) -> np.ndarray:
    """The mean of the logarithms of their losses, as losses (m,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(np.log(np.stack([of.columns["loss"] for of in whole])).mean(axis=0))


def _curves(
    known: Mapping[str, Mapping[int, Frames]],
    whole: Mapping[str, Sequence[Frames]],
    inks: Sequence[str],
    step: str,
) -> alt.LayerChart | alt.FacetChart:
    """Each run pale, as far as it is known, and the mean of those that are whole over them."""
    rows = []
    for kind, runs in known.items():
        lines = [(f"{kind} {k}", of, of.columns["loss"]) for k, of in runs.items()]
        lines += [(kind, whole[kind][0], _mean(whole[kind]))] if whole[kind] else []
        for name, of, losses in lines:
            stride = -(-of.total // 150)
            rows += [
                {"step": int(at), "loss": float(loss), "kind": kind, "run": name}
                for at, loss in zip(of.steps[::stride], losses[::stride], strict=True)
                if np.isfinite(loss) and loss > 0
            ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        alt.X("step:Q", axis=alt.Axis(title=step, tickMinStep=1, format="d")),
        alt.Y("loss:Q", scale=alt.Scale(type="log"), axis=alt.Axis(format=".0e", tickCount=5)),
        alt.Color(
            "kind:N",
            scale=alt.Scale(domain=list(known), range=list(inks)),
            legend=alt.Legend(orient="top", title=None),
        ),
        alt.Detail("run:N"),
    )
    mean = base.transform_filter("datum.run == datum.kind")
    return alt.layer(
        base.mark_line(strokeWidth=1, opacity=0.35), mean.mark_line(strokeWidth=3)
    ).properties(height=HEIGHT)


def sizes(
    run: Run,
    kinds: Sequence[str],
    widths: Mapping[str, int],
    count: Callable[[str, int], int],
    as_many: Callable[[int], int],
    published: Mapping[str, Mapping[str, float]],
) -> None:
    """How many numbers each kind has at some `widths`, and how long an epoch takes here and took in
    the notes, whose seconds are `published` by device and kind.
    """
    one, other = kinds
    rows = "".join(
        f'<tr><th scope="row">{label}: {width} units</th><td>{count(one, width)}</td>'
        f"<td>{count(other, width)}</td>"
        f"<td>{short(count(other, width) / count(one, width))}</td></tr>"
        for label, width in widths.items()
    )
    st.html(number_table("sizes", ("numbers to learn", one, other, f"{other} / {one}"), rows))
    now = run.config.hidden
    fair = as_many(now)
    st.markdown(
        f"**Is the comparison fair?** At the same width a {other} has three blocks of numbers "
        f"where an {one} has four. A {other} of {fair} units has {count(other, fair)}, about as "
        f"many as an {one} of {now} with {count(one, now)}."
    )
    with st.container(horizontal=True):
        for width in widths.values():
            changes = {"hidden": width}
            st.button(
                f"{width} units", on_click=run.settings.change, args=(changes,),
                kwargs={"play": True}, disabled=width == now, key=f"{run.name}.size.{width}",
            )  # fmt: skip
        changes = {"cell": other, "hidden": fair}
        st.button(
            f"A {other} with as many numbers", on_click=run.settings.change, args=(changes,),
            kwargs={"play": True}, key=f"{run.name}.size.fair",
        )  # fmt: skip
    here = devices.describe(run.config.device)
    spent = run.recording.seconds_per_step
    rows = "".join(
        f'<tr><th scope="row">the notes, {run.settings.notes.hidden} units, {device}</th>'
        + "".join(f"<td>{number(times[kind]) if kind in times else '—'}</td>" for kind in kinds)
        + "</tr>"
        for device, times in published.items()
    )
    own = [
        number(spent) if kind == run.config.cell and np.isfinite(spent) else "—" for kind in kinds
    ]
    rows += f'<tr><th scope="row">this run, {setting(now)} units, {here}</th>'
    rows += "".join(f"<td>{time}</td>" for time in own) + "</tr>"
    st.html(number_table("times", ("seconds an epoch", *kinds), rows))
    st.caption(
        "This run's seconds hold what each frame shows as well: how waves go on after each number "
        "of samples heard."
    )
