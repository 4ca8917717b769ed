"""XOR: the notes' network, plain loops over single items, what is held and added, what is shown."""

import copy
import math
import pickle
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from core.course import play
from core.rasters import LARGEST, level_line, to_values
from core.xor import (
    CELLS,
    FIELDS,
    LINE_CELLS,
    LIVE,
    UNIT_CELLS,
    UNIT_LIMITS,
    Config,
    Listed,
    SimpleClassifier,
    State,
    XORDataset,
    classifier,
    diverged,
    frame,
    grid,
    parameter_count,
    parameter_shapes,
    plain_pytorch,
    points,
    probability,
    run,
    sharpness,
    sharpness_of,
    unflattened,
    unit_names,
    update_after,
    window,
)
from tests.core.gpu import needs_cuda

NOTES = Config(test_share=0.0)  # the document's run: all 2,500 points train
# Numbers of seven digits, through a few hundred updates of sums in another order.
ROUNDING: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def trained(config: Config, state: State) -> SimpleClassifier:
    """PyTorch's module with the parameters of a state."""
    model = classifier(config)
    model.load_state_dict(state.parameters)
    return model


# --- What the document inspects.


def test_its_dataset_of_200_and_a_batch_of_8():
    dataset = XORDataset(200)
    assert len(dataset) == 200
    place, label = dataset[0]
    assert (place.shape, place.dtype) == ((2,), torch.float32)
    assert (label.shape, label.dtype) == ((), torch.int64)
    loader = DataLoader(
        dataset, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    places, labels = next(iter(loader))
    assert places.shape == (8, 2)
    assert labels.shape == (8,)


def test_class_1_is_where_exactly_one_coordinate_is_1():
    """The document says "1 if either input is 1"; both are in (1, 1), which is of class 0."""
    dataset = XORDataset(1000, std=0.0)
    for x, y, label in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)):
        here = (dataset.data == torch.tensor([x, y])).all(dim=1)
        # A quarter of 1,000, to five standard deviations of 14.
        assert 180 < here.sum() < 320
        assert (dataset.label[here] == label).all()


def test_its_noise_is_normal_and_has_the_standard_deviation():
    quiet, loud = XORDataset(10_000, std=0.0, seed=3), XORDataset(10_000, std=0.1, seed=3)
    noise = loud.data - quiet.data
    # 20,000 numbers: mean to 0.1 / 141, standard deviation to a part of 1 / 200; five of each.
    assert abs(noise.mean().item()) < 5 * 0.1 / 141
    assert noise.std().item() == pytest.approx(0.1, rel=5 / 200)
    assert (noise.abs() > 0.2).float().mean().item() == pytest.approx(0.0455, abs=0.008)


@pytest.mark.parametrize("fields", [{"size": 0}, {"size": 5, "std": -1.0}, {"size": 2.5}])
def test_a_dataset_of_no_size_is_refused(fields: dict[str, Any]):
    with pytest.raises(ValueError, match="it must be"):
        XORDataset(**fields)


def test_its_network_prints_as_the_document_shows():
    model = SimpleClassifier(num_inputs=2, num_hidden=4, num_outputs=1)
    named = {name: tuple(values.shape) for name, values in model.named_parameters()}
    assert named == {
        "linear1.weight": (4, 2),
        "linear1.bias": (4,),
        "linear2.weight": (1, 4),
        "linear2.bias": (1,),
    }
    lines = str(model).splitlines()
    assert lines[0] == "SimpleClassifier("
    assert [line.split(":")[0].strip() for line in lines[1:4]] == [
        "(linear1)",
        "(act_fn)",
        "(linear2)",
    ]
    assert parameter_count(model) == 17


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_a_network_is_its_layers_one_after_the_other(layers: int, activation: str):
    model = SimpleClassifier(3, 5, 1, layers, activation)
    bend = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}.get(activation)
    x = torch.linspace(-2, 2, 21).view(7, 3)
    values = x
    weights = dict(model.named_parameters())
    for k in range(1, layers + 2):
        values = values @ weights[f"linear{k}.weight"].T + weights[f"linear{k}.bias"]
        if k <= layers and bend:
            values = bend(values)
    torch.testing.assert_close(model(x), values)
    config = Config(features=("x", "y", "xy"), hidden=5, layers=layers, activation=activation)
    shapes = {name: tuple(values.shape) for name, values in weights.items()}
    assert list(parameter_shapes(config).items()) == list(shapes.items())


