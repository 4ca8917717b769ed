"""The controls of a lesson: each bound to the address, each checked, together a Config.

A link may ask for anything. Streamlit drops a value that a control cannot take without a word, so
each control looks at the address before it is made and says which value was ignored and what is
allowed.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import devices
from core.ranges import Range, check_choice, check_flag, check_vector
from core.recording import MAX_FRAMES
from ui import scale
from ui.lessons import LESSONS
from ui.theme import plural, setting

OWN_SETTINGS = "your own settings"
PREDICTIONS = ("shown", "up to now", "hidden")
LINKED = ("course", "at")  # what a link holds beside the controls: see ui/link.py
ROWS_CHARS = 8_000  # of a line of rows: a link with more is cut on its way by some
EVERY_UPDATE = Range(1, MAX_FRAMES - 1, whole=True)  # steps of which each is a frame


def parse_number(text: str) -> float | int:
    """The number written in `text`, whole where it is written so. Raises `ValueError`."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _number_in(text: str) -> float | None:
    try:
        return float(parse_number(text))
    except (ValueError, OverflowError):
        return None


# ISO 3's R20: twenty steps a decade, each about an eighth more than the one before.
PREFERRED = (1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8)
PREFERRED += (3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9)


def preferred(allowed: Range) -> list[float]:
    """The preferred numbers in a range above 0."""
    decades = range(math.floor(math.log10(allowed.low)), math.ceil(math.log10(allowed.high)) + 1)
    numbers = (float(f"{digits}e{power}") for power in decades for digits in PREFERRED)
    return [value for value in numbers if value in allowed]


# What Markdown would make something of: tags, code, emphasis, formulas, :directives, links,
# pictures.
_MARKUP = re.compile(r"[<`*$~\\]|:(?=[a-z][\w/-]*[\[:])|\](?=[(:])|(?<=_)_|_(?=_)|(?<!\w)_|_(?!\w)")


def literal(text: str) -> str:
    """Markdown that shows `text` as it is: a link must not bring pictures or links of its own."""
    return _MARKUP.sub(r"\\\g<0>", text)


def parse_flag(text: str) -> bool | str:
    """True or False where that is written."""
    return {"true": True, "false": False}.get(text.lower(), text)


def parse_numbers(text: str) -> tuple[float, ...]:
    """Numbers separated by commas or spaces. Raises `ValueError` for anything else."""
    return tuple(float(part) for part in text.replace(",", " ").split())


def write_numbers(values: Sequence[float]) -> str:
    """The text that `parse_numbers` reads back."""
    return ", ".join(
        f"{value:.17g}" if float(f"{value:.10g}") != value else f"{value:.10g}" for value in values
    )


def parse_matrix(text: str) -> tuple[tuple[float, ...], ...]:
    """Rows separated by semicolons, as `parse_numbers` reads them. Raises `ValueError`."""
    return tuple(parse_numbers(row) for row in text.split(";"))


def write_matrix(rows: Sequence[Sequence[float]]) -> str:
    """The text that `parse_matrix` reads back."""
    return "; ".join(write_numbers(row) for row in rows)


Kind = type[float] | type[int] | type[str]


def parse_rows(text: str, kinds: Sequence[Kind] = ()) -> tuple[tuple[Any, ...], ...]:
    """Rows separated by semicolons, each of values with commas between: one of each of the `kinds`
    or, without, of numbers and names as they are written. Raises `ValueError`.
    """
    rows = [[part.strip() for part in row.split(",")] for row in text.split(";") if row.strip()]
    if not kinds:
        return tuple(tuple(map(_number_or_name, row)) for row in rows)
    return tuple(tuple(kind(part) for kind, part in zip(kinds, row, strict=True)) for row in rows)


def _number_or_name(text: str) -> float | str:
    try:
        return parse_number(text)
    except ValueError:
        return text


def write_rows(rows: Sequence[Sequence[Any]]) -> str:
    """The text that `parse_rows` reads back, without a space if no name has one."""
    return ";".join(",".join(map(str, row)) for row in rows)


class _Slider(NamedTuple):
    """What a page may ask of a slider that it has made."""

    allowed: Range
    step: float  # 0 of a logarithmic one
    below: DeltaGenerator | None  # the place for its marks


