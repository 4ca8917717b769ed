"""A digit that somebody draws, and what the run on screen and the pinned ones take it for.

The browser (sketch.js) sends the strokes while they grow, one drawing at a time; the answer has the
probabilities. The server keeps the last drawing for who comes back to the tab.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from core import datasets
from core.mnist import Config, State, as_picture, ink, opinion
from core.theory.mnist.digits import PEN
from ui.steering import Run
from ui.theme import BLUE, PINS
from ui.workings import kept_near, on_screen

HERE = Path(__file__).parent
MOST_POINTS, MOST_STROKES = 1_500, 400  # of a drawing; sketch.js draws no more points
HTML = """
<section class="sketch" data-testid="sketch">
  <div class="sides">
    <div>
      <div class="place">
        <canvas class="paper" tabindex="0" role="application" data-testid="sketch-paper"
          aria-label="Draw a digit. Keys: arrows move the pen, space puts it down or up, Delete
            clears."></canvas>
        <div class="hint" aria-hidden="true">Draw here, with mouse, finger or arrow keys</div>
      </div>
      <div class="below">
        <button data-testid="sketch-clear">Clear</button>
        <canvas class="small" width="28" height="28" aria-hidden="true"></canvas>
        <span>what the network gets</span>
      </div>
    </div>
    <div>
      <div class="runs"></div>
      <div class="bars" aria-hidden="true" data-testid="sketch-bars"></div>
      <div class="said" role="status" data-testid="sketch-said"></div>
    </div>
  </div>
</section>
"""

Strokes = tuple[tuple[tuple[float, float], ...], ...]


class Asked(NamedTuple):
    """A network that is asked: the run on screen, or a pinned one."""

    title: str
    colour: str
    config: Config
    state: State


def read(said: object) -> Strokes | None:
    """The strokes that a browser tells, each of points x, y from 0 to 1; None where it tells other
    things, or too many of them.
    """
    if not isinstance(said, list) or len(said) > MOST_STROKES:
        return None
    strokes = []
    for row in said:
        if not isinstance(row, list) or not row:
            return None
        for point in row:
            if not (isinstance(point, list) and len(point) == 2 and all(map(_is_part, point))):
                return None
        strokes.append(tuple((float(x), float(y)) for x, y in row))
    return tuple(strokes) if sum(map(len, strokes)) <= MOST_POINTS else None


def _is_part(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # pyright: ignore[reportOperatorIssue]


def answer(asked: list[Asked], strokes: Strokes) -> dict[str, Any]:
    """What is thought of a drawing: `picture` (784,) is what the first network gets of it, of each
    of `runs` the ten probabilities, None where it has lost its numbers.
    """
    drawing = ink(strokes)
    pictures = {one.config.dataset: as_picture(drawing, one.config.dataset) for one in asked}
    runs = []
    for title, colour, config, state in asked:
        found = opinion(config, state, pictures[config.dataset])
        told = [float(p) if math.isfinite(p) else None for p in found]
        runs.append({"title": title, "ink": colour, "opinion": told})
    first = asked[0].config.dataset
    return {
        "runs": runs,
        "names": list(datasets.LABELS[first]),
        "picture": np.ravel(pictures[first]).tolist(),
    }


def _networks(run: Run, step: int | None) -> list[Asked]:
    """The run after the step on screen, which the browser has told, and each pinned one as far as
    that.
    """
    rests = on_screen(run)
    step = rests if step is None else min(step, run.config.steps)
    courses = [("", run.course, run.recording)]
    courses += [(pin.letter, pin.course, pin.recording) for pin in run.pins]
    found = []
    for letter, course, recording in courses:
        state = kept_near(recording, min(step, recording.steps))
        who = letter or "on screen"
        when = f"after {run.step_name} {state.step}"
        if state.step == 0:
            when = f"before the first {run.step_name} (nothing is learnt yet)"
        found.append(Asked(f"{who}, {when}", PINS.get(letter, BLUE), course[-1][1], state))
    return found


def sketch(run: Run) -> None:
    """The square, and beside it the bars."""
    key = f"{run.name}.sketch"
    place = f"{key}.drawn"
    turn = run.settings.turn
    # The same words always: one line more or less would move the square under who draws.
    st.caption("Each pinned run is asked as well as the one on screen.")
    mount = component(
        "sketch",
        html=HTML,
        css=(HERE / "sketch.css").read_text(),
        js=(HERE / "sketch.js").read_text(),
    )

    def drawn() -> None:
        if key not in st.session_state:
            return  # the page was left while this word was under way
        said = st.session_state[key].get("drawn")
        words = said if isinstance(said, dict) else {}
        run.settings.hold(words.get("turn"))
        strokes, number, step = read(words.get("strokes")), words.get("number"), words.get("step")
        if strokes is not None and isinstance(number, int):
            seen = step if type(step) is int and step >= 0 else None
            st.session_state[place] = number, strokes, seen

    @st.fragment
    def live() -> None:
        if run.behind:
            st.rerun()
        number, strokes, step = st.session_state.get(place, (0, (), None))
        data = {"turn": turn, "number": number, "strokes": strokes, "step": step, "pen": PEN}
        mount(key=key, data=data | answer(_networks(run, step), strokes), on_drawn_change=drawn)

    live()
