"""The limits of a loss behind two softmaxes, and the network as a function of its parameters."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core import mnist
from core.mnist import Config, certain_loss, floor, needed_bytes, parameter_count, predict
from core.theory.mnist.network import columns, first_parameters, opinions, outputs

few = settings(max_examples=40, deadline=None)


def test_the_floor_of_two_softmaxes_is_1_4612():
    assert floor(softmax=True) == pytest.approx(1.4612, abs=5e-5)  # the reference's four digits
    assert floor(softmax=True) == pytest.approx(-math.log(math.e / (math.e + 9)), rel=1e-12)
    assert floor(softmax=False) == 0
    best = nn.functional.one_hot(torch.tensor([3]), 10).double()
    reached = nn.CrossEntropyLoss()(best, torch.tensor([3])).item()
    assert reached == pytest.approx(floor(softmax=True), rel=1e-12)


@few
@given(scores=st.lists(st.floats(-50, 50), min_size=10, max_size=10), label=st.integers(0, 9))
def test_no_probabilities_have_a_loss_beyond_the_limits(scores: list[float], label: int):
    probabilities = torch.tensor([scores], dtype=torch.float64).softmax(dim=1)
    loss = nn.CrossEntropyLoss()(probabilities, torch.tensor([label])).item()
    assert floor(softmax=True) - 1e-12 <= loss <= certain_loss(0.0) + 1e-12


@few
@given(
    labels=st.lists(st.integers(0, 9), min_size=1, max_size=30),
    guesses=st.lists(st.integers(0, 9), min_size=30, max_size=30),
)
def test_who_is_certain_has_a_loss_that_its_accuracy_makes(labels: list[int], guesses: list[int]):
    guess, label = torch.tensor(guesses[: len(labels)]), torch.tensor(labels)
    certain = nn.functional.one_hot(guess, 10).double()
    loss = nn.CrossEntropyLoss()(certain, label).item()
    accuracy = (guess == label).double().mean().item()
    assert loss == pytest.approx(certain_loss(accuracy), rel=1e-12)


def test_who_knows_nothing_has_log_10_either_way():
    for known in (torch.zeros(1, 10), torch.full((1, 10), 0.1)):
        loss = nn.CrossEntropyLoss()(known, torch.tensor([4])).item()
        assert loss == pytest.approx(mnist.CHANCE_LOSS, rel=1e-6)
    assert pytest.approx(2.302585, abs=5e-7) == mnist.CHANCE_LOSS


def test_what_is_predicted():
    notes = predict(Config())
    assert notes.parameters == 785 * 512 + 513 * 512 + 513 * 10 == parameter_count(Config())
    assert (notes.floor, notes.wrong) == (floor(True), floor(True) + 1)
    assert notes.memory == needed_bytes(Config())
    scores = predict(Config(softmax=False))
    assert (scores.floor, scores.wrong) == (0, math.inf)
    assert scores.chance == notes.chance


def test_memory_grows_with_the_width():
    needed = [needed_bytes(Config(hidden=(width,))) for width in (100, 5000, 50_000)]
    assert needed == sorted(needed)
    # Of 50,000 units 39.75 million parameters, their gradient and a snapshot, of 4 bytes each.
    assert 3 * 4 * 795 * 50_000 < needed[-1] < 2e9


@pytest.mark.parametrize("hidden", [(7,), (6, 5), (3, 4, 5)])
def test_the_network_of_columns_is_that_of_rows(hidden: tuple[int, ...]):
    parameters = first_parameters(Config(hidden=hidden, seed=2))
    model = mnist.Network(hidden, softmax=True)
    model.load_state_dict(parameters)
    pictures = torch.randint(0, 256, (16, 784), generator=torch.Generator().manual_seed(0))
    pictures = pictures.to(torch.uint8)
    with torch.no_grad():
        expected = model(pictures.float() / 255)
    found = opinions(parameters, columns(pictures))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
    units, scores = outputs(parameters, columns(pictures))
    assert [tuple(one.shape) for one in units] == [(width, 16) for width in hidden]
    assert scores.shape == (10, 16)


def test_random_parameters_are_certain_and_have_no_gradient():
    """The reason why the document's loss never moved: softmax is one-hot, and its slope 0."""
    config = Config("digits", hidden=(64, 64), initial="uniform", batch_size=500, epochs=2)
    states = list(mnist.run(config))
    for state in states:
        assert state.largest == 1
        assert state.gradient_norm == 0
        assert set(state.opinions.flatten().tolist()) == {0.0, 1.0}
    end = states[-1]
    assert end.test_loss is not None
    assert end.test_accuracy is not None
    assert end.test_loss.item() == pytest.approx(certain_loss(end.test_accuracy.item()), rel=1e-5)
    first, last = states[0].parameters, end.parameters
    assert first is not None
    assert last is not None
    assert all(torch.equal(last[name], values) for name, values in first.items())
    default = next(mnist.run(replace(config, initial="default")))
    assert default.gradient_norm > 0
    assert np.isfinite(default.gradient_norm.item())
