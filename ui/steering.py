"""A run that a learner steers: the session of a page, kept for the visitor and drawn.

What changes a session, and how, stands in ui/session.py.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from core.recording import Course, Frames, Recording, shared
from ui import session
from ui.controls import LINKED, Settings
from ui.differences import differences, differing, history, label
from ui.link import write
from ui.session import Session
from ui.tables import Derive, cut, derived, narrow, table
from ui.theme import PINS

MOST_COMPLAINTS = 4
STILL_ROWS = 300  # of a curve that does not move
MOST_OLD, SHORT = 3, 0.04  # old curves shown; the part of a run that a moment is
# How long a page computes at a time, and how often; how long it does for a curve beside its run.
LOOK_SECONDS, LOOK_EVERY, STILL_SECONDS = 0.1, 0.3, 0.03


class Still(NamedTuple):
    """A curve that stays while the run moves: pinned, or what would have come before a fork."""

    letter: str  # of a pin, "" of an old curve
    course: Course
    recording: Recording
    recorded: Frames  # as far as it is known
    rows: slice  # those that are drawn

    def frames(self, also: Derive | None = None) -> Frames:
        """What of it is drawn."""
        return narrow(cut(derived(self.recorded, self.course, also), self.rows))


class Run:
    """What a page shows and a player plays: the run of one lesson in one session."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.lesson, self.name = settings, settings.lesson, settings.name
        self.key, self._place = f"{self.name}.player", f"{self.name}.run"
        wanted = settings.config()
        if self._place not in st.session_state:
            said = {field: st.query_params.get_all(settings.key(field)) for field in LINKED}
            st.session_state[self._place], wrong = session.arrive(said, wanted, self.lesson.LIVE)
            for complaint in wrong[:MOST_COMPLAINTS]:
                settings.complain(complaint)
        self._turn(session.choose, wanted, self.lesson.LIVE, anew=settings.anew())
        self.course: Course = self.session.course
        self.config = self.session.config
        self.recording: Recording = shared(self.lesson.run, self.course, frame=self.lesson.frame)

    @property
    def session(self) -> Session:
        """The visitor's session as it is now: a word of the browser may have changed it since."""
        return st.session_state[self._place]

    def _turn(self, function: Callable[..., Session], *arguments: Any, **named: Any) -> None:
        st.session_state[self._place] = function(self.session, *arguments, **named)

    @property
    def plays(self) -> int:
        """How often the page has asked the player to start by itself."""
        return self.settings.plays

    @property
    def prediction(self) -> str:
        """How much of what theory predicts is drawn: one of ui.controls.PREDICTIONS."""
        return self.settings.prediction

    @property
    def legs(self) -> tuple[Any, ...]:
        """The first config and the later changes, as a lesson's theory takes them."""
        return (self.course[0][1], *self.course[1:])

    def pinned(self, field: str, also: Derive | None = None) -> list[np.ndarray]:
        """The values of a column, or with `_i` of its part i, in every pinned run that has it."""
        tables = [table(pin.frames(also)) for pin in self.pins]
        return [rows[field].to_numpy() for rows in tables if field in rows.column_names]

    @property
    def behind(self) -> bool:
        """Whether the session has another course since the page ran: that run of it was cut off."""
        return self.course != self.session.course

    @property
    def since(self) -> int:
        """The step from which on the settings now hold."""
        return self.course[-1][0]

    def hear(self, what: str, said: object) -> bool:
        """Take in what the browser says; True if the whole page must run again."""
        before = self.session
        self._turn(session.hear, what, said, self.lesson.LIVE)
        now = self.session
        return (now.course, now.proposal) != (before.course, before.proposal)

    @property
    def address(self) -> dict[str, str]:
        """What the link says beside the controls; the player writes it, "" for nothing.

        Written by the server it would come with the controls as they were when the server last
        heard of them, and take back in the address what a learner has set since.
        """
        words = {"course": write(self.session.course), "at": str(self.session.at or "")}
        return {self.settings.key(field): text for field, text in words.items()}

    def finish(self) -> Frames:
        """The frames: all of them if they come soon, else the page says so and looks again."""
        frames = self.recording.finish(LOOK_SECONDS)
        still = [curve.recording for curve in (*self.olds, *self.pins)]
        waited = [one for one in (self.recording, *still) if not one.finish(0).finished]
        if waited:
            self._wait(waited)
        return frames

    @st.fragment(run_every=LOOK_EVERY)
    def _wait(self, waited: Sequence[Recording]) -> None:
        """Compute one after the other, in short looks: a word of the player waits for each."""
        if waited[0].finish(LOOK_SECONDS).finished:
            st.rerun()
        frames = self.recording.finish(0)
        if not frames.finished:
            part = 100 * len(frames.steps) // frames.total
            words = f"What the whole run shows comes here with its last update: {part} % computed."
            st.caption(words)

    # --- Undo and pin.

    def undo(self) -> None:
        """A callback: take back the last change of settings."""
        self._turn(session.undo)
        now = self.session.config
        self.settings.change({field: getattr(now, field) for field in self.lesson.LIVE})

    @cached_property
    def pins(self) -> list[Still]:
        """The pinned curves."""
        return [self._still(letter, course) for letter, course in self.session.pins]

    @cached_property
    def olds(self) -> list[Still]:
        """What would have come without the last changes; not of settings that held for a moment."""
        ends = zip(self.course, self.course[1:], strict=False)
        kept = [
            index
            for index, ((start, _), (end, _)) in enumerate(ends, 1)
            if end - start >= self.config.steps * SHORT
        ]
        return [self._still("", self.course[:i], self.course[i][0]) for i in kept[-MOST_OLD:]]

    def _still(self, letter: str, course: Course, since: int = 0) -> Still:
        """The curve from `since` on, thinned by an odd stride: an even one would hide a zigzag."""
        recording = shared(self.lesson.run, course, frame=self.lesson.frame)
        frames = recording.finish(STILL_SECONDS)
        stride = -(-recording.total // STILL_ROWS) | 1
        rows = slice(recording.frame_of(since), None, stride)
        return Still(letter, course, recording, frames, rows)

    def bar(self) -> None:
        """Below the player: undo, pin, and what sets pinned curves apart."""
        pins = dict(self.session.pins)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Pin this curve",
                key=f"{self.key}.pin",
                on_click=self._turn,
                args=(session.pin,),
                disabled=len(pins) == len(PINS) or self.course in pins.values(),
                icon=":material/keep:",
                help="Keep it on the charts while you change settings: up to four.",
            )
            if len(self.course) > 1:
                st.button(
                    f"Undo the change at {self.since}",
                    key=f"{self.key}.undo",
                    on_click=self.undo,
                    icon=":material/undo:",
                )
            for letter in pins:
                st.button(
                    f"Unpin {letter}",
                    key=f"{self.key}.unpin.{letter}",
                    on_click=self._turn,
                    args=(session.unpin, letter),
                )
        if pins:
            st.html(differences({"on screen": self.course} | pins))
        elif len(self.course) > 1:
            words = [f"{label(f)} {history(self.course, f)}" for f in differing([self.course])]
            st.caption(f"Changed on the way: {'; '.join(words)}.")
