"""What parameters say: against loops over single pictures, and parameters made to be known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core import datasets, mnist
from core.mnist import Config, State, first_weights, mistakes, opinion, run, snapshot
from core.rasters import to_values
from core.theory.mnist import network
from core.theory.mnist.network import first_parameters

CONFIG = Config("digits", hidden=(20, 10), softmax=False, learning_rate=0.3, epochs=4)


@pytest.fixture(scope="module")
def end() -> State:
    *_, state = run(CONFIG)
    return state


def known(parameters: dict[str, torch.Tensor]) -> State:
    """A state with these parameters."""
    first = next(run(CONFIG))
    return first._replace(parameters=parameters)


def test_guesses_and_confusion_are_those_of_single_pictures(end: State):
    seen = snapshot(CONFIG, end)
    model = mnist.Network(CONFIG.hidden, softmax=False)
    model.load_state_dict(end.parameters or {})
    table = np.zeros((10, 10), dtype=int)
    for index in range(datasets.SIZES["digits"][1]):
        picture, label = datasets.item("digits", index, train=False)
        with torch.no_grad():
            probabilities = model(picture[None]).softmax(1)[0]
        guess = int(probabilities.argmax())
        table[label, guess] += 1
        assert seen.guesses[index] == guess
        assert seen.sureness[index] == pytest.approx(probabilities.max().item(), rel=1e-4)
    assert np.array_equal(seen.confusion, table)
    assert end.test_accuracy is not None
    assert np.trace(table) / table.sum() == pytest.approx(end.test_accuracy.item(), abs=1e-6)


def test_many_pictures_at_once_are_the_same_in_parts(end: State, monkeypatch: pytest.MonkeyPatch):
    whole = snapshot(CONFIG, end)
    monkeypatch.setattr(network, "AT_ONCE", 784 * 50)
    parts = snapshot(CONFIG, end)
    assert np.array_equal(whole.guesses, parts.guesses)
    assert np.array_equal(whole.confusion, parts.confusion)
    assert whole.dead == parts.dead


def test_mistakes_are_the_surest_first(end: State):
    seen = snapshot(CONFIG, end)
    found = mistakes(CONFIG, seen, most=1_000)
    labels = datasets.images("digits").test_labels.numpy()
    wrong = np.flatnonzero(seen.guesses != labels)
    assert sorted(found.indices.tolist()) == wrong.tolist()
    assert (found.labels != found.guesses).all()
    assert (np.diff(found.sureness) <= 0).all()
    assert np.array_equal(found.labels, labels[found.indices])
    expected = datasets.images("digits").test.numpy()[found.indices].reshape(-1, 28, 28)
    assert np.array_equal(found.pictures, expected)
    few = mistakes(CONFIG, seen, most=3)
    assert np.array_equal(few.indices, found.indices[:3])


def test_how_far_layers_have_moved():
    first = first_parameters(CONFIG)
    assert snapshot(CONFIG, known(first)).moved == (0.0, 0.0, 0.0)
    changed = {
        name: values * (1.5 if name.startswith("layers.2") else 1) for name, values in first.items()
    }
    moved = snapshot(CONFIG, known(changed)).moved
    assert moved == pytest.approx((0, 0.5, 0), rel=1e-6)
    changed = {**first, "layers.4.bias": first["layers.4.bias"] + 1}
    long = torch.cat([first["layers.4.weight"].flatten(), first["layers.4.bias"]]).norm().item()
    assert snapshot(CONFIG, known(changed)).moved[2] == pytest.approx(10**0.5 / long, rel=1e-5)


def test_units_that_no_picture_wakes_are_dead():
    parameters = {name: values.clone() for name, values in first_parameters(CONFIG).items()}
    parameters["layers.0.bias"][:] = 100.0  # all awake
    parameters["layers.0.bias"][:5] = -1e6  # a quarter of 20 asleep
    parameters["layers.2.weight"][:] = -abs(parameters["layers.2.weight"])
    parameters["layers.2.bias"][:] = -1.0  # all ten asleep: nothing above is positive
    assert snapshot(CONFIG, known(parameters)).dead == pytest.approx((0.25, 1.0))
    # The first unit sees one pixel, which is lit in some pictures and dark in others: awake.
    lit = (datasets.images("digits").test > 0).float().mean(dim=0)
    some = int(((lit > 0.2) & (lit < 0.8)).nonzero()[0])
    parameters["layers.0.weight"][0] = 0.0
    parameters["layers.0.weight"][0, some] = 1.0
    parameters["layers.0.bias"][0] = 0.0
    assert snapshot(CONFIG, known(parameters)).dead == pytest.approx((0.2, 1.0))
    parameters["layers.0.bias"][0] = -1e6
    parameters["layers.2.bias"][3] = 1e9
    assert snapshot(CONFIG, known(parameters)).dead == pytest.approx((0.25, 0.9))


def test_first_weights_are_pictures(end: State):
    cells, limit = first_weights(CONFIG, end, most=7)
    weight = (end.parameters or {})["layers.0.weight"][:7]
    assert cells.shape == (7, 28, 28)
    assert limit == weight.abs().max().item()
    values = to_values(cells, -limit, limit).reshape(7, -1)
    assert np.abs(values - weight.numpy()).max() < 0.51 * 2 * limit / 254
    assert first_weights(CONFIG, end, most=99)[0].shape == (20, 28, 28)


def test_a_state_without_parameters_is_refused_and_the_nearest_named():
    config = replace(CONFIG, epochs=1)
    state = list(run(config))[5]
    picture = np.zeros((28, 28), dtype=np.uint8)
    for look in (
        lambda: snapshot(config, state),
        lambda: first_weights(config, state),
        lambda: opinion(config, state, picture),
    ):
        with pytest.raises(ValueError, match=r"state\.step = 5 .*step 0"):
            look()
