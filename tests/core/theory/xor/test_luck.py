"""Many seeds as one batch: each as by itself, how many solve it, and an interval for the share."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rasters import LARGEST, to_values
from core.theory.xor.field import grid
from core.xor import (
    NOTES_PERFECT,
    NOTES_SOLVED,
    SOLVED,
    UNIT_CELLS,
    Config,
    Luck,
    Seeds,
    frame_seeds,
    from_start,
    luck_findings,
    many_seeds,
    probability,
    run,
    run_seeds,
    wilson,
    window,
)

few = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"momentum": 0.9, "loss": "bce", "held": (("linear1.weight", 5, 0.5),)},
        {"optimiser": "adam", "layers": 2, "activation": "relu", "features": ("x", "xy")},
        {"data": "own", "extra_points": tuple((k / 9, k % 3 / 2, k % 2) for k in range(30))},
    ],
)
def test_each_seed_is_trained_as_by_itself(fields: dict[str, Any]):
    config = Config(**{"samples": 200, "epochs": 6, "batch_size": 64, "seed": 10, **fields})
    seen = list(many_seeds(config, 3))
    assert [luck.epoch for luck in seen] == list(range(7))
    for k in range(3):
        one = replace(config, seed=10 + k)
        states = [state for state in run(one) if state.step % one.batches == 0]
        for luck, state in zip(seen, states, strict=True):
            assert luck.seeds == (10, 11, 12)
            # Sums in another order, seven digits a number, through some twenty updates.
            assert luck.loss[k] == pytest.approx(state.loss.item(), rel=1e-4, abs=1e-6)
            assert luck.accuracy[k] == pytest.approx(
                state.train_accuracy.item(), abs=1.5 / one.sizes[0]
            )
            field = probability(one, state, grid(window(config), UNIT_CELLS)).numpy()
            cells = to_values(luck.boundaries[k], 0, 1)
            assert np.abs(cells - field).max() < 0.51 / LARGEST + 1e-4


def test_a_seed_that_runs_away_takes_no_other_along():
    config = Config(samples=100, epochs=3, learning_rate=1e30, weight_decay=1.0, activation="relu")
    assert not np.isfinite(list(many_seeds(config, 2))[-1].loss).any()
    # The second seed of a batch is what it is with another first one.
    calm = replace(config, learning_rate=0.1, weight_decay=0.0, seed=1)
    *_, pair = many_seeds(calm, 2)
    *_, alone = many_seeds(replace(calm, seed=2), 1)
    assert pair.loss[1] == pytest.approx(alone.loss[0], rel=1e-5)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        next(many_seeds(Config(), 0))


def test_the_notes_network_solves_it_for_nearly_all_seeds():
    """Of 60 new seeds. With the negative control: two units less, and a learning rate of a tenth,
    which the same count tells apart.
    """
    notes = Config(test_share=0.0, seed=1000)
    *_, luck = many_seeds(notes, 60)
    # As many as 95 % of seeds, and about 80 %: what five standard deviations allow.
    assert luck.solved / 60 > NOTES_SOLVED - 5 * math.sqrt(0.95 * 0.05 / 60)
    low, high = wilson(luck.perfect, 60)
    assert low < NOTES_PERFECT < high or abs(luck.perfect / 60 - 0.8) < 5 * math.sqrt(0.16 / 60)
    assert np.median(luck.loss) == pytest.approx(0.03, abs=0.02)
    solved, perfect = luck_findings(notes, luck)
    assert (solved.limit, perfect.predicted) == (NOTES_SOLVED, NOTES_PERFECT)
    assert (solved.measured, perfect.measured) == (luck.solved / 60, luck.perfect / 60)
    *_, slow = many_seeds(replace(notes, learning_rate=0.01), 20)
    assert slow.solved / 20 < 0.2
    assert all(
        math.isnan(value)
        for one in luck_findings(replace(notes, learning_rate=0.01), slow)
        for value in (one.predicted, one.limit)
    )


def test_solved_is_above_the_mark():
    accuracy = np.array([SOLVED, 0.9984, 1.0, 0.5], dtype=np.float64)
    luck = Luck(1, 1, (0, 1, 2, 3), np.zeros(4), accuracy, np.zeros((4, 1, 1)))
    assert (luck.solved, luck.perfect) == (2, 1)


@few
@given(st.integers(1, 300), st.floats(0, 1))
def test_the_interval_has_the_shares_that_are_not_too_far_from_what_was_seen(
    count: int, part: float
):
    """Its ends are where the seen share is 1.96 standard deviations away (Wilson 1927)."""
    successes = round(part * count)
    low, high = wilson(successes, count)
    assert 0 <= low <= successes / count <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            distance = abs(successes / count - end) / math.sqrt(end * (1 - end) / count)
            assert distance == pytest.approx(1.959964, rel=1e-6)


def test_an_interval_known_from_a_table():
    # 5 of 10: 0.2366 to 0.7634, as in L. Brown et al. 2001.
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 50)[0] == 0
    assert wilson(50, 50)[1] == 1


def test_many_seeds_are_a_run_of_epochs_from_its_start():
    seeds = Seeds(Config(samples=40, epochs=3, hidden=2, test_share=0.0), 4)
    assert seeds.steps == 3
    states = list(run_seeds(seeds))
    assert [state.step for state in states] == [0, 1, 2, 3]
    assert [from_start(state) for state in states] == [True, False, False, False]
    for state, luck in zip(states, many_seeds(seeds.config, 4), strict=True):
        shown = frame_seeds(seeds, state)
        assert np.array_equal(shown["accuracy"], luck.accuracy)
        assert np.array_equal(shown["loss"], luck.loss)
        assert np.array_equal(shown["boundaries"], luck.boundaries)
    assert len(list(run_seeds(seeds, states[0]))) == 4
    with pytest.raises(ValueError, match="step = 2 is not allowed"):
        next(run_seeds(seeds, states[2]))
