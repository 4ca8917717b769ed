"""Vega on the server, from vl-convert, which one thread at a time may enter.

It holds a lock of its own while it makes Python's objects, in the middle of which Python may
collect garbage and run another thread. Where that one comes for the same lock, it waits holding
Python's: neither goes on, nor does any other thread of the server, for ever.
"""

from threading import Lock
from typing import Any

import vl_convert

_one = Lock()  # who waits for it does not hold Python's


def compiled(spec: dict[str, Any]) -> dict[str, Any]:
    """A Vega-Lite chart as Vega. Raises `ValueError` where it is none."""
    with _one:
        return vl_convert.vegalite_to_vega(spec)


def png(spec: dict[str, Any], scale: float) -> bytes:
    """The picture of a Vega-Lite chart, `scale` device pixels to a pixel."""
    with _one:
        return vl_convert.vegalite_to_png(spec, scale=scale)


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script for browsers."""
    with _one:
        return vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]
