"""MNIST: a plain loop of the document's kind, its losses and tests, where a run can go on."""

import io
import math
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, Dataset

from core import datasets, devices, mnist
from core.mnist import (
    OFFLINE,
    Config,
    Network,
    State,
    at_hand,
    diverged,
    frame,
    nearest_resumable,
    needed_bytes,
    over_seeds,
    parameter_count,
    plain_pytorch,
    resumable,
    run,
    shown,
)
from core.randomness import initialise
from core.rasters import to_values
from core.recording import Recording
from core.theory.mnist.network import epoch_order, first_parameters, parameter_shapes, weight_seed
from tests.core.archives import mnist as archives  # noqa: F401 (a fixture)
from tests.core.archives import needs_mnist
from tests.core.gpu import needs_cuda

# Small: 3 batches of 500 an epoch, the last one of 438.
SMALL = Config("digits", hidden=(12, 8), learning_rate=0.5, batch_size=500, epochs=3)
# Numbers of seven digits, through a few dozen updates of sums in another order.
ROUNDING: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two tests at once on two cores, each with two threads, wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# --- A plain loop of the document's kind.


class Items(Dataset[tuple[torch.Tensor, int]]):
    """Single items (1, 28, 28) and labels, as torchvision gives them."""

    def __init__(self, name: str, train: bool):
        self.name, self.train = name, train

    def __len__(self) -> int:
        return datasets.SIZES[self.name][0 if self.train else 1]

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return datasets.item(self.name, index, self.train)


def own_network(config: Config, parameters: dict[str, torch.Tensor]) -> nn.Sequential:
    parts: list[nn.Module] = [nn.Flatten()]
    widths = [784, *config.hidden]
    for k, width in enumerate(config.hidden):
        parts += [nn.Linear(widths[k], width), nn.ReLU()]
    parts.append(nn.Linear(widths[-1], 10))
    if config.softmax:
        parts.append(nn.Softmax(dim=1))
    model = nn.Sequential(*parts)
    for own, known in zip(model.parameters(), parameters.values(), strict=True):
        own.data.copy_(known)
    return model


def plain_loop(
    config: Config, parameters: dict[str, torch.Tensor], batches: int
) -> tuple[list[float], list[tuple[float, float]], nn.Sequential]:
    """Losses of the first batches; test loss and accuracy after each epoch; the model."""
    model = own_network(config, parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
    losses: list[float] = []
    tests: list[tuple[float, float]] = []
    for epoch in range(config.epochs):
        order = epoch_order(config, epoch).tolist() if config.shuffle else None
        loader = DataLoader(Items(config.dataset, True), config.batch_size, sampler=order)
        for x, y in loader:
            loss = nn.CrossEntropyLoss()(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == batches:
                return losses, tests, model
        total, right = 0.0, 0
        loader = DataLoader(Items(config.dataset, False), config.batch_size)
        with torch.no_grad():
            for x, y in loader:
                output = model(x)
                total += nn.CrossEntropyLoss()(output, y).item()
                right += int((output.argmax(1) == y).sum())
        tests.append((total / len(loader), right / datasets.SIZES[config.dataset][1]))
    return losses, tests, model


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"softmax": False, "shuffle": True, "learning_rate": 0.1},
        {"hidden": (20,), "batch_size": 64, "epochs": 1, "seed": 3},
        {"initial": "uniform", "hidden": (5, 4, 3), "learning_rate": 1e-3},
        {"batch_size": 60_000, "epochs": 4},
    ],
)
def test_a_plain_loop_over_single_items_goes_the_same_way(fields: dict[str, Any]):
    config = replace(SMALL, **fields)
    states = list(run(config))
    assert states[0].parameters is not None
    losses, tests, model = plain_loop(config, states[0].parameters, config.steps + 1)
    shown_losses = [state.loss.item() for state in states]
    # The plain loop makes no batch after the last epoch.
    assert np.allclose(shown_losses[:-1], losses, **ROUNDING)
    ends = [state for state in states if state.test_loss is not None]
    assert [state.step for state in ends] == [
        config.batches * k for k in range(1, config.epochs + 1)
    ]
    for state, (loss, accuracy) in zip(ends, tests, strict=True):
        assert state.test_loss is not None
        assert state.test_accuracy is not None
        assert state.test_loss.item() == pytest.approx(loss, rel=1e-4)
        # One picture of 359 may be on the edge.
        assert state.test_accuracy.item() == pytest.approx(accuracy, abs=1.5 / 359)
    for known, own in zip((states[-1].parameters or {}).values(), model.parameters(), strict=True):
        torch.testing.assert_close(known, own.detach(), **ROUNDING)
    if config.initial == "default":
        assert abs(losses[0] - losses[-1]) > 1e-3  # it goes somewhere


