"""A run that a learner steers: the session of a page, kept for the visitor and drawn.

What changes a session, and how, stands in ui/session.py.
"""

from collections.abc import Callable
from functools import cached_property
from secrets import token_hex
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np
import streamlit as st

from core.race import Race
from core.recording import SOON_SECONDS, Course, Frame, Frames, Recording, shared
from ui import session
from ui.controls import Settings
from ui.differences import differences, differing, history, label
from ui.link import LINKED, write
from ui.session import Session
from ui.tables import Derive, charted, cut, narrow, table
from ui.theme import PINS

MOST_COMPLAINTS = 4
STILL_ROWS = 300  # of a curve that does not move
MOST_OLD, SHORT = 3, 0.04  # old curves shown; the part of a run that a moment is
LOOK_SECONDS = 0.1  # that a page waits for the end of its run, so that a short one is whole at once


def _named(maker: Any) -> tuple[Any, ...]:
    """A function with what it is bound to or closes over, or a value that can be called."""
    held = [cell.cell_contents for cell in getattr(maker, "__closure__", None) or ()]
    own = getattr(maker, "__self__", None)
    return getattr(maker, "__module__", ""), getattr(maker, "__qualname__", maker), own, held


class Still(NamedTuple):
    """A curve that stays while the run moves: pinned, or what would have come before a fork."""

    letter: str  # of a pin, "" of an old curve
    course: Course
    recording: Recording
    rows: slice  # those that are drawn

    def frames(self, also: Derive | None = None) -> Frames:
        """What of it is drawn."""
        whole = charted(self.recording, also, 0, self.recording.total)
        return narrow(cut(whole, self.rows))


class Run:
    """What a page shows and a player plays: the run of one lesson in one session."""

    def __init__(
        self,
        settings: Settings,
        frame: Callable[[Any, Any], Frame] | None = None,
        lesson: Race | None = None,
    ) -> None:
        """`frame` takes the place of the lesson's in a view that shows what takes long to find, a
        race that of the lesson in one that shows several values of a setting side by side.
        """
        self.settings, self.name = settings, settings.name
        self.lesson: Any = lesson or settings.lesson
        self.step_name = settings.step_name
        self._frame = frame or self.lesson.frame
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
        self.recording = self._recording(self.course)
        self.later = False  # whether a fork waits for a state from which the run can go on
        self.follows = False  # whether the page shows the state on screen, and so runs at each rest
        self._shown: dict[Recording, int] = {}  # frames that the page has drawn of each run
        # By this name the session has runs computed, and those that it leaves for others stop.
        # Nobody else knows it.
        self.who: str = st.session_state.setdefault(f"{self.name}.who", token_hex())
        begun = self.course, self._frame
        if st.session_state.get(f"{self.name}.begun") != begun:
            st.session_state[f"{self.name}.begun"] = begun
            now = WeakSet((self.recording, *(pin.recording for pin in self.pins)))
            before = st.session_state.get(f"{self.name}.waited", WeakSet())
            st.session_state[f"{self.name}.waited"] = now
            for recording in before - now:
                recording.leave(self.who)
            for recording in now:
                recording.start(SOON_SECONDS, self.who)

    def _recording(self, course: Course) -> Recording:
        resumable = getattr(self.lesson, "resumable", None)
        return shared(self.lesson.run, course, frame=self._frame, resumable=resumable)

    def maker(self, also: Derive | None) -> str:
        """A name for what makes the columns of this view, the same in each process: a browser keeps
        no others.
        """
        return session.identify([_named(one) for one in (self.lesson.run, self._frame, also)])

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
    def since(self) -> int:
        """The step from which on the settings now hold."""
        return self.course[-1][0]

    def hear(self, what: str, said: object) -> bool:
        """Take in what the browser says; True if the whole page must run again."""
        before = self.session
        words = said if isinstance(said, dict) else {}
        self.later = False
        if what == "fork" and words.get("recording") == session.identify(self.course):
            # Where the run cannot go on from that state, it does from the next that can.
            step = words.get("step")
            step = self.recording.resumes_at(step) if isinstance(step, int) else None
            self.later = step is None
            if self.later:
                self.recording.lease(who=self.who)
                return False
            said = words | {"step": step}
        self._turn(session.hear, what, said, self.lesson.LIVE)
        now = self.session
        rests = self.follows and now.at != before.at
        return rests or (now.course, now.proposal) != (before.course, before.proposal)

    @property
    def address(self) -> dict[str, str]:
        """What the link says beside the controls; the player writes it, "" for nothing.

        Written by the server it would come with the controls as they were when the server last
        heard of them, and take back in the address what a learner has set since.
        """
        words = {"course": write(self.session.course), "at": str(self.session.at or "")}
        signed = {self.settings.key(field): text for field, text in words.items()}
        return signed | self.settings.begun

    # --- What is computed meanwhile, in the background.

    @property
    def computing(self) -> bool:
        """Whether the run, or a pinned one, is being computed."""
        return any(one.computing for one in (self.recording, *(pin.recording for pin in self.pins)))

    @property
    def behind(self) -> bool:
        """Whether the page shows less than there is, and all that will come for now is there: what
        the whole run shows, or a course that has changed since (that run of the page was cut off).
        """
        if self.course != self.session.course:
            return True
        if self.recording not in self._shown:
            return False  # the page has not come so far
        runs = [self.recording, *(pin.recording for pin in self.pins)]
        return not self.computing and any(one.known != self._shown.get(one) for one in runs)

    def finish(self) -> Frames:
        """The frames: all of them if they come soon, else the page says that more will come."""
        if self.recording.computing:
            self.recording.finish(LOOK_SECONDS)
        frames = self.recording.frames()
        self._shown[self.recording] = len(frames.steps)
        if not frames.finished:
            st.caption(f"What the whole run shows comes here with its last {self.step_name}.")
        return frames

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
        recording = self._recording(course)
        self._shown.setdefault(recording, recording.known)
        stride = -(-recording.total // STILL_ROWS) | 1
        rows = slice(recording.frame_of(since), None, stride)
        return Still(letter, course, recording, rows)

    def bar(self) -> None:
        """Below the player: undo, pin, and what sets pinned curves apart."""
        pins = dict(self.session.pins)
        full = len(pins) == len(PINS)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Pin this curve",
                key=f"{self.key}.pin",
                on_click=self._turn,
                args=(session.pin,),
                disabled=full or self.course in pins.values(),
                icon=":material/keep:",
                help="Four are pinned: unpin one of them to pin another."
                if full
                else "Keep it on the charts while you change settings: up to four, for this visit.",
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