class Settings:
    """Controls of one lesson, made one by one, then read as its Config with `config()`.

    Keys are "<lesson>.<field>". `presets` maps a name to what differs from the settings of the
    notes, `Config()`; `opening` says what differs from them in a page opened without settings.
    """

    def __init__(
        self,
        lesson: ModuleType,
        presets: Mapping[str, Mapping[str, Any]],
        opening: Mapping[str, Any] | None = None,
    ) -> None:
        self.lesson, self.name = lesson, lesson.__name__.rpartition(".")[2]
        # What a step of the lesson is called: "update", or "epoch", "batch", "call".
        self.step_name: str = getattr(lesson, "STEP", "update")
        self._presets = presets
        self.notes, self.defaults = lesson.Config(), lesson.Config(**opening or {})
        self._values: dict[str, Any] = {}
        self._written: dict[
            str, Callable[[Any], Any]
        ] = {}  # field -> how a control holds its value
        self._page_fields: set[str] = set()  # of the page alone, not of Config
        self._sliders: dict[str, _Slider] = {}
        self.top: AbstractContextManager = nullcontext()  # where the page's heading stands
        self.prediction = PREDICTIONS[0]
        self._refused: list[str] = []
        self._seen: dict[str, Any] = {}  # key -> what its control held when the page ran
        self._unused: dict[str, str] = {}  # field -> why the address's value cannot be used
        # Counts runs of the whole page: a browser says which one it has seen.
        self.turn: int = st.session_state.get(f"{self.name}.turn", 0) + 1
        st.session_state[f"{self.name}.turn"] = self.turn
        self._entering = f"{self.name}.visited" not in st.session_state
        self._complaints: list[str] = (
            [] if self._entering else st.session_state[f"{self.name}.visited"]
        )

    @contextmanager
    def sidebar(self) -> Iterator[None]:
        """Where the controls stand, below the presets."""
        with st.sidebar:
            presets = st.container()
            yield
            self._show_presets(presets)

    @contextmanager
    def more(self) -> Iterator[None]:
        """Controls that few look for, and the switch of the prediction."""
        with st.expander("More settings"):
            self._predictions()
            yield

    def key(self, field: str) -> str:
        """The key of a field's control, and its name in the address."""
        return f"{self.name}.{field}"

    def _ask(self, field: str, parse: Callable[[str], Any], check: Callable[[Any], None]) -> None:
        """Before a control is made: look whether the address holds a value that it cannot take."""
        texts = st.query_params.get_all(self.key(field))
        if not texts or self.key(field) in st.session_state:
            return
        try:
            value = parse(texts[0])
        except ValueError:
            value = texts[0]
        try:
            check(value)
            if len(texts) > 1:
                self._unused[field] = f"The link sets {field} {len(texts)} times."
        except ValueError as refused:
            self._unused[field] = str(refused)

    def _own(self, field: str, value: Any) -> Any:
        """After a control is made: keep its value, and say so if the link wanted another."""
        self._values[field] = value
        if field in self._unused:
            shown = "none" if value == () else value
            if isinstance(value, tuple) and value:
                shown = ", ".join(map(str, value))
            if isinstance(value, int | float) and not isinstance(value, bool):
                shown = setting(value)
            self.complain(f"{self._unused[field]} The page uses {shown}.")
        return value

    def complain(self, text: str) -> None:
        """Say, once, what of the link could not be used; until a setting is changed."""
        if text not in self._complaints:
            self._complaints.append(text)

    def _opening(self, field: str, default: Any) -> Any:
        """What a control opens with: the Config's value, or `default` if it is the page's alone."""
        if default is None:
            return getattr(self.defaults, field)
        self._page_fields.add(field)
        return default

    def slider(
        self,
        field: str,
        label: str,
        allowed: Range,
        *,
        explain: str,
        step: float | None = None,
        default: Any = None,
        marked: bool = False,
    ) -> Any:
        """A slider over `allowed`; whole numbers where the range is of whole numbers.

        In steps of 1 or 0.01 if no `step` is given. With `marked` there is room for `mark` below.
        """
        default = self._opening(field, default)
        self._ask(field, parse_number, lambda value: allowed.check(field, value))
        kind = int if allowed.whole else float
        step = step or (1 if allowed.whole else 0.01)
        self._written[field] = kind
        value = st.slider(
            label,
            kind(allowed.low),
            kind(allowed.high),
            kind(default),
            kind(step),
            "%.3f" if step < 0.01 else None,  # Streamlit's own has two digits
            key=self.key(field),
            help=explain,
            bind="query-params",
            on_change=self._changed,
        )
        self._sliders[field] = _Slider(allowed, step, st.empty() if marked else None)
        return self._own(field, value)

    def log_slider(
        self, field: str, label: str, allowed: Range, *, explain: str, marked: bool = False
    ) -> float:
        """A slider over the decades of `allowed`, in preferred numbers; what a link or a button
        sets between two of them has a place of its own. With `marked` there is room for `mark`.
        """
        key, default = self.key(field), float(self._opening(field, None))
        self._ask(field, parse_number, lambda value: allowed.check(field, value))
        self._written[field] = float
        # Streamlit finds a choice by its text: one that came by a link is written as it is there.
        text = next(iter(st.query_params.get_all(key)), "")
        linked = {value: text for value in [_number_in(text)] if value in allowed}
        chosen = [default, st.session_state.get(key, default), *linked]
        value = st.select_slider(
            label,
            sorted({*preferred(allowed), *chosen}),
            default,
            lambda value: linked.get(value) or np.format_float_positional(value, trim="-"),
            key=key,
            help=explain,
            bind="query-params",
            on_change=self._changed,
        )
        self._sliders[field] = _Slider(allowed, 0, st.empty() if marked else None)
        return self._own(field, value)

    def mark(self, field: str, values: Mapping[str, float]) -> None:
        """Mark values of theory under a slider, each by its name; nan is left out."""
        allowed, step, below = self._sliders[field]
        assert below is not None, f"the slider {field} is not `marked`"
        marks = [scale.Mark(name, value) for name, value in values.items()]
        scale.strip(below, marks, allowed, log=not step)

    def below(self, field: str, limit: float) -> dict[str, float]:
        """The change of a slider to the largest number below `limit` that its own steps reach; no
        change where none is.
        """
        allowed, step, _ = self._sliders[field]
        if step:
            found = allowed.largest_below(limit, step)
        else:
            found = max((value for value in preferred(allowed) if value < limit), default=math.nan)
        return {} if math.isnan(found) else {field: found}

    def toggle(self, field: str, label: str, *, explain: str, default: bool | None = None) -> bool:
        """A switch."""
        default = bool(self._opening(field, default))
        self._ask(field, parse_flag, lambda value: check_flag(field, value))
        self._written[field] = bool
        value = st.toggle(
            label,
            default,
            key=self.key(field),
            help=explain,
            bind="query-params",
            on_change=self._changed,
        )
        return self._own(field, value)

    def _line(
        self,
        field: str,
        label: str,
        explain: str,
        parse: Callable[[str], Any],
        write: Callable[[Any], str],
        check: Callable[[str, Any], None],
        longest: int = 400,
    ) -> Any:
        """A line of text that stands for a value; () and a message where it stands for none."""
        self._written[field] = write
        asked = st.query_params.get_all(self.key(field))
        if len(asked) > 1 and self.key(field) not in st.session_state:
            self.complain(f"The link sets {field} {len(asked)} times: the last is used.")
        text = st.text_input(
            label,
            write(getattr(self.defaults, field)),
            key=self.key(field),
            help=explain,
            bind="query-params",
            on_change=self._changed,
            max_chars=longest,
        )
        try:
            value = parse(text)
        except ValueError:
            value = ()
        try:
            check(text, value)
        except ValueError as refused:
            self._refused.append(str(refused))
        return self._own(field, value)

    def numbers(
        self, field: str, label: str, allowed: Range, *, explain: str, most: int, least: int = 1
    ) -> tuple[float, ...]:
        """A line of `allowed` numbers with commas between, `least` to `most` of them."""
        count = f"{least} to {most}" if least < most else f"{most}"

        def check(text: str, values: tuple[float, ...]) -> None:
            if not least <= len(values) <= most:
                raise ValueError(
                    f"{field} = {text!r} is not allowed: "
                    f"it must be {count} numbers with commas between."
                )
            check_vector(field, values, allowed=allowed)

        return self._line(field, label, explain, parse_numbers, write_numbers, check)

    def matrix(
        self, field: str, label: str, allowed: Range, *, explain: str, size: int
    ) -> tuple[tuple[float, ...], ...]:
        """A line of `size` rows with semicolons between, each of `size` `allowed` numbers."""

        def check(text: str, rows: tuple[tuple[float, ...], ...]) -> None:
            if [len(row) for row in rows] != [size] * size:
                raise ValueError(
                    f"{field} = {text!r} is not allowed: it must be {size} rows of {size} "
                    "numbers, commas between the numbers and a semicolon between the rows."
                )
            for index, row in enumerate(rows):
                check_vector(f"{field}[{index}]", row, allowed=allowed)

        return self._line(field, label, explain, parse_matrix, write_matrix, check)

    def pairs(
        self, field: str, label: str, allowed: Range, *, explain: str, most: int
    ) -> tuple[tuple[float, ...], ...]:
        """A line of 1 to `most` pairs of `allowed` numbers with semicolons between."""

        def check(text: str, rows: tuple[tuple[float, ...], ...]) -> None:
            if not 1 <= len(rows) <= most or any(len(row) != 2 for row in rows):
                raise ValueError(
                    f"{field} = {text!r} is not allowed: it must be 1 to {most} pairs of numbers, "
                    "a comma between the two and a semicolon between the pairs."
                )
            for index, row in enumerate(rows):
                check_vector(f"{field}[{index}]", row, allowed=allowed)

        return self._line(field, label, explain, parse_matrix, write_matrix, check)

    def rows(
        self, field: str, label: str, kinds: Sequence[Kind], *, explain: str, most: int
    ) -> tuple[tuple[Any, ...], ...]:
        """A line of at most `most` rows with semicolons between, at first none; each has a value
        of each of `kinds`. Which these may be the Config says.
        """
        names = {float: "number", int: "whole number", str: "name"}

        def check(text: str, rows: tuple[tuple[Any, ...], ...]) -> None:
            if text.strip(" ;") and not 1 <= len(rows) <= most:
                raise ValueError(
                    f"{field} = {text[:80]!r} is not allowed: it must be at most {most} rows, "
                    f"each {', '.join(names[kind] for kind in kinds)}, commas between these and "
                    "semicolons between the rows."
                )

        def parse(text: str) -> tuple[tuple[Any, ...], ...]:
            return parse_rows(text, kinds)

        return self._line(field, label, explain, parse, write_rows, check, longest=ROWS_CHARS)

    def choice(
        self,
        field: str,
        label: str,
        options: Collection[str],
        *,
        explain: str | None = None,
        default: str | None = None,
        row: bool = False,
    ) -> str:
        """One of `options`: a list to open, or with `row` all side by side."""
        chosen = self._opening(field, default)
        self._ask(field, str, lambda value: check_choice(field, value, options))
        self._written[field] = str
        shared: dict[str, Any] = {
            "key": self.key(field),
            "help": explain,
            "bind": "query-params",
            "on_change": self._changed,
        }
        if row:
            value = st.segmented_control(
                label,
                options,
                default=chosen,
                required=True,
                label_visibility="collapsed",
                **shared,
            )
        else:
            value = st.selectbox(label, options, list(options).index(chosen), **shared)
        return self._own(field, value)

    def several(
        self, field: str, label: str, options: Collection[str], *, explain: str, most: int
    ) -> tuple[str, ...]:
        """Some of `options`, at most `most`."""
        chosen = self._opening(field, None)
        asked = st.query_params.get_all(self.key(field))
        if self.key(field) not in st.session_state:
            refused = [value for value in asked if value not in options]
            if refused or len(asked) > most:
                self._unused[field] = (
                    f"{field} = {', '.join(asked)[:80]} is not allowed: "
                    f"it must be at most {most} of {', '.join(options)}."
                )
        self._written[field] = list
        value = st.multiselect(
            label,
            options,
            list(chosen),
            key=self.key(field),
            help=explain,
            bind="query-params",
            on_change=self._changed,
            max_selections=most,
        )
        return self._own(field, tuple(value))

    def rate(
        self, field: str, label: str, allowed: Range, *, step: float, marked: bool = False
    ) -> None:
        """The slider of a learning rate, by whatever name the lesson has for it."""
        explain = "How far to move for a gradient of 1. The gradient is the slope of the loss."
        self.slider(field, label, allowed, step=step, marked=marked, explain=explain)

    def momentum(self) -> None:
        """The slider of what PyTorch's SGD calls momentum."""
        self.slider(
            "momentum",
            "Momentum β",
            self.lesson.RANGES["momentum"],
            step=0.01,
            explain="The part of the last move that is kept for the next. 0 forgets at once, 1 "
            "never.",
        )

    def steps(self, allowed: Range = EVERY_UPDATE, *, step: int = 1) -> None:
        """The slider of how long a run is."""
        many = plural(self.step_name)
        explain = f"How many {many} to run."
        self.slider("steps", many.capitalize(), allowed, step=step, explain=explain)

    def view(self, *names: str) -> str:
        """Which picture to show, below the heading: one of `names`, at first the first."""
        self.top = st.container()
        return self.choice("view", "What to watch", names, default=names[0], row=True)

    def _predictions(self) -> None:
        """The switch that keeps the dashed curves from giving away what comes."""
        self.prediction = self.choice(
            "prediction",
            "Prediction",
            PREDICTIONS,
            default=PREDICTIONS[0],
            explain="The dashed curves: all at once, as far as the run has come, or none.",
        )

    def guess(
        self, name: str, answers: Sequence[str] | Range, changes: Mapping[str, Any]
    ) -> Any | None:
        """A learner's guess, one of `answers` or a number of that range, None before; and the
        button `name` that then plays `changes`.

        With the prediction up to now at most: it would give the answer away.
        """
        if self.prediction == "shown":
            changes = {**changes, "prediction": "up to now"}
        key = self.key(f"{name}.guess")
        if isinstance(answers, Range):
            guess: Any = st.number_input(
                "Your guess",
                float(answers.low),
                float(answers.high),
                None,
                answers.high / 100,
                format="%g",
                key=key,
                placeholder="A number",
                label_visibility="collapsed",
            )
        else:
            guess = st.radio(
                "Your guess", answers, index=None, key=key, label_visibility="collapsed"
            )
        st.button(
            "Play it",
            key=self.key(name),
            disabled=guess is None,
            on_click=self.apply,
            args=(changes,),
            kwargs={"play": True},
        )
        return guess

    def keep(self, field: str, name: str, other: str, value: str) -> None:
        """Where the control of a field holds nothing and that of the `other` this `value`: what the
        page has put into the session under `name`, if anything.
        """
        kept = st.session_state.get(self.key(name))
        if kept and self._values[field] == () and self._values[other] == value:
            self.put(field, kept)

    def put(self, field: str, value: Any) -> None:
        """A value of Config that follows from other controls."""
        self._values[field] = value

    def device(self) -> str:
        """The devices of this machine. A link that asks for another runs on the CPU and says so."""
        present = devices.available()

        def check(value: str) -> None:
            devices.check("device", value)
            if value not in present:
                raise ValueError(
                    f"device = {value!r} does not exist on this machine, "
                    f"which has: {', '.join(present)}."
                )

        self._ask("device", str, check)
        self._written["device"] = str
        value = st.selectbox(
            "Device",
            present,
            key=self.key("device"),
            help="Where the tensors live. Five numbers are quickest on the CPU.",
            bind="query-params",
            on_change=self._changed,
        )
        return self._own("device", value)

    def _changed(self) -> None:
        st.session_state[f"{self.name}.visited"] = []

    def _set(self, field: str, value: Any) -> None:
        key, written = self.key(field), self._written[field](value)
        sets = st.session_state.setdefault(f"{self.name}.sets", {})
        turn = st.session_state[f"{self.name}.turn"] + 1  # the first that will show it
        sets[key] = (turn, st.session_state.get(key), written)
        st.session_state[key] = written

    def hold(self, turn: object) -> None:
        """A callback: the browser has spoken, and knew no page run after `turn`.

        It tells all controls with all that it says, as it knows them. What a callback has set since
        would be taken back: it is set again.
        """
        for key, (since, before, written) in st.session_state.get(f"{self.name}.sets", {}).items():
            if isinstance(turn, int) and turn < since and st.session_state.get(key) == before:
                st.session_state[key] = written

    def change(self, changes: Mapping[str, Any], *, play: bool = False) -> None:
        """A callback: set some controls and leave the others; start playing if asked."""
        for field, value in changes.items():
            self._set(field, value)
        self._changed()
        if play:
            st.session_state[f"{self.name}.play"] = self.plays + 1

    def apply(self, changes: Mapping[str, Any], *, play: bool = False) -> None:
        """A callback: `changes`, all else as in the notes; start playing if asked.

        What is of the page alone, as its view, stays unless it is among the changes.
        """
        self._know("A button", changes)
        for field in self._written:
            if field in changes or field not in self._page_fields:
                self._set(field, changes.get(field, getattr(self.notes, field, None)))
        self._changed()
        st.session_state[f"{self.name}.anew"] = True
        if play:
            st.session_state[f"{self.name}.play"] = self.plays + 1

    def moved(self) -> bool:
        """Whether a control has changed since the page ran.

        A browser sends what is waiting in one message; if the player has something to say too, only
        the player runs again.
        """
        state = st.session_state
        return any(state.get(key, seen) != seen for key, seen in self._seen.items())

    def anew(self) -> bool:
        """Whether these settings are meant for a new run: once after each `apply`."""
        return st.session_state.pop(f"{self.name}.anew", False)

    @property
    def plays(self) -> int:
        """How often the page has asked the player to start by itself."""
        return st.session_state.get(f"{self.name}.play", 0)

    def config(self) -> Any:
        """The Config that the controls hold; if they hold none, the last good one.

        To be called when all controls are there: what else a link sets is not known here.
        """
        for preset, changes in self._presets.items():
            self._know(f"The preset {preset!r}", changes)
        if self._entering:
            self._complain_of_unknown()
        self._seen = {key: st.session_state[key] for key in map(self.key, self._written)}
        return self._config()

    def _know(self, who: str, changes: Mapping[str, Any]) -> None:
        """A slip of the page's author would do nothing and say nothing."""
        unknown = changes.keys() - self._written.keys()
        if unknown:
            raise ValueError(f"{who} sets {', '.join(sorted(unknown))}, which has no control.")

    def _config(self) -> Any:
        good = f"{self.name}.good"
        if not self._refused:
            chosen = {
                field: value
                for field, value in self._values.items()
                if field not in self._page_fields
            }
            try:
                st.session_state[good] = self.lesson.Config(**chosen)
            except ValueError as refused:
                self._refused.append(str(refused))
        return st.session_state.get(good, self.defaults)

    def _complain_of_unknown(self) -> None:
        known = set(map(self.key, (*self._values, "preset", *LINKED)))
        # What another lesson's player has written can still stand there for a moment.
        others = tuple(f"{lesson.name}." for lesson in LESSONS if lesson.name != self.name)
        names = [
            name for name in st.query_params if name not in known and not name.startswith(others)
        ]
        if names:
            told = " and ".join(repr(name[:40]) for name in names[:2])
            more = f" and {len(names) - 2} more" if len(names) > 2 else ""
            were = "It was" if len(names) == 1 else "They were"
            self.complain(
                f"The link sets {told}{more}, which this page does not know. {were} ignored."
            )

    def tell(self) -> None:
        """Show what could not be used, of the controls and of the link."""
        for refused in self._refused:
            words = f"{literal(refused)} The last good run stays on screen."
            st.error(words, icon=":material/edit_off:")
        for complaint in self._complaints:
            st.warning(literal(complaint), icon=":material/link_off:")
        st.session_state[f"{self.name}.visited"] = self._complaints

    def _show_presets(self, place: DeltaGenerator) -> None:
        # A menu, not a select box: that keeps a value of its own in the browser, and a quick second
        # move of a slider would send the preset which the first has just left.
        config = self._config()
        known = {field.name for field in fields(config)}
        made = {
            name: self.lesson.Config(**{field: changes[field] for field in known & changes.keys()})
            for name, changes in self._presets.items()
        }
        same = next((name for name, preset in made.items() if preset == config), OWN_SETTINGS)
        key = self.key("preset")

        def chosen() -> None:
            self.apply(self._presets[st.session_state[key]], play=True)

        place.markdown(":small[Start from]")
        place.menu_button(same, list(self._presets), key=key, on_click=chosen, width="stretch")
