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


def seeds_apart(run: Run, count: int) -> None:
    """A button that trains so many seeds, for an epoch or for all of the run, and what they get
    right.
    """
    config: Config = run.config
    st.markdown(
        "How much of the test a run gets right depends on where it begins, after the first epoch "
        "above all. The notes ran each of their settings once, without a seed. Here are "
        f"{count} seeds with the settings on screen."
    )
    epochs = 1
    if config.epochs > 1:
        chosen = st.segmented_control(
            "Train each for",
            ("one epoch", "the whole run"),
            default="one epoch",
            required=True,
            key=f"{run.name}.seeds_for",
        )
        epochs = 1 if chosen == "one epoch" else config.epochs
    seeds = over_seeds(config, count, epochs)
    recordings = [shared(train, ((0, one),), frame=frame, resumable=resumable) for one in seeds]
    key = f"{run.name}.spread"
    results = partial(_results, key, config, epochs, [one.seed for one in seeds], recordings)
    job(key, recordings, f"Train {count} seeds", run.step_name, results)


def _results(
    key: str, config: Config, epochs: int, seeds: list[int], recordings: list[Recording]
) -> None:
    ended = [
        float(one.frames().columns["test_accuracy"][-1]) if one.known == one.total else math.nan
        for one in recordings
    ]
    rows = [
        {"seed": seed, "accuracy": value}
        for seed, value in zip(seeds, ended, strict=True)
        if math.isfinite(value)
    ]
    if not rows:
        return
    found = spread(config, ended, epochs)
    after = "one epoch" if epochs == 1 else counted(epochs, "epoch")
    st.altair_chart(_strip(rows, found, after), key=f"{key}.chart")
    st.markdown(_words(found, after))


def _words(found: Spread, after: str) -> str:
    words = (
        f"After {after} **{counted(found.seeds, 'seed')}** get from **{number(found.least)}** to "
        f"**{number(found.most)}** of the test pictures right, {number(found.mean)} on average"
    )
    if found.seeds > 1:
        words += f", with a standard deviation of {number(found.deviation)}"
    if math.isfinite(found.published):
        where = "among them" if found.within else "not among them"
        words += f". The notes' {number(found.published)}{THIN_SPACE}◇ is {where}"
    return f"{words}."


def _strip(
    rows: list[dict[str, float]], found: Spread, after: str
) -> alt.LayerChart | alt.FacetChart:
    ends = [end for end in (found.least, found.most, found.published) if math.isfinite(end)]
    room = max(0.1 * (max(ends) - min(ends)), 0.002)
    x = alt.X(
        "accuracy:Q",
        title=f"accuracy after {after}",
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