def test_layers_in_a_plain_list_are_not_known():
    assert parameter_count(Listed(registered=False)) == 0
    assert parameter_count(Listed(registered=True)) == 17
    assert "layers.0.weight" in Listed(registered=True).state_dict()


def test_training_and_evaluating_are_the_same_here():
    """`train()` and `eval()` change dropout and batch norm; this network has neither."""
    model, x = classifier(Config()), torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.train()(x), model.eval()(x))


def test_the_notes_run_has_20_batches_an_epoch():
    assert (NOTES.sizes, NOTES.batches, NOTES.steps) == ((2500, 0), 20, 2000)
    assert (Config().sizes, Config().steps) == ((2000, 500), 1600)
    states = list(run(NOTES))
    assert len(states) == 2001
    assert [state.epoch for state in states[::20]] == list(range(101))
    assert states[19].epoch == 0
    # About 0.03 with the reference's own seeds, whose spread is a factor of two.
    assert 0.01 < states[-1].loss.item() < 0.06
    assert states[-1].train_accuracy > 0.998
    # A network that knows nothing has log 2; these first numbers are small, and know nothing.
    assert states[0].loss.item() == pytest.approx(math.log(2), abs=0.1)
    assert all(state.test_loss is None and state.test_accuracy is None for state in states)


# --- Plain loops.


class Own(nn.Module):
    """Written out once more, for two layers at most."""

    def __init__(self, config: Config):
        super().__init__()
        self.linear1 = nn.Linear(len(config.features), config.hidden)
        self.linear2 = nn.Linear(config.hidden, 1 if config.layers == 1 else config.hidden)
        if config.layers == 2:
            self.linear3 = nn.Linear(config.hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(self.linear1(x))
        return (
            self.linear2(h)
            if not hasattr(self, "linear3")
            else self.linear3(torch.tanh(self.linear2(h)))
        )


def plain_loop(config: Config, orders: list[torch.Tensor], start: State) -> list[list[float]]:
    """Loss and accuracy of all points, before any update and after each: every batch is collated
    of single items, as a DataLoader does; losses and optimizers are PyTorch's.
    """
    data = points(config)
    x, y = data.train, data.train_labels
    model = Own(config)
    model.load_state_dict(start.parameters)
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(
            model.parameters(), lr=rate, weight_decay=decay
        )
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), lr=rate, momentum=config.momentum, weight_decay=decay
        )

    def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if config.loss == "bce":
            return nn.BCELoss()(torch.sigmoid(logits), labels)
        return nn.BCEWithLogitsLoss()(logits, labels)

    seen = []

    def look() -> None:
        with torch.no_grad():
            z = model(x).squeeze(1)
            right = ((torch.sigmoid(z) > 0.5) == (y == 1)).float().mean()
            seen.append([loss_of(z, y).item(), right.item()])

    look()
    for order in orders:
        items = order.tolist()
        for begin in range(0, len(items), config.batch_size):
            batch = items[begin : begin + config.batch_size]
            batch_x, batch_y = (
                torch.stack([x[k] for k in batch]),
                torch.stack([y[k] for k in batch]),
            )
            loss = loss_of(model(batch_x).squeeze(1), batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            look()
    return seen


def orders_of(config: Config) -> list[torch.Tensor]:
    """The order of each epoch, put together from its updates as a page shows them."""
    chosen = [update_after(config, state).chosen for state in list(run(config))[:-1]]
    an_epoch = config.batches
    return [torch.cat(chosen[k : k + an_epoch]) for k in range(0, len(chosen), an_epoch)]


VARIANTS: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9, "batch_size": 100},
    {"optimiser": "adam", "learning_rate": 0.01},
    {"weight_decay": 0.05, "loss": "bce", "test_share": 0.3},
    {"layers": 2, "hidden": 6, "data": "moons", "optimiser": "adam", "weight_decay": 0.01},
    {"batch_size": 20_000, "learning_rate": 1.0, "data": "circle", "momentum": 0.5},
]


