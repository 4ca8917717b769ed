"""Values as text: in the address, in a line that a learner types, in Markdown."""

import re
from collections.abc import Sequence
from typing import Any


def parse_number(text: str) -> float | int:
    """The number written in `text`, whole where it is written so. Raises `ValueError`."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def number_in(text: str) -> float | None:
    """The number written in `text`, None where there is none."""
    try:
        return float(parse_number(text))
    except (ValueError, OverflowError):
        return None


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
