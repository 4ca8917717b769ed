"""What the controls of a page hold: asked of the address, kept, set by buttons, made a Config.

A link may ask for anything. Streamlit drops a value that a control cannot take without a word, so
each control looks at the address before it is made and says which value was ignored and what is
allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import streamlit as st

from ui.lessons import LESSONS
from ui.link import LINKED
from ui.theme import setting
from ui.written import literal, write_numbers


def _as_held(value: Any) -> Any:
    """A value as its control holds it."""
    return write_numbers(value) if isinstance(value, tuple) else value


class Held:
    """The values of one lesson's controls, whatever these look like: `ui.controls` makes them.

    Of a field a control first asks (`_ask`) whether the address has a value that it cannot take,
    notes in `_written` how it holds one, and has it kept (`_own`).
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
        self._refused: list[str] = []
        self._unused: dict[str, str] = {}  # field -> why the address's value cannot be used
        self._begins: dict[str, Any] = {}  # field -> with what it opens on this machine
        self._allows: Callable[[Any], object] | None = None
        # Counts runs of the whole page: a browser says which one it has seen.
        self.turn: int = st.session_state.get(f"{self.name}.turn", 0) + 1
        st.session_state[f"{self.name}.turn"] = self.turn
        self._entering = f"{self.name}.visited" not in st.session_state
        self._complaints: list[str] = (
            [] if self._entering else st.session_state[f"{self.name}.visited"]
        )
        lost = st.session_state.pop(f"{self.name}.lost", None)
        if lost:
            self._go_without(*lost)

    def key(self, field: str) -> str:
        """The key of a field's control, and its name in the address."""
        return f"{self.name}.{field}"

    def begin(self, changes: Mapping[str, Any]) -> None:
        """Before any control: open with these where the address says nothing that can be used.

        Unlike those of `opening` they may be others on another machine: see `begun`.
        """
        self._begins = dict(changes)

    @property
    def begun(self) -> dict[str, str]:
        """What the address must say of the controls that are as they began.

        Streamlit writes what is set of a control into the address, but not what it begins with. To
        have it write that from here would add an entry to the browser's history for each.
        """
        return {
            self.key(field): str(_as_held(value)).lower()
            for field, value in self._begins.items()
            if value != getattr(self.defaults, field)
            and st.session_state.get(self.key(field)) == _as_held(value)
        }

    def allow(self, check: Callable[[Any], object]) -> None:
        """Refuse a Config of which `check` raises `ValueError` or `RuntimeError`: this machine
        cannot run it. The one on screen is not asked again, since its run takes what is needed.
        """
        self._allows = check

    def _ask(self, field: str, parse: Callable[[str], Any], check: Callable[[Any], None]) -> None:
        """Before a control is made: look whether the address holds a value that it cannot take."""
        texts = st.query_params.get_all(self.key(field))
        if texts and self.key(field) not in st.session_state:
            self._look(field, texts, parse, check)
        if not texts or field in self._unused:
            self._open(field)

    def _open(self, field: str) -> None:
        """Before a control is made that the address does not set: have it begin otherwise."""
        key = self.key(field)
        if field in self._begins and key not in st.session_state:
            st.session_state[key] = _as_held(self._begins[field])

    def _look(
        self,
        field: str,
        texts: list[str],
        parse: Callable[[str], Any],
        check: Callable[[Any], None],
    ) -> None:
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

    def keep(self, field: str, name: str, other: str, value: str) -> None:
        """Where the control of a field holds nothing and that of the `other` this `value`: what the
        page has put into the session under `name`. A link may ask for it without: the page then
        opens without, and says so.
        """
        if self._values[field] != () or self._values[other] != value:
            return
        kept = st.session_state.get(self.key(name))
        if kept:
            self.put(field, kept)
        elif self._entering:
            # A control that is made can only be changed before it is made again.
            st.session_state[f"{self.name}.lost"] = field, other, value
            st.rerun()

    def _go_without(self, field: str, other: str, value: str) -> None:
        default = getattr(self.defaults, other)
        st.session_state[self.key(other)] = default
        self.complain(
            f"{other} = {value!r} needs {field}, which the link does not hold: they have to be "
            f"given again. The page uses {default}."
        )

    def put(self, field: str, value: Any) -> None:
        """A value of Config that follows from other controls."""
        self._values[field] = value

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
                config = self.lesson.Config(**chosen)
                if self._allows and config != st.session_state.get(good):
                    self._allows(config)
                st.session_state[good] = config
            except (ValueError, RuntimeError) as refused:
                self._refused.append(str(refused))
        return st.session_state.get(good, replace(self.defaults, **self._begins))

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