def test_the_plain_loop_can_tell_settings_apart():
    states = list(run(SMALL))
    shown_losses = [state.loss.item() for state in states][:-1]
    for fields in ({"learning_rate": 0.55}, {"softmax": False}, {"shuffle": True}):
        losses, *_ = plain_loop(
            replace(SMALL, **fields), states[0].parameters or {}, SMALL.steps + 1
        )
        assert not np.allclose(shown_losses, losses, **ROUNDING)


@needs_mnist
@pytest.mark.usefixtures("archives")
@pytest.mark.parametrize("learning_rate", [1e-3, 1.0])
def test_the_notes_first_100_batches_have_the_losses_of_their_loop(learning_rate: float):
    config = Config(learning_rate=learning_rate, epochs=1)
    states = []
    for state in run(config):
        states.append(state)
        if state.step == 99:
            break
    losses, *_ = plain_loop(config, states[0].parameters or {}, 100)
    assert np.allclose([state.loss.item() for state in states], losses, rtol=0, atol=1e-5)


@needs_mnist
@pytest.mark.usefixtures("archives")
def test_a_net_of_100_units_learns_mnist_in_one_epoch():
    config = Config(hidden=(100,), learning_rate=1.0, epochs=1)
    assert (config.sizes, config.batches, config.steps) == ((60_000, 10_000), 938, 938)
    *_, state = run(config)
    assert state.test_accuracy is not None
    assert state.test_loss is not None
    # The notes have 92.8 %; what they begin with is unknown.
    assert state.test_accuracy.item() > 0.90
    assert state.test_loss.item() > math.log1p(9 / math.e)


# --- What a state says.


def test_what_a_state_shows_is_taken_at_its_own_parameters():
    config = replace(SMALL, shuffle=True, batch_size=300, softmax=False)
    data = datasets.images("digits")
    sixteen = shown(config)
    states = list(run(config))
    for state in states:
        if state.parameters is None:
            continue
        model = own_network(config, state.parameters)
        epoch, batch = divmod(state.step, config.batches)
        here = epoch_order(config, epoch)[300 * batch : 300 * (batch + 1)]
        output = model(data.train[here] / 255)
        loss = nn.CrossEntropyLoss()(output, data.train_labels[here])
        loss.backward()
        torch.testing.assert_close(state.loss, loss.detach())
        torch.testing.assert_close(state.largest, output.softmax(1).max().detach())
        slopes = [p.grad for p in model.parameters() if p.grad is not None]
        norm = torch.cat([slope.flatten() for slope in slopes]).norm()
        torch.testing.assert_close(state.gradient_norm, norm)
        with torch.no_grad():
            seen = model(torch.from_numpy(sixteen.pictures) / 255).softmax(1)
        torch.testing.assert_close(state.opinions, seen, rtol=1e-4, atol=1e-6)
    assert states[-1].step == config.steps
    assert states[-1].epoch == 3
    assert [state.epoch for state in states[::5]] == [0, 1, 2, 3]


def test_the_sixteen_pictures_have_all_classes():
    for config in (SMALL, OFFLINE):
        sixteen = shown(config)
        data = datasets.images("digits")
        assert sorted(set(sixteen.labels.tolist())) == list(range(10))
        assert len(set(sixteen.indices.tolist())) == 16
        expected = data.test[torch.from_numpy(sixteen.indices)].view(16, 28, 28)
        assert np.array_equal(sixteen.pictures, expected.numpy())
        assert np.array_equal(sixteen.labels, data.test_labels[sixteen.indices].numpy())


