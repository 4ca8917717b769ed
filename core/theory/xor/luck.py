"""How lucky a run was: the same settings with many seeds, trained as one batch.

A parameter of shape (h, f) becomes one of (seeds, h, f). The sum of the seeds' losses has for each
the gradient of its own, so that one optimizer and one backward train all of them, each as `run`
would but for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.ranges import Range
from core.rasters import to_bytes
from core.theory.xor.field import UNIT_CELLS, grid_inputs
from core.theory.xor.losses import LOSSES
from core.theory.xor.network import Parameters, initial, outputs
from core.theory.xor.points import Points, epoch_order, inputs, points, window

if TYPE_CHECKING:
    from core.xor import Config

SOLVED = 0.998  # accuracy above which the points count as told apart
NORMAL = 1.959964  # of the normal distribution 95 % lie within so many standard deviations


class Luck(NamedTuple):
    """Many seeds after `epoch` epochs."""

    epoch: int
    epochs: int
    seeds: tuple[int, ...]  # (n,)
    loss: np.ndarray  # (n,) float32 of the points that train
    accuracy: np.ndarray  # (n,)
    boundaries: np.ndarray  # (n, UNIT_CELLS, UNIT_CELLS) uint8 P(class 1) over the window

    @property
    def solved(self) -> int:
        """How many have an accuracy above SOLVED."""
        return int((self.accuracy > SOLVED).sum())

    @property
    def perfect(self) -> int:
        """How many have every point on the right side."""
        return int((self.accuracy == 1).sum())


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `successes` of `count` were seen (Wilson 1927).

    The shares p that lie within 1.96 √(p (1 - p) / n) of what was seen.
    """
    seen, square = successes / count, NORMAL**2 / count
    middle = (seen + square / 2) / (1 + square)
    half = math.sqrt(square * (seen * (1 - seen) + square / 4)) / (1 + square)
    # By definition 0 is within where none is seen; rounding might say 1e-18.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == count else min(1.0, middle + half)


def many_seeds(config: Config, count: int = 50) -> Iterator[Luck]:
    """Yield the state of `count` seeds, this one and those after it, before training and after

    each epoch: `epochs + 1`. Whoever stops asking has cancelled it. Raises `ValueError` for a count
    below 1, `RuntimeError` where the device does not exist.
    """
    Range(1, whole=True).check("count", count)
    device = devices.resolve(config.device)
    each = [replace(config, seed=config.seed + k) for k in range(count)]
    drawn = [points(one) for one in each]
    x, labels = (values.to(device) for values in _stacked(config, drawn))
    starts = [initial(one, one.seed) for one in each]
    parameters = {
        name: torch.stack([start[name] for start in starts]).to(device).requires_grad_()
        for name in starts[0]
    }
    optimizer = _optimizer(config, parameters)
    losses = LOSSES[config.loss](reduction="none")

    def look(epoch: int) -> Luck:
        seeds = tuple(one.seed for one in each)
        return Luck(epoch, config.epochs, seeds, *_numbers(config, parameters, x, labels))

    yield look(0)
    for epoch in range(config.epochs):
        order = torch.stack([epoch_order(one, epoch) for one in each]).to(device)
        for chosen in order.split(config.batch_size, dim=1):  # (n, b)
            here = chosen[:, None].expand(-1, x.shape[1], -1)
            _, logits = outputs(parameters, config.activation, x.gather(2, here))
            loss = losses(logits, labels.gather(1, chosen)).mean(dim=1).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for name, index, value in config.held:
                    parameters[name].view(count, -1)[:, index] = value
        yield look(epoch + 1)


@dataclass(frozen=True)
class Seeds:
    """Settings of many seeds as one run, an epoch a step: see `core.recording`."""

    config: Config
    count: int = 50

    @property
    def steps(self) -> int:
        return self.config.epochs


class SeedsState(NamedTuple):
    """Many seeds after so many epochs."""

    step: int  # an epoch
    luck: Luck


def run_seeds(seeds: Seeds, state: SeedsState | None = None) -> Iterator[SeedsState]:
    """`many_seeds` as a lesson's run, which begins anew if it cannot go on: see `from_start`.

    Raises `ValueError` for any other state than the first.
    """
    if state is not None and state.step:
        raise ValueError(f"step = {state.step} is not allowed: many seeds go on from 0 alone.")
    for luck in many_seeds(seeds.config, seeds.count):
        yield SeedsState(luck.epoch, luck)


def from_start(state: SeedsState) -> bool:
    """Which states are resumable: the first."""
    return state.step == 0


def frame_seeds(seeds: Seeds, state: SeedsState) -> dict[str, np.ndarray]:
    """loss (n,), accuracy (n,) and boundaries (n, UNIT_CELLS, UNIT_CELLS) of all seeds."""
    luck = state.luck
    return {"loss": luck.loss, "accuracy": luck.accuracy, "boundaries": luck.boundaries}


def _stacked(config: Config, drawn: list[Points]) -> tuple[Tensor, Tensor]:
    """(n, f, points) inputs and (n, points) labels of all that train."""
    x = torch.stack([inputs(config.features, one.train) for one in drawn])
    return x, torch.stack([one.train_labels for one in drawn])


def _optimizer(config: Config, parameters: Parameters) -> torch.optim.Optimizer:
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adam":
        return torch.optim.Adam(parameters.values(), lr=rate, weight_decay=decay)
    return torch.optim.SGD(
        parameters.values(), lr=rate, momentum=config.momentum, weight_decay=decay
    )


@torch.no_grad()
def _numbers(
    config: Config, parameters: Parameters, x: Tensor, labels: Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, logits = outputs(parameters, config.activation, x)
    loss = LOSSES[config.loss](reduction="none")(logits, labels).mean(dim=1)
    accuracy = ((logits > 0) == labels.bool()).float().mean(dim=1)
    places = grid_inputs(window(config), (UNIT_CELLS,), config.features, x.device)
    _, field = outputs(parameters, config.activation, places)
    cells = to_bytes(torch.sigmoid(field), 0, 1).view(-1, UNIT_CELLS, UNIT_CELLS)
    return loss.numpy(force=True), accuracy.numpy(force=True), cells.numpy(force=True)