@pytest.mark.parametrize("fields", VARIANTS)
def test_a_plain_loop_over_single_items_goes_the_same_way(fields: dict[str, Any]):
    config = Config(**{"samples": 500, "epochs": 12, "test_share": 0.0, **fields})
    states = list(run(config))
    orders = orders_of(config)
    for order in orders:  # each point once: the last, smaller batch is kept
        assert sorted(order.tolist()) == list(range(config.sizes[0]))
    assert not torch.equal(orders[0], orders[1])
    shown = [[state.loss.item(), state.train_accuracy.item()] for state in states]
    expected = np.array(plain_loop(config, orders, states[0]))
    assert np.allclose(np.array(shown)[:, 0], expected[:, 0], **ROUNDING)
    # A point on the boundary itself may be on either side.
    assert np.abs(np.array(shown)[:, 1] - expected[:, 1]).max() < 1.5 / config.sizes[0]
    assert abs(shown[-1][0] - shown[0][0]) > 0.005  # it goes somewhere


def test_the_plain_loop_can_tell_settings_apart():
    base = Config(samples=500, epochs=12, test_share=0.0)
    states, orders = list(run(base)), orders_of(base)
    losses = np.array([state.loss.item() for state in states])
    for fields in ({"momentum": 0.1}, {"weight_decay": 0.01}, {"learning_rate": 0.11}):
        other = np.array(plain_loop(replace(base, **fields), orders, states[0]))[:, 0]
        assert not np.allclose(losses, other, **ROUNDING)
    backward = [order.flip(0) for order in orders]
    other = np.array(plain_loop(base, backward, states[0]))[:, 0]
    assert not np.allclose(losses, other, **ROUNDING)


def test_losses_and_accuracies_are_of_all_points_at_the_states_own_parameters():
    config = Config(samples=300, epochs=4, data="moons", features=("x", "sin y", "xy"))
    data = points(config)

    def features(places: torch.Tensor) -> torch.Tensor:
        x, y = places.T
        return torch.stack([x, torch.sin(y), x * y], dim=1)

    for state in run(config):
        model = trained(config, state)
        for (places, labels), loss, accuracy in (
            (data[:2], state.loss, state.train_accuracy),
            (data[2:], state.test_loss, state.test_accuracy),
        ):
            assert loss is not None
            assert accuracy is not None
            with torch.no_grad():
                logits = model(features(places)).squeeze(1)
            expected = nn.BCEWithLogitsLoss()(logits, labels)
            torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
            part = ((logits > 0) == (labels == 1)).float().mean()
            assert abs(accuracy - part) < 1.5 / len(labels)


def test_an_update_is_shown_in_its_parts():
    config = Config(samples=300, epochs=2, weight_decay=0.1, learning_rate=0.3)
    states = list(run(config))
    for before, after in pairwise(states):
        update = update_after(config, before)
        assert update.batch == before.step % config.batches
        assert len(update.labels) == (112 if update.batch else 128)  # 240 train
        z, y = update.logits, update.labels
        expected = (torch.log1p(torch.exp(z)) - y * z).mean()
        torch.testing.assert_close(update.loss, expected)
        # The output's bias moves with the mean of p - y.
        slope = (torch.sigmoid(z) - y).mean()
        torch.testing.assert_close(update.gradients["linear2.bias"][0], slope)
        for name, gradient in update.gradients.items():
            w = before.parameters[name]
            torch.testing.assert_close(after.parameters[name], w - 0.3 * (gradient + 0.1 * w))
    with pytest.raises(ValueError, match="below 4"):
        update_after(config, states[-1])


# --- Going on, steering, holding.


def assert_same_bits(one: State, other: State) -> None:
    assert one.step == other.step
    for kept, expected in ((one.parameters, other.parameters), *_kept(one, other)):
        assert kept.keys() == expected.keys()
        assert all(torch.equal(kept[name], expected[name]) for name in kept)
    assert torch.equal(one.loss, other.loss)


def _kept(one: State, other: State) -> list[tuple[dict, dict]]:
    assert one.optimiser.keys() == other.optimiser.keys()
    return [(one.optimiser[name], other.optimiser[name]) for name in one.optimiser]


