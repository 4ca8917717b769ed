"""A run that a learner steers: its course kept for the session, carried by the link, forked,
undone.

A course is ((0, config), (k, config'), ...): config' was chosen at step k. The controls hold the
settings now; the address holds the earlier ones with their steps, as words:

    course = 0 learning_rate 0.05 40 momentum 0.5 70

is a run that began with the settings now but for learning_rate = 0.05, went on from step 40 with
the settings now but for momentum = 0.5, and from step 70 with the settings now.

Only the browser knows which step is on screen. A changed setting is therefore first a *proposal*,
sent along with the run as it is; the browser answers with the step at which to fork.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from html import escape
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import streamlit as st

from core.ranges import Range
from core.recording import Course, Frames, Recording, shared
from ui.controls import LINKED, Settings, parse_flag, parse_number
from ui.theme import PINS, TABLE_STYLE, setting

MOST_LEGS = 100  # a course longer than this no longer fits into a link
MOST_WORDS = 10_000
MOST_COMPLAINTS = 4
STILL_ROWS = 300  # of a curve that does not move
WIDE = 64  # numbers in a frame's column from which on it travels in one piece
MOST_OLD, SHORT = 3, 0.04  # old curves shown; the part of a run that a moment is
# How long a page computes at a time, and how often; how long it does for a curve beside its run.
LOOK_SECONDS, LOOK_EVERY, STILL_SECONDS = 0.1, 0.3, 0.03


def write(course: Course) -> str:
    """The course as words for a link, without the settings now: see above. "" if it is one leg."""
    now = course[-1][1]
    words: list[str] = []
    for start, config in course[:-1]:
        words.append(str(start))
        for field in fields(config):
            value = getattr(config, field.name)
            if value != getattr(now, field.name):
                words += [field.name, str(value).lower() if isinstance(value, bool) else str(value)]
    return " ".join([*words, str(course[-1][0])]) if words else ""


def read(text: str, now: Any, live: frozenset[str]) -> tuple[Course, list[str]]:
    """The course that `text` writes, and what was wrong with it.

    What makes no sense is left out: the nearest run that does comes back, in the end `now` alone.
    """
    wrong: list[str] = []
    legs: list[tuple[int, Any]] = []
    words = iter(text.split()[:MOST_WORDS])
    steps = Range(0, now.steps, whole=True)
    skipping = False  # what belongs to a step that was left out
    for word in words:
        if word.isascii() and word.isdigit():
            start = int(word[:18])
            skipping = True
            if len(legs) == MOST_LEGS:
                wrong.append(f"The link's course has more than {MOST_LEGS} parts: the rest is cut.")
                break
            if start not in steps:
                wrong.append(f"The link's course has a step {word[:18]}: it must be {steps}.")
            elif legs and start <= legs[-1][0]:
                wrong.append(f"The link's course goes back to step {start}: steps must grow.")
            else:
                legs.append((start, now))
                skipping = False
            continue
        value = next(words, "")
        if word not in live:
            wrong.append(
                f"The link's course sets {word[:40]!r}: only "
                f"{', '.join(sorted(live))} may change during a run."
            )
        elif legs and not skipping:
            try:
                parse = {bool: parse_flag, str: str}.get(type(getattr(now, word)), parse_number)
                legs[-1] = (legs[-1][0], replace(legs[-1][1], **{word: parse(value)}))
            except ValueError as refused:
                wrong.append(f"In the link's course, {refused}")
    if text.split() and (not legs or legs[0][0] != 0):
        wrong.append("The link's course does not begin at step 0: it was ignored.")
        return ((0, now),), wrong
    if legs and legs[-1][1] != now:
        wrong.append("The link's course does not say from which step its settings now hold.")
        legs.pop()
    while len(legs) > 1 and legs[-1][1] == legs[-2][1]:
        legs.pop()  # a change to the same is none
    if not legs or legs[-1][1] != now:
        return ((0, now),), wrong
    return tuple(legs), wrong


def forked(course: Course, step: int, config: Any) -> Course:
    """The course changed to `config` at `step`; at its start, or when it is over, a new run."""
    kept = tuple(leg for leg in course if leg[0] < step)
    if not kept or step >= config.steps or len(kept) >= MOST_LEGS:
        return ((0, config),)
    return kept if kept[-1][1] == config else (*kept, (step, config))


def identify(value: object) -> str:
    """A short name for a config or a course."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def table(frames: Frames) -> pa.Table:
    """The frames as flat columns: one of shape (n, 5) becomes five, `name_0` to `name_4`.

    One of WIDE numbers or more stays one column: a frame's are its bytes, as float32.
    """
    columns: dict[str, Any] = {"step": frames.steps}
    for name, values in frames.columns.items():
        flat = values.reshape(len(values), math.prod(values.shape[1:]))
        if values.ndim == 1:
            columns[name] = values.astype(np.float64)
        elif flat.shape[1] < WIDE:
            flat = flat.astype(np.float64)
            columns |= {f"{name}_{index}": flat[:, index] for index in range(flat.shape[1])}
        else:
            kind = pa.binary(4 * flat.shape[1])
            bytes_ = pa.py_buffer(flat.astype(np.float32).tobytes())
            columns[name] = pa.Array.from_buffers(kind, len(flat), [None, bytes_])
    return pa.table(columns)


