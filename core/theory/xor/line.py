"""What can be known without training: the best straight line, and how much the noise hides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from core.theory.xor.points import inputs, points

if TYPE_CHECKING:
    from core.xor import Config


def noise_error(config: Config) -> float:
    """The part of new points that the best boundary gets wrong, nan where no formula is known.

    "xor": a point is on the wrong side where exactly one coordinate's noise crosses the middle,
    2 p (1 - p) with p = P(N(0, noise²) > 1/2). "blobs": where the noise toward the other center is
    more than half of the √2 between them.
    """
    if config.data not in ("xor", "blobs"):
        return math.nan
    half = 0.5 if config.data == "xor" else math.sqrt(0.5)
    crosses = 0.0 if config.noise == 0 else _beyond(half / config.noise)
    return 2 * crosses * (1 - crosses) if config.data == "xor" else crosses


def _beyond(deviations: float) -> float:
    """P(N(0, 1) > deviations)."""
    return math.erfc(deviations / math.sqrt(2)) / 2


class Line(NamedTuple):
    """The best that a network without a bend can do: one logit linear in the inputs."""

    loss: float  # least mean loss of the points that train; 0 where a line parts them
    accuracy: float  # that the line of least loss has on them


ROUNDS = 100


def best_line(config: Config) -> Line:
    """The least loss of logits w·x + b, in float64: logistic regression, by Newton's method.

    The loss is convex: there is one least value. Of points that a line parts it is 0, at no finite
    w. Layers without a bend between them are such a line, whatever their number.
    """
    data = points(config)
    x = inputs(config.features, data.train).double()
    return _newton(_independent(x), data.train_labels.double())


def _independent(x: Tensor) -> Tensor:
    """Inputs (f, n) of the same lines, without those that follow from others: uncorrelated, each of
    mean 0 and mean square 1, wherever and however large the points are.
    """
    x = x - x.mean(dim=1, keepdim=True)
    spread = x.square().mean(dim=1, keepdim=True).sqrt()
    _, sizes, rows = torch.linalg.svd(x / spread.where(spread > 0, 1.0), full_matrices=False)
    return rows[sizes > 1e-10 * sizes[:1]] * math.sqrt(x.shape[1])


def _newton(x: Tensor, labels: Tensor) -> Line:
    """With steps halved until the loss falls, and a ridge of 1e-12 where a Hessian is lost."""
    x = torch.cat([x, x.new_ones(1, x.shape[1])])  # (f + 1, n)
    w = x.new_zeros(len(x))

    def loss_at(w: Tensor) -> Tensor:
        z = w @ x
        return (torch.logaddexp(z, torch.zeros_like(z)) - labels * z).mean()

    loss = loss_at(w)
    for _ in range(ROUNDS):
        p = torch.sigmoid(w @ x)
        slope = x @ (p - labels) / len(labels)
        hessian = (x * (p * (1 - p))) @ x.T / len(labels)
        ridge = 1e-12 * (1 + hessian.diagonal().max()) * torch.eye(len(w), dtype=x.dtype)
        step = torch.linalg.solve(hessian + ridge, slope)
        size = 1.0
        while size > 1e-6 and not loss_at(w - size * step) <= loss:
            size /= 2
        new = loss_at(w - size * step)
        if not new < loss:
            break
        w, loss, before = w - size * step, new, loss
        if before - loss <= 1e-13 * before or loss < 1e-9:
            break
    accuracy = ((w @ x > 0) == labels.bool()).double().mean()
    return Line(0.0 if loss < 1e-9 else float(loss), float(accuracy))