@pytest.mark.parametrize(
    "fields", [{}, {"momentum": 0.9}, {"optimiser": "adam"}, {"weight_decay": 0.1, "layers": 3}]
)
def test_a_run_goes_on_from_any_state_in_and_across_epochs(fields: dict[str, Any]):
    config = Config(samples=300, batch_size=50, epochs=3, **fields)  # five batches an epoch
    states = list(run(config))
    for k in (0, 1, 4, 5, 7, 14, 15):
        for moved in (states[k], pickle.loads(pickle.dumps(states[k])), copy.deepcopy(states[k])):
            resumed = list(run(config, moved))
            assert len(resumed) == 16 - k
            for one, other in zip(resumed, states[k:], strict=True):
                assert_same_bits(one, other)


def test_momentum_that_is_turned_off_and_on_again_starts_from_rest():
    off = Config(samples=300, epochs=4, momentum=0.0)
    on = replace(off, momentum=0.9)
    states = list(play(run, ((0, on), (2, off), (4, on))))
    assert states[2].optimiser["linear1.bias"]
    assert not states[3].optimiser
    assert not states[4].optimiser
    for k in (4, 5):
        state, update = states[k], update_after(on, states[k])
        velocity = update.gradients["linear2.bias"]
        if k == 5:
            velocity = velocity + 0.9 * update_after(on, states[4]).gradients["linear2.bias"]
        expected = state.parameters["linear2.bias"] - on.learning_rate * velocity
        torch.testing.assert_close(states[k + 1].parameters["linear2.bias"], expected)


def test_a_parameter_is_held_while_it_is_listed():
    free = Config(samples=300, epochs=4)
    held = replace(free, held=(("linear1.weight", 3, -0.75), ("linear2.bias", 0, 0.5)))
    states = list(play(run, ((0, free), (3, held), (6, free))))

    def both(state: State) -> tuple[float, float]:
        weight, bias = state.parameters["linear1.weight"], state.parameters["linear2.bias"]
        return weight[1, 1].item(), bias[0].item()

    for state in states:
        assert (both(state) == (-0.75, 0.5)) == (4 <= state.step <= 6), state.step
    # The others go on learning.
    assert not torch.equal(
        states[4].parameters["linear1.bias"], states[5].parameters["linear1.bias"]
    )
    assert {"held", "learning_rate", "momentum", "weight_decay"} == LIVE


def test_a_run_with_new_settings_is_that_of_the_new_ones_from_there_on():
    before = Config(samples=300, epochs=4)
    after = replace(before, learning_rate=0.5, weight_decay=0.2)
    states = list(play(run, ((0, before), (3, after))))
    update = update_after(after, states[3])
    for name, gradient in update.gradients.items():
        w = states[3].parameters[name]
        torch.testing.assert_close(states[4].parameters[name], w - 0.5 * (gradient + 0.2 * w))


@pytest.mark.parametrize("loss", ["bce_with_logits", "bce"])
@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_wild_run_says_that_it_diverged(loss: str, optimiser: str):
    config = Config(
        samples=200,
        epochs=10,
        learning_rate=1e30,
        weight_decay=1.0,
        activation="relu",
        loss=loss,
        optimiser=optimiser,
    )
    states = list(run(config))
    assert len(states) == config.steps + 1
    assert diverged(states[-1])
    assert not diverged(states[0])
    shown = [frame(config, state) for state in (states[0], states[-1])]
    forms = [{name: (v.shape, v.dtype) for name, v in one.items()} for one in shown]
    assert forms[0] == forms[1]
    assert (shown[1]["field"] == LARGEST + 1).any()  # no probability there