# From the config of a run and its frames from the first on, further columns for charts,
# name -> (m, ...). What it makes of a frame may depend on those before, not on those after.
Derive = Callable[[Any, Frames], Mapping[str, np.ndarray]]


def derived(frames: Frames, course: Course, also: Derive | None) -> Frames:
    """The frames, from the first on, with what `also` makes of them."""
    more = also(course[-1][1], frames) if also else {}
    return frames._replace(columns={**frames.columns, **more})


def cut(frames: Frames, rows: slice) -> Frames:
    """Some of the frames."""
    columns = {name: values[rows] for name, values in frames.columns.items()}
    return frames._replace(steps=frames.steps[rows], columns=columns)


def narrow(frames: Frames) -> Frames:
    """The frames without their wide columns."""
    columns = {k: v for k, v in frames.columns.items() if math.prod(v.shape[1:]) < WIDE}
    return frames._replace(columns=columns)


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

    def __init__(self, settings: Settings, lesson: ModuleType) -> None:
        self.settings, self.lesson = settings, lesson
        self.key = f"{settings.lesson}.player"
        self._kept = st.session_state.setdefault(f"{settings.lesson}.run", {})
        wanted = settings.config()
        if "course" not in self._kept:
            self._arrive(wanted)
        settings.tell()
        self._turn_to(wanted)
        self.course: Course = self._kept["course"]
        self.config = self.course[-1][1]
        if self._kept.get("now") != self.config:
            earlier = self.course[-2][1] if self.since else None
            self._kept |= {"before": self._kept.get("now", earlier), "now": self.config}
        self.recording: Recording = shared(lesson.run, self.course, frame=lesson.frame)

    @property
    def at(self) -> int:
        """The step on screen when the browser last rested."""
        return self._kept["at"]

    @property
    def before(self) -> Any:
        """The settings before the last change, None where nobody has changed any."""
        return self._kept["before"]

    @property
    def heard(self) -> bool:
        """Whether a browser plays this run; a test without one does not."""
        return self._kept["heard"]

    @property
    def proposal(self) -> bool:
        """Whether a change waits for the step on screen."""
        return self._kept["proposal"] is not None

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
        return self.course != self._kept["course"]

    @property
    def since(self) -> int:
        """The step from which on the settings now hold."""
        return self.course[-1][0]

    def hear(self, what: str, said: object) -> bool:
        """Take in what the browser says; True if the whole page must run again."""
        said = said if isinstance(said, dict) else {}
        if not self._kept["heard"]:
            self._kept["heard"] = True
            if self._follow(said):
                return True
        if said.get("recording") != identify(self._kept["course"]):
            return False  # it speaks of a run that is gone
        step, course = said.get("step"), self._kept["course"]
        if what == "restart":
            self._kept |= {"course": ((0, course[-1][1]),), "at": 0}
            return True
        if not isinstance(step, int) or step not in Range(0, course[-1][1].steps, whole=True):
            return False
        self._kept["at"] = step
        # A slider that is still being moved may have proposed something newer: it forks there too.
        if what == "fork" and self._kept["proposal"]:
            self._kept |= {
                "course": forked(course, step, self._kept["proposal"]),
                "proposal": None,
            }
            return True
        return False

    def _arrive(self, wanted: Any) -> None:
        """A new session: what the link says."""
        said = {field: st.query_params.get_all(self.settings.key(field)) for field in LINKED}
        text, at = ((values or [None])[-1] for values in said.values())
        course, wrong = read(text or "", wanted, self.lesson.LIVE)
        wrong += [
            f"The link sets {field} {len(values)} times: the last is used."
            for field, values in said.items()
            if len(values) > 1
        ]
        steps = Range(0, wanted.steps, whole=True)
        try:
            start = parse_number(at) if at is not None else 0
        except ValueError:
            start = at
        if start not in steps:
            wrong.insert(0, f"at = {start!r} is not allowed: it must be {steps}. The run is at 0.")
            start = 0
        for complaint in wrong[:MOST_COMPLAINTS]:
            self.settings.complain(complaint)
        self._kept |= {"course": course, "at": start, "proposal": None, "heard": False, "pins": {}}

    def _follow(self, said: Mapping[str, Any]) -> bool:
        """Take up the course in the browser's address, if the server was told another.

        Streamlit tells a server the address as Streamlit has written it last. After a restart of
        the server that is not the one which the player has written since.
        """
        text, step, now = said.get("course"), said.get("step"), self._kept["course"][-1][1]
        if not isinstance(text, str) or step not in Range(0, now.steps, whole=True):
            return False
        course, wrong = read(text, now, self.lesson.LIVE)
        if wrong or course == self._kept["course"]:
            return False
        self._kept |= {"course": course, "at": step}
        return True

    def _turn_to(self, wanted: Any) -> None:
        course: Course = self._kept["course"]
        last = course[-1][1]
        differing = {
            f.name for f in fields(last) if getattr(last, f.name) != getattr(wanted, f.name)
        }
        applied = self.settings.anew()
        anew = applied or not differing <= self.lesson.LIVE
        self._kept["proposal"] = None
        if anew and (differing or len(course) > 1):
            at = 0 if applied else min(self.at, wanted.steps)
            self._kept |= {"course": ((0, wanted),), "at": at}
        elif differing and self.heard:
            self._kept["proposal"] = wanted
        elif differing:
            self._kept["course"] = forked(course, self.at, wanted)

    @property
    def address(self) -> dict[str, str]:
        """What the link says beside the controls; the player writes it, "" for nothing.

        Written by the server it would come with the controls as they were when the server last
        heard of them, and take back in the address what a learner has set since.
        """
        words = {"course": write(self._kept["course"]), "at": str(self.at or "")}
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
        """A callback: take back the last change of settings; pressed once too often, nothing."""
        course = self._kept["course"] = self._kept["course"][:-1] or self._kept["course"]
        self.settings.change({field: getattr(course[-1][1], field) for field in self.lesson.LIVE})

    def pin(self) -> None:
        """A callback: keep this run's curve, in the first colour that is free."""
        pins = self._kept["pins"]
        free = next((letter for letter in PINS if letter not in pins), None)
        if free and self.course not in pins.values():
            pins[free] = self.course

    def unpin(self, letter: str) -> None:
        """A callback: let a curve go; the others keep their colours."""
        self._kept["pins"].pop(letter, None)

    @cached_property
    def pins(self) -> list[Still]:
        """The pinned curves."""
        return [
            self._still(letter, course) for letter, course in sorted(self._kept["pins"].items())
        ]

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
        pins: dict[str, Course] = self._kept["pins"]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Pin this curve",
                key=f"{self.key}.pin",
                on_click=self.pin,
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
            for letter in sorted(pins):
                st.button(
                    f"Unpin {letter}",
                    key=f"{self.key}.unpin.{letter}",
                    on_click=self.unpin,
                    args=(letter,),
                )
        if pins:
            st.html(differences({"on screen": self.course} | dict(sorted(pins.items()))))
        elif len(self.course) > 1:
            words = [f"{label(f)} {history(self.course, f)}" for f in differing([self.course])]
            st.caption(f"Changed on the way: {'; '.join(words)}.")


