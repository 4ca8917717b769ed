"""What a tab computes beside the run: recordings in the background, started and cancelled there."""

import math
import os
from collections.abc import Callable, Sequence

import streamlit as st

from core.recording import Recording
from ui.theme import counted

LOOK_SECONDS = 1.0


def seconds_left(recordings: Sequence[Recording]) -> float:
    """How long they take side by side on all cores; nan before the first update of each."""
    each = [recording.seconds_left for recording in recordings]
    # `max` passes over a nan that is not the first.
    return max(sum(each) / (os.cpu_count() or 1), *each)


def job(
    key: str,
    recordings: Sequence[Recording],
    words: str,
    step: str,
    results: Callable[[], None],
) -> None:
    """A button with these `words`, how far the recordings are, each of whose steps is called
    `step`, and `results` from the first of them on.

    They are leased while somebody waits for them: leaving the tab, or Cancel, ends the computing.
    """
    courses = tuple(recording.course for recording in recordings)
    who = st.session_state.setdefault(f"{key}.who", object())

    def choose(wanted: bool) -> None:
        st.session_state[key] = courses if wanted else None

    def cancel() -> None:
        choose(False)
        for recording in recordings:
            recording.leave(who)

    looking = st.session_state.get(key) == courses

    @st.fragment(run_every=LOOK_SECONDS if looking else None)
    def shown() -> None:
        wanted = st.session_state.get(key) == courses
        finished = all(recording.finished for recording in recordings)
        if wanted and finished:
            choose(False)
            wanted = False
        if wanted:
            for recording in recordings:
                recording.lease(who=who)
        if wanted != looking:
            st.rerun()  # it looks again and again, or no longer
        done = sum(recording.known for recording in recordings)
        total = sum(recording.total for recording in recordings)
        begun = all(recording.known > 1 for recording in recordings)
        if wanted:
            left = seconds_left(recordings)
            soon = f", about {left:.0f} s left" if math.isfinite(left) else ""
            least = min(max(recording.known - 1, 0) * recording.every for recording in recordings)
            st.progress(done / total, f"{counted(least, step)}{soon}")
            st.button("Cancel", on_click=cancel, key=f"{key}.cancel")
        elif not finished:
            st.button(
                "Go on" if begun else words, on_click=choose, args=(True,), key=f"{key}.start"
            )
        for recording in recordings:
            if recording.finished and recording.known < recording.total:
                st.error(str(recording.frames().error))
        if begun:
            results()

    shown()
