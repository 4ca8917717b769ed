"""The player: charts that a browser moves through the frames of a recording at 60 frames a second.

The server sends charts once and frames in chunks; play, pause, step and scrub happen in the browser
(js/player.js), which asks for more frames when it is about to run out. The server remembers nothing
of what it has sent.
"""

import hashlib
import json
import logging
import math
import shutil
import sys
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import cache, partial
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard
from uuid import uuid4

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import ArrayLike
from streamlit.components.v2 import component

from core.recording import Recording
from ui.charts import Spec
from ui.colours import RANGES, hexadecimal
from ui.painted import level_name
from ui.session import identify
from ui.steering import Run, Still
from ui.supply import supply
from ui.tables import Derive, cells, charted, narrow, table
from ui.theme import CHARTS, PINS, axis_colours, plural
from ui.vega import bundle, compiled

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"  # Streamlit serves this folder at app/static
FIRST_CHUNK = 240  # frames that are sent before anyone asks: four seconds at 60 a second
LARGEST_CHUNK = 2_500
FIRST_BYTES, MOST_BYTES = 2**18, 2**20  # of the frames in the first answer, and in any
# How long an answer waits for frames that are being computed; one in which the page runs, which
# needs no more than one.
CHUNK_SECONDS, FIRST_SECONDS = 0.1, 0.03


HTML = """
<section class="player" data-testid="player" role="group" aria-label="Player" tabindex="0">
  <div class="bar">
    <div class="buttons">
      <button data-testid="player-restart" title="Back to the start (Home)"></button>
      <button data-testid="player-back" title="One frame back (left arrow)"></button>
      <button data-testid="player-play" title="Play or pause (space)"></button>
      <button data-testid="player-forward" title="One frame on (right arrow)"></button>
      <button data-testid="player-end" title="Run to the end (End)"></button>
    </div>
    <input type="range" data-testid="player-scrub" min="0" max="1" value="0" step="1"
      aria-label="Step on screen">
    <div class="count"><span class="unit step"></span> <output data-testid="player-step">0</output>
      <span class="unit">of</span> <span data-testid="player-last"></span></div>
    <select data-testid="player-speed" aria-label="Speed" title="Speed"></select>
  </div>
  <div class="charts"></div>
  <div class="readout" data-testid="player-readout"></div>
  <div class="foot"><div class="note" data-testid="player-note" role="status"></div>
    <div class="work"><span data-testid="player-work"></span>
      <button data-testid="player-compute" hidden></button></div></div>
</section>
"""


Pick = Callable[[float, float], None]  # told of a place


class Picture(NamedTuple):
    """A chart in the player, with the numbers it needs beside the frames (see ui/charts.py)."""

    title: str
    spec: Spec
    description: str  # alternative text; `{column}` stands for the value on screen
    values: Mapping[str, float] = {}  # parameters of the chart
    # Data sets of the chart, name -> columns (n,); of a still raster `cells` (rows, columns) uint8.
    data: Mapping[str, Mapping[str, ArrayLike]] = {}
    key: Mapping[str, str] = {}  # what its lines are, after the title: label -> colour
    hint: str = ""  # what a click does, after the title

    @property
    def caption(self) -> str:
        """Title, hint and key, as HTML."""
        lines = (
            f'<span><i style="border-color: {colour}"></i>{escape(label)}</span>'
            for label, colour in self.key.items()
        )
        words = f"{self.title}: {self.hint}" if self.hint else self.title
        return "".join([escape(words), *lines])


class Readout(NamedTuple):
    """A line below the charts; `{column}` and `{before_column}` stand for the values on screen.

    Of a column of categories the value k is written as its k-th label, here and in the alternative
    text of the charts.
    """

    start: str  # at step 0
    moving: str  # after
    labels: Mapping[str, Sequence[str]] = {}  # column -> a label for each of 0, 1, ...


