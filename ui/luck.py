"""How lucky a run was: many seeds as one run in the background, their boundaries as links."""

from collections.abc import Mapping
from functools import partial
from html import escape
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from core.recording import Recording
from ui.job import job
from ui.steering import Run
from ui.theme import number
from ui.thumbnails import address, mapped

SIDE = 48  # pixels of a picture
_GRID = f"""<style>.seeds {{ display: flex; flex-wrap: wrap; gap: 8px; }}
.seeds a {{ display: block; width: {SIDE}px; color: inherit; text-decoration: none;
  font-size: 0.75rem; text-align: center; line-height: 1.3; }}
.seeds img {{ display: block; width: {SIDE}px; height: {SIDE}px; image-rendering: auto;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }}</style>"""


def luck(run: Run, recording: Recording, count: int, solved: float, known: str) -> None:
    """A button that trains so many seeds, and what has become of them; `known` is what theory knows
    of it, if anything.

    The recording, of `Seeds`, has `accuracy` (m, n) and `boundaries` (m, n, rows, columns); a seed
    is solved where its accuracy is above `solved`.
    """
    if known:
        st.caption(known)
    results = partial(_results, run, recording, count, solved)
    job(f"{run.name}.lucky", [recording], f"Train {count} seeds", "epoch", results)


def _results(run: Run, recording: Recording, count: int, solved: float) -> None:
    frames = recording.frames()
    accuracy, cells = (frames.columns[name][-1] for name in ("accuracy", "boundaries"))
    there = int((accuracy > solved).sum())
    low, high = run.lesson.wilson(there, count)
    st.markdown(
        f"After {frames.steps[-1]} epochs **{there} of {count}** seeds have more than "
        f"{number(solved)} of their points on the right side: {100 * there / count:.0f} %. In the "
        f"long run it is between {100 * low:.0f} % and {100 * high:.0f} % (Wilson's interval, "
        f"right 95 times of 100). {int((accuracy == 1).sum())} have all points right."
    )
    first = recording.course[0][1].config.seed
    query = dict(st.query_params)
    links = []
    for k in np.argsort(accuracy, kind="stable").tolist():
        seed = first + k
        words = f"seed {seed}: accuracy {number(float(accuracy[k]))}"
        links.append(
            f'<a href="{escape(_link(run.name, query, seed))}" target="_self" '
            f'title="{words}"><img alt="{words}" src="{address(mapped(cells[k][::-1]))}">{seed}</a>'
        )
    st.html(f'{_GRID}<div class="seeds">{"".join(links)}</div>')
    st.caption("The plane of each seed, the least accurate first. A click opens its run.")


def _link(name: str, query: Mapping[str, str], seed: int) -> str:
    """The address of the page with these settings and another seed, from its start."""
    gone = (f"{name}.course", f"{name}.at")
    kept = {field: text for field, text in query.items() if field not in gone}
    # Of the page itself, wherever the app is served.
    return f"?{urlencode(kept | {f'{name}.seed': str(seed)})}"
