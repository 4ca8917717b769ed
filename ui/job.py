"""What a tab computes beside the run: a sweep in the background, started and cancelled there."""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import streamlit as st

from core.course import Course
from core.recording import LEASE_SECONDS, Frames, Recording, followed
from core.sweep import Sweep, sweep
from ui.theme import counted

LOOK_SECONDS = 1.0


class Job:
    """Recordings computed one a core, one after the other, as long as somebody looks."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.courses = courses(recordings)
        self.look()
        self._runs: Sweep | None = sweep(self._followed, recordings)
        threading.Thread(target=self._read, args=(self._runs,), name="job", daemon=True).start()

    @property
    def open(self) -> bool:
        """Whether there is more to come."""
        return self._runs is not None

    def look(self) -> None:
        """Have it go on for some more seconds."""
        self._until = time.monotonic() + LEASE_SECONDS

    def close(self) -> None:
        """Stop; what is known stays with the recordings."""
        runs, self._runs = self._runs, None  # nor are these held by who keeps the job
        if runs is not None:
            runs.close()

    def _followed(self, recording: Recording) -> Iterator[Frames]:
        for frames in followed(recording):
            if time.monotonic() > self._until:
                self.close()
            yield frames

    def _read(self, runs: Sweep) -> None:
        """A sweep begins another run for each that is taken."""
        # Of a run that raised the recording tells whoever asks.
        with suppress(Exception):
            for _ in runs:
                pass
        self.close()


def courses(recordings: Sequence[Recording]) -> tuple[Course, ...]:
    """What tells one job from another."""
    return tuple(recording.course for recording in recordings)


def seconds_left(recordings: Sequence[Recording]) -> float:
    """How long they take, one a core; nan before the first update. Of those that have not begun an
    update is taken to last as long as of those that have.
    """
    paces = [one.seconds_per_step for one in recordings if math.isfinite(one.seconds_per_step)]
    if not paces:
        return math.nan
    pace = sum(paces) / len(paces)
    each = [
        left if math.isfinite(left := recording.seconds_left) else pace * recording.steps
        for recording in recordings
    ]
    return max(sum(each) / (os.cpu_count() or 1), *each)


def job(
    key: str,
    recordings: Sequence[Recording],
    words: str,
    step: str,
    results: Callable[[], None],
) -> None:
    """A button with these `words`, how far the recordings are, each of whose steps is called
    `step`, and `results` from the first update of any of them on.

    They are computed while somebody waits for them: leaving the tab, or Cancel, ends that.
    """

    def begun() -> Job | None:
        """The job of these recordings, if it was ever started here."""
        mine: Job | None = st.session_state.get(key)
        if mine is not None and mine.courses != courses(recordings):
            mine.close()
            return None
        return mine

    def finished() -> bool:
        return all(recording.finished for recording in recordings)

    def running() -> Job | None:
        """The job, while there is more to come."""
        mine = begun()
        return mine if mine and mine.open and not finished() else None

    def start() -> None:
        st.session_state[key] = Job(recordings)

    def cancel() -> None:
        st.session_state[key].close()

    looking = running() is not None

    @st.fragment(run_every=LOOK_SECONDS if looking else None)
    def shown() -> None:
        now = running()
        if (now is not None) != looking:
            st.rerun()  # it looks again and again, or no longer
        if now:
            now.look()
            _progress(recordings, step)
            st.button("Cancel", on_click=cancel, key=f"{key}.cancel")
        elif not finished():
            st.button("Go on" if begun() else words, on_click=start, key=f"{key}.start")
        for recording in recordings:
            if recording.finished and recording.known < recording.total:
                st.error(why(recording))
        known = any(recording.known > 1 for recording in recordings)
        if known and (begun() or finished()):
            results()

    shown()


def _progress(recordings: Sequence[Recording], step: str) -> None:
    done = sum(recording.known for recording in recordings)
    total = sum(recording.total for recording in recordings)
    left = seconds_left(recordings)
    soon = f", about {left:.0f} s left" if math.isfinite(left) else ""
    if len(recordings) > 1:
        whole = sum(recording.finished for recording in recordings)
        words = f"{whole} of {len(recordings)} runs"
    else:
        words = counted(max(recordings[0].known - 1, 0) * recordings[0].every, step)
    st.progress(done / total, f"{words}{soon}")


def why(recording: Recording) -> str:
    """Why there are no more frames."""
    try:
        return str(recording.frames().error)
    except Exception as error:  # of its very first frame
        return str(error)