def _hashed(files: Mapping[str, str]) -> str:
    """A name for these contents, name -> text."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:12]


def _publish(path: Path, write: Callable[[Path], object]) -> str:
    """Have `path` in the static folder, written by `write` unless it is there; returns its address.

    It appears all at once, so that no browser sees half of it. Its name says what is in it:
    where two servers write it, both write the same, and the first one's stays.
    """
    if not path.exists():
        partial = path.with_name(f".{path.name}.{uuid4().hex}")
        STATIC.mkdir(exist_ok=True)
        write(partial)
        try:
            partial.rename(path)
        except OSError:  # a folder that another server has put there meanwhile
            if not path.exists():
                raise
            shutil.rmtree(partial)
    return f"app/static/{path.name}"


def publish_folder(name: str, files: Mapping[str, str]) -> str:
    """Publish files that import one another, name -> text, in a folder; returns its address."""

    def write(partial: Path) -> None:
        partial.mkdir()
        for file, text in files.items():
            (partial / file).write_text(text)

    return _publish(STATIC / f"{name}-{_hashed(files)}", write)


@cache
def vega() -> str:
    """Address of Vega, Vega-Lite and Vega-Embed, from vl-convert: no other host is asked.

    Named after its version, which says what is in it: to bundle them takes a second and a half.
    """

    def write(partial: Path) -> None:
        partial.write_text(bundle())

    bundled = version("vl-convert-python")
    return _publish(STATIC / f"vega-{bundled}.js", write)


@cache
def scripts() -> tuple[str, ...]:
    """Addresses of the modules of the player."""
    files = {file.name: file.read_text() for file in sorted((HERE / "js").glob("*.js"))}
    folder = publish_folder("player", files)
    return tuple(f"{folder}/{name}" for name in files)


def script() -> str:
    """Address of the module that imports the others."""
    return next(address for address in scripts() if address.endswith("/player.js"))


def assets() -> tuple[str, ...]:
    """What a browser loads for the player, by address."""
    return *scripts(), vega()


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number, and no whole one that is larger than any."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # pyright: ignore


def _whole(value: object, low: int, high: int, default: int) -> int:
    return int(min(max(value, low), high)) if _is_number(value) else default


def _seconds(value: float) -> float | None:
    return value if math.isfinite(value) else None


def painted(spec: Spec) -> set[str]:
    """The wide columns of the frames that a chart shows."""
    meta = spec["usermeta"]
    names = {"cloud", *meta.get("curves", ())}
    names |= {mesh["name"] for mesh in meta.get("meshes", ())}
    names |= {edges["column"] for edges in meta.get("edges", ())}
    for raster in meta.get("rasters", ()):
        also = raster["level"], raster["beside"]
        names |= {raster["name"], *(one[k] for k, one in enumerate(also) if one is not None)}
    return names


def answer(
    recording: Recording,
    request: object = None,
    start: int = 0,
    also: Derive | None = None,
    wide: Collection[str] | None = None,
    who: Hashable = None,
) -> dict[str, Any]:
    """What the browser is sent: the frames that `request` asks for, or the first from `start` on.

    As many of them as the bytes of an answer allow, one at least. Of the wide columns only those
    that are named, by default all.

    A request is {"recording", "start", "count", "number"}; one for another recording, or one that
    makes no sense, gets the first frames. `number` comes back, so that no two answers are alike.
    The recording is computed for `who` asks, until they leave it.
    """
    identity = identify(recording.course)
    asked = request if isinstance(request, dict) else {}
    same = asked.get("recording") == identity
    start = _whole(asked.get("start"), 0, recording.total - 1, start) if same else start
    count = _whole(asked.get("count"), 1, LARGEST_CHUNK, FIRST_CHUNK) if same else FIRST_CHUNK
    if same and recording.known < start + count:
        recording.lease(who=who)  # who asks for frames plays
    if recording.computing:
        recording.frames(start, *((CHUNK_SECONDS, count) if same else (FIRST_SECONDS, 1)))
    frames = charted(recording, also, start, count)
    sent = table(frames if wide is None else narrow(frames, wide))
    fit = (MOST_BYTES if same else FIRST_BYTES) * len(sent) // max(sent.nbytes, 1)
    return {
        "recording": identity,
        "number": _whole(asked.get("number"), 0, 2**31 - 1, 0),
        "start": frames.start,
        "total": frames.total,
        "last": recording.steps,
        "every": recording.every,
        "error": frames.error,
        "computed": recording.known,
        "computing": recording.computing,
        "left": _seconds(recording.seconds_left),
        "course": [[start, identify(config)] for start, config in recording.course],
        "frames": sent.slice(0, max(fit, 1)),
    }


@cache
def _drawing(text: str) -> dict[str, Any]:
    """A chart, as JSON, in two parts: what Vega draws, compiled, and what the player paints: the
    lines over `frames`, the points of a `cloud`, of which it needs the colours, and the curves,
    rasters, edges and meshes that are named in its usermeta.

    Compiling here, once, spares each browser a third of a second before its first picture.
    """
    spec = json.loads(text)
    meta = {"curves": [], "rasters": [], "edges": [], "meshes": [], **spec["usermeta"]}
    painted = {"frames": [], "cloud": [], **{name: [] for name in meta["curves"]}}
    painted |= {level_name(raster["name"]): [] for raster in meta["rasters"]}
    painted |= {one["name"]: [] for one in (*meta["edges"], *meta["meshes"])}
    rest = []
    for layer in spec["layer"]:
        if layer["mark"]["type"] != "image":
            painted.get(layer.get("data", {}).get("name"), rest).append(layer)
    trails = []
    for layer in painted["frames"]:
        mark, encoding = layer["mark"], layer["encoding"]
        if mark["type"] != "line":
            raise ValueError(f"a chart draws {mark['type']} over frames: only lines are painted.")
        line = {"colour": mark["color"], "width": mark["strokeWidth"], "dots": "point" in mark}
        trails.append({axis: encoding[axis]["field"] for axis in "xy"} | line)
    clouds = [layer["encoding"]["color"]["scale"]["range"] for layer in painted["cloud"]]
    meta["curves"] = [
        {"name": name, "colour": layer["mark"]["color"], "width": layer["mark"]["strokeWidth"]}
        for name in meta["curves"]
        for layer in painted[name]
    ]
    drawn = compiled(spec | {"layer": rest, "config": CHARTS})
    if not any(data["name"] == "now" for data in drawn["data"]):
        drawn["data"].append({"name": "now"})  # the player fills it in every chart
    return {"spec": drawn, "trails": trails, "clouds": clouds, **meta}


def _plain(picture: Picture) -> dict[str, float]:
    """A picture's parameters as JSON has them."""
    values = {name: float(value) for name, value in picture.values.items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"{picture.title}: {', '.join(wrong)} is no finite number.")
    return values


