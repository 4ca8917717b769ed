"""What charts of XOR are given beside the recorded columns."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rasters import to_values
from core.recording import Frames, Recording
from core.theory.xor.columns import LINES, MOVED
from core.xor import (
    ALONG,
    UNIT_CELLS,
    Config,
    bent,
    classifier,
    counted,
    curvature_window,
    drawn,
    edges,
    frame,
    frame_with_sharpness,
    grid,
    input_pictures,
    last_sharpness,
    looks_every,
    points,
    run,
    sharpness,
    window,
)


@given(
    st.integers(1, 40),
    st.integers(0, 30),
    st.sampled_from([0.0, 0.4]),
    st.booleans(),
    st.sampled_from(["xor", "own"]),
)
@settings(deadline=None)
def test_points_are_drawn_as_they_are_and_those_that_are_added_all(most, added, share, tests, data):
    added = max(added, int(data == "own"))
    own = tuple((float(k), -float(k), k % 2) for k in range(added))
    config = Config(data=data, samples=30, test_share=share, extra_points=own)
    columns = drawn(config, most, tests)
    assert list(columns) == ["x", "y", "label", "tests"]
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    found = points(config)
    here = [
        {(*place, label) for place, label in zip(places.tolist(), labels.tolist(), strict=True)}
        for places, labels in ((found.train, found.train_labels), (found.test, found.test_labels))
    ]
    assert all(row[:3] in here[int(row[3])] for row in rows)
    trains = [row[:3] for row in rows if not row[3]]
    beside = added if data == "xor" else 0
    assert len(trains) == min(most, len(found.train) - beside) + beside
    assert len(rows) - len(trains) == (min(most // 4, len(found.test)) if tests else 0)
    if beside:
        assert {(x, y, float(label)) for x, y, label in own} <= set(trains)


def test_epochs_are_counted_from_the_first():
    config = Config(samples=50, batch_size=8, epochs=3, test_share=0.0)  # 7 batches
    counts = counted(config, Frames(0, np.arange(22), {}, 22, None))["epoch"]
    assert counts.tolist() == [0] + [1] * 7 + [2] * 7 + [3] * 7


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bent_plane_is_what_two_units_make_of_each_place(layers):
    config = Config(samples=40, hidden=3, layers=layers, epochs=2, batch_size=16, test_share=0.0)
    states = list(run(config))
    frames = Recording(run, ((0, config),), frame=frame).frames(0, 60)
    made = bent(2, 0)(config, frames)
    assert made["grid"].shape == (len(states), 2, 2 * LINES * ALONG)
    left, right, low, high = window(config)
    for at in (0, len(states) - 1):
        model = classifier(config)
        model.load_state_dict(states[at].parameters)

        def units(places: list[list[float]], model=model) -> np.ndarray:
            x = torch.tensor(places)
            with torch.no_grad():
                for linear in list(model.children())[:1] + list(model.children())[2:-1]:
                    x = torch.tanh(linear(x))
            return x[:, [2, 0]].T.numpy()

        lines = made["grid"][at].reshape(2, 2, LINES, ALONG)
        for k in (0, 3, LINES - 1):
            part = k / (LINES - 1)
            x, y = left + part * (right - left), low + part * (high - low)
            rising = [[x, low + j / (ALONG - 1) * (high - low)] for j in range(ALONG)]
            level = [[left + j / (ALONG - 1) * (right - left), y] for j in range(ALONG)]
            # Sums of a few products in float32, in another order.
            np.testing.assert_allclose(lines[:, 0, k], units(rising), atol=1e-5)
            np.testing.assert_allclose(lines[:, 1, k], units(level), atol=1e-5)
        data = points(config)
        for label in (0, 1):
            own = data.train[data.train_labels == label]
            cloud = made["cloud"][at][:, label::2]
            assert cloud.shape == (2, MOVED)
            np.testing.assert_allclose(cloud[:, : len(own)], units(own.tolist()), atol=1e-5)
            assert np.isnan(cloud[:, len(own) :]).all()
    assert bent(2, 0) is bent(2, 0)  # what it made is kept by the function
    few = bent(7, 7)(config, frames)["cloud"]  # there are three: the last
    np.testing.assert_array_equal(few[:, 0], few[:, 1])


def test_the_inputs_are_drawn_over_the_window():
    config = Config(features=("x", "xy"), noise=0.2)
    places = grid(window(config), UNIT_CELLS).numpy()
    shown = input_pictures(config)
    assert list(shown) == ["x", "xy"]
    for (cells, limit), values in zip(
        shown.values(), (places[..., 0], places[..., 0] * places[..., 1]), strict=True
    ):
        assert limit == pytest.approx(np.abs(values).max())
        assert np.abs(to_values(cells, -limit, limit) - values).max() < 1.02 * limit / 254


def test_the_sharpness_is_looked_at_now_and_then_and_stays_between():
    config = Config(samples=30, epochs=400, batch_size=30, hidden=2)
    every = looks_every(config)
    assert every == 2
    states = list(run(config))[:5]
    columns = [frame_with_sharpness(config, state) for state in states]
    seen = [column["sharpness"].item() for column in columns]
    assert [math.isnan(value) for value in seen] == [False, True, False, True, False]
    assert seen[2] == sharpness(config, states[2])
    frames = Frames(0, np.arange(5), {"sharpness": np.array(seen)}, 401, None)
    assert last_sharpness(config, frames)["curvature"].tolist() == [seen[0]] * 2 + [seen[2]] * 2 + [
        seen[4]
    ]


def test_the_edge_follows_the_settings_of_a_course():
    first = Config(learning_rate=0.5, samples=10, epochs=3, batch_size=8)  # 3 updates
    later = Config(learning_rate=0.5, momentum=0.5, samples=10, epochs=3, batch_size=8)
    assert edges(first, (2, later)).tolist() == [4, 4, 6, 6]
    assert curvature_window(first, (2, later)) == (0, 9)  # half as much again as 6
    assert curvature_window(later, (2, first)) == (0, 9)
    adam = Config(optimiser="adam", samples=10, epochs=1)
    assert np.isnan(edges(adam)).all()
    assert curvature_window(adam) == (0, 40)
