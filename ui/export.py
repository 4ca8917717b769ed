"""What a learner takes away: the frames as CSV, a picture as PNG, a script that repeats the run."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow.csv
import streamlit as st
from PIL import Image

from core import devices
from core.race import Race
from core.rasters import LARGEST, NO_NUMBER, level_line
from core.recording import Course, Frames
from ui.charts import PARTS
from ui.colours import colours
from ui.controls import PREDICTIONS
from ui.painted import level_name
from ui.player.player import Picture
from ui.steering import Run
from ui.tables import Derive, charted, narrow, table
from ui.theme import BLUE, GREEN, GREY, an, number, standalone
from ui.thumbnails import address
from ui.vega import png as drawn

PER_MILLISECOND = 1e3
THINNEST = 0.4  # pixels of an edge, as in js/paint.js
BAR_CELL = (80, 40)  # pixels of a cell with a bar, high and wide
# What a script prints, a screenful: of so many states beside the first, so many columns.
SHOWN_STATES, SHOWN_COLUMNS = 4, 6


def csv(frames: Frames) -> bytes:
    """One row a frame, one column a number, full precision; without the points of a cloud."""
    out = io.BytesIO()
    pyarrow.csv.write_csv(table(narrow(frames)), out)
    return out.getvalue()


def _finite(name: str) -> float | None:
    return {"Infinity": 1e300, "-Infinity": -1e300}.get(name)


def _image(pixels: np.ndarray) -> dict[str, str]:
    """A row with a picture, (rows, columns, 4) uint8, as the address of a PNG."""
    return {"url": address(pixels)}


def _hatched(rows: int = 260, columns: int = 450) -> np.ndarray:
    """(rows, columns, 4) uint8: strokes as the player has them where there is no number."""
    pixels = np.zeros((rows, columns, 4), np.uint8)
    stroke = np.add.outer(np.arange(rows), np.arange(columns)) % 8 == 0
    pixels[stroke] = list(bytes.fromhex(f"{GREY[1:]}ff"))
    return pixels


def _bars(cells: np.ndarray, marked: Sequence[int]) -> np.ndarray:
    """Bars as js/raster.js paints them, each cell of BAR_CELL pixels: (rows, columns, 4) uint8."""
    (rows, columns), (high, wide) = cells.shape, BAR_CELL
    blue, green, grey = (list(bytes.fromhex(f"{colour[1:]}ff")) for colour in (BLUE, GREEN, GREY))
    pixels = np.zeros((rows, high, columns, wide, 4), np.uint8)
    foot, full, side = round(0.94 * high), round(0.84 * high), round(0.14 * wide)
    for row, column in np.ndindex(rows, columns):
        cell, right = pixels[row, :, column, side : wide - side], marked[row] == column
        cell[foot - 1 : foot] = green if right else grey
        if right:
            cell[foot - full] = cell[foot - full : foot, 0] = cell[foot - full : foot, -1] = green
        if cells[row, column] != NO_NUMBER:
            bar = round(int(cells[row, column]) / LARGEST * full)
            cell[foot - bar : foot] = green if right else blue
    return pixels.reshape(rows * high, columns * wide, 4)


def _painted(raster: Mapping[str, Any], cells: np.ndarray, dark: bool) -> list[dict[str, str]]:
    """Rows for the layer of a raster: its picture, over strokes where cells have no number."""
    if raster["bars"] is not None:
        return [_image(_bars(cells.reshape(-1, raster["columns"]), raster["bars"]))]
    table = np.zeros((256, 4), np.uint8)  # transparent
    table[: LARGEST + 1] = np.insert(colours(raster["colours"], dark), 3, 255, axis=1)
    if raster["bands"]:
        parts = np.arange(LARGEST + 1) / LARGEST * raster["bands"]
        middles = (np.minimum(parts.astype(int), raster["bands"] - 1) + 0.5) / raster["bands"]
        table[: LARGEST + 1] = table[np.floor(middles * LARGEST + 0.5).astype(int)]
    pixels = table[cells.reshape(-1, raster["columns"])]
    picture = _image(pixels if raster["down"] else pixels[::-1])
    return [_image(_hatched()), picture] if (cells == NO_NUMBER).any() else [picture]


def _strokes(
    raster: Mapping[str, Any], wide: Mapping[str, np.ndarray], values: Mapping[str, float]
) -> list[dict[str, float]]:
    """Rows for the layer of its level: from x, y to to_x, to_y. `wide` are the columns of the
    frame, `values` the parameters.
    """
    (left, right), (first, last) = ([values.get(end, end) for end in raster[way]] for way in "xy")
    if raster["down"]:
        first, last = last, first
    name, columns, byte = raster["level"]
    cells = wide[name].reshape(-1, columns)
    strokes = level_line(cells, byte)
    strokes[:, ::2] = left + (strokes[:, ::2] + 0.5) / columns * (right - left)
    strokes[:, 1::2] = first + (strokes[:, 1::2] + 0.5) / len(cells) * (last - first)
    return [dict(zip(("x", "y", "to_x", "to_y"), row, strict=True)) for row in strokes.tolist()]


def _edges(
    edges: Mapping[str, Any], lines: Mapping[str, Any], numbers: np.ndarray
) -> list[dict[str, Any]]:
    """Rows for the layer of edges: the player's lines, but straight."""
    parts = np.asarray(lines["part"], int)
    shown = [k for k, part in enumerate(parts) if math.isfinite(numbers[part])]
    return [
        {name: float(lines[name][k]) for name in ("x", "y", "to_x", "to_y")}
        | {
            "width": float(np.clip(edges["per"] * abs(numbers[parts[k]]), THINNEST, edges["most"])),
            "colour": edges["colours"][int(numbers[parts[k]] > 0)],
        }
        for k in shown
    ]


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
    wide = {name: frames.columns[name][index] for name in frames.columns}
    for raster in picture.spec["usermeta"].get("rasters", ()):
        name = raster["name"]
        cells = wide[name] if name in wide else np.asarray(picture.data[name]["cells"])
        sets[name] = _painted(raster, cells, dark)
        if raster["level"] is not None:
            sets[level_name(name)] = _strokes(raster, wide, picture.values)
    for edges in picture.spec["usermeta"].get("edges", ()):
        lines = picture.data[edges["name"]]
        sets[edges["name"]] = _edges(edges, lines, np.ravel(wide[edges["column"]]))
    for mesh in picture.spec["usermeta"].get("meshes", ()):
        across, up = np.reshape(wide[mesh["name"]], (2, -1))
        sets[mesh["name"]] = [
            {"x": x, "y": y, "line": k // mesh["length"], "turn": k}
            for k, (x, y) in enumerate(zip(across.tolist(), up.tolist(), strict=True))
        ]
    for name in picture.spec["usermeta"].get("curves", ()):
        points = zip(np.asarray(picture.data[name]["x"]).tolist(), wide[name].tolist(), strict=True)
        sets[name] = json.loads(
            json.dumps([{"x": x, "y": y} for x, y in points]), parse_constant=_finite
        )
    for name, columns in picture.data.items():
        if name in sets:
            continue
        rows = np.column_stack([np.asarray(column, np.float64) for column in columns.values()])
        sets[name] = [dict(zip(columns, row, strict=True)) for row in rows.tolist()]
    spec = standalone(picture.spec, dark)
    until = {"shown": 1e300, "up to now": int(frames.steps[index]), "hidden": -1}[prediction]
    values = {**picture.values, "frame": index, "until": until}
    params = [param | {"value": values[param["name"]]} for param in spec["params"]]
    return json.loads(
        json.dumps(spec | {"params": params, "datasets": spec.get("datasets", {}) | sets}),
        parse_constant=_finite,
    )


def _entitled(spec: dict[str, Any], picture: Picture, when: str) -> dict[str, Any]:
    """The chart with what stands above it in the player: its title, and what its lines are."""
    title = {"text": picture.title, "subtitle": when, "anchor": "start", "offset": 12}
    if not picture.key:
        return spec | {"title": title}
    lines = {
        "data": {"values": [{"line": label} for label in picture.key]},
        "mark": {"type": "rule", "opacity": 0},
        "encoding": {
            "stroke": {
                "field": "line",
                "type": "nominal",
                "scale": {"domain": list(picture.key), "range": list(picture.key.values())},
                "legend": {"title": None, "orient": "top", "symbolType": "stroke",
                           "symbolOpacity": 1, "symbolStrokeWidth": 3, "symbolSize": 300},
            }
        },
    }  # fmt: skip
    resolved = {"scale": {"stroke": "independent"}}
    return spec | {"title": title, "layer": [*spec["layer"], lines], "resolve": resolved}


def png(
    picture: Picture,
    frames: Frames,
    index: int,
    *,
    prediction: str = PREDICTIONS[0],
    when: str = "",
    size: tuple[int, int] = (900, 520),
) -> bytes:
    """The picture at frame `index`, on white, `size` in CSS pixels, two device pixels each; with
    its title and key where `when` says what it shows.
    """
    spec = filled(picture, frames, index, prediction=prediction)
    if when:
        spec = _entitled(spec, picture, when)
    spec["width"], spec["height"] = size
    return drawn(spec, scale=2)


def sheet(pictures: Sequence[Picture], frames: Frames, index: int, **how: Any) -> bytes:
    """The pictures at frame `index`, each as `png` makes it, one below the other."""
    images = [Image.open(io.BytesIO(png(one, frames, index, **how))) for one in pictures]
    paper = max(one.width for one in images), sum(one.height for one in images)
    whole, top = Image.new("RGB", paper, "white"), 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    file = io.BytesIO()
    whole.save(file, "PNG")
    return file.getvalue()


def script(lesson: str, course: Course, step: str = "update", raced: Race | None = None) -> str:
    """A script that repeats the run with the project's own code and prints some of its states, each
    after a `step`; with `raced` all the lanes of that.
    """
    legs = "".join(f"    ({start}, {config!r}),\n" for start, config in course)
    last = course[-1][1].steps
    every = max(1, -(-last // SHOWN_STATES))
    imports, lanes = f"from core.{lesson} import Config, frame, run", ""
    if raced:
        imports = f"from core import {lesson}\nfrom core.race import race\n"
        imports += f"from core.{lesson} import Config"
        lanes = f"\nlanes = race({lesson}, {raced.field!r}, {raced.values!r})\n"
        lanes += "frame, run = lanes.frame, lanes.run\n"
    return f"""# Repeats a run. Save it in the project's folder, beside app.py, and there run
#     python {lesson}_run.py
import numpy as np

{imports}
from core.course import play, settings_at
{lanes}
course = (  # from this step on, these settings
{legs})

# Losses and the shortest columns, no pixels; four digits a number, and of a long row its ends.
np.set_printoptions(formatter={{"float_kind": "{{:.4g}}".format}}, threshold=4, edgeitems=1)
for state in play(run, course):
    if state.step % {every} == 0 or state.step == {last}:
        print(f"{step} {{state.step}}:")
        columns = frame(settings_at(course, state.step), state)
        shown = [name for name in columns if columns[name].dtype != np.uint8]
        shown.sort(key=lambda name: ("loss" not in name, columns[name].size))
        for name in shown[:{SHOWN_COLUMNS}]:
            text = np.array2string(columns[name], separator=", ").replace("\\n", "")
            print(f"    {{name}} = {{text}}")
"""


def take_away(run: Run, pictures: Sequence[Picture], also: Derive | None = None) -> None:
    """Three downloads, made when asked for of all that is computed by then, and what the run cost.
    The pictures may read what `also` makes of the run's frames; the table has it too.

    What is made before has an address, of which a browser complains once the page has another.
    """
    name, recording, prediction = run.name, run.recording, run.prediction
    raced = run.lesson if isinstance(run.lesson, Race) else None

    def known() -> Frames:
        return charted(recording, also, 0, recording.total)

    def painted() -> bytes:
        frames = known()
        last = len(frames.steps) - 1
        when = f"after {run.step_name} {frames.steps[last]}"
        return sheet(pictures, frames, last, prediction=prediction, when=when)

    with st.container(horizontal=True):
        st.download_button(
            "Frames as CSV",
            lambda: csv(known()),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "Pictures as PNG",
            painted,
            f"{name}.png",
            "image/png",
            on_click="ignore",
            icon=":material/image:",
        )
        st.download_button(
            "Script that repeats the run",
            partial(script, name, run.course, run.step_name, raced),
            f"{name}_run.py",
            "text/x-python",
            on_click="ignore",
            icon=":material/code:",
        )
    cost(run)


def cost(run: Run, runs: int = 1) -> None:
    """What a step took, of that many runs in one batch."""
    size, unit = 1e6 * run.recording.seconds_per_step, "microseconds"
    if size >= PER_MILLISECOND:
        size, unit = size / PER_MILLISECOND, "milliseconds"
    each = f" of {number(runs)} runs, {number(size / runs)} each" if runs > 1 else ""
    st.caption(
        f"Computed on {devices.describe(run.config.device)}: {number(size)} {unit} "
        f"{an(run.step_name)}{each}. The copy to the screen is included."
    )