def around(
    pictures: Sequence[Picture],
    readouts: Sequence[tuple[int, Readout]],
    still: Sequence[Still] = (),
    also: Derive | None = None,
    step: str = "update",
) -> dict[str, Any]:
    """What surrounds the frames, sent once a run: charts, their numbers, words, colours.

    Each of `readouts` is for what comes after its step; `still` are curves that do not move; `step`
    is what a step is called.
    """
    data: dict[str, Any] = {
        "charts": [
            {
                "caption": picture.caption,
                **_drawing(json.dumps(picture.spec)),
                "description": picture.description,
                "values": _plain(picture),
                "data": {name: f"chart_{index}_{name}" for name in picture.data},
            }
            for index, picture in enumerate(pictures)
        ],
        "readouts": [{"since": since, **words._asdict()} for since, words in readouts],
        "step_name": [step, plural(step)],
        "themes": {"light": axis_colours(dark=False), "dark": axis_colours(dark=True)},
    }
    if any(chart["rasters"] for chart in data["charts"]):
        looks = {"light": False, "dark": True}
        data["maps"] = {
            look: {name: hexadecimal(name, dark) for name in RANGES.values()}
            for look, dark in looks.items()
        }
    data["still"] = [
        {"letter": curve.letter, "ink": PINS.get(curve.letter), "frames": f"still_{index}"}
        for index, curve in enumerate(still)
    ]
    # Arrow tables are carried only at the first level.
    for index, curve in enumerate(still):
        data[f"still_{index}"] = table(curve.frames(also))
    for index, picture in enumerate(pictures):
        for name, columns in picture.data.items():
            data[f"chart_{index}_{name}"] = pa.table(
                {key: _column(np.asarray(values)) for key, values in columns.items()}
            )
    return data


def _column(values: np.ndarray) -> Any:
    """Numbers as float64; a still raster, (rows, columns) uint8, as one value of bytes."""
    return cells(values[None]) if values.dtype == np.uint8 else values.astype(np.float64)


def finite(data: dict[str, Any]) -> dict[str, Any]:
    """`data` as it leaves the server. Raises `ValueError` where a plain value is NaN or Infinity,
    which JSON does not have; Arrow tables may hold both.
    """
    plain = {name: value for name, value in data.items() if not isinstance(value, pa.Table)}
    json.dumps(plain, allow_nan=False)
    return data


