"""Which numbers a setting may take, and the message for one that it may not."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of finite numbers. `str()` of it completes the sentence "it must be ..."."""

    low: float = -math.inf
    high: float = math.inf
    above_low: bool = False  # whether `low` itself is excluded
    whole: bool = False  # whether only whole numbers are allowed
    below_high: bool = False  # whether `high` itself is excluded

    def __contains__(self, value: object) -> bool:
        # bool is an int to Python, but `steps=True` is a slip, not a number.
        kinds = (int, np.integer) if self.whole else (int, float, np.integer, np.floating)
        if isinstance(value, bool) or not isinstance(value, kinds):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        above = number > self.low if self.above_low else number >= self.low
        below = number < self.high if self.below_high else number <= self.high
        return math.isfinite(number) and above and below

    def __str__(self) -> str:
        kind = "whole number" if self.whole else "finite number"
        low, high = f"{self.low:.15g}", f"{self.high:.15g}"
        if math.isinf(self.low) and math.isinf(self.high):
            return f"a {kind}"
        if math.isinf(self.high):
            return f"a {kind} above {low}" if self.above_low else f"a {kind} of at least {low}"
        if math.isinf(self.low):
            return f"a {kind} below {high}" if self.below_high else f"a {kind} of at most {high}"
        if self.below_high:
            least = f"above {low}" if self.above_low else f"of at least {low}"
            return f"a {kind} {least} and below {high}"
        return (
            f"a {kind} above {low} and up to {high}"
            if self.above_low
            else f"a {kind} from {low} to {high}"
        )

    def largest_below(self, limit: float, step: float) -> float:
        """The largest of `low`, `low + step`, ... up to `high` below `limit`, or nan."""
        count = math.floor((min(self.high, limit) - self.low) / step + 1e-9)
        value = round(self.low + count * step, 12)
        if not value < limit or (self.below_high and not value < self.high):
            value = round(value - step, 12)
        return value if value >= self.low else math.nan

    def check(self, field: str, value: object) -> None:
        """Raise `ValueError` naming field, value and range, unless `value` is allowed."""
        if value not in self:
            raise ValueError(f"{field} = {value!r} is not allowed: it must be {self}.")


FINITE = Range()
POSITIVE = Range(0, above_low=True)
FRACTION = Range(0, 1)
# What PyTorch can make a float32 of, also ten times as much, which Adam's first step is: a number
# beyond is an error there, not inf.
FLOAT32 = Range(-1e37, 1e37)
COUNT = Range(0, whole=True)


def check_numbers(config: Any, ranges: Mapping[str, Range]) -> None:
    """Raise `ValueError` naming field, value and range, unless each field of a dataclass that has a
    range is in it.

    Each NumPy number in its fields, and in their tuples, becomes Python's, frozen or not: PyTorch
    refuses some, and those of a few bits wrap around.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        plain = _plain(value)
        if plain is not value:
            object.__setattr__(config, field.name, plain)
    for name, allowed in ranges.items():
        allowed.check(name, getattr(config, name))


def _plain(value: object) -> object:
    if isinstance(value, np.number):
        return value.item()
    if isinstance(value, tuple):
        plain = tuple(map(_plain, value))
        changed = any(new is not old for new, old in zip(plain, value, strict=True))
        return plain if changed else value
    return value


def check_vector(
    field: str, values: object, length: int | None = None, allowed: Range = FINITE
) -> None:
    """Raise `ValueError` unless `values` is a tuple of 1 or more (or `length`) allowed numbers."""
    if not isinstance(values, tuple) or not values:
        raise ValueError(
            f"{field} = {values!r} is not allowed: it must be a tuple of at least 1 number."
        )
    if length is not None and len(values) != length:
        raise ValueError(
            f"{field} = {values!r} is not allowed: "
            f"it must hold {length} numbers, not {len(values)}."
        )
    for index, value in enumerate(values):
        allowed.check(f"{field}[{index}]", value)


def check_choice(field: str, value: object, names: Collection[str]) -> None:
    """Raise `ValueError` unless `value` is one of `names`."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(
            f"{field} = {value!r} is not allowed: it must be one of {', '.join(names)}."
        )


def check_flag(field: str, value: object) -> None:
    """Raise `ValueError` unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{field} = {value!r} is not allowed: it must be True or False.")
