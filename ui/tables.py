"""Frames as Arrow tables, and the columns that a page makes of recorded ones."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from core.recording import Course, Frames, Recording

WIDE = 64  # numbers in a frame's column from which on it travels in one piece


def table(frames: Frames) -> pa.Table:
    """The frames as flat columns: one of shape (n, 5) becomes five, `name_0` to `name_4`.

    Two kinds stay one column: cells of a raster, uint8, a frame's as its bytes; and WIDE numbers or
    more, a frame's as a list of float32.
    """
    columns: dict[str, Any] = {"step": frames.steps}
    for name, values in frames.columns.items():
        flat = values.reshape(len(values), math.prod(values.shape[1:]))
        if values.ndim == 1:
            columns[name] = values.astype(np.float64)
        elif values.dtype == np.uint8:
            columns[name] = cells(values)
        elif not _is_wide(values):
            flat = flat.astype(np.float64)
            columns |= {f"{name}_{index}": flat[:, index] for index in range(flat.shape[1])}
        else:
            numbers = pa.array(flat.ravel().astype(np.float32))
            columns[name] = pa.FixedSizeListArray.from_arrays(numbers, flat.shape[1])
    return pa.table(columns)


def cells(rows: np.ndarray) -> pa.Array:
    """(n, ...) uint8 as n values of bytes."""
    kind = pa.binary(math.prod(rows.shape[1:]))
    return pa.Array.from_buffers(kind, len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))])


def _is_wide(values: np.ndarray) -> bool:
    return values.ndim > 1 and (values.dtype == np.uint8 or math.prod(values.shape[1:]) >= WIDE)


# From the config of a run and its frames from the first on, further columns for charts,
# name -> (m, ...). What it makes of a frame may depend on those before, not on those after.
Derive = Callable[[Any, Frames], Mapping[str, np.ndarray]]


def derived(frames: Frames, course: Course, also: Derive | None) -> Frames:
    """The frames, from the first on, with what `also` makes of them."""
    more = also(course[-1][1], frames) if also else {}
    return frames._replace(columns={**frames.columns, **more})


# Of each recording what was made last of its frames, by what made it.
_made: WeakKeyDictionary[Recording, dict[Derive, Frames]] = WeakKeyDictionary()
_MOST_MADE = 4  # of one recording: a page has a view or two


def charted(recording: Recording, also: Derive | None, start: int = 0, count: int = 1) -> Frames:
    """At most `count` frames from `start` on of those that are known, with what `also` makes.

    That is made of all that are known, once until there are more: by the same `also`, so a page
    has it of its lesson. A function that stands in a page is another at each run of the page.
    """
    frames = recording.frames(start, 0, count)
    if also is None:
        return frames
    until = frames.start + len(frames.steps)
    kept = _made.setdefault(recording, {})
    whole = kept.get(also)
    if whole is None or len(whole.steps) < until:
        whole = derived(recording.frames(), recording.course, also)
        kept.pop(also, None)
        kept[also] = whole
        for old in list(kept)[:-_MOST_MADE]:
            kept.pop(old, None)
    return cut(whole, slice(frames.start, until))._replace(start=frames.start, error=frames.error)


def cut(frames: Frames, rows: slice) -> Frames:
    """Some of the frames."""
    columns = {name: values[rows] for name, values in frames.columns.items()}
    return frames._replace(steps=frames.steps[rows], columns=columns)


def narrow(frames: Frames, but: Collection[str] = ()) -> Frames:
    """The frames without their wide columns, `but` for those."""
    columns = {
        name: values
        for name, values in frames.columns.items()
        if name in but or not _is_wide(values)
    }
    return frames._replace(columns=columns)
