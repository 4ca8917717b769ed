"""The network as a function of its parameters, its size, and where its parameters begin.

With a picture x of 784 pixels from 0 to 1, layers of units h_k and ten scores z:

    h_0 = x,   h_k = max(0, W_k h_{k-1} + b_k),   z = W h + b,   P = softmax(z)

Here each picture is a column: of sixteen pictures that is four times as fast as `nn.Linear`'s rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core import devices
from core.datasets import CLASSES, PIXELS, SIZES, pixels
from core.randomness import generator, mix

if TYPE_CHECKING:
    from core.mnist import Config, State

WEIGHTS, ORDER = range(2)  # what numbers are drawn for: each has a generator of its own
AT_ONCE = 2**22  # numbers of one layer: as many pictures as make so many are looked at together
SNAPSHOT = 100  # updates from one state with parameters to the next


def layers(parameters: Mapping[str, Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Weight (outputs, inputs) and bias (outputs,) of each layer, in their order."""
    values = list(parameters.values())
    return list(zip(values[::2], values[1::2], strict=True))


def outputs(parameters: Mapping[str, Tensor], x: Tensor) -> tuple[list[Tensor], Tensor]:
    """The units (width, n) of each hidden layer and the scores (10, n), of columns x (784, n)."""
    *hidden, last = layers(parameters)
    units = []
    for weight, bias in hidden:
        x = torch.addmm(bias[:, None], weight, x).relu()
        units.append(x)
    weight, bias = last
    return units, torch.addmm(bias[:, None], weight, x)


def columns(pictures: Tensor) -> Tensor:
    """(784, n) float32 from 0 to 1, of pictures (n, 784) uint8."""
    return pixels(pictures).T.contiguous()


def opinions(parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """(n, 10) what the network thinks of columns x (784, n): the probability of each class."""
    _, scores = outputs(parameters, x)
    return scores.softmax(dim=0).T.contiguous()


def parameter_count(config: Config) -> int:
    """How many numbers there are to learn."""
    return sum(math.prod(shape) for shape in parameter_shapes(config).values())


def rows_at_once(config: Config) -> int:
    """As many pictures as the network looks at together where it looks at many."""
    return max(1, AT_ONCE // max(PIXELS, *config.hidden))


def needed_bytes(config: Config) -> int:
    """About the memory that a run takes beside the data set: parameters, their gradient, two
    snapshots; units and their gradients of a batch, or those of the pictures that test together.
    """
    tests = min(SIZES[config.dataset][1], rows_at_once(config))
    units = PIXELS + 2 * sum(config.hidden)
    pictures = max(2 * min(config.batch_size, SIZES[config.dataset][0]), tests)
    return 4 * (4 * parameter_count(config) + pictures * units)


def check_memory(config: Config) -> None:
    """Raise `RuntimeError`, which says how much is needed, where the device has too little free."""
    free = devices.free_bytes(config.device)
    if free is not None and needed_bytes(config) > free:
        raise RuntimeError(f"hidden = {config.hidden!r} {memory(config)}")


def memory(config: Config) -> str:
    """How much a run needs, and how much there is, as the end of a sentence."""
    free, needed = devices.free_bytes(config.device), needed_bytes(config)
    where = "this machine" if config.device == "cpu" else config.device
    known = "" if free is None else f", of which {where} has {free / 1e9:.1f} GB free"
    return f"needs about {needed / 1e9:.1f} GB of memory{known}."


def parameter_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters: of a weight (outputs, inputs), of a bias (outputs,)."""
    widths = (PIXELS, *config.hidden, CLASSES)
    shapes: dict[str, tuple[int, ...]] = {}
    for k, (inputs, units) in enumerate(pairwise(widths)):
        shapes[f"layers.{2 * k}.weight"] = (units, inputs)
        shapes[f"layers.{2 * k}.bias"] = (units,)
    return shapes


def weight_seed(seed: int) -> int:
    """The seed from which the parameters of a run are drawn."""
    return mix(seed, WEIGHTS)


def first_parameters(config: Config) -> dict[str, Tensor]:
    """What a run begins with, on the CPU: uniform in ±1/√inputs, or from 0 to 1 ("uniform")."""
    numbers = generator(weight_seed(config.seed))
    parameters: dict[str, Tensor] = {}
    low, high = 0.0, 1.0
    for name, shape in parameter_shapes(config).items():
        if config.initial == "default" and len(shape) == 2:
            high = 1 / math.sqrt(shape[1])
            low = -high
        parameters[name] = nn.init.uniform_(torch.empty(shape), low, high, generator=numbers)
    return parameters


def epoch_order(config: Config, epoch: int) -> Tensor:
    """(n,) in which order the pictures of an epoch come, where they are shuffled."""
    return torch.randperm(SIZES[config.dataset][0], generator=generator(config.seed, ORDER, epoch))


def resumable(state: State) -> bool:
    """Whether a run can go on from here: each 100th state and each end of an epoch."""
    return state.parameters is not None


def carries_parameters(config: Config, step: int) -> bool:
    """Whether the state at a step does: a snapshot costs as much as an update."""
    return step % SNAPSHOT == 0 or step % config.batches == 0


def nearest_resumable(config: Config, step: int) -> int:
    """The step from which a run can go on that is nearest, the earlier of two."""
    starts = (step - step % every for every in (SNAPSHOT, config.batches))
    ends = (step - step % every + every for every in (SNAPSHOT, config.batches))
    within = [one for one in (*starts, *ends) if one <= config.steps]
    return min(within, key=lambda one: (abs(one - step), one))


# --- What a loss of ten classes can be.

CHANCE_LOSS = math.log(CLASSES)  # where all ten classes get the same


def floor(softmax: bool) -> float:
    """The least loss: 0 of scores. Softmax before the loss leaves it numbers of 0 to 1, of which

    the best are 1 and nine times 0: -log(e / (e + 9)) = log(1 + 9/e), 1.4612.
    """
    return math.log1p((CLASSES - 1) / math.e) if softmax else 0.0


def certain_loss(accuracy: float) -> float:
    """The mean loss behind a softmax of who is always certain, and right so often.

    log(e + 9) - 1 of each picture that it has right, log(e + 9) of each other: 2.4612 - accuracy.
    """
    return math.log(math.e + CLASSES - 1) - accuracy