def test_tests_stand_at_an_epochs_end_and_are_remembered_until_the_next():
    states = list(run(SMALL))
    for state in states:
        ended = state.step > 0 and state.step % SMALL.batches == 0
        assert (state.test_loss is not None) is ended
        assert (state.test_accuracy is not None) is ended
        if state.epoch == 0:
            assert state.tested.isnan().all()
        else:
            end = states[state.epoch * SMALL.batches]
            assert torch.equal(state.tested, torch.stack([end.test_loss, end.test_accuracy]))  # type: ignore[list-item]


def test_a_frame_shows_a_state():
    *_, state = run(SMALL)
    found = frame(SMALL, state)
    for name, value in (
        ("loss", state.loss),
        ("test_loss", state.test_loss),
        ("test_accuracy", state.test_accuracy),
        ("largest", state.largest),
        ("gradient_norm", state.gradient_norm),
    ):
        assert value is not None
        assert found[name] == value.numpy()
        assert found[name].dtype == np.float32
    assert found["opinions"].shape == (16, 10)
    # Half a 254th of what the bytes are apart.
    assert np.abs(to_values(found["opinions"], 0, 1) - state.opinions.numpy()).max() < 0.51 / 254


def test_first_parameters_are_pytorchs_or_from_0_to_1():
    for config in (SMALL, replace(SMALL, hidden=(3,), seed=5)):
        model = initialise(lambda c=config: Network(c.hidden), weight_seed(config.seed))
        first, state = first_parameters(config), next(run(config))
        assert state.parameters is not None
        shapes = {name: tuple(values.shape) for name, values in model.named_parameters()}
        assert parameter_shapes(config) == shapes
        assert parameter_count(config) == sum(p.numel() for p in model.parameters())
        for name, values in model.named_parameters():
            assert torch.equal(first[name], values)
            assert torch.equal(state.parameters[name], values)
    wide = replace(SMALL, hidden=(200,), initial="uniform", epochs=0)
    state = next(run(wide))
    weight = (state.parameters or {})["layers.0.weight"]
    assert weight.min() >= 0
    assert weight.max() <= 1
    # 156,800 numbers: mean to 0.29 / 396, five of these.
    assert weight.mean().item() == pytest.approx(0.5, abs=5 * 0.29 / 396)
    assert torch.equal(first_parameters(wide)["layers.0.weight"], weight)


def test_a_network_takes_items_as_they_are():
    model, x = Network((4,)), torch.rand(5, 1, 28, 28)
    assert torch.equal(model(x), model(x.view(5, 784)))
    torch.testing.assert_close(model(x).sum(dim=1), torch.ones(5))
    assert str(model).count("Softmax") == 1
    assert "Softmax" not in str(Network((4,), softmax=False))


# --- Where a run goes on.


LONG = Config("digits", hidden=(4,), batch_size=30, epochs=3, learning_rate=0.2, shuffle=True)


def test_each_100th_state_and_each_epochs_end_has_parameters():
    states = list(run(LONG))
    assert LONG.batches == 48
    having = [state.step for state in states if state.parameters is not None]
    assert having == [0, 48, 96, 100, 144]
    assert [state.step for state in states if resumable(state)] == having


def same(one: State, other: State) -> bool:
    def parts(state: State) -> list[torch.Tensor | None]:
        known = [] if state.parameters is None else list(state.parameters.values())
        return [*state[2:5], *state[6:], *known]

    return one[:2] == other[:2] and all(
        (a is None and b is None)
        or (a is not None and b is not None and torch.equal(a.nan_to_num(7), b.nan_to_num(7)))
        for a, b in zip(parts(one), parts(other), strict=True)
    )


