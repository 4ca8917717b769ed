"""The drawing of gates: where each stands, and which unit a click means."""

import pytest

from core.sequences import GATES
from ui.forecast import gates


@pytest.mark.parametrize(("cell", "abreast"), [("LSTM", 3), ("GRU", 2)])
def test_a_click_means_the_unit_whose_row_is_there(cell, abreast):
    drawn = gates(GATES[cell], 2, 99, 32)
    rasters = drawn.spec["usermeta"]["rasters"]
    assert [raster["name"] for raster in rasters] == [f"{name}_2" for name in GATES[cell]]
    for raster in rasters:
        (left, right), (low, high) = raster["x"], raster["y"]
        assert raster["down"]  # the first unit is the upper one, and y goes down in a drawing
        assert low > high
        for unit in (0, 13, 31):
            middle = high + (unit + 0.5) / 32 * (low - high)
            assert drawn.row_at((left + right) / 2, middle) == unit
        assert drawn.row_at(left - 0.01, low) is None
        assert drawn.row_at(left, high - 0.01) is None  # the words above
    places = [(raster["x"][0], raster["y"][1]) for raster in rasters]
    assert len(set(places)) == len(places)
    assert len({top for _, top in places}) == -(-len(places) // abreast)


def test_limits_decide_the_colours():
    rasters = gates(GATES["LSTM"], 1, 99, 32).spec["usermeta"]["rasters"]
    maps = {raster["label"]: raster["colours"] for raster in rasters}
    assert maps == {
        "input": "sequential",
        "forget": "sequential",
        "candidate": "diverging",
        "output": "sequential",
        "cell": "diverging",
        "hidden": "diverging",
    }