def _least(said: Mapping[str, Any]) -> dict[str, Any]:
    """A request for what is said of the run alone: it comes with one frame."""
    asked = {name: said.get(name) for name in ("recording", "turn")}
    return asked | {"start": 0, "count": 1}


def player(
    run: Run,
    pictures: Sequence[Picture],
    readout: Callable[[Any], Readout],
    *,
    also: Derive | None = None,
    on_pick: Pick | Sequence[Pick | None] | None = None,
) -> None:
    """Show the run in these pictures, the first one large, and let it be steered.

    `readout` gives the line below for a config: settings may have changed on the way.
    `also` makes further columns of a config and recorded ones; `on_pick`, one or one for each
    picture, is told of a click at a point of a chart whose usermeta has `pick`.
    """
    key = run.key
    turn = run.settings.turn  # a request made before this one does not have its pictures
    mount = component(
        "player",
        html=HTML,
        css=(HERE / "player.css").read_text(),
        js=(HERE / "loader.js").read_text(),
    )
    recording, who, maker = run.recording, run.who, run.maker(also)
    fork = recording.frame_of(run.since) if run.session.heard else 0
    wide = set[str]().union(*(painted(picture.spec) for picture in pictures))

    def wanted(said: object) -> None:
        """Have the run computed, where a word says so."""
        if isinstance(said, dict) and said.get("wants") is True:
            recording.lease(who=who)

    def give(said: object) -> dict[str, Any]:
        """What is asked of the run alone, without Streamlit: more frames, or how far it is."""
        wanted(said)
        if isinstance(said, dict) and "wants" in said:
            said = _least(said)
        return answer(recording, said, fork, also, wide, who) | {"maker": maker}

    given = supply(who, (identify(run.course), maker, sorted(wide)), give)

    def least(said: object) -> None:
        """The component must be there again, but has all it needs."""
        if isinstance(said, dict):
            st.session_state.setdefault(f"{key}.asked", _least(said))

    def heard(what: str) -> None:
        if key not in st.session_state:
            return  # the page was left while this word was under way
        said = st.session_state[key].get(what)
        run.settings.hold(said.get("turn") if isinstance(said, dict) else None)
        if what == "pick" and on_pick:
            words = said if isinstance(said, dict) else {}
            x, y, which = words.get("x"), words.get("y"), words.get("picture")
            told = on_pick
            if not callable(told):
                told = told[_whole(which, 0, len(told) - 1, 0)]
            if told and _is_number(x) and _is_number(y):
                told(x, y)
                st.session_state[f"{key}.again"] = True
        elif what == "more":
            st.session_state[f"{key}.asked"] = said
        elif what == "stop":
            recording.leave(who)
            st.session_state.pop(f"{key}.asked", None)  # said before, and not wanted any more
            least(said)
        elif what == "look":
            wanted(said)
            least(said)
        elif run.hear(what, said):
            st.session_state[f"{key}.again"] = True
        else:
            least(said)

    @st.fragment
    def live() -> None:
        if st.session_state.pop(f"{key}.again", False) or run.behind:
            st.rerun()
        request = st.session_state.pop(f"{key}.asked", None)
        data: dict[str, Any] = {"script": script(), "vega": vega(), "key": key, "turn": turn}
        data |= {"address": run.address, "supply": given.address}
        now = run.session
        data |= {"play": run.plays, "at": now.at, "heard": now.heard}
        data |= {"proposal": now.proposal is not None, "later": run.later}
        try:
            data |= answer(recording, request, fork, also, wide, who) | {"maker": maker}
            if not isinstance(request, dict) or request.get("turn") != turn:
                data["prediction"] = run.prediction
                readouts = [(start, readout(config)) for start, config in run.course]
                stills = [*run.olds, *run.pins]
                data |= around(pictures, readouts, stills, also, run.step_name)
            data = finite(data)
        except Exception as error:
            logging.getLogger(__name__).exception("the run of %s could not start", key)
            st.container(key="no_player").error(f"This run could not start: {error}")
            return
        mount(
            key=key,
            data=data,
            on_more_change=partial(heard, "more"),
            on_look_change=partial(heard, "look"),
            on_stop_change=partial(heard, "stop"),
            on_at_change=partial(heard, "at"),
            on_fork_change=partial(heard, "fork"),
            on_restart_change=partial(heard, "restart"),
            on_pick_change=partial(heard, "pick"),
        )

    live()
    run.bar()
