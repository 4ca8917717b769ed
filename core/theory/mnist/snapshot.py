"""What the parameters of one state say: what it confuses, how far they moved, which units sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from core.datasets import CLASSES, SIDE, images
from core.rasters import to_bytes
from core.theory.mnist.digits import parameters_of
from core.theory.mnist.network import columns, first_parameters, layers, outputs, rows_at_once

if TYPE_CHECKING:
    from core.mnist import Config, State


class Snapshot(NamedTuple):
    """A state with parameters, looked at with all pictures that test."""

    guesses: np.ndarray  # (m,) int64 the likeliest class of each
    sureness: np.ndarray  # (m,) float32 its probability
    confusion: np.ndarray  # (10, 10) int64 how many of a class (row) are taken for one (column)
    moved: tuple[float, ...]  # of each layer |w - w_0| / |w_0|, weights and biases together
    dead: tuple[float, ...]  # of each hidden layer the share of units that are 0 for every picture


class Mistakes(NamedTuple):
    """Pictures that are taken for another class, the surest first."""

    indices: np.ndarray  # (k,) int64 among those that test
    labels: np.ndarray  # (k,) int64
    guesses: np.ndarray  # (k,) int64
    sureness: np.ndarray  # (k,) float32
    pictures: np.ndarray  # (k, 28, 28) uint8


@torch.no_grad()
def snapshot(config: Config, state: State) -> Snapshot:
    """One look at all pictures that test. Raises `ValueError` where the state has no parameters."""
    parameters = parameters_of(config, state)
    device = state.loss.device
    data = images(config.dataset, device)
    found, sure = [], []
    alive = [torch.zeros(width, dtype=torch.bool, device=device) for width in config.hidden]
    for part in data.test.split(rows_at_once(config)):
        units, scores = outputs(parameters, columns(part))
        best = scores.softmax(dim=0).max(dim=0)
        found.append(best.indices)
        sure.append(best.values)
        for known, values in zip(alive, units, strict=True):
            known |= (values > 0).any(dim=1)
    guesses = torch.cat(found)
    pairs = CLASSES * data.test_labels + guesses
    confusion = pairs.bincount(minlength=CLASSES**2).view(CLASSES, CLASSES)
    return Snapshot(
        guesses.numpy(force=True),
        torch.cat(sure).numpy(force=True),
        confusion.numpy(force=True),
        moved(config, state),
        tuple(1 - float(known.float().mean()) for known in alive),
    )


@torch.no_grad()
def moved(config: Config, state: State) -> tuple[float, ...]:
    """|w - w_0| / |w_0| of each layer, w its weights and biases in a row, w_0 the first ones."""
    now, before = layers(parameters_of(config, state)), layers(first_parameters(config))
    found = []
    for layer, first in zip(now, before, strict=True):
        w = torch.cat([part.reshape(-1) for part in layer])
        start = torch.cat([part.reshape(-1) for part in first]).to(w.device)
        found.append(float((w - start).norm() / start.norm()))
    return tuple(found)


def mistakes(config: Config, seen: Snapshot, most: int = 16) -> Mistakes:
    """At most so many pictures that a snapshot has wrong."""
    data = images(config.dataset)
    labels = data.test_labels.numpy()
    wrong = np.flatnonzero(seen.guesses != labels)
    chosen = wrong[np.argsort(-seen.sureness[wrong], kind="stable")][:most]
    pictures = data.test[torch.from_numpy(chosen)].view(-1, SIDE, SIDE).numpy()
    return Mistakes(chosen, labels[chosen], seen.guesses[chosen], seen.sureness[chosen], pictures)


def first_weights(config: Config, state: State, most: int = 16) -> tuple[np.ndarray, float]:
    """The weights of the first units as pictures (k, 28, 28) uint8, at most so many, and the limit
    on either side of 0 that the bytes 0 and 254 stand for: the largest of these weights.

    Raises `ValueError` where the state has no parameters.
    """
    weight = layers(parameters_of(config, state))[0][0][:most]
    limit = max(float(weight.abs().max()), 1e-9)
    limit = limit if np.isfinite(limit) else 1.0
    return to_bytes(weight, -limit, limit).view(-1, SIDE, SIDE).numpy(force=True), limit
