"""What the last update did, in words."""

from types import SimpleNamespace

import pytest

from ui.readout import batch, last_update

SHOWN = {"w": 1.5, "before_w": 2, "z": 1, "before_z": 4, "before_g": -1}
PARTS = {"x_0": 1, "x_1": 2, "before_x_0": 3, "before_x_1": 4, "z_0": 5, "z_1": 6}


def test_the_numbers_of_an_update_stand_where_they_go_into_it():
    told = last_update("w", ["w"], ["z"], "0.5").format(**SHOWN)
    assert told == "What just happened: w = 2 − 0.5 × (1) = 1.5"
    told = last_update("w", ["w"], ["z"], "0.5", 0.5, ["g"]).format(**SHOWN)
    assert told == "What just happened: z = 0.5 × (4) + (-1) = 1, then w = 2 − 0.5 × (1) = 1.5"


def test_a_vector_stands_in_brackets():
    told = last_update("x", ["x_0", "x_1"], ["z_0", "z_1"], "0.1").format(**PARTS)
    assert told == "What just happened: x = (3, 4) − 0.1 × (5, 6) = (1, 2)"


@pytest.mark.parametrize(
    ("samples", "size", "text"),
    [(2_000, 128, "up to 128"), (2_000, 100, "100"), (60, 128, "60"), (128, 128, "128")],
)
def test_a_batch_is_as_large_as_it_is_and_the_last_of_an_epoch_may_be_smaller(samples, size, text):
    assert batch(SimpleNamespace(sizes=(samples, 9), batch_size=size)) == text
