"""MNIST: a network learns handwritten digits, and does so in spite of how its loss is made.

A layer of units is max(0, W x + b); ten scores z end in probabilities P = softmax(z). The document
hands these to `CrossEntropyLoss`, which takes a softmax of its own. With `softmax=False` it gets
the scores. One update is one batch, as in the document: output, loss, zero_grad and backward, step,

    w <- w - η g      SGD, g the gradient of the batch's mean loss

An epoch goes once through the pictures, in the order in which they come unless they are shuffled;
its last, smaller batch is kept. Two softmaxes leave the loss between log(1 + 9/e) and 1 more: it
cannot fall below 1.4612 (`core.theory.mnist`).
Source: "Working Notes - Learning PyTorch - Day 1", Datasets, and its experiments: 784-512-512-10,
SGD with 1e-3, batches of 64, 5 epochs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core import datasets, devices
from core.datasets import CLASSES, PIXELS, pixels
from core.randomness import initialise
from core.ranges import COUNT, FLOAT32, Range, check_choice, check_flag, check_numbers, check_vector
from core.rasters import to_bytes
from core.theory.mnist.digits import Shown, as_picture, ink, opinion, shown, sixteen
from core.theory.mnist.findings import Prediction, Spread, counted, findings, predict, spread
from core.theory.mnist.network import (
    CHANCE_LOSS,
    SNAPSHOT,
    carries_parameters,
    certain_loss,
    check_memory,
    columns,
    epoch_order,
    first_parameters,
    floor,
    memory,
    nearest_resumable,
    needed_bytes,
    opinions,
    parameter_count,
    resumable,
    rows_at_once,
    weight_seed,
)
from core.theory.mnist.published import EXPERIMENTS, Experiment, Figure, experiment_of, printed
from core.theory.mnist.script import plain_pytorch
from core.theory.mnist.snapshot import Mistakes, Snapshot, first_weights, mistakes, snapshot

__all__ = ["INITIALS", "LIVE", "OFFLINE", "RANGES", "STEP", "Config", "Network", "State"]
__all__ += ["at_hand", "diverged", "frame", "over_seeds", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["CHANCE_LOSS", "EXPERIMENTS", "SNAPSHOT", "Experiment", "Figure", "Mistakes"]
__all__ += ["Prediction", "Shown", "Snapshot", "as_picture", "certain_loss", "check_memory"]
__all__ += ["Spread", "counted", "memory", "printed", "spread"]
__all__ += ["experiment_of", "findings", "first_weights", "floor", "ink", "mistakes"]
__all__ += ["nearest_resumable", "needed_bytes", "opinion", "parameter_count", "plain_pytorch"]
__all__ += ["predict", "resumable", "shown", "snapshot"]

WIDTH = Range(1, 100_000, whole=True)
RANGES: dict[str, Range] = {
    "learning_rate": Range(0, FLOAT32.high, above_low=True),
    "batch_size": Range(1, 60_000, whole=True),
    "epochs": COUNT,
    "seed": COUNT,
}
LIVE = frozenset({"learning_rate"})
STEP = "batch"
INITIALS = ("default", "uniform")
MOST_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    dataset: str = "mnist"  # one of core.datasets.NAMES
    hidden: tuple[int, ...] = (512, 512)  # units of each layer
    softmax: bool = True  # before the loss, which takes one of its own
    learning_rate: float = 1e-3  # η > 0
    batch_size: int = 64
    epochs: int = 5
    initial: str = "default"  # PyTorch's first parameters, or "uniform": all of them from 0 to 1
    shuffle: bool = False  # whether each epoch has an order of its own
    seed: int = 0  # of first parameters and orders
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, datasets.NAMES)
        check_vector("hidden", self.hidden, allowed=WIDTH)
        if len(self.hidden) > MOST_LAYERS:
            raise ValueError(
                f"hidden = {self.hidden!r} is not allowed: "
                f"it must be a tuple of at most {MOST_LAYERS} numbers."
            )
        check_flag("softmax", self.softmax)
        check_numbers(self, RANGES)
        check_choice("initial", self.initial, INITIALS)
        check_flag("shuffle", self.shuffle)
        devices.check("device", self.device)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many pictures train, and how many test."""
        return datasets.SIZES[self.dataset]

    @property
    def batches(self) -> int:
        """Updates an epoch."""
        return -(-self.sizes[0] // self.batch_size)

    @property
    def steps(self) -> int:
        """Updates of the run."""
        return self.epochs * self.batches


# Where there is no network: it learns the digits that scikit-learn carries, in seconds.
OFFLINE = Config(dataset="digits", softmax=False, learning_rate=0.1, epochs=12)


def at_hand(config: Config) -> Config:
    """These settings where their data set can be read here, else OFFLINE with seed and device."""
    if datasets.problem(config.dataset) is None:
        return config
    return replace(OFFLINE, seed=config.seed, device=config.device)


class Network(nn.Module):
    """Pictures (n, 784) or (n, 1, 28, 28) from 0 to 1 give n rows of ten probabilities, or scores.

    Each hidden layer is followed by a ReLU; `softmax` makes the last scores probabilities.
    """

    def __init__(self, hidden: tuple[int, ...] = (512, 512), softmax: bool = True):
        super().__init__()
        self.flatten = nn.Flatten()
        parts: list[nn.Module] = []
        for inputs, outputs in zip((PIXELS, *hidden), hidden, strict=False):
            parts += [nn.Linear(inputs, outputs), nn.ReLU()]
        parts.append(nn.Linear(hidden[-1], CLASSES))
        self.layers = nn.Sequential(*parts, *([nn.Softmax(dim=1)] if softmax else []))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 10)."""
        return self.layers(self.flatten(x))


class State(NamedTuple):
    """A run after `step` updates. What is of the coming batch is taken at these parameters; the
    last state takes the batch that would come next.
    """

    step: int
    epoch: int  # that are complete
    loss: Tensor  # () of the coming batch
    test_loss: Tensor | None  # () mean over batches of the pictures that test, at an epoch's end
    test_accuracy: Tensor | None  # () part of them that is right, at an epoch's end
    # By PyTorch's names, layers.0.weight (hidden, 784), ...; at each 100th step and epoch's end.
    parameters: dict[str, Tensor] | None
    tested: Tensor  # (2,) test loss and accuracy of the last epoch's end, nan before the first
    opinions: Tensor  # (16, 10) probabilities of sixteen pictures that test, those of `shown`
    largest: Tensor  # () probability in the coming batch
    gradient_norm: Tensor  # () |g| of the coming batch


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    Raises `ValueError` for a state without parameters, naming the nearest with; `RuntimeError`
    where the device does not exist or has too little memory, and where the data set is not here.
    A run that diverges yields inf and nan: see `diverged`.
    """
    device = devices.resolve(config.device)
    if state is not None and state.parameters is None:
        nearest = nearest_resumable(config, min(state.step, config.steps))
        raise ValueError(
            f"state.step = {state.step} is not allowed: it has no parameters to go on from. "
            f"The nearest state with them is that of step {nearest}."
        )
    check_memory(config)
    data = datasets.images(config.dataset, device)
    model = _network(config, device)
    tested, first = torch.full((2,), torch.nan, device=device), 0
    if state is not None and state.parameters is not None:
        model.load_state_dict(state.parameters)
        tested, first = state.tested.to(device), state.step
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.SGD(parameters.values(), lr=config.learning_rate)
    loss_module = nn.CrossEntropyLoss()
    digits = columns(data.test[sixteen(config.dataset).to(device)])
    order = None

    @torch.no_grad()
    def look(step: int, loss: Tensor, output: Tensor) -> State:
        """What is known before the update, with a snapshot now and then."""
        ended = step > 0 and step % config.batches == 0
        probabilities = output if config.softmax else output.softmax(dim=1)
        slopes = [parameter.grad.norm() for parameter in parameters.values()]  # type: ignore[union-attr]
        return State(
            step,
            step // config.batches,
            loss.detach(),
            tested[0] if ended else None,
            tested[1] if ended else None,
            {name: values.detach().clone() for name, values in parameters.items()}
            if carries_parameters(config, step)
            else None,
            tested,
            opinions(parameters, digits),
            probabilities.max(),
            torch.stack(slopes).norm(),
        )

    for step in range(first, max(first, config.steps) + 1):
        if step > first:
            optimizer.step()  # along the gradient of the state before
        epoch, batch = divmod(step, config.batches)
        if config.shuffle and (batch == 0 or step == first):
            order = devices.sent(epoch_order(config, epoch), device)
        here: slice | Tensor = slice(batch * config.batch_size, (batch + 1) * config.batch_size)
        here = here if order is None else order[here]

        output = model(pixels(data.train[here]))
        loss = loss_module(output, data.train_labels[here])
        optimizer.zero_grad()  # or backward would add to the gradient of the last batch
        loss.backward()

        if step == first and state is not None:
            yield state
            continue
        if batch == 0 and step > 0:
            tested = _test(config, model, data)
        yield look(step, loss, output)


