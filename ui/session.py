"""A visitor's session as one value, and the functions that lead from one to the next.

Only the browser knows which step is on screen. A changed setting is therefore first a *proposal*,
sent along with the run as it is; the browser answers with the step at which to fork. Its words may
come late, doubled, or speak of a run that is gone: what holds all the same stands as laws in
tests/ui/test_session.py. Nothing here knows Streamlit.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

from core.ranges import Range
from core.recording import Course
from ui.link import LINKED, MOST_LEGS, read
from ui.theme import PINS
from ui.written import parse_number


@dataclass(frozen=True)
class Session:
    """The run of one lesson for one visitor."""

    course: Course
    at: int = 0  # the step on screen when the browser last rested
    before: Any = None  # the settings before the last change, None where nobody has changed any
    heard: bool = False  # whether a browser plays this run; a test without one does not
    proposal: Any = None  # settings that wait for the step on screen
    pins: tuple[tuple[str, Course], ...] = ()  # letters with their courses

    @property
    def config(self) -> Any:
        """The settings now."""
        return self.course[-1][1]


def identify(value: object) -> str:
    """A short name for a config or a course."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def forked(course: Course, step: int, config: Any) -> Course:
    """The course changed to `config` at `step`; at its start, or when it is over, a new run."""
    kept = tuple(leg for leg in course if leg[0] < step)
    if not kept or step >= config.steps or len(kept) >= MOST_LEGS:
        return ((0, config),)
    return kept if kept[-1][1] == config else (*kept, (step, config))


def _turned(session: Session, course: Course, at: int) -> Session:
    """The session with another course."""
    before = session.before if course[-1][1] == session.config else session.config
    return replace(session, course=course, at=at, before=before)


def arrive(
    said: Mapping[str, Sequence[str]], wanted: Any, live: frozenset[str]
) -> tuple[Session, list[str]]:
    """A new session by a link, and what was wrong with that.

    `said` has the texts that the link has for each of LINKED, `wanted` are the settings that the
    controls have read from it, and `live` names the fields that may change during a run.
    """
    texts = {field: said.get(field, ()) for field in LINKED}
    text, at = (values[-1] if values else None for values in texts.values())
    course, wrong = read(text or "", wanted, live)
    wrong += [
        f"The link sets {field} {len(values)} times: the last is used."
        for field, values in texts.items()
        if len(values) > 1
    ]
    steps = Range(0, wanted.steps, whole=True)
    start: Any = 0 if at is None else at
    if at is not None:
        with suppress(ValueError):
            start = parse_number(at)
    if start not in steps:
        wrong.insert(0, f"at = {start!r} is not allowed: it must be {steps}. The run is at 0.")
        start = 0
    before = course[-2][1] if len(course) > 1 else None
    return Session(course, int(start), before), wrong


def choose(session: Session, wanted: Any, live: frozenset[str], *, anew: bool = False) -> Session:
    """The controls hold the settings `wanted`; `anew` if they are meant for a run from 0 on.

    What is not among the fields `live` makes a new run, whose picture stays at its step.
    """
    session = replace(session, proposal=None)
    last = session.config
    differing = {f.name for f in fields(last) if getattr(last, f.name) != getattr(wanted, f.name)}
    if anew or not differing <= live:
        if not differing and len(session.course) == 1:
            return session
        return _turned(session, ((0, wanted),), 0 if anew else min(session.at, wanted.steps))
    if not differing:
        return session
    if session.heard:
        return replace(session, proposal=wanted)
    return _turned(session, forked(session.course, session.at, wanted), session.at)


def hear(session: Session, what: str, said: object, live: frozenset[str]) -> Session:
    """The browser says `what` ("at", "fork", "restart") of the run that it shows."""
    words = said if isinstance(said, dict) else {}
    if not session.heard:
        session = replace(session, heard=True)
        followed = _follow(session, words, live)
        if followed.course != session.course:
            return followed
    if words.get("recording") != identify(session.course):
        return session  # it speaks of a run that is gone
    if what == "restart":
        return _turned(session, ((0, session.config),), 0)
    step = words.get("step")
    if not isinstance(step, int) or step not in Range(0, session.config.steps, whole=True):
        return session
    session = replace(session, at=step)
    # A slider that is still being moved may have proposed something newer: it forks there too.
    if what == "fork" and session.proposal:
        course = forked(session.course, step, session.proposal)
        return replace(_turned(session, course, step), proposal=None)
    return session


def _follow(session: Session, said: Mapping[str, Any], live: frozenset[str]) -> Session:
    """Take up the course in the browser's address, if the server was told another.

    Streamlit tells a server the address as Streamlit has written it last. After a restart of the
    server that is not the one which the player has written since.
    """
    text, step, now = said.get("course"), said.get("step"), session.config
    if not isinstance(text, str) or not isinstance(step, int):
        return session
    course, wrong = read(text, now, live)
    if wrong or step not in Range(0, now.steps, whole=True):
        return session
    return _turned(session, course, step)


def undo(session: Session) -> Session:
    """Without the last change of settings, nor one that waits; of a run that has none, the same."""
    session = replace(session, proposal=None)
    return _turned(session, session.course[:-1] or session.course, session.at)


def pin(session: Session) -> Session:
    """With this run's curve kept, in the first colour that is free."""
    pins = dict(session.pins)
    free = next((letter for letter in PINS if letter not in pins), None)
    if not free or session.course in pins.values():
        return session
    return replace(session, pins=tuple(sorted((pins | {free: session.course}).items())))


def unpin(session: Session, letter: str) -> Session:
    """Without that curve; the others keep their colours."""
    return replace(session, pins=tuple(pin for pin in session.pins if pin[0] != letter))