@pytest.mark.parametrize("start", [0, 48, 96, 100, 144])
def test_a_run_goes_on_bit_for_bit_with_its_orders(start: int):
    states = list(run(LONG))
    rest = list(run(LONG, states[start]))
    assert len(rest) == len(states) - start
    assert rest[0] is states[start]
    assert all(same(one, other) for one, other in zip(rest, states[start:], strict=True))
    other = list(run(replace(LONG, learning_rate=0.3), states[start]))
    assert len(other) == len(rest)
    if start < 144:
        assert not same(other[-1], rest[-1])


@pytest.mark.parametrize(
    ("step", "nearest"), [(1, 0), (23, 0), (25, 48), (71, 48), (72, 48), (97, 96), (99, 100)]
)
def test_a_state_without_parameters_names_the_nearest_with(step: int, nearest: int):
    state = next(state for state in run(LONG) if state.step == step)
    with pytest.raises(ValueError, match=f"state.step = {step} .*step {nearest}\\.$"):
        next(run(LONG, state))
    having = [0, 48, 96, 100, 144]
    assert nearest == nearest_resumable(LONG, step)
    assert abs(step - nearest) == min(abs(step - one) for one in having)


def test_a_recording_keeps_states_with_parameters_and_forks_at_the_next():
    recording = Recording(run, ((0, LONG),), frame=frame, every=1, resumable=resumable)
    frames = recording.finish(seconds=60)
    assert frames.finished
    assert recording.resumes_at(49) == 96
    assert recording.at(97).step == 97
    losses = [state.loss.item() for state in run(LONG)]
    assert np.array_equal(frames.columns["loss"], np.array(losses, dtype=np.float32))


# --- What a run leaves alone.


def test_no_run_writes_to_the_pictures():
    data = datasets.images("digits")
    before = [part.clone() for part in data]
    for config in (SMALL, LONG):
        list(run(config))
    assert datasets.images("digits") is data
    assert all(torch.equal(one, other) for one, other in zip(data, before, strict=True))