# --- What a page shows.


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"layers": 3, "hidden": 12, "activation": "relu"},
        {"features": ("x", "x^2", "y^2", "xy", "sin x", "sin y"), "activation": "sigmoid"},
        {"data": "spiral", "activation": "linear", "test_share": 0.0},
    ],
)
def test_a_frame_shows_numbers_and_fields(fields: dict[str, Any]):
    config = Config(samples=200, epochs=2, **fields)
    *_, state = run(config)
    shown, look = frame(config, state), window(config)
    assert shown["loss"] == state.loss.item()
    assert shown["train_accuracy"] == state.train_accuracy.item()
    for name in ("test_loss", "test_accuracy"):
        value = getattr(state, name)
        assert np.array_equal(shown[name], math.nan if value is None else value, equal_nan=True)
    weights = np.concatenate([values.numpy().ravel() for values in state.parameters.values()])
    assert np.array_equal(shown["weights"], weights)
    again = unflattened(config, torch.tensor(shown["weights"]))
    assert all(torch.equal(again[name], values) for name, values in state.parameters.items())

    places = grid(look, CELLS)
    assert places[0, 0].tolist() == pytest.approx(
        [look.left + (look.right - look.left) / 120, look.low + (look.high - look.low) / 120]
    )
    assert (places[0, :, 0].diff() > 0).all()
    assert (places[:, 0, 1].diff() > 0).all()
    found = probability(config, state, places)
    assert found.shape == (CELLS, CELLS)
    # To half a step of the bytes, and rounding.
    assert np.abs(to_values(shown["field"], 0, 1) - found.numpy()).max() < 0.51 / LARGEST
    # Of the line's picture: a mean of four logits, bent by a quarter of their mean size.
    logits = np.log(found.double().numpy()) - np.log1p(-found.double().numpy())
    coarse = logits.reshape(LINE_CELLS, 2, LINE_CELLS, 2).mean(axis=(1, 3))
    size = np.abs(coarse).mean() / 4
    parts = to_values(shown["line"], -1, 1)
    # The logit is had back from a probability in float32, of 24 bits: to 2**-24 / (p (1 - p)).
    lost = 2**-22 / (found * (1 - found)).double().min().item() / size
    assert np.abs(parts - coarse / np.hypot(coarse, size)).max() < 1.02 / LARGEST + lost

    model, x = trained(config, state), _inputs(config, grid(look, UNIT_CELLS).view(-1, 2))
    with torch.no_grad():
        expected = torch.sigmoid(model(_inputs(config, places.view(-1, 2)))).view(CELLS, CELLS)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        names = iter(unit_names(config))
        linears = [part for part in model.children() if isinstance(part, nn.Linear)]
        low, high = UNIT_LIMITS[config.activation]
        for linear in linears[:-1]:
            x = model.act_fn(linear(x))
            for k in range(min(config.hidden, FIELDS)):
                cells = to_values(shown[next(names)], low, high)
                wanted = x[:, k].clamp(low, high).view(UNIT_CELLS, UNIT_CELLS).numpy()
                assert np.abs(cells - wanted).max() < 0.51 / LARGEST * (high - low)
    assert next(names, None) is None


def _inputs(config: Config, places: torch.Tensor) -> torch.Tensor:
    x, y = places.double().T
    known = {"x": x, "y": y, "x^2": x**2, "y^2": y**2, "xy": x * y}
    known |= {"sin x": x.sin(), "sin y": y.sin()}
    return torch.stack([known[name] for name in config.features], dim=1).float()


def test_probabilities_may_be_asked_of_any_grid():
    config = Config(samples=50, epochs=1)
    state = next(run(config))
    places = np.random.default_rng(0).normal(size=(3, 5, 2))
    found = probability(config, state, places)
    assert found.shape == (3, 5)
    one = probability(config, state, torch.tensor(places[2:, 4:], dtype=torch.float32))
    torch.testing.assert_close(one[0, 0], found[2, 4])


def test_the_window_holds_nearly_all_points_and_stays_for_every_seed():
    for data in ("xor", "circle", "moons", "spiral", "blobs"):
        config = Config(data=data, seed=5)
        look, places = window(config), points(config).train
        assert look == window(replace(config, seed=6, learning_rate=1.0))
        inside = (
            (places[:, 0] > look.left)
            & (places[:, 0] < look.right)
            & (places[:, 1] > look.low)
            & (places[:, 1] < look.high)
        )
        assert inside.float().mean() > 0.99
        assert look.right - look.left == pytest.approx(look.high - look.low)
    far = window(Config(extra_points=((9.0, -4.0, 1),)))
    assert far.right > 9
    assert far.low < -4
    alone = window(Config(data="own", extra_points=((3.0, 2.0, 1), (3.0, 2.0, 0))))
    assert alone.left < 3 < alone.right
    assert alone.low < 2 < alone.high


