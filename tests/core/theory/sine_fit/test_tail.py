"""The end of a run: each kind from made-up places, from runs, and how long is long enough."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.course import play
from core.sine_fit import KINDS, Config, measure, needed, predicted_course, run, tail
from core.theory.enough import TRUST

few = settings(max_examples=60, deadline=None)
K = np.arange(200)[:, None]
ALONG = np.array([0.3, -1.0])


# --- Made-up places.


@few
@given(st.floats(0.5, 0.97), st.booleans())
def test_what_shrinks_by_a_factor_rests(rate: float, flips: bool):
    found = tail([1.0, 2.0] + (-rate if flips else rate) ** K * ALONG)
    assert found.kind == "rests"


@few
@given(st.floats(1e-6, 1e3), st.floats(0, 0.5))
def test_what_comes_back_every_second_time_is_a_two_cycle(size: float, settling: float):
    flip = size * (-1.0) ** K * ALONG
    drift = settling * size * 0.9**K * np.array([1.0, 0.3])
    found = tail(1.0 + flip + drift)
    assert found.kind == "2-cycle"
    assert found.growth == pytest.approx(1, abs=1e-3)
    assert found.back < 1e-3


def test_a_swing_that_falls_like_a_decaying_step_is_on_its_way_to_rest():
    for decay in (0.1, 1.0):
        found = tail((-1.0) ** K * ALONG / (1 + decay * K))
        assert found.kind == "rests"
        # The means of 1/k over the third and the fourth quarter of the run.
        assert found.growth == pytest.approx(math.log(4 / 3) / math.log(3 / 2), rel=0.05)


def test_what_goes_straight_on_is_on_its_way_and_what_goes_round_or_jumps_about_wanders():
    random = np.random.default_rng(0)
    angle = K * 2 * math.pi / 7
    around = np.hstack([np.cos(angle), np.sin(angle)])
    for places, kind, back in (
        (K * ALONG, "on its way", 2.0),
        (around, "wanders", 2 * math.cos(math.pi / 7)),
    ):
        found = tail(places)
        assert found.kind == kind
        assert found.back == pytest.approx(back)
    walk = tail(np.cumsum(random.normal(size=(2000, 2)), axis=0))
    assert walk.kind == "wanders"
    assert walk.back == pytest.approx(math.sqrt(2), rel=0.05)
    # Of 60 places in no order one in ten is said to rest by chance; of 400 none.
    jumps = [tail(random.uniform(size=(400, 2))).kind for _ in range(200)]
    assert jumps.count("wanders") == 200


@few
@given(st.floats(1.05, 3), st.booleans())
def test_what_grows_by_a_factor_runs_away(rate: float, flips: bool):
    found = tail([1.0, 2.0] + 1e-3 * (-rate if flips else rate) ** K * ALONG)
    assert found.kind == "runs away"


@pytest.mark.parametrize("lost", [math.inf, -math.inf, math.nan, 1e308])
def test_what_is_no_number_has_run_away(lost: float):
    places = np.ones((20, 2))
    places[-1] = lost
    assert tail(places).kind == "runs away"


def test_what_stands_still_rests_and_few_places_say_nothing():
    assert tail(np.ones((20, 2))).kind == "rests"
    assert tail(1 + 1e-14 * np.random.default_rng(0).normal(size=(50, 2))).kind == "rests"
    for count in range(8):
        assert tail(np.ones((count, 2))).kind is None
        found = measure(np.ones((count, 2)), np.ones(count))
        assert (found.amplitude == 0) if count > 1 else math.isnan(found.amplitude)


def test_an_end_is_measured_as_it_was_made():
    middle, swing = np.array([0.98, 0.99]), np.array([0.01, 0.05])
    found = measure(middle + (-1.0) ** K * swing, 10 + 3 * (-1.0) ** K[:, 0])
    assert found.amplitude == pytest.approx(math.hypot(*swing))
    assert found.middle == pytest.approx(middle)
    assert found.ends == pytest.approx(np.array([middle + swing, middle - swing]))
    assert found.losses == pytest.approx([13, 7])


@few
@given(st.integers(0, 60), st.integers(1, 5))
def test_frames_an_odd_number_apart_show_the_same_kind(start: int, half: int):
    every = 2 * half + 1
    for places in ((-1.0) ** K * ALONG, 0.97**K * ALONG, K * ALONG):
        whole, thinned = tail(places[start:]), tail(places[start::every])
        assert thinned.kind == whole.kind


# --- Runs.

RUNS: list[tuple[dict[str, Any], str]] = [
    ({}, "2-cycle"),
    ({"step_size": 0.05}, "2-cycle"),
    ({"momentum": 0.5}, "2-cycle"),
    ({"momentum": 0.9, "steps": 400}, "wanders"),
    ({"reduction": "mean"}, "rests"),
    ({"optimiser": "newton", "step_size": 1.0}, "rests"),
    ({"optimiser": "adam", "step_size": 0.05, "steps": 200}, "rests"),
    ({"optimiser": "gradient_descent", "step_size": 1e-4}, "rests"),
    ({"optimiser": "gradient_descent", "step_size": 2e-4}, "2-cycle"),
    ({"optimiser": "gradient_descent"}, "runs away"),
    ({"decay": 0.1}, "rests"),
    ({"frequency": 2.0, "steps": 120}, "2-cycle"),
    ({"frequency": 2.0, "steps": 400, "reduction": "mean"}, "rests"),
]


@pytest.mark.parametrize(("fields", "kind"), RUNS)
def test_each_kind_of_end_is_shown_by_a_run(fields: dict[str, Any], kind: str):
    config = Config(**fields)
    found = np.array([state.parameters.tolist() for state in run(config)])
    assert tail(found).kind == kind
    assert kind in KINDS
    assert needed("kind", config) == config.steps


@pytest.mark.parametrize("field", ["kind", "amplitude", "middle"])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_updates_as_are_needed_are_enough(field: str, seed: int):
    short = Config(seed=seed, steps=9, step_size=0.07)
    count = needed(field, short)
    assert count is not None
    assert count > 9
    nothing = np.zeros(4000)
    ends = []
    for steps in (count, 3000):
        found = np.array([s.parameters.tolist() for s in run(replace(short, steps=steps))])
        ends.append(measure(found, nothing[: steps + 1]))
    assert ends[0].tail.kind == ends[1].tail.kind
    # Final is what a run of a thousand updates more shows: that itself is off by a little.
    if field == "amplitude":
        assert ends[0].amplitude == pytest.approx(ends[1].amplitude, rel=2 * TRUST)
    if field == "middle":
        apart = math.hypot(*(ends[0].middle - ends[1].middle))
        assert apart <= 2 * TRUST * ends[1].amplitude


def test_an_amplitude_takes_longer_than_its_kind():
    """Gradient descent beyond its critical step: a two-cycle at once, whose swing still changes."""
    config = Config(optimiser="gradient_descent", step_size=3e-4, steps=40)
    short, long = (
        measure(predicted_course(replace(config, steps=steps)), np.zeros(steps + 1))
        for steps in (40, 1000)
    )
    assert short.tail.kind == long.tail.kind == "2-cycle"
    assert needed("kind", config) == 40
    assert abs(short.amplitude / long.amplitude - 1) > TRUST
    count = needed("amplitude", config)
    assert count is not None
    assert count > 40


def test_a_run_on_its_way_after_a_thousand_updates_more_is_not_told():
    creeping = Config(step_size=1e-5)
    assert tail(predicted_course(creeping)).kind == "on its way"
    assert needed("kind", creeping) is None


def test_what_is_needed_counts_from_the_last_change():
    config, changed = Config(steps=60), Config(steps=60, step_size=0.02)
    count = needed("kind", config, (56, changed))
    assert count is not None
    assert count > 60
    longer = replace(changed, steps=count)
    states = play(run, ((0, replace(config, steps=count)), (56, longer)))
    found = np.array([state.parameters.tolist() for state in states])
    assert tail(found[56:]).kind == "2-cycle"
    assert tail(found[56:61]).kind is None


def test_decay_lets_the_bouncing_end_in_rest():
    slow = Config(decay=0.01)
    assert tail(predicted_course(slow)).kind == "2-cycle"
    count = needed("kind", slow)
    assert count is not None
    assert count > 40
    assert tail(predicted_course(replace(slow, steps=count))).kind == "rests"
