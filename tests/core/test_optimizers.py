"""What optimizers keep, given back: the next updates are those that would have come."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.optimizers import kept, restore

MAKERS: dict[str, Any] = {
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.1),
    "fused adam": lambda weights: torch.optim.Adam(weights, lr=0.1, fused=True),
    "momentum": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9),
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.1),
}


def weight(values: list[float]) -> torch.Tensor:
    return torch.tensor(values).requires_grad_()


def update(optimizer: torch.optim.Optimizer, w: torch.Tensor) -> None:
    optimizer.zero_grad()
    (w**4).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", MAKERS)
def test_a_new_optimizer_goes_on_where_another_stopped(name: str) -> None:
    w = weight([1.0, -2.0])
    optimizer = MAKERS[name]([w])
    for _ in range(3):
        update(optimizer, w)
    before, place = kept(optimizer, {"w": w}), w.detach().clone()
    again = place.clone().requires_grad_()
    other = MAKERS[name]([again])
    restore(other, {"w": again}, before)
    for _ in range(3):
        update(optimizer, w)
        update(other, again)
    assert torch.equal(w, again)
    assert not torch.equal(w, place)


@pytest.mark.parametrize(("fused", "place"), [(True, "meta"), (None, "cpu")])
def test_the_count_of_updates_is_where_the_optimizer_looks_for_it(fused: Any, place: str) -> None:
    # A parameter on the meta device stands for one on a GPU.
    parameter = torch.empty(2, device="meta")
    optimizer: Any = SimpleNamespace(state=defaultdict(dict), defaults={"fused": fused})
    restore(
        optimizer, {"w": parameter}, {"w": {"step": torch.tensor(3.0), "exp_avg": torch.ones(2)}}
    )
    assert optimizer.state[parameter]["step"].device.type == place
    assert optimizer.state[parameter]["exp_avg"].device.type == "meta"
