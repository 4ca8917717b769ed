"""How far apart the same run ends from several seeds: trained in the background, each a dot."""

import math
from functools import partial

import altair as alt
import streamlit as st

from core.mnist import Config, Spread, frame, over_seeds, resumable, spread
from core.mnist import run as train
from core.recording import Recording, shared
from ui.job import job
from ui.steering import Run
from ui.theme import BLUE, GREY, THIN_SPACE, counted, number

HEIGHT = 110  # pixels


def first_epochs(run: Run, count: int) -> None:
    """A button that trains so many seeds for an epoch, and what these get right."""
    config: Config = run.config
    st.markdown(
        "What the first epoch reaches depends on where the run begins. The notes ran each of their "
        f"settings once, without a seed. Here are {count} seeds with the settings on screen."
    )
    seeds = over_seeds(config, count)
    recordings = [shared(train, ((0, one),), frame=frame, resumable=resumable) for one in seeds]
    key = f"{run.name}.spread"
    results = partial(_results, key, config, [one.seed for one in seeds], recordings)
    job(key, recordings, f"Train {count} seeds", run.step_name, results)


def _results(key: str, config: Config, seeds: list[int], recordings: list[Recording]) -> None:
    ended = [float(one.frames().columns["test_accuracy"][-1]) for one in recordings]
    rows = [
        {"seed": seed, "accuracy": value}
        for seed, value in zip(seeds, ended, strict=True)
        if math.isfinite(value)  # it has come to the end of its epoch
    ]
    if not rows:
        return
    found = spread(config, ended)
    st.altair_chart(_strip(rows, found), key=f"{key}.chart")
    st.markdown(_words(found))


def _words(found: Spread) -> str:
    words = (
        f"After one epoch **{counted(found.seeds, 'seed')}** get from **{number(found.least)}** to "
        f"**{number(found.most)}** of the test pictures right, {number(found.mean)} on average"
    )
    if found.seeds > 1:
        words += f", with a standard deviation of {number(found.deviation)}"
    if math.isfinite(found.published):
        where = "among them" if found.within else "not among them"
        words += f". The notes' {number(found.published)}{THIN_SPACE}◇ is {where}"
    return f"{words}."


def _strip(rows: list[dict[str, float]], found: Spread) -> alt.LayerChart | alt.FacetChart:
    ends = [end for end in (found.least, found.most, found.published) if math.isfinite(end)]
    room = max(0.1 * (max(ends) - min(ends)), 0.002)
    x = alt.X(
        "accuracy:Q",
        title="accuracy after one epoch",
        scale=alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False),
    )
    dots = alt.Chart(alt.InlineData(values=rows)).mark_point(
        color=BLUE, filled=True, size=130, opacity=0.75
    )
    layers: list[alt.Chart] = [dots.encode(x, tooltip=["seed:Q", "accuracy:Q"])]
    if len(ends) > 2:
        figure = alt.Chart(alt.InlineData(values=[{"accuracy": found.published}]))
        layers.append(figure.mark_point(color=GREY, shape="diamond", size=190).encode(x))
    return alt.layer(*layers).properties(height=HEIGHT)
