"""What is foretold of a course: by the flow, by the updates, by the growth of distances."""

from dataclasses import replace

import numpy as np
import pytest

from core.matrix_game import (
    analyse,
    distance,
    distances,
    predicted_course,
    predicted_distances,
    predicted_play,
    run,
)
from tests.core.games import NOTES, SEXES, STRONG, every_learner, rk4


def test_the_flow_is_predicted_across_a_change_of_settings():
    start = replace(NOTES, steps=3_000)
    later = replace(start, learning_rate=0.02)
    play = predicted_play(start, (1_000, later))
    path = 1 / (1 + np.exp(-rk4(NOTES, (0.0, 0.0), 0.02, 2_500)))
    for step, time in ((0, 0.0), (1_000, 10.0), (1_500, 20.0), (3_000, 50.0)):
        assert play[step] == pytest.approx(path[round(time / 0.02)], abs=1e-7)  # fourth order
    assert np.isnan(predicted_play(start, (1_000, replace(start, learner="lola")))[1_001:]).all()
    assert not np.isnan(
        predicted_play(start, (1_000, replace(start, learner="lola")))[:1_000]
    ).any()
    assert np.isnan(predicted_play(replace(SEXES, steps=9))).all()


def test_each_run_is_as_far_as_its_own_learner_says():
    config = replace(
        NOTES, starts=((0.0, 0.0), (1.0, -1.0)), rivals=("lola", "optimistic"), steps=3
    )
    logits = np.random.default_rng(0).normal(size=(5, 2, 4))
    away = distances(config, logits)
    lola = distance(replace(config, learner="lola"), logits[..., 2:3])
    assert np.array_equal(away[:, [0, 1, 3]], distance(NOTES, logits[..., [0, 1, 3]]))
    assert np.array_equal(away[:, 2:3], lola)
    assert distances(config, logits[..., :1]).shape == (5, 1)
    theory = predicted_distances(config)
    assert theory.shape == (4, 4)
    growth = analyse(replace(config, learner="lola", rivals=())).growth
    assert theory[2, 2] == pytest.approx(theory[0, 2] * growth**2)
    assert theory[0, 0] == theory[0, 3] == distance(NOTES, np.zeros((2, 1)))[0]


def test_a_predicted_distance_takes_the_growth_of_each_leg():
    start = replace(NOTES, steps=300, rivals=("extragradient",))
    later = replace(start, learner="consensus")
    course = predicted_distances(start, (100, later))
    naive, consensus = (analyse(replace(NOTES, learner=x)).growth for x in ("naive", "consensus"))
    begun = distance(NOTES, np.zeros((2, 1)))[0]
    assert course[100, 0] == pytest.approx(begun * naive**100)
    assert course[300, 0] == pytest.approx(begun * naive**100 * consensus**200)
    assert course[:, 1] == pytest.approx(predicted_distances(start)[:, 1])
    # Lola rests elsewhere: how far the run is from there when it begins nobody predicts.
    assert np.isnan(predicted_distances(start, (100, replace(start, learner="lola")))[1:, 0]).all()


@every_learner
def test_the_predicted_course_is_that_of_the_run(learner: str):
    config = replace(STRONG, learner=learner, rivals=("lola",), starts=((1.0, -0.5), (-2.0, 0.3)))
    now = replace(config, learning_rate=0.1, learner="optimistic", learner_step=0.4, steps=300)
    first = list(run(replace(config, steps=300)))[:121]
    states = [*first[:-1], *run(now, first[-1])]
    for k in range(3):
        path = np.array([state.logits[:, k].numpy() for state in states])
        course = predicted_course(k, replace(config, steps=300), (120, now))
        assert course == pytest.approx(path, rel=1e-9, abs=1e-9)  # 300 roundings, and no chaos
