"""The course of a sine fit without torch, against runs: plain, steered and lost."""

import numpy as np
import pytest

from core.course import play
from core.sine_fit import OPTIMISERS, Config, predicted_course, run

STEPS = {"normalised": 0.1, "gradient_descent": 1e-4, "momentum": 5e-5, "adam": 0.05, "newton": 0.3}


@pytest.mark.parametrize("optimiser", list(OPTIMISERS))
@pytest.mark.parametrize("fields", [{}, {"reduction": "mean", "noise": 0.3, "decay": 0.05}])
def test_the_predicted_course_is_that_of_the_run(optimiser: str, fields: dict):
    eta = STEPS[optimiser]
    first = Config(optimiser=optimiser, step_size=eta, momentum=0.4, steps=60, **fields)
    course = (
        (0, first),
        (17, Config(optimiser=optimiser, step_size=eta / 2, momentum=0.7, steps=60, **fields)),
        (40, Config(optimiser=optimiser, step_size=eta, steps=60, **fields)),
    )
    for count in (1, 3):
        found = [state.parameters.tolist() for state in play(run, course[:count])]
        expected = predicted_course(first, *course[1:count])
        # Sums of a thousand squares in another order, through sixty updates that do not diverge.
        assert np.array(found) == pytest.approx(expected, abs=1e-8)


def test_a_course_that_is_lost_is_so_to_its_end():
    lost = predicted_course(Config(optimiser="gradient_descent", steps=400))
    first = int(np.argmin(np.isfinite(lost).all(axis=1)))
    assert 0 < first < 300
    assert np.isnan(lost[first + 1 :]).all()
    assert len(lost) == 401
    assert not lost.flags.writeable
