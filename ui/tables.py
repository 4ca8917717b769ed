"""Frames as Arrow tables, and the columns that a page makes of recorded ones."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.recording import Course, Frames

WIDE = 64  # numbers in a frame's column from which on it travels in one piece


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
