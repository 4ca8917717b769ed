"""One's own points from the text of a table: x, y, label."""

import csv
import math
from collections.abc import Iterator

MOST_ROWS = 10_000


def read_points(text: str) -> tuple[tuple[tuple[float, float, int], ...], tuple[str, str]]:
    """The points of a table of three columns, x, y and one of two classes, and the classes' names.

    Commas, semicolons or tabs part the columns; the first line may be a heading, empty lines are
    left out. Class 0 is the one whose name is the smaller: of numbers by value. Raises
    `ValueError` naming the line that cannot be read, or what the table lacks.
    """
    lines = text.lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    comma = next((sign for sign in (";", "\t") if sign in first), ",")
    rows: list[tuple[int, float, float, str]] = []
    heading = True  # may be the next line
    for line, cells in _lines(lines, comma):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != 3:
            raise ValueError(f"line {line} has {len(cells)} columns: it must have 3, x, y, label.")
        may_be, heading = heading, False
        try:
            x, y = (float(cell) for cell in cells[:2])
        except ValueError:
            if may_be and _is_heading(cells):
                continue
            raise ValueError(
                f"line {line} is not allowed: x and y must be numbers, such as 0.5."
            ) from None
        if not (abs(x) <= 1e6 and abs(y) <= 1e6):  # nan neither
            raise ValueError(
                f"line {line} is not allowed: x and y must be from -1000000 to 1000000."
            )
        if len(rows) == MOST_ROWS:
            raise ValueError(
                f"line {line} is one too many: a table has at most {MOST_ROWS} points."
            )
        rows.append((line, x, y, cells[2].strip()))
    if not rows:
        raise ValueError("the table has no points.")
    names: list[str] = []
    for line, _, _, name in rows:
        if name not in names:
            if len(names) == 2:
                raise ValueError(
                    f"line {line} has a third class, {name[:40]!r}: there must be two, "
                    f"here {names[0][:40]!r} and {names[1][:40]!r}."
                )
            names.append(name)
    if len(names) < 2:
        raise ValueError(f"the table has one class, {names[0][:40]!r}: there must be two.")
    zero, one = sorted(names, key=_order)
    return tuple((x, y, int(name == one)) for _, x, y, name in rows), (zero, one)


def _lines(lines: list[str], comma: str) -> Iterator[tuple[int, list[str]]]:
    """Each line's number from 1 on and its cells. Raises `ValueError` for a cell without end."""
    reader = csv.reader(lines, delimiter=comma)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise ValueError(
            f"line {reader.line_num} is not allowed: a cell is too long. Is a quotation mark left "
            "open?"
        ) from None


def _is_heading(cells: list[str]) -> bool:
    return all(_order(cell)[0] for cell in cells[:2])


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers before words."""
    try:
        value = float(name)
    except ValueError:
        value = math.nan
    return (True, 0.0, name) if math.isnan(value) else (False, value, name)