def _network(config: Config, device: torch.device) -> nn.Module:
    """The model with the parameters that a run begins with."""
    source = weight_seed(config.seed)
    model = initialise(lambda: Network(config.hidden, config.softmax), source, device)
    if config.initial == "uniform":
        model.load_state_dict(first_parameters(config))
    return model


@torch.no_grad()
def _test(config: Config, model: nn.Module, data: datasets.Images) -> Tensor:
    """(2,) loss and accuracy of the pictures that test.

    The document's loss is the mean over batches, of which the last, smaller one counts as much.
    """
    rows = rows_at_once(config)
    parts = [model(pixels(part)) for part in data.test.split(rows)]
    output = torch.cat(parts)
    losses = nn.functional.cross_entropy(output, data.test_labels, reduction="none")
    of_batches = torch.stack([part.mean() for part in losses.split(config.batch_size)])
    right = (output.argmax(dim=1) == data.test_labels).float()
    return torch.stack([of_batches.mean(), right.mean()])


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host, by one copy.

    loss, test_loss, test_accuracy (those of the last epoch's end, nan before the first), largest
    and gradient_norm () in float32; and `opinions` (16, 10) uint8, the probability of each class
    from 0 to 1 for the pictures of `shown`, a row for each.
    """
    numbers = torch.stack([state.loss, *state.tested, state.largest, state.gradient_norm])
    row = torch.cat([numbers.view(torch.uint8), to_bytes(state.opinions, 0, 1).view(-1)])
    copied = row.numpy(force=True)
    values, cells = copied[:20].view(np.float32), copied[20:]
    names = ("loss", "test_loss", "test_accuracy", "largest", "gradient_norm")
    return {
        **dict(zip(names, values, strict=True)),
        "opinions": cells.reshape(-1, CLASSES),
    }


def over_seeds(config: Config, count: int, epochs: int = 1) -> tuple[Config, ...]:
    """The same run from so many seeds, for so many epochs: what it reaches depends on where it
    begins, after the first one above all.
    """
    return tuple(replace(config, seed=seed, epochs=epochs) for seed in range(count))
