"""A course in a link: the words that write it, and reading them back.

A course is ((0, config), (k, config'), ...): config' was chosen at step k. The controls hold the
settings now; the address holds the earlier ones with their steps, as words:

    course = 0 learning_rate 0.05 40 momentum 0.5 70

is a run that began with the settings now but for learning_rate = 0.05, went on from step 40 with
the settings now but for momentum = 0.5, and from step 70 with the settings now. A value of rows,
as which numbers of a network are held, is one word: linear1.bias,0,0.5;linear2.bias,0,1.0, or none.
"""

from dataclasses import fields, replace
from typing import Any

from core.ranges import Range
from core.recording import Course
from ui.written import parse_flag, parse_number, parse_rows, write_rows

LINKED = ("course", "at")  # what a link holds beside the controls
MOST_LEGS = 100  # a course longer than this no longer fits into a link
MOST_WORDS = 10_000


def write(course: Course) -> str:
    """The course as words for a link, without the settings now: see above. "" if it is one leg."""
    now = course[-1][1]
    words: list[str] = []
    for start, config in course[:-1]:
        words.append(str(start))
        for field in fields(config):
            value = getattr(config, field.name)
            if value != getattr(now, field.name):
                words += [field.name, _word(value)]
    return " ".join([*words, str(course[-1][0])]) if words else ""


NONE = "none"  # of a value of no rows


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return write_rows(value) or NONE if isinstance(value, tuple) else str(value)


def _rows(word: str) -> object:
    return () if word == NONE else parse_rows(word)


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
                kinds: dict[type, Any] = {bool: parse_flag, str: str, tuple: _rows}
                parse = kinds.get(type(getattr(now, word)), parse_number)
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