class Waits(TorchDispatchMode):
    """Counts what makes the host wait for a device: a number read, or a tensor copied to it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any | None = None
    ) -> Any:
        name = func.__name__.split(".")[0]
        if name in {"_local_scalar_dense", "nonzero", "item", "is_nonzero", "equal"}:
            self.found.append(name)
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_run_reads_no_number_back(shuffle: bool):
    """On a GPU each would make the host wait for all that is under way, batch after batch."""
    config = replace(SMALL, shuffle=shuffle)
    mnist.shown(config)  # chosen once, on the host
    with Waits() as waits:
        states = list(run(config))
    assert waits.found == []
    with Waits() as waits:
        states[0].loss.item()
    assert waits.found  # it can tell


# --- Data that is not here, memory that is not there.


def test_a_run_without_its_data_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("EXPLORABLES_DATA", str(tmp_path))
    for name in ("mnist", "fashion"):
        config = Config(name, hidden=(3,), seed=4)
        with pytest.raises(RuntimeError, match=f'fetch."{name}"'):
            next(run(config))
        assert at_hand(config) == replace(OFFLINE, seed=4)
    assert at_hand(SMALL) == SMALL
    assert list(tmp_path.iterdir()) == []  # nothing is fetched unasked


@needs_mnist
@pytest.mark.usefixtures("archives")
def test_data_that_is_here_is_used():
    assert at_hand(Config()) == Config()


def test_the_offline_preset_learns_past_90_percent():
    *_, state = run(OFFLINE)
    assert state.test_accuracy is not None
    assert state.test_accuracy.item() > 0.9


def test_a_width_that_needs_more_memory_than_there_is_is_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    config = replace(SMALL, hidden=(50_000,) * 2)
    # Two and a half thousand million weights of 4 bytes, with their gradient.
    assert needed_bytes(config) > 2 * 4 * 50_000**2
    monkeypatch.setattr(devices, "free_bytes", lambda name: 10**9)
    with pytest.raises(
        RuntimeError, match=r"50000.*needs about 4\d.\d GB.*this machine has 1.0 GB free"
    ):
        next(run(config))
    monkeypatch.setattr(devices, "free_bytes", lambda name: None)  # a machine that does not tell
    assert next(run(SMALL)).step == 0
    monkeypatch.undo()
    free = devices.free_bytes("cpu")
    assert free is None or free > 10**6


def test_a_run_that_leaves_says_so():
    *_, state = run(replace(SMALL, learning_rate=1e30, softmax=False))
    assert diverged(state)
    assert not diverged(next(run(SMALL)))
    assert np.isnan(frame(SMALL, state)["loss"]) or np.isinf(frame(SMALL, state)["loss"])


def test_over_seeds_is_the_first_epoch_from_other_beginnings():
    configs = over_seeds(SMALL, 3)
    assert configs == tuple(replace(SMALL, seed=seed, epochs=1) for seed in range(3))
    ends = [list(run(config))[-1].test_loss for config in configs]
    assert len({end.item() for end in ends if end is not None}) == 3


# --- The script.


def printed(config: Config) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(plain_pytorch(config), {})
    return out.getvalue().strip().split("\n")


def assert_printed(config: Config) -> None:
    expected = []
    for state in run(config):
        if state.test_loss is not None and state.test_accuracy is not None:
            expected.append((state.epoch, state.test_loss.item(), state.test_accuracy.item()))
        if state.step % config.batches % 100 == 0 and state.step < config.steps:
            expected.append((state.step % config.batches, state.loss.item()))
    lines = printed(config)
    assert len(lines) == len(expected)
    for line, numbers in zip(lines, expected, strict=True):
        words = line.replace(":", "").replace(",", "").split()
        found = [float(word) for word in words if word[0].isdigit()]
        assert line.startswith("epoch" if len(numbers) == 3 else "batch")
        # Sums in another order; one of the pictures that test may be on the edge.
        assert found == pytest.approx(numbers, rel=1e-3, abs=1.5 / 359)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"shuffle": True, "softmax": False, "hidden": (9,), "seed": 12},
        {"initial": "uniform"},
        {"batch_size": 10, "epochs": 1},
    ],
)
def test_the_script_prints_the_run(fields: dict[str, Any]):
    assert_printed(replace(SMALL, **fields))


@needs_mnist
def test_the_script_of_mnist_prints_the_run(
    archives: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for archive in datasets.ARCHIVES["mnist"]:
        (raw / archive.file).symlink_to(archives / "MNIST" / "raw" / archive.file)
    monkeypatch.chdir(tmp_path)
    assert_printed(Config(hidden=(8,), epochs=1, learning_rate=0.5))


def test_a_script_carries_no_line_that_does_nothing():
    script = plain_pytorch(Config())
    for word in ("randperm", "sklearn", ".to(images.device)", "'cpu')\nlabels"):
        assert word not in script
    assert "nn.Softmax" in script
    assert "nn.Softmax" not in plain_pytorch(Config(softmax=False))
    assert "images.to('cuda')" in plain_pytorch(Config(device="cuda"))


# --- With a GPU.


@needs_cuda
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_run_on_a_gpu_is_that_on_the_cpu_and_resumes_bit_for_bit(shuffle: bool):
    config = replace(LONG, shuffle=shuffle)
    on_gpu = replace(config, device="cuda")
    expected = list(run(config))
    torch.cuda.set_sync_debug_mode("default")
    states = list(run(on_gpu))
    for one, other in zip(states, expected, strict=True):
        torch.testing.assert_close(one.loss.cpu(), other.loss, **ROUNDING)
    for start in (0, 48, 100):
        rest = list(run(on_gpu, states[start]))
        assert all(same(one, other) for one, other in zip(rest, states[start:], strict=True))
    *_, last = run(on_gpu, expected[48])
    assert last.loss.device.type == "cuda"


@needs_cuda
def test_an_epoch_on_a_gpu_never_waits_for_it():
    config = replace(LONG, device="cuda", epochs=2)
    states = run(config)
    next(states)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(config.batches - 1):
            next(states)
    finally:
        torch.cuda.set_sync_debug_mode("default")