def label(field: str) -> str:
    """A field's name in words."""
    return field.replace("_", " ")


def differing(courses: Iterable[Course]) -> list[str]:
    """The fields that are not the same in all configs of all courses."""
    configs = [config for course in courses for _, config in course]
    return [
        field.name
        for field in fields(configs[0])
        if len({repr(getattr(config, field.name)) for config in configs}) > 1
    ]


def history(course: Course, field: str, most: int = 4) -> str:
    """A field's values along a course: `0.05, from 40: 0.5`."""
    parts: list[str] = []
    before = None
    for start, config in course:
        value = getattr(config, field)
        if value != before or not parts:
            text = written(value)
            parts.append(f"from {start}: {text}" if start else text)
        before = value
    return ", ".join(parts if len(parts) <= most else [parts[0], "…", *parts[1 - most :]])


def written(value: object) -> str:
    """A setting as a learner would write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return setting(value)
    if isinstance(value, tuple):
        rows = [isinstance(part, tuple) for part in value]
        return ("; " if any(rows) else ", ").join(map(written, value))
    return str(value)


def differences(courses: Mapping[str, Course]) -> str:
    """A table of the settings in which these courses differ, the colours of the pins beside."""
    names = differing(courses.values())
    head = "".join(f'<th scope="col">{escape(label(field))}</th>' for field in names)
    rows = "".join(
        f'<tr><th scope="row">{_swatch(title)}{escape(title)}</th>'
        + "".join(f"<td>{escape(history(course, field))}</td>" for field in names)
        + "</tr>"
        for title, course in courses.items()
    )
    return (
        f'{TABLE_STYLE}<table class="numbers" data-testid="pins"><thead><tr>'
        f'<th scope="col">curve</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _swatch(title: str) -> str:
    return f'<i style="border-color: {PINS[title]}"></i>' if title in PINS else "<i></i>"
