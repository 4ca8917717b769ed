"""Continuous XOR: a small network learns where exactly one of two noisy coordinates is 1.

The model gives logits z of points x; the loss is the mean over a batch of

    l = log(1 + eᶻ) - y z        (`BCEWithLogitsLoss`), with P(class 1) = 1 / (1 + e⁻ᶻ)

and one update is one batch: logits, loss, zero_grad and backward, step. An epoch goes once through
the training points in an order of its own; its last, smaller batch is kept.

Source: a document on GPUs and continuous XOR, after the UvA's tutorial 2: 2,500 points with noise
of 0.1, batches of 128, tanh, SGD with 0.1, 100 epochs. It calls class 1 "1 if either input is 1",
but its points (1, 1) are of class 0: exactly one is meant. And it ends before its loop has run.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from core import devices
from core.optimizers import Kept, kept, restore
from core.randomness import initialise
from core.ranges import COUNT, FLOAT32, FRACTION, Range, check_choice, check_numbers
from core.theory.xor.columns import (
    ALONG,
    bent,
    counted,
    drawn,
    input_pictures,
    last_sharpness,
    looks_every,
)
from core.theory.xor.field import (
    CELLS,
    FIELDS,
    LINE_CELLS,
    UNIT_CELLS,
    UNIT_LIMITS,
    grid,
    pictures,
    unit_names,
)
from core.theory.xor.findings import (
    NOTES_LOSS,
    NOTES_PERFECT,
    NOTES_SOLVED,
    Prediction,
    findings,
    like_notes,
    luck_findings,
    predict,
)
from core.theory.xor.inside import Inside, inspected
from core.theory.xor.line import Line, best_line, noise_error
from core.theory.xor.losses import LOSSES, Precision, precision
from core.theory.xor.luck import (
    SOLVED,
    Luck,
    Seeds,
    frame_seeds,
    from_start,
    many_seeds,
    run_seeds,
    wilson,
)
from core.theory.xor.network import (
    ACTIVATIONS,
    Listed,
    flat,
    outputs,
    parameter_count,
    parameter_shapes,
    unflattened,
    weight_seed,
)
from core.theory.xor.points import (
    FEATURES,
    OWN,
    SHAPES,
    Points,
    Window,
    count_of_tests,
    draw,
    epoch_order,
    inputs,
    points,
    window,
)
from core.theory.xor.script import plain_pytorch
from core.theory.xor.sharpness import (
    AT_THE_EDGE,
    curvature_window,
    edge,
    edges,
    sharpness,
    sharpness_of,
)
from core.theory.xor.table import read_points
from core.theory.xor.update import Update, update_after

__all__ = ["DATA", "LIVE", "OPTIMISERS", "RANGES", "Config", "SimpleClassifier", "State"]
__all__ += ["XORDataset", "classifier", "diverged", "frame", "probability", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += [
    "ACTIVATIONS",
    "AT_THE_EDGE",
    "CELLS",
    "FEATURES",
    "FIELDS",
    "LINE_CELLS",
    "LOSSES",
    "NOTES_LOSS",
    "NOTES_PERFECT",
]
__all__ += ["NOTES_SOLVED", "OWN", "SOLVED", "UNIT_CELLS", "UNIT_LIMITS", "Line", "Listed", "Luck"]
__all__ += ["Points", "Precision", "Prediction", "Update", "Window", "best_line", "counted"]
__all__ += ["drawn", "edge", "findings", "grid", "like_notes", "luck_findings", "many_seeds"]
__all__ += ["ALONG", "bent", "frame_with_sharpness", "input_pictures", "last_sharpness"]
__all__ += ["Inside", "Seeds", "curvature_window", "edges", "frame_seeds", "from_start"]
__all__ += ["inside", "looks_every", "noise_error", "run_seeds"]
__all__ += ["parameter_count", "parameter_shapes", "plain_pytorch", "points", "precision"]
__all__ += ["predict", "read_points", "sharpness", "sharpness_of", "unflattened", "unit_names"]
__all__ += ["update_after", "wilson", "window"]

RANGES: dict[str, Range] = {
    "samples": Range(1, 10_000, whole=True),
    "noise": Range(0, 10),
    "hidden": Range(1, 64, whole=True),
    "layers": Range(1, 3, whole=True),
    "learning_rate": Range(0, FLOAT32.high, above_low=True),
    "momentum": FRACTION,
    "weight_decay": Range(0, FLOAT32.high),
    "batch_size": Range(1, 20_000, whole=True),
    "epochs": COUNT,
    "test_share": Range(0, 1, below_high=True),
    "seed": COUNT,
}
LIVE = frozenset({"learning_rate", "momentum", "weight_decay", "held"})
DATA = (*SHAPES, OWN)
OPTIMISERS = ("sgd", "adam")
PLACES = Range(-1e6, 1e6)  # of one's own points
LABELS = Range(0, 1, whole=True)
MOST_POINTS = 10_000  # of one's own


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    data: str = "xor"  # one of DATA
    samples: int = 2500  # points drawn; not of "own"
    noise: float = 0.1  # standard deviation of what is added to both coordinates of a drawn point
    extra_points: tuple[tuple[float, float, int], ...] = ()  # (x, y, label); all data of "own"
    features: tuple[str, ...] = ("x", "y")  # what the network is given of a point, of FEATURES
    hidden: int = 4  # units a layer
    layers: int = 1  # of units
    activation: str = "tanh"  # one of ACTIVATIONS
    optimiser: str = "sgd"  # or "adam", with PyTorch's own numbers, which has no `momentum`
    learning_rate: float = 0.1
    momentum: float = 0.0  # from 0 to 1
    weight_decay: float = 0.0  # times the parameter, added to its gradient
    # (name, index in the flattened parameter, value): set to it after every update
    held: tuple[tuple[str, int, float], ...] = ()
    batch_size: int = 128
    epochs: int = 100
    test_share: float = 0.2  # part of the points that tests only
    loss: str = "bce_with_logits"  # or "bce", of probabilities
    seed: int = 42  # of points, first parameters and orders
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_numbers(self, RANGES)
        for field, names in (
            ("data", DATA),
            ("activation", ACTIVATIONS),
            ("optimiser", OPTIMISERS),
            ("loss", LOSSES),
        ):
            check_choice(field, getattr(self, field), names)
        _check_features(self.features)
        _check_points(self.extra_points)
        if self.data == OWN and not self.extra_points:
            raise ValueError(
                "extra_points = () is not allowed: "
                f'it must hold at least 1 point where data = "{OWN}".'
            )
        _check_held(self.held, parameter_shapes(self))
        devices.check("device", self.device)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many points train, and how many test."""
        own = len(self.extra_points)
        drawn, added = (own, 0) if self.data == OWN else (self.samples, own)
        tests = count_of_tests(drawn, self.test_share)
        return drawn - tests + added, tests

    @property
    def batches(self) -> int:
        """Updates an epoch."""
        return -(-self.sizes[0] // self.batch_size)

    @property
    def steps(self) -> int:
        """Updates of the run."""
        return self.epochs * self.batches


def _check_features(features: object) -> None:
    if not isinstance(features, tuple) or not features:
        raise ValueError(
            f"features = {features!r} is not allowed: "
            f"it must be a tuple of at least 1 of {', '.join(FEATURES)}."
        )
    for k, name in enumerate(features):
        check_choice(f"features[{k}]", name, FEATURES)
    if len(set(features)) < len(features):
        raise ValueError(
            f"features = {features!r} is not allowed: it must name each feature only once."
        )


def _check_points(points: object) -> None:
    if not isinstance(points, tuple) or len(points) > MOST_POINTS:
        shown = repr(points) if not isinstance(points, tuple) else f"{len(points)} points"
        raise ValueError(
            f"extra_points = {shown} is not allowed: "
            f"it must be a tuple of at most {MOST_POINTS} (x, y, label)."
        )
    # Ten thousand points at each change of a slider: all at once, then one by one to name the first
    # that is wrong.
    triples = all(isinstance(point, tuple) and len(point) == 3 for point in points)
    if triples and set(map(type, chain.from_iterable(points))) <= {int, float}:
        numbers = np.array(points, dtype=np.float64).reshape(-1, 3)
        whole = {type(point[2]) for point in points} <= {int}
        if whole and np.isin(numbers[:, 2], (0, 1)).all() and (abs(numbers) <= PLACES.high).all():
            return
    for k, point in enumerate(points):
        if not isinstance(point, tuple) or len(point) != 3:
            raise ValueError(
                f"extra_points[{k}] = {point!r} is not allowed: it must be (x, y, label)."
            )
        for name, value, allowed in zip(
            ("x", "y", "label"), point, (PLACES, PLACES, LABELS), strict=True
        ):
            allowed.check(f"extra_points[{k}] {name}", value)


def _check_held(held: object, shapes: dict[str, tuple[int, ...]]) -> None:
    if not isinstance(held, tuple):
        raise ValueError(
            f"held = {held!r} is not allowed: it must be a tuple of (name, index, value)."
        )
    for k, one in enumerate(held):
        if not isinstance(one, tuple) or len(one) != 3:
            raise ValueError(
                f"held[{k}] = {one!r} is not allowed: it must be (name, index, value)."
            )
        name, index, value = one
        check_choice(f"held[{k}] name", name, shapes)
        Range(0, math.prod(shapes[name]) - 1, whole=True).check(f"held[{k}] index", index)
        FLOAT32.check(f"held[{k}] value", value)
    if len({one[:2] for one in held}) < len(held):
        raise ValueError(f"held = {held!r} is not allowed: it must name each number only once.")


class XORDataset(Dataset[tuple[Tensor, Tensor]]):
    """`size` noisy corners of the unit square, of class 1 where exactly one coordinate is 1.

    Element k is a point (2,) float32 and its label () int64, those of the seed. Raises
    `ValueError` for a size or a standard deviation out of range.
    """

    def __init__(self, size: int, std: float = 0.1, seed: int = 42):
        super().__init__()
        for field, value, name in (("size", size, "samples"), ("std", std, "noise")):
            RANGES[name].check(field, value)
        self.size = size
        self.std = std
        self.data, self.label = draw("xor", size, std, seed)  # (size, 2), (size,)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.data[index], self.label[index]


class SimpleClassifier(nn.Module):
    """Layers of units, linear1, linear2 and so on with an activation after each but the last.

    Inputs (..., num_inputs) give logits (..., num_outputs). Each layer is an attribute of its own,
    so PyTorch knows its parameters; in a plain list it would not (`core.theory.xor.network`).
    """

    def __init__(
        self,
        num_inputs: int,
        num_hidden: int,
        num_outputs: int,
        layers: int = 1,
        activation: str = "tanh",
    ):
        super().__init__()
        self.linear1 = nn.Linear(num_inputs, num_hidden)
        self.act_fn = ACTIVATIONS[activation]()
        for k in range(2, layers + 1):
            self.add_module(f"linear{k}", nn.Linear(num_hidden, num_hidden))
        self.add_module(f"linear{layers + 1}", nn.Linear(num_hidden, num_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Logits: no sigmoid at the end, since the loss is more precise without."""
        first, *others = (part for part in self.children() if isinstance(part, nn.Linear))
        x = first(x)
        for linear in others:
            x = linear(self.act_fn(x))
        return x


class State(NamedTuple):
    """A run after `step` updates; losses and accuracies are of all points, at these parameters."""

    step: int
    epoch: int  # that are complete
    parameters: dict[str, Tensor]  # by PyTorch's names: linear1.weight (hidden, features), ...
    loss: Tensor  # () of the points that train
    train_accuracy: Tensor  # () part of them on the right side
    test_loss: Tensor | None  # () None where no point tests
    test_accuracy: Tensor | None  # ()
    optimiser: Kept  # what the optimizer keeps of each parameter, such as momentum_buffer


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    Raises `RuntimeError` where the device does not exist. A run that diverges yields inf and nan:
    see `diverged`.
    """
    device = devices.resolve(config.device)
    data = _tensors(config, device)
    model = initialise(lambda: classifier(config), weight_seed(config.seed), device)
    if state is not None:
        model.load_state_dict(state.parameters)
    parameters = dict(model.named_parameters())
    optimizer = _optimizer(config, parameters, state)
    loss_module = LOSSES[config.loss]()
    (n, tests), a_batch, an_epoch = config.sizes, config.batch_size, config.batches
    is_one = data.labels.bool()

    @torch.no_grad()
    def look(step: int) -> State:
        """A snapshot, with the loss and the accuracy of all points."""
        shot = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        _, logits = outputs(shot, config.activation, data.columns)
        right = ((logits > 0) == is_one).float()
        return State(
            step,
            step // an_epoch,
            shot,
            loss_module(logits[:n], data.labels[:n]),
            right[:n].mean(),
            loss_module(logits[n:], data.labels[n:]) if tests else None,
            right[n:].mean() if tests else None,
            kept(optimizer, parameters),
        )

    if state is None:
        state = look(0)
    yield state

    columns, labels = data  # of an epoch, in its order
    for step in range(state.step, config.steps):
        epoch, batch = divmod(step, an_epoch)
        if batch == 0 or step == state.step:
            order = devices.sent(epoch_order(config, epoch), device)
            columns, labels = data.columns[:, order], data.labels[order]
        here = slice(batch * a_batch, (batch + 1) * a_batch)

        # What model(inputs) gives, of points that are columns: see core/theory/xor/network.py.
        _, logits = outputs(parameters, config.activation, columns[:, here])
        loss = loss_module(logits, labels[here])
        optimizer.zero_grad()  # or backward would add to the gradient of the last batch
        loss.backward()
        optimizer.step()
        for name, index, value in config.held:
            parameters[name].detach().view(-1)[index] = value
        yield look(step + 1)


def classifier(config: Config) -> SimpleClassifier:
    """The model of these settings, with parameters of PyTorch's global generator."""
    return SimpleClassifier(
        len(config.features), config.hidden, 1, config.layers, config.activation
    )


class _Data(NamedTuple):
    """The points on the device: those that train, then those that test."""

    columns: Tensor  # (features, n + m) inputs of the network
    labels: Tensor  # (n + m,) 0.0 or 1.0


def _tensors(config: Config, device: torch.device) -> _Data:
    found = points(config)
    columns = inputs(config.features, torch.cat([found.train, found.test]))
    labels = torch.cat([found.train_labels, found.test_labels])
    return _Data(columns.to(device), labels.to(device))


def _optimizer(
    config: Config, parameters: Mapping[str, Tensor], state: State | None
) -> torch.optim.Optimizer:
    """PyTorch's, with what it kept of the parameters at the state. Without momentum SGD keeps
    nothing: a run whose momentum is turned on again starts from rest.
    """
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adam":
        optimizer = torch.optim.Adam(parameters.values(), lr=rate, weight_decay=decay)
    else:
        optimizer = torch.optim.SGD(
            parameters.values(), lr=rate, momentum=config.momentum, weight_decay=decay
        )
    keeps = config.optimiser == "adam" or config.momentum > 0
    if state is not None and keeps:
        restore(optimizer, parameters, state.optimiser)
    return optimizer


def inside(config: Config) -> Inside:
    """The notes' data set of 200 points and the model of these settings, as one inspects them."""
    model = initialise(lambda: classifier(config), weight_seed(config.seed), torch.device("cpu"))
    return inspected(XORDataset(200, seed=config.seed), model, len(config.features))


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def probability(config: Config, state: State, grid: Any) -> Tensor:
    """(h, w) P(class 1) at a grid (h, w, 2) of points x, y, on the state's device."""
    places = torch.as_tensor(grid, dtype=torch.float32, device=state.loss.device)
    x = inputs(config.features, places.reshape(-1, 2))
    _, logits = outputs(state.parameters, config.activation, x)
    return torch.sigmoid(logits).view(places.shape[:-1])


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host, by one copy.

    loss, train_accuracy, test_loss and test_accuracy () in float32, the latter two nan where no
    point tests; weights (p,), all parameters in PyTorch's order; and pictures of the window:
    `field` (CELLS, CELLS), P(class 1) from 0 to 1; `line` (LINE_CELLS, LINE_CELLS), its logit bent
    between -1 and 1, see `core.theory.xor.field`; and `unit_1_1`, ... (UNIT_CELLS, UNIT_CELLS),
    the units of each layer in UNIT_LIMITS, at most FIELDS of a layer.
    """
    lost = torch.full_like(state.loss, math.nan)
    numbers = [state.loss, state.train_accuracy]
    numbers += [
        lost if value is None else value for value in (state.test_loss, state.test_accuracy)
    ]
    weights = flat(state.parameters)
    field, line, units = pictures(config, state.parameters)
    row = torch.cat([torch.stack(numbers), weights])
    parts = row.view(torch.uint8), field.view(-1), line.view(-1), units.view(-1)
    copied = torch.cat(parts).numpy(force=True)
    ends = np.cumsum([4 * len(row), CELLS**2, LINE_CELLS**2])
    values, cells, level, small = np.split(copied, ends)
    values = values.view(np.float32)
    shown = small.reshape(-1, UNIT_CELLS, UNIT_CELLS)
    return {
        "loss": values[0],
        "train_accuracy": values[1],
        "test_loss": values[2],
        "test_accuracy": values[3],
        "weights": values[4:],
        "field": cells.reshape(CELLS, CELLS),
        "line": level.reshape(LINE_CELLS, LINE_CELLS),
        **dict(zip(unit_names(config), shown, strict=True)),
    }


def frame_with_sharpness(config: Config, state: State) -> dict[str, np.ndarray]:
    """What `frame` shows, and "sharpness" () at one update of `looks_every`, at the others nan."""
    looks = state.step % looks_every(config) == 0
    found = sharpness(config, state) if looks else math.nan
    return {**frame(config, state), "sharpness": np.array(found)}