OWN = tuple((float(k % 7) / 3, float(k % 3), k % 2) for k in range(40))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"data": "spiral", "layers": 2, "momentum": 0.9, "features": ("x", "xy", "sin y")},
        {"data": "circle", "optimiser": "adam", "loss": "bce", "weight_decay": 0.01},
        {"data": "moons", "activation": "sigmoid", "extra_points": OWN, "test_share": 0.0},
        {"data": "blobs", "activation": "linear", "held": (("linear1.bias", 2, -0.5),)},
        {"data": "own", "extra_points": OWN, "batch_size": 7, "layers": 3, "activation": "relu"},
    ],
)
def test_the_script_prints_the_run(fields: dict[str, Any], capsys: pytest.CaptureFixture[str]):
    config = Config(**{"samples": 301, "epochs": 3, **fields})
    exec(plain_pytorch(config), {})
    printed = [line.split() for line in capsys.readouterr().out.strip().split("\n")]
    states = [state for state in run(config) if state.step % config.batches == 0]
    assert len(printed) == len(states) == 4
    for line, state in zip(printed, states, strict=True):
        values = [state.loss, state.train_accuracy, state.test_loss, state.test_accuracy]
        expected = [value.item() for value in values if value is not None]
        assert int(line[0]) == state.epoch
        # Seven digits a number, and a point on the boundary may be on either side.
        assert [float(word) for word in line[1:]] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_script_of_a_long_run_prints_a_screenful(capsys: pytest.CaptureFixture[str]):
    exec(plain_pytorch(Config(samples=20, epochs=230)), {})
    assert len(capsys.readouterr().out.strip().split("\n")) <= 52


def test_a_script_carries_no_line_that_does_nothing():
    script = plain_pytorch(NOTES)
    for word in ("momentum", "weight_decay", "test_", "torch.tensor", "math", "with torch"):
        assert word not in script
    assert "nn.BCEWithLogitsLoss()" in script


def test_sharpness_may_be_asked_of_a_frames_weights():
    config = Config(samples=200, epochs=2)
    *_, state = run(config)
    weights = torch.tensor(frame(config, state)["weights"])
    assert sharpness_of(config, weights) == sharpness(config, state)
    # Of other numbers it is another, of equal ones the same: what is kept goes by both.
    assert sharpness_of(config, 2 * weights) != sharpness_of(config, weights)
    other = replace(config, samples=100)
    assert sharpness_of(other, weights) == sharpness(other, state)


# --- With a GPU.


@needs_cuda
def test_points_and_first_parameters_on_a_gpu_are_those_of_the_cpu():
    here, there = next(run(Config())), next(run(Config(device="cuda")))
    assert there.loss.device.type == "cuda"
    for name, values in here.parameters.items():
        assert torch.equal(there.parameters[name].cpu(), values)
    torch.testing.assert_close(there.loss.cpu(), here.loss)


@needs_cuda
@pytest.mark.parametrize("fields", [{}, {"optimiser": "adam"}, {"momentum": 0.9, "loss": "bce"}])
def test_a_run_on_a_gpu_is_that_on_the_cpu_and_resumes_bit_for_bit(fields: dict[str, Any]):
    config = Config(samples=500, epochs=3, **fields)
    on_gpu = replace(config, device="cuda")
    states, expected = list(run(on_gpu)), list(run(config))
    for one, other in zip(states, expected, strict=True):
        torch.testing.assert_close(one.loss.cpu(), other.loss, **ROUNDING)
        shown, wanted = frame(on_gpu, one), frame(config, other)
        assert np.abs(shown["field"].astype(int) - wanted["field"]).max() <= 1
    for one, other in zip(run(on_gpu, states[4]), states[4:], strict=True):
        assert_same_bits(one, other)
    *_, last = run(on_gpu, expected[4])
    assert last.loss.device.type == "cuda"
    torch.testing.assert_close(last.loss.cpu(), expected[-1].loss, **ROUNDING)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_the_line_of_a_network_without_a_bend_is_drawn_straight(seed: int):
    """Also where p is near a half everywhere, as at the end of a long run."""
    config = Config(learning_rate=0.1, activation="linear", epochs=30, seed=seed)
    *_, state = run(config)
    strokes = level_line(frame(config, state)["line"], LARGEST / 2)
    places = strokes.reshape(-1, 2) - strokes.reshape(-1, 2).mean(axis=0)
    assert len(places) > 20
    _, _, (_, across) = np.linalg.svd(places)
    # A byte is a 60th of what neighbours differ by near the line: half of it, and the curvature.
    assert np.abs(places @ across).max() < 0.02  # cells
