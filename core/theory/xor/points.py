"""The points of the plane that the network tells apart: drawn, or one's own; its inputs; a window.

All are drawn on the CPU by generators of `core.randomness`, so that every device sees the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from core.randomness import generator

if TYPE_CHECKING:
    from core.xor import Config

DRAW, SPLIT, WEIGHTS, ORDER = range(4)  # what a seed draws: generator(seed, DRAW), ...
TURNS = 1.75  # of each arm of the spiral

Drawn = tuple[Tensor, Tensor]  # (size, 2) float32 places without noise, (size,) int64 classes


def _xor(size: int, numbers: torch.Generator) -> Drawn:
    """The corners of the unit square, class 1 where exactly one of the two coordinates is 1."""
    corners = torch.randint(0, 2, (size, 2), generator=numbers)
    return corners.float(), (corners.sum(dim=1) == 1).long()


def _circle(size: int, numbers: torch.Generator) -> Drawn:
    """Class 1 a disc of radius 1, evenly filled; class 0 a ring around it from 1.5 to 2."""
    label, (turn, part) = _class(size, numbers), torch.rand(2, size, generator=numbers)
    radius = torch.where(label == 1, part.sqrt(), 1.5 + 0.5 * part)
    return _polar(radius, 2 * math.pi * turn), label


def _moons(size: int, numbers: torch.Generator) -> Drawn:
    """Two half circles of radius 1 that reach into each other."""
    label, part = _class(size, numbers), torch.rand(size, generator=numbers)
    upper = _polar(torch.ones(size), math.pi * part)
    lower = torch.tensor([1.0, 0.5]) - upper
    return torch.where(label[:, None] == 1, lower, upper), label


def _spiral(size: int, numbers: torch.Generator) -> Drawn:
    """Two arms, half a turn apart, that wind outward from radius 0.2 to 2."""
    label, part = _class(size, numbers), torch.rand(size, generator=numbers)
    return _polar(0.2 + 1.8 * part, 2 * math.pi * TURNS * part + math.pi * label), label


def _blobs(size: int, numbers: torch.Generator) -> Drawn:
    """(0, 0) and (1, 1): what is around them is noise alone."""
    label = _class(size, numbers)
    return label[:, None].repeat(1, 2).float(), label


def _class(size: int, numbers: torch.Generator) -> Tensor:
    return torch.randint(0, 2, (size,), generator=numbers)


def _polar(radius: Tensor, angle: Tensor) -> Tensor:
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


SHAPES: dict[str, Callable[[int, torch.Generator], Drawn]] = {
    "xor": _xor,
    "circle": _circle,
    "moons": _moons,
    "spiral": _spiral,
    "blobs": _blobs,
}
OWN = "own"  # the name of the data that are `extra_points` alone
# Between which x, then y, the places without noise lie.
SPANS = {
    "xor": (0.0, 1.0, 0.0, 1.0),
    "circle": (-2.0, 2.0, -2.0, 2.0),
    "moons": (-1.0, 2.0, -0.5, 1.0),
    "spiral": (-2.0, 2.0, -2.0, 2.0),
    "blobs": (0.0, 1.0, 0.0, 1.0),
}


def draw(shape: str, size: int, std: float, seed: int) -> Drawn:
    """(size, 2) float32 places and (size,) int64 classes: those of SHAPES, and normal noise."""
    numbers = generator(seed, DRAW)
    places, label = SHAPES[shape](size, numbers)
    return places + std * torch.randn(size, 2, generator=numbers), label


class Points(NamedTuple):
    """The points of a run, not to be written to, in float32: labels too, as losses want them."""

    train: Tensor  # (n, 2)
    train_labels: Tensor  # (n,) 0.0 or 1.0
    test: Tensor  # (m, 2)
    test_labels: Tensor  # (m,)


def points(config: Config) -> Points:
    """Those that train and those that test, on the CPU.

    Of the drawn points a random `test_share` tests, the others train in the order drawn; of one's
    own points alike. Points added to drawn ones train, always: adding one moves no other.
    """
    return _points(*(getattr(config, field) for field in DRAWN_BY))


DRAWN_BY = ("data", "samples", "noise", "extra_points", "test_share", "seed")


@lru_cache(maxsize=16)
def _points(
    data: str, samples: int, noise: float, extra_points: tuple, test_share: float, seed: int
) -> Points:
    own = torch.tensor(extra_points, dtype=torch.float32).reshape(-1, 3)
    if data == OWN:
        places, labels, added = own[:, :2], own[:, 2], own[:0]
    else:
        places, label = draw(data, samples, noise, seed)
        labels, added = label.float(), own
    tests = torch.zeros(len(places), dtype=torch.bool)
    chosen = torch.randperm(len(places), generator=generator(seed, SPLIT))
    tests[chosen[: count_of_tests(len(places), test_share)]] = True
    return Points(
        torch.cat([places[~tests], added[:, :2]]),
        torch.cat([labels[~tests], added[:, 2]]),
        places[tests],
        labels[tests],
    )


def count_of_tests(size: int, test_share: float) -> int:
    """How many of so many points test: one at least is left to train."""
    return min(round(size * test_share), size - 1)


# The inputs that a network may have, each a function of x and y.
FEATURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    "x^2": lambda x, y: x * x,
    "y^2": lambda x, y: y * y,
    "xy": lambda x, y: x * y,
    "sin x": lambda x, y: torch.sin(x),
    "sin y": lambda x, y: torch.sin(y),
}


def inputs(features: tuple[str, ...], places: Tensor) -> Tensor:
    """(n, 2) places as (f, n) inputs of the network, a column a point."""
    x, y = places.unbind(dim=-1)
    return torch.stack([FEATURES[name](x, y) for name in features])


def epoch_order(config: Config, epoch: int) -> Tensor:
    """(n,) the order in which the points train in an epoch, on the CPU: a permutation."""
    return torch.randperm(config.sizes[0], generator=generator(config.seed, ORDER, epoch))


class Window(NamedTuple):
    """A square part of the plane."""

    left: float
    right: float
    low: float
    high: float


def window(config: Config) -> Window:
    """Where pictures look: a square around nearly all points, the same for every seed.

    Three standard deviations of the noise around what is drawn, all that is added, and a margin.
    """
    return _window(config.data, config.noise, config.extra_points)


@lru_cache(maxsize=16)
def _window(data: str, noise: float, extra_points: tuple[Any, ...]) -> Window:
    across, up = ([point[axis] for point in extra_points] for axis in (0, 1))
    if data != OWN:
        left, right, low, high = SPANS[data]
        across += [left - 3 * noise, right + 3 * noise]
        up += [low - 3 * noise, high + 3 * noise]
    x, y = (min(across) + max(across)) / 2, (min(up) + max(up)) / 2
    half = 0.55 * max(max(across) - min(across), max(up) - min(up))
    half = max(half, 1e-3 * max(1.0, abs(x), abs(y)))  # of points that lie on one another
    return Window(*(float(end) for end in (x - half, x + half, y - half, y + half)))
