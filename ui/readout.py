"""What the last update did, in numbers: a line below the charts."""

from collections.abc import Sequence
from typing import Any

from ui.theme import MINUS, setting


def batch(config: Any) -> str:
    """How many of its `sizes[0]` samples an update looks at: for the last of an epoch fewer may be
    left.
    """
    size = min(config.batch_size, config.sizes[0])
    return f"up to {size}" if config.sizes[0] % size else str(size)


def last_update(
    name: str,
    place: Sequence[str],
    velocity: Sequence[str],
    rate: str,
    momentum: float = 0.0,
    gradient: Sequence[str] = (),
) -> str:
    """What the update did that led to the frame on screen: `name` <- `place` - `rate` × `velocity`.

    All but `rate` are columns, of a vector those of its parts. With `momentum` it also says how the
    `gradient` before has made the velocity, and of a single number what it has made.
    """
    kept = ""
    if momentum:
        before, slope = (_said(columns, "before_") for columns in (velocity, gradient))
        made = f" = {{{velocity[0]}}}" if len(velocity) == 1 else ""
        kept = f"z = {setting(momentum)} × ({before}) + ({slope}){made}, then "
    before, now = _said(place, "before_"), _said(place)
    if len(place) > 1:
        before, now = f"({before})", f"({now})"
    return (
        f"What just happened: {kept}{name} = {before} {MINUS} {rate} × ({_said(velocity)}) = {now}"
    )


def _said(columns: Sequence[str], when: str = "") -> str:
    return ", ".join(f"{{{when}{column}}}" for column in columns)
