"""One update in its five parts: the batch, its logits, their loss, the gradients, the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from core.theory.xor.losses import LOSSES
from core.theory.xor.network import Parameters, outputs
from core.theory.xor.points import epoch_order, inputs, points

if TYPE_CHECKING:
    from core.xor import Config, State


class Update(NamedTuple):
    """What the update after a state works with, at that state's parameters."""

    batch: int  # which one of its epoch, from 0
    chosen: Tensor  # (b,) which of the points that train
    places: Tensor  # (b, 2)
    labels: Tensor  # (b,)
    logits: Tensor  # (b,)
    loss: Tensor  # () of the batch
    gradients: Parameters  # of that loss, before any weight decay


def update_after(config: Config, state: State) -> Update:
    """The update that a run makes from `state`. Raises `ValueError` if the run is over there."""
    if state.step >= config.steps:
        raise ValueError(
            f"step = {state.step} is not allowed: it must be below {config.steps}, the last one."
        )
    device = state.loss.device
    epoch, batch = divmod(state.step, config.batches)
    order = epoch_order(config, epoch)
    chosen = order[batch * config.batch_size : (batch + 1) * config.batch_size]
    data = points(config)
    places, labels = data.train[chosen].to(device), data.train_labels[chosen].to(device)
    with torch.enable_grad():
        at = {name: values.detach().requires_grad_() for name, values in state.parameters.items()}
        _, logits = outputs(at, config.activation, inputs(config.features, places))
        loss = LOSSES[config.loss]()(logits, labels)
        gradients = torch.autograd.grad(loss, list(at.values()))
    named = dict(zip(at, gradients, strict=True))
    return Update(batch, chosen, places, labels, logits.detach(), loss.detach(), named)
