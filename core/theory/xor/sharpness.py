"""The sharpness of the loss: the largest eigenvalue of its Hessian, against the line 2/η.

A step of gradient descent along an eigenvector of curvature λ multiplies what is left of it by
1 - ηλ: beyond λ = 2/η it grows. With momentum β the line is at (2 + 2β)/η. Full-batch training
tends to sharpen until it rests there: J. Cohen et al. 2021, "Gradient Descent on Neural Networks
Typically Occurs at the Edge of Stability". Batches, and a loss that is nearly fitted, stay below:
the notes' run at 0.2 to 1.5, where the line is at 20. `AT_THE_EDGE` are settings that rest on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.course import Change
from core.randomness import generator
from core.theory.xor.losses import LOSSES
from core.theory.xor.network import Parameters, outputs, unflattened
from core.theory.xor.points import inputs, points

if TYPE_CHECKING:
    from core.xor import Config, State

# Two layers of 16 units learn the spiral by whole batches: the sharpness climbs from 0.8, is at 2/η
# after some 400 updates, and stays within a quarter of it, while the loss falls from 0.6 to 0.05.
AT_THE_EDGE = {
    "data": "spiral",
    "samples": 500,
    "hidden": 16,
    "layers": 2,
    "learning_rate": 1.0,
    "batch_size": 500,
    "epochs": 1500,
    "test_share": 0.0,
}
ROUNDS = 500  # products of the Hessian and a vector, at most
ENOUGH = 1e-5  # part of it by which the estimate still changes a round
ALONE = 0.999  # of the largest size: what is less is a mixture of eigenvalues with both signs


def edge(config: Config) -> float:
    """The curvature of the loss beyond which a full-batch update of SGD is unstable: (2 + 2β) / η
    less the weight decay, which adds as much to each curvature.
    """
    return (2 + 2 * config.momentum) / config.learning_rate - config.weight_decay


def edges(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1,) the edge before each update, nan of an optimiser other than SGD."""
    course = ((0, config), *later)
    found = np.empty(course[-1][1].steps + 1)
    for begin, settings in course:
        found[begin:] = edge(settings) if settings.optimiser == "sgd" else math.nan
    return found


def curvature_window(config: Config, *later: Change[Config]) -> tuple[float, float]:
    """Ends of an axis for the sharpness: half as much again as the larger edge, where there is one,
    of the first settings and the last.
    """
    found = edges(config, *later)
    return 0.0, 1.5 * max(found[0], found[-1]) if found[0] > 0 else 40.0


def sharpness(config: Config, state: State) -> float:
    """The largest eigenvalue of the Hessian of the loss over all points that train."""
    return _sharpness(config, state.parameters)


def sharpness_of(config: Config, weights: Tensor) -> float:
    """The same of all parameters in a row (p,), as a frame's `weights` are."""
    return _sharpness_at(config, tuple(weights.tolist()))


@lru_cache(maxsize=16)  # a page asks again at every run of it
def _sharpness_at(config: Config, weights: tuple[float, ...]) -> float:
    return _sharpness(config, unflattened(config, torch.tensor(weights, dtype=torch.float64)))


def _sharpness(config: Config, parameters: Parameters) -> float:
    """By power iteration, which finds the eigenvalue that is largest in size. Where that is below
    0, or there are two with both signs, once more with the Hessian moved up by that size: then none
    is below 0, and the largest is found. Numbers that are held have no curvature.
    """
    device = next(iter(parameters.values())).device
    kind = {"dtype": devices.double(device), "device": device}
    data = points(config)
    x, labels = inputs(config.features, data.train).to(**kind), data.train_labels.to(**kind)
    with torch.enable_grad():
        at = {
            name: values.detach().to(**kind).requires_grad_() for name, values in parameters.items()
        }
        _, logits = outputs(at, config.activation, x)
        loss = LOSSES[config.loss]()(logits, labels)
        slopes = torch.autograd.grad(loss, list(at.values()), create_graph=True)
        gradient = torch.cat([slope.reshape(-1) for slope in slopes])
    if not torch.isfinite(gradient).all():
        return math.nan
    if not gradient.requires_grad:  # no curvature at all
        return 0.0

    free = torch.cat([_free(config, name, values) for name, values in at.items()]).to(**kind)
    if not free.any():
        return 0.0

    def product(vector: Tensor) -> Tensor:
        """H v: the gradient of g · v."""
        parts = torch.autograd.grad(
            gradient, list(at.values()), vector, retain_graph=True, materialize_grads=True
        )
        return torch.cat([part.reshape(-1) for part in parts]) * free

    start = torch.randn(len(gradient), generator=generator(0), dtype=torch.float64).to(**kind)
    largest, size = _power(product, start * free)
    if largest < ALONE * size:
        largest, _ = _power(lambda v: product(v) + size * v, start * free, -size)
    return largest


def _free(config: Config, name: str, values: Tensor) -> Tensor:
    """(p,) 1 for each number of the parameter that learns, 0 for each that is held."""
    free = torch.ones(values.numel())
    free[[index for held, index, _ in config.held if held == name]] = 0
    return free


def _power(
    product: Callable[[Tensor], Tensor], vector: Tensor, moved: float = 0.0
) -> tuple[float, float]:
    """The eigenvalue of largest size, from the Rayleigh quotient v · Hv, and `moved` added; and its
    size, |Hv|, which is found as well where v is a mixture of two with both signs.
    """
    found, size = math.inf, 0.0
    for _ in range(ROUNDS):
        vector = vector / torch.linalg.vector_norm(vector)
        image = product(vector)
        if not image.any():
            return moved, 0.0
        before, found = found, float(vector @ image) + moved
        size = float(torch.linalg.vector_norm(image))
        if abs(found - before) <= ENOUGH * abs(found):
            break
        vector = image
    return found, size
