"""Frames by an address of their own, beside Streamlit.

To answer a player by Streamlit a part of the page runs, and Streamlit's browser code then goes over
the whole page: at play a picture or two were missed at each chunk of frames. What is asked of a run
alone needs neither.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

PATH = "frames"  # the first part of the addresses
_ALIGNED = 8  # bytes: where a browser may begin to read numbers


@dataclass(frozen=True, eq=False)
class Supply:
    """The frames of one run in one view, given at an address for as long as somebody keeps this."""

    name: str  # that nobody can guess
    give: Callable[[object], dict[str, Any]]  # what somebody asks -> an answer of the player

    @property
    def address(self) -> str:
        """Below the app's own."""
        return f"{PATH}/{self.name}"


_open: WeakValueDictionary[str, Supply] = WeakValueDictionary()


def supply(secret: str, what: object, give: Callable[[object], dict[str, Any]]) -> Supply:
    """What `give` gives, at the same address whenever `secret` and `what` are the same.

    So what a browser asks while the page runs once more finds the run as long as it is the same.
    """
    made = Supply(hashlib.sha256(repr((secret, what)).encode()).hexdigest(), give)
    _open[made.name] = made
    return made


def packed(answer: dict[str, Any]) -> bytes:
    """An answer as one message: the length of its head (uint32, the lowest byte first), the head,
    which is JSON and names the columns of `frames`, and these, each from a multiple of 8 bytes on.

    Raises `ValueError` where the head has NaN or Infinity, which JSON does not have.
    """
    frames: pa.Table = answer["frames"]
    columns = {name: _values(frames[name]) for name in frames.column_names}
    named = [[name, str(values.dtype), _each(frames[name])] for name, values in columns.items()]
    head = answer | {"frames": {"rows": len(frames), "columns": named}}
    text = json.dumps(head, allow_nan=False).encode()
    parts = [len(text).to_bytes(4, "little") + text, *(one.tobytes() for one in columns.values())]
    return b"".join(part.ljust(-(-len(part) // _ALIGNED) * _ALIGNED, b"\0") for part in parts)


def _each(column: pa.ChunkedArray) -> int:
    """How many numbers a frame has of a wide column; 0 of a narrow one."""
    kind: Any = column.type
    if pa.types.is_fixed_size_list(kind):
        return kind.list_size
    return kind.byte_width if pa.types.is_fixed_size_binary(kind) else 0


def _values(column: pa.ChunkedArray) -> np.ndarray:
    """Its numbers, frame after frame."""
    values: Any = column.combine_chunks()
    if pa.types.is_fixed_size_binary(values.type):
        each = values.type.byte_width
        size, offset = len(values) * each, values.offset * each
        values = pa.Array.from_buffers(pa.uint8(), size, [None, values.buffers()[1]], offset=offset)
    elif pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values.to_numpy()


def frames(request: Request) -> Response:
    """What a browser asks in `asked`, JSON, is answered; nothing where nobody keeps the run.

    A player that gets nothing turns to Streamlit; an error would stand in the browser's console.
    """
    found = _open.get(request.path_params["name"])
    if found is None:
        return Response(status_code=204)
    try:
        asked = json.loads(request.query_params.get("asked", ""))
    except (ValueError, RecursionError):
        asked = None
    # Numbers hardly shrink: nobody shall try, as Streamlit would for each answer.
    headers = {"Cache-Control": "no-store", "Content-Encoding": "identity"}
    message = packed(found.give(asked))
    return Response(message, headers=headers, media_type="application/octet-stream")
