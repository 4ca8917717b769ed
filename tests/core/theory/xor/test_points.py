"""The points of a run: which classes, which of them test, and what is added."""

import math
from dataclasses import replace

import pytest
import torch

from core.theory.xor.points import draw, epoch_order
from core.xor import Config, points

SHAPES = ("xor", "circle", "moons", "spiral", "blobs")


@pytest.mark.parametrize("shape", SHAPES)
def test_both_classes_are_drawn_and_noise_is_added_to_the_same_places(shape: str):
    still, label = draw(shape, 4000, 0.0, 7)
    moved, same = draw(shape, 4000, 0.2, 7)
    assert torch.equal(label, same)
    assert label.float().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(4000))
    assert (moved - still).std().item() == pytest.approx(0.2, rel=0.06)
    assert not torch.equal(draw(shape, 4000, 0.0, 8)[0], still)


def test_shapes_without_noise_lie_where_they_should():
    places, label = draw("circle", 2000, 0.0, 1)
    radius = places.norm(dim=1)
    assert radius[label == 1].max() <= 1.0001
    assert ((radius[label == 0] > 1.4999) & (radius[label == 0] < 2.0001)).all()
    # Evenly filled: half of the disc's area is within √½.
    assert (radius[label == 1] < math.sqrt(0.5)).float().mean().item() == pytest.approx(
        0.5, abs=0.08
    )
    places, label = draw("moons", 2000, 0.0, 1)
    upper, lower = places[label == 0], torch.tensor([1.0, 0.5]) - places[label == 1]
    for half in (upper, lower):
        assert half.norm(dim=1).numpy() == pytest.approx(1, abs=1e-5)
        assert (half[:, 1] > -1e-5).all()
    places, label = draw("spiral", 2000, 0.0, 1)
    radius, angle = places.norm(dim=1), torch.atan2(places[:, 1], places[:, 0])
    turned = 2 * math.pi * 1.75 * (radius - 0.2) / 1.8 + math.pi * label
    torch.testing.assert_close(torch.cos(angle - turned), torch.ones(2000), rtol=0, atol=1e-4)
    places, label = draw("blobs", 100, 0.0, 1)
    assert torch.equal(places, torch.stack([label, label], dim=1).float())


@pytest.mark.parametrize(
    ("share", "tests"), [(0.0, 0), (0.2, 20), (0.5, 50), (0.999, 99), (0.004, 0)]
)
def test_a_share_of_the_points_tests_and_the_others_train_in_their_order(share: float, tests: int):
    config = Config(samples=100, test_share=share)
    found = points(config)
    assert config.sizes == (len(found.train), len(found.test)) == (100 - tests, tests)
    everything, label = draw("xor", 100, 0.1, 42)
    split = torch.cat([found.train, found.test])
    assert sorted(split.tolist()) == sorted(everything.tolist())
    rows = [everything.tolist().index(place) for place in found.train.tolist()]
    assert rows == sorted(rows)
    assert torch.equal(found.train_labels, label[rows].float())


def test_added_points_train_and_move_no_other():
    config = Config(samples=100)
    added = replace(config, extra_points=((0.5, 0.25, 1), (3.0, -1.0, 0)))
    before, after = points(config), points(added)
    assert torch.equal(after.train[:80], before.train)
    assert after.train[80:].tolist() == [[0.5, 0.25], [3.0, -1.0]]
    assert after.train_labels[80:].tolist() == [1, 0]
    assert torch.equal(after.test, before.test)
    assert added.sizes == (82, 20)


def test_ones_own_points_are_all_there_are():
    own = tuple((float(k), -float(k), k % 2) for k in range(10))
    config = Config(data="own", extra_points=own, samples=2500, test_share=0.3)
    found = points(config)
    assert config.sizes == (7, 3)
    shown = torch.cat([found.train, found.test])
    assert sorted(shown[:, 0].tolist()) == list(range(10))
    with pytest.raises(ValueError, match="at least 1 point"):
        replace(config, extra_points=())


def test_each_epoch_has_an_order_of_its_own_that_belongs_to_the_seed():
    config = Config(samples=100)
    orders = [epoch_order(config, epoch) for epoch in range(3)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(80))
    assert not torch.equal(orders[0], orders[1])
    assert torch.equal(epoch_order(replace(config, learning_rate=1.0), 1), orders[1])
    assert not torch.equal(epoch_order(replace(config, seed=43), 1), orders[2])


def test_ten_thousand_points_of_ones_own_are_allowed_and_no_more():
    own = ((0.0, 1.0, 1), (1.0, 1.0, 0)) * 5000
    assert Config(data="own", extra_points=own, test_share=0.0).sizes == (10_000, 0)
    with pytest.raises(ValueError, match="at most 10000"):
        Config(data="own", extra_points=(*own, own[0]))
