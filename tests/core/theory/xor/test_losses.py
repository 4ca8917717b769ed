"""Binary cross entropy: the same number as PyTorch's, and where probabilities lose it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.theory.xor.losses import LOSSES
from core.xor import precision

few = settings(max_examples=50, deadline=None)
THEIRS = {
    "bce_with_logits": nn.BCEWithLogitsLoss,
    "bce": lambda **how: lambda z, y: nn.BCELoss(**how)(torch.sigmoid(z), y),
}


@pytest.mark.parametrize("name", list(LOSSES))
@few
@given(st.lists(st.tuples(st.floats(-200, 200), st.integers(0, 1)), min_size=1, max_size=30))
def test_losses_and_their_gradients_are_pytorchs(name: str, pairs: list[tuple[float, int]]):
    labels = torch.tensor([float(label) for _, label in pairs])
    found, expected = (
        torch.tensor([z for z, _ in pairs], dtype=torch.float32, requires_grad=True)
        for _ in range(2)
    )
    for reduction in ("none", "mean"):
        one = LOSSES[name](reduction=reduction)(found, labels)
        other = THEIRS[name](reduction=reduction)(expected, labels)
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    LOSSES[name]()(found, labels).backward()
    THEIRS[name]()(expected, labels).backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_loss_of_no_number_is_none_and_raises_nothing(name: str):
    losses = LOSSES[name](reduction="none")(torch.tensor([0.0, math.nan]), torch.tensor([1.0, 1.0]))
    assert losses[0].item() == pytest.approx(math.log(2))
    assert math.isnan(losses[1])


def test_probabilities_lose_the_worst_mistakes():
    """From z = 17 on float32 has p = 1: the loss of a point of class 0 leaps to 100, PyTorch's
    limit, and its gradient is gone, where the true ones are z and 1.
    """
    found = precision(np.array([-30.0, 0.0, 5.0, 15.0, 18.0, 40.0, 90.0]))
    z = found.logit
    exact = np.array([math.log1p(math.exp(value)) for value in z])
    assert found.loss["exact"] == pytest.approx(exact, rel=1e-12)
    assert found.gradient["exact"] == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)
    # float32 has seven digits, of z: PyTorch subtracts a log-sigmoid from it.
    assert found.loss["bce_with_logits"] == pytest.approx(exact, rel=1e-6, abs=3e-6)
    assert found.gradient["bce_with_logits"] == pytest.approx(found.gradient["exact"], abs=1e-6)
    good, lost = slice(1, 3), slice(4, None)
    assert found.loss["bce"][good] == pytest.approx(exact[good], rel=1e-4)
    assert (found.loss["bce"][lost] == 100).all()
    assert (found.gradient["bce"][lost] == 0).all()
    assert abs(found.loss["bce"][3] / exact[3] - 1) > 1e-3  # on the way there digits go


def test_class_1_is_the_mirror_of_class_0():
    z = np.linspace(-30, 30, 13)
    one, zero = precision(z, 1), precision(-z, 0)
    for name, values in zero.loss.items():
        # Probabilities near 0 keep their digits, those near 1 do not: by them the two differ.
        if name != "bce":
            assert one.loss[name] == pytest.approx(values, rel=1e-6, abs=3e-6)
            assert one.gradient[name] == pytest.approx(-zero.gradient[name], rel=1e-6, abs=1e-6)


def test_the_loss_that_trains_keeps_all_digits_of_both_classes():
    z = np.linspace(-80, 80, 33)
    for label in (0, 1):
        at = torch.tensor(z, dtype=torch.float32, requires_grad=True)
        losses = LOSSES["bce_with_logits"](reduction="none")(at, torch.full_like(at, label))
        losses.sum().backward()
        exact = precision(z, label)
        assert at.grad is not None
        assert losses.detach().numpy() == pytest.approx(exact.loss["exact"], rel=1e-6, abs=1e-37)
        assert at.grad.numpy() == pytest.approx(exact.gradient["exact"], rel=1e-6, abs=1e-37)
