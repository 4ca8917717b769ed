"""What a learner takes away: the frames as CSV, a picture as PNG, a script that repeats the run."""

import io
import json
from functools import partial
from typing import Any

import numpy as np
import pyarrow.csv
import streamlit as st
import vl_convert

from core import devices
from core.recording import Course, Frames
from ui.charts import PARTS
from ui.controls import PREDICTIONS
from ui.player.player import Picture
from ui.steering import Run
from ui.tables import narrow, table
from ui.theme import number, standalone

SHOWN_STATES = 4  # that a script prints, beside the first: a screenful


def csv(frames: Frames) -> bytes:
    """One row a frame, one column a number, full precision; without the points of a cloud."""
    out = io.BytesIO()
    pyarrow.csv.write_csv(table(narrow(frames)), out)
    return out.getvalue()


def _finite(name: str) -> float | None:
    return {"Infinity": 1e300, "-Infinity": -1e300}.get(name)


def filled(
    picture: Picture,
    frames: Frames,
    index: int,
    *,
    prediction: str = PREDICTIONS[0],
    dark: bool = False,
) -> dict[str, Any]:
    """The chart's specification with the data that the player would give it at frame `index`."""
    drawn = table(narrow(frames)).slice(0, index + 1)
    rows = [row | {"frame": i} for i, row in enumerate(drawn.to_pylist())]
    rows = json.loads(json.dumps(rows), parse_constant=_finite)
    before = {f"before_{name}": value for name, value in rows[-2].items()} if index else {}
    sets: dict[str, Any] = {"frames": rows, "now": [rows[-1] | before]}
    if "cloud" in frames.columns:
        points = enumerate(frames.columns["cloud"][index].T.tolist())
        sets["cloud"] = [{"x": x, "y": y, "part": k % PARTS} for k, (x, y) in points]
    for name, columns in picture.data.items():
        rows = np.column_stack([np.asarray(column, np.float64) for column in columns.values()])
        sets[name] = [dict(zip(columns, row, strict=True)) for row in rows.tolist()]
    spec = standalone(picture.spec, dark)
    until = {"shown": 1e300, "up to now": int(frames.steps[index]), "hidden": -1}[prediction]
    values = {**picture.values, "frame": index, "until": until}
    params = [param | {"value": values[param["name"]]} for param in spec["params"]]
    return json.loads(
        json.dumps(spec | {"params": params, "datasets": sets}), parse_constant=_finite
    )


def png(
    picture: Picture,
    frames: Frames,
    index: int,
    *,
    prediction: str = PREDICTIONS[0],
    size: tuple[int, int] = (900, 520),
) -> bytes:
    """The picture at frame `index`, on white, `size` in CSS pixels, two device pixels each."""
    spec = filled(picture, frames, index, prediction=prediction)
    spec["width"], spec["height"] = size
    return vl_convert.vegalite_to_png(spec, scale=2)


def script(lesson: str, course: Course) -> str:
    """A script that repeats the run with the project's own code and prints some of its states."""
    legs = "".join(f"    ({start}, {config!r}),\n" for start, config in course)
    last = course[-1][1].steps
    every = max(1, -(-last // SHOWN_STATES))
    return f"""# Repeats a run. Save it in the project's folder, beside app.py, and there run
#     python {lesson}_run.py
import numpy as np

from core.{lesson} import Config, frame, run
from core.recording import play

course = (  # from this step on, these settings
{legs})

np.set_printoptions(precision=4, threshold=4, edgeitems=1)  # of a long row its ends
for state in play(run, course):
    if state.step % {every} == 0 or state.step == {last}:
        print(f"update {{state.step}}:")
        for name, numbers in frame(state).items():
            print(f"    {{name}} = {{np.array2string(numbers, separator=', ')}}".replace("\\n", ""))
"""


def take_away(run: Run, picture: Picture, frames: Frames) -> None:
    """Three downloads, made when asked for, and what the run cost."""
    name = run.name
    last = len(frames.steps) - 1
    with st.container(horizontal=True):
        st.download_button(
            "Frames as CSV",
            partial(csv, frames),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "Picture as PNG",
            partial(png, picture, frames, last, prediction=run.prediction),
            f"{name}.png",
            "image/png",
            on_click="ignore",
            icon=":material/image:",
        )
        st.download_button(
            "Script that repeats the run",
            script(name, run.course),
            f"{name}_run.py",
            "text/x-python",
            on_click="ignore",
            icon=":material/code:",
        )
    cost(run)


def cost(run: Run, runs: int = 1) -> None:
    """What an update took, of that many runs in one batch."""
    microseconds = 1e6 * run.recording.seconds_per_step
    each = f" of {number(runs)} runs, {number(microseconds / runs)} each" if runs > 1 else ""
    st.caption(
        f"Computed on {devices.describe(run.config.device)}: {number(microseconds)} microseconds "
        f"an update{each}. The copy to the screen is included."
    )
