"""What every lesson's page has around its own content: the heading, things to try, the ending."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st

from core.ranges import Range
from core.recording import Frames
from ui.export import take_away
from ui.lessons import lesson, neighbours
from ui.player.player import Picture
from ui.source import code_panel
from ui.steering import Run
from ui.tables import Derive

ABREAST = 3  # experiments in a row
EMPTY: Mapping[str, Any] = MappingProxyType({})

# In place of words that would give away what a learner has chosen not to be told.
WATCH = "Watch what they do with these settings."


def heading(run: Run, story: Sequence[str], formula: Sequence[str]) -> None:
    """The lesson's question, in a few sentences what it shows, and the formula beside them, in
    lines that are aligned at their `&`.

    Above it, what of the link and of the controls could not be used.
    """
    with run.settings.top:
        run.settings.tell()
        st.title(lesson(run.name).question, anchor=False)
        words, mathematics = st.columns([5, 3], gap="medium", vertical_alignment="center")
        words.markdown(" ".join(story))
        lines = r" \\ ".join(formula)
        mathematics.latex(rf"\begin{{aligned}} {lines} \end{{aligned}}")
        # The run of a page can be cut off here by a word of the page before. The style shows this
        # only where five seconds later there is no player.
        with st.container(key="late_player", horizontal=True, vertical_alignment="center"):
            st.markdown("The player has not come.")
            st.button("Try again", key=f"{run.name}.try_again", icon=":material/refresh:")


class Try(NamedTuple):
    """Something to try: a button that plays `changes` of the settings of the notes."""

    words: str
    button: str
    changes: Mapping[str, Any]

    def show(self, run: Run, frames: Frames) -> None:
        """Words and button."""
        st.markdown(self.words)
        st.button(
            self.button,
            on_click=run.settings.apply,
            args=(self.changes,),
            kwargs={"play": True},
        )


class Guess(NamedTuple):
    """A question that is guessed first: the button plays `changes`, and `reply` says who is right.

    It is given the guess, and may have nothing to say, "". It is asked where the run on screen is
    the answer: as `answered` says or, if not given, where it is that of the button, and over.
    """

    name: str
    words: str
    answers: tuple[str, ...] | Range  # to choose from, or which numbers may be guessed
    changes: Mapping[str, Any]
    reply: Callable[[Any], str]
    answered: bool | None = None

    def show(self, run: Run, frames: Frames) -> None:
        """Words, answers, button, and the reply where there is one."""
        st.markdown(self.words)
        guess = run.settings.guess(self.name, self.answers, self.changes)
        answered = self.answered
        if answered is None:
            answered = run.config == run.lesson.Config(**self.changes) and frames.finished
        reply = self.reply(guess) if answered and guess is not None else ""
        if reply:
            st.markdown(reply)


def judged(guess: str, right: bool) -> str:
    """How a reply to a guess goes on after it has said what is true."""
    return ", as you said" if right else f", not {guess}"


def ending(
    run: Run,
    pictures: Sequence[Picture],
    frames: Frames,
    *tries: Try | Guess,
    code: tuple[Callable[..., object] | type, ...],
    more: Mapping[str, Sequence[str]] = EMPTY,
    workings: Mapping[str, Callable[[], None]] = EMPTY,
    also: Derive | None = None,
    of: str = "The run on screen",
) -> None:
    """Tabs: `more` of the lesson's own, title -> paragraphs; what to try; the lesson's `workings`,
    each shown when it is opened; the code that runs, `code`, and a script `of` what it says; what
    to take away, the `pictures` and the frames with what `also` makes of them. Below, the way to
    other lessons.
    """
    shown: dict[str, Callable[[], None]] = {
        title: partial(_paragraphs, words) for title, words in more.items()
    }
    shown["Try this"] = lambda: _experiments(run, frames, tries)
    shown |= workings
    shown["Code"] = lambda: code_panel(run, *code, of=of)
    shown["Take it away"] = lambda: take_away(run, pictures, also)
    tabs = st.tabs(list(shown), key=f"{run.name}.tab", on_change="rerun")
    for tab, (title, show) in zip(tabs, shown.items(), strict=True):
        # Colouring code takes a browser a quarter of a second, and CSV a server.
        if tab.open or title not in ("Code", "Take it away", *workings):
            with tab:
                show()
    before, after = neighbours(run.name)
    with st.container(horizontal=True):
        if before:
            st.page_link(before.page, label=before.title, icon=":material/arrow_back:")
        st.page_link("pages/home.py", label="All lessons", icon=":material/apps:")
        if after:
            st.page_link(after.page, label=after.title, icon=":material/arrow_forward:")


def _paragraphs(words: Sequence[str]) -> None:
    for paragraph in words:
        st.markdown(paragraph)


def _experiments(run: Run, frames: Frames, tries: tuple[Try | Guess, ...]) -> None:
    for first in range(0, len(tries), ABREAST):
        row = st.columns(ABREAST, gap="medium")
        for column, one in zip(row, tries[first : first + ABREAST], strict=False):
            with column:
                one.show(run, frames)
