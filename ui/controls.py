"""The controls of a lesson: each bound to the address, each checked, together a Config."""

import math
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
from ui.link import LINKED
from ui.scale import preferred
from ui.settings import Held
from ui.theme import plural
from ui.written import (
    Kind,
    literal,
    number_in,
    parse_flag,
    parse_matrix,
    parse_number,
    parse_numbers,
    parse_rows,
    write_matrix,
    write_numbers,
    write_rows,
)

__all__ = ["LINKED", "PREDICTIONS", "Settings", "literal", "parse_flag", "parse_matrix"]
__all__ += ["parse_number", "parse_numbers", "parse_rows", "preferred", "write_matrix"]
__all__ += ["write_numbers", "write_rows"]

OWN_SETTINGS = "your own settings"
PREDICTIONS = ("shown", "up to now", "hidden")
ROWS_CHARS = 8_000  # of a line of rows: a link with more is cut on its way by some
EVERY_UPDATE = Range(1, MAX_FRAMES - 1, whole=True)  # steps of which each is a frame


class _Slider(NamedTuple):
    """What a page may ask of a slider that it has made."""

    allowed: Range
    step: float  # 0 of a logarithmic one
    below: DeltaGenerator | None  # the place for its marks


class Settings(Held):
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
        super().__init__(lesson, presets, opening)
        self._sliders: dict[str, _Slider] = {}
        self.top: AbstractContextManager = nullcontext()  # where the page's heading stands
        self.prediction = PREDICTIONS[0]
        self.longest = math.inf  # the most steps that the page lets a run have

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
        linked = {value: text for value in [number_in(text)] if value in allowed}
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

    def slower(self, field: str) -> dict[str, float]:
        """The change of a rate to less than a tenth of what it is; no change where none is."""
        return self.below(field, self._values[field] / 10)

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
        if not asked:
            self._open(field)
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

        def parse(text: str) -> tuple[float, ...]:
            return tuple(
                int(value) if allowed.whole and value.is_integer() else value
                for value in parse_numbers(text)
            )

        return self._line(field, label, explain, parse, write_numbers, check)

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
        many, self.longest = plural(self.step_name), int(allowed.high)
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
