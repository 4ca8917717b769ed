"""What leaves the server: no NaN and no Infinity in any JSON, whatever a link asks for."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.lengths import length
from ui import steering
from ui.lessons import LESSONS
from ui.player import player

ROOT = Path(__file__).parents[2]
brief = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
EXTREME = ["0", "-0", "5e-324", "1e-320", "1e-160", "-1e-9", "1", "1e6", "-1e6", "999999.999999"]
REFUSED = ["1e300", "-inf", "nan"]
ENTRIES = st.sampled_from(EXTREME + REFUSED) | st.floats(-1e6, 1e6).map(repr)


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
        # What is computed after the page has looked, nobody sees here.
        patch.setattr(steering, "SOON_SECONDS", steering.LOOK_SECONDS)
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


def sizes(text: str) -> list[int]:
    """How many numbers each row of a text has."""
    return [len(row.split(",")) for row in text.split(";")]


def asked(name: str) -> st.SearchStrategy[dict[str, str]]:
    """Links that ask of each control the ends of what it takes, or what it does not take.

    Of every lesson, those to come too: the controls are those of its page.
    """
    page: Any = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(f"pages/{name}.py")
    page.run()
    found: dict[str, st.SearchStrategy[str]] = {}
    for one in page.slider:
        short = one.key == f"{name}.{length(name)}"  # a long run adds nothing here
        ends = one.min, one.min + max(40, one.step) if short else one.max
        found[one.key] = st.sampled_from([*map(str, ends), "0", "-0", "1e-320", *REFUSED])
    for kind in ("selectbox", "multiselect", "select_slider", "button_group"):
        for one in page.get(kind):
            found[one.key] = st.sampled_from([*one.options, "0.0123", "nan"])
    for one in page.toggle:
        found[one.key] = st.sampled_from(["true", "false"])
    for one in page.text_input:  # as many numbers as stand there
        rows = (st.lists(ENTRIES, min_size=n, max_size=n) for n in sizes(one.value))
        found[one.key] = st.tuples(*(row.map(", ".join) for row in rows)).map("; ".join)
    fields = {key.removeprefix(f"{name}."): one for key, one in found.items()}
    live = sorted(fields.keys() & import_module(f"core.{name}").LIVE)
    fields["course"] = st.sampled_from(live).flatmap(
        lambda field: fields[field].map(lambda value: f"0 {field} {value} 1")
    )
    steps = {length(name): fields.pop(length(name))}
    return st.fixed_dictionaries(steps, optional={k: v for k, v in fields.items() if k != "preset"})


@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])
def test_a_page_sends_finite_json(sent, name):
    @brief
    @given(asked(name))
    def sends(fields: dict[str, str]) -> None:
        opened(name, fields, sent)

    sends()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("gradient_descent", {"start": "-0", "target": "1e-320"}),
        ("linear_regression", {"A": "1e-320, 0; 0, 1e-320"}),
        ("linear_regression", {"A": "1e-160, 0; 0, 1e-160"}),
        ("linear_regression", {"A": "1e-150, 0; 0, 1e-150"}),
        ("linear_regression", {"A": "1e300, 0; 0, 1e300"}),
        (
            "linear_regression",
            {"A": "1e6, -1e6; -1e6, 1e6", "b": "1e6, 1e6", "damping_factor": "2"},
        ),
        ("sine_fit", {"steps": "1", "true_amplitude": "0", "amplitude": "0"}),
        ("sine_fit", {"steps": "40", "view": "Surface", "optimiser": "gradient_descent"}),
        (
            "sine_fit",
            {"steps": "40", "view": "Curvature", "optimiser": "momentum", "momentum": "1"},
        ),
        ("matrix_game", {"steps": "100", "starts": "-12, 12; 1e-320, -0", "view": "Learners"}),
        ("matrix_game", {"steps": "200", "starts": "12, 12", "learner": "lola", "field": "true"}),
    ],
)
def test_a_page_sends_finite_json_at_the_ends_of_its_numbers(sent, name, fields):
    opened(name, fields, sent)


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
