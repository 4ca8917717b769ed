"""What leaves the server: no NaN and no Infinity in any JSON, whatever a link asks for."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core import sine_fit
from ui.player import player

ROOT = Path(__file__).parents[2]
few = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
EXTREME = ["0", "-0", "5e-324", "1e-320", "1e-160", "-1e-9", "1", "1e6", "-1e6", "999999.999999"]
REFUSED = ["1e300", "-inf", "nan"]
ENTRIES = st.sampled_from(EXTREME + REFUSED) | st.floats(-1e6, 1e6).map(repr)
PAIRS = st.lists(ENTRIES, min_size=2, max_size=2).map(", ".join)
MATRICES = st.lists(PAIRS, min_size=2, max_size=2).map("; ".join)
MOMENTA = st.sampled_from(["0", "0.9", "1", "-inf"])
STEPS = st.integers(1, 40).map(str)
COURSES = st.sampled_from(["", "0 momentum 0 1"])


@pytest.fixture(scope="module")
def sent():
    """All that a page has handed to its player, checked as it leaves."""
    found: list[dict] = []

    def check(data):
        plain = {name: value for name, value in data.items() if not isinstance(value, pa.Table)}
        json.dumps(plain, allow_nan=False)
        found.append(data)
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(player, "finite", check)
        yield found


def opened(lesson: str, fields: dict[str, str], sent: list[dict]) -> AppTest:
    """The page of a link; it has a player, or says what it refuses and has the last good run."""
    sent.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page(f"pages/{lesson}.py")
    for field, value in fields.items():
        app.query_params[f"{lesson}.{field}"] = value
    app.run()
    assert not app.exception
    assert sent
    assert sent[-1]["charts"]
    assert not any("could not start" in error.value for error in app.error)
    refused = [value for value in fields.values() if any(word in value for word in REFUSED)]
    assert not refused or app.error or app.warning
    return app


@few
@given(
    st.fixed_dictionaries(
        {"steps": STEPS, "start": PAIRS, "target": PAIRS},
        optional={
            "learning_rate": st.sampled_from(["0.005", "1.2", "1e-320", "-inf"]),
            "momentum": MOMENTA,
            "zero_grad": st.sampled_from(["true", "false"]),
            "log": st.sampled_from(["true", "false"]),
            "course": COURSES,
        },
    )
)
@example({"start": "-0", "target": "1e-320"})
def test_gradient_descent_sends_finite_json(sent, fields):
    opened("gradient_descent", fields, sent)


@few
@given(
    st.fixed_dictionaries(
        {"steps": STEPS, "A": MATRICES, "b": PAIRS, "start": PAIRS},
        optional={
            "damping_factor": st.sampled_from(["0.005", "2", "-inf"]),
            "momentum": MOMENTA,
            "course": COURSES,
        },
    )
)
@example({"A": "1e-320, 0; 0, 1e-320"})
@example({"A": "1e-160, 0; 0, 1e-160"})
@example({"A": "1e-150, 0; 0, 1e-150"})
@example({"A": "1e300, 0; 0, 1e300"})
@example({"A": "1e6, -1e6; -1e6, 1e6", "b": "1e6, 1e6", "damping_factor": "2"})
def test_linear_regression_sends_finite_json(sent, fields):
    opened("linear_regression", fields, sent)


@few
@given(
    st.fixed_dictionaries(
        {
            "steps": STEPS,
            "view": st.sampled_from(["Valley", "Surface", "Curvature", "Gradient"]),
            "optimiser": st.sampled_from(list(sine_fit.OPTIMISERS)),
        },
        optional={
            "step_size": st.sampled_from(["0.00001", "1", "0.0123", "-inf"]),
            "momentum": MOMENTA,
            "decay": st.sampled_from(["0", "2", "nan"]),
            "reduction": st.sampled_from(["sum", "mean"]),
            "points": st.sampled_from(["1", "2", "5000"]),
            "width": st.sampled_from(["1", "20"]),
            "noise": st.sampled_from(["0", "2"]),
            "seed": st.sampled_from(["0", "99"]),
            "course": COURSES,
            **dict.fromkeys(
                ("amplitude", "true_amplitude", "second_amplitude"),
                st.sampled_from(["0", "-0", "5", "-5", "1e-320", "nan"]),
            ),
            **dict.fromkeys(
                ("frequency", "true_frequency", "second_frequency"),
                st.sampled_from(["0", "-0", "6", "-6", "1e-320", "inf"]),
            ),
        },
    )
)
@example({"steps": "1", "true_amplitude": "0", "amplitude": "0"})
@example({"steps": "40", "view": "Surface", "optimiser": "gradient_descent"})
@example({"steps": "40", "view": "Curvature", "optimiser": "momentum", "momentum": "1"})
def test_the_sine_fit_sends_finite_json(sent, fields):
    opened("sine_fit", fields, sent)


@few
@given(
    st.fixed_dictionaries(
        {
            "steps": st.sampled_from(["100", "200"]),
            "view": st.sampled_from(["Chase", "Payoffs", "Averages", "Learners"]),
            "payoff_0": MATRICES,
            "payoff_1": MATRICES,
            "field": st.sampled_from(["true", "false"]),
        },
        optional={
            "learning_rate": st.sampled_from(["0.001", "0.5", "-inf"]),
            "learner": st.sampled_from(["naive", "optimistic", "lola", "consensus"]),
            "learner_step": st.sampled_from(["0.05", "5"]),
            "starts": st.sampled_from(["0, 0", "-12, 12; 1e-320, -0", "12, 12", "-inf, 0"]),
        },
    )
)
def test_the_matrix_game_sends_finite_json(sent, fields):
    opened("matrix_game", fields, sent)


def test_words_for_small_numbers_in_a_are_true(sent):
    tiny = opened("linear_regression", {"A": "1e-320, 0; 0, 1e-320"}, sent)
    words = " ".join(element.value for element in tiny.markdown)
    assert "their squares" in words
    assert "all zeros" not in words
    none = opened("linear_regression", {"A": "0, 0; 0, 0"}, sent)
    assert "A is all zeros" in " ".join(element.value for element in none.markdown)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_does_not_leave_the_server(value):
    assert player.finite({"at": 1, "frames": pa.table({"x": [value]})})
    with pytest.raises(ValueError, match="JSON"):
        player.finite({"values": [{"low": value}]})
    with pytest.raises(ValueError, match="low is no finite number"):
        player._plain(player.Picture("A", {}, "", {"low": value}))
