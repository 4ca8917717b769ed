"""What charts of XOR are given beside the recorded columns."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.recording import Frames
from core.xor import Config, counted, drawn, points


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
