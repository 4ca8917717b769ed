"""The page of linear regression, without a browser."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.linear_regression import Config, predict
from tests.pages.verdict import verdict as rows_of
from ui.theme import number

NAME = "linear_regression"
SOURCE = (Path(__file__).parents[2] / "pages" / f"{NAME}.py").read_text()
VALLEY = {
    "A": "0.55, 0.45; 0.45, 0.55",
    "b": "1, 0",
    "start": "0.5, 2",
    "damping_factor": "0.9",
    "steps": "200",
}
NOTES = {
    "A": "0, 1; 1, 0",
    "b": "1, 1",
    "start": "0, 0",
    "damping_factor": "0.5",
    "steps": "10",
}
SINGULAR = {"A": "1, 2; 2, 4", "b": "1, 2", "damping_factor": "0.01", "start": "3, -1"}


def settings(page) -> dict[str, object]:
    return {
        field.name: page.session_state[f"{NAME}.{field.name}"]
        for field in fields(Config)
        if f"{NAME}.{field.name}" in page.session_state
    }


def said(page) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.warning, *page.error])


def html(page, kind: str) -> str:
    """The text of the verdict or of the scale strip."""
    bodies = [element.proto.body for element in page.get("html")]
    return re.sub(r"<[^>]+>", " ", next(body for body in bodies if f'{kind}"' in body))


def verdict(page) -> str:
    return html(page, "verdict")


def test_it_opens_on_the_valley_that_its_question_is_about(open_page):
    page = open_page(NAME)
    assert not page.exception
    assert page.menu_button(f"{NAME}.preset").label == "a long valley"
    assert settings(page) == settings(open_page(NAME, **VALLEY))
    moving = predict(Config(A=((0.55, 0.45), (0.45, 0.55)), damping_factor=0.9)).moving
    # Gentle and steep differ, and each is seen to do something else.
    assert {mode.regime for mode in moving.values()} == {"monotone", "overshooting"}


def test_as_in_the_notes_is_first_and_sets_what_the_notes_have(open_page):
    page = open_page(NAME)
    assert page.menu_button(f"{NAME}.preset").options[0] == "as in the notes"
    page.menu_button(f"{NAME}.preset").click("as in the notes").run()
    assert page.session_state[f"{NAME}.good"] == Config()
    assert settings(page) == {
        "A": "0, 1; 1, 0",
        "b": "1, 1",
        "start": "0, 0",
        "damping_factor": 0.5,
        "momentum": 0.0,
        "steps": 10,
        "device": "cpu",
    }


def test_a_half_is_explained_by_the_eigenvalue(open_page):
    page = open_page(NAME, **NOTES)
    assert "λ = 2 in every direction: each update keeps 1 − 0.5 × 2 = 0 of the error" in said(page)
    assert "the first update leaves nothing of it" in said(page)


def test_a_tenth_is_explained_and_gives_the_published_numbers(open_page):
    page = open_page(NAME, **NOTES | {"damping_factor": "0.1"})
    assert "1 − 0.1 × 2 = 0.8 of the error" in said(page)
    assert "x₀ goes 0.2, 0.36, 0.488 …" in said(page)


@pytest.mark.parametrize(
    ("eta", "words"),
    [
        ("0.4", "creeps in"),
        ("0.5", "leaves nothing of it"),
        ("0.6", "jumps past and comes closer"),
        ("1", "jumps from side to side for ever"),
        ("1.05", "runs away"),
    ],
)
def test_the_regime_is_named(open_page, eta, words):
    assert f"{words} (*" in said(open_page(NAME, damping_factor=eta))


def test_both_directions_of_a_valley_are_told_apart(open_page):
    page = open_page(NAME, **VALLEY)
    assert page.menu_button(f"{NAME}.preset").label == "a long valley"
    assert "**gentle** one, λ = 0.02, each update keeps 1 − 0.9 × 0.02 = 0.982" in said(page)
    assert "**steep** one, λ = 2, each update keeps 1 − 0.9 × 2 = −0.8" in said(page)
    shown = verdict(page)
    assert shown.count(number(0.982)) == 2
    assert shown.count(number(2 / 2.02)) == 2  # the best damping factor


def test_with_a_velocity_the_page_speaks_of_the_long_run(open_page):
    page = open_page(NAME, **VALLEY | {"damping_factor": "1.65", "momentum": "0.67"})
    assert "in the long run each update keeps 0.8185" in said(page)
    assert "1 − 1.65" not in said(page)
    assert "beta z" in page.latex[0].value
    assert "Spectral radius" in verdict(page)
    assert "1.653 with momentum 0.6694" in verdict(page)


def test_the_slider_is_marked_with_the_best_and_the_critical_damping(open_page):
    shown = html(open_page(NAME, **NOTES), "scale")
    assert "best 0.5" in shown
    assert "critical 1 " in shown
    shown = html(open_page(NAME, **NOTES | {"momentum": "0.5"}), "scale")
    assert "best at β = 0: 0.5" in shown
    assert "critical 1.5" in shown
    assert "← critical 0.00" in html(open_page(NAME, A="1, 20; 20, 1"), "scale")
    assert "critical 100 →" in html(open_page(NAME, A="0, 0.1; 0.1, 0"), "scale")


def test_a_singular_matrix_leaves_a_direction_where_it_started(open_page):
    page = open_page(NAME, **SINGULAR)
    assert not page.exception
    # (2, -1)/√5 times the start (3, -1) is 7/√5.
    assert "along (0.8944, −0.4472) the loss is flat" in said(page)
    assert "x keeps the 3.13 it starts with" in said(page)
    assert "steep direction" in verdict(page)
    assert "gentle direction" not in verdict(page)


def test_a_matrix_of_zeros_moves_nothing(open_page):
    page = open_page(NAME, A="0, 0; 0, 0")
    assert not page.exception
    assert "x stays undetermined" in said(page)
    assert "Critical" not in verdict(page)


def test_a_start_at_the_solution_is_said_to_stay(open_page):
    page = open_page(NAME, **NOTES | {"start": "1, 1", "damping_factor": "1.5"})
    assert "is where the loss is smallest, and stays" in said(page)
    assert "Why it runs away" not in said(page)


def test_entries_of_any_size_are_drawn(open_page):
    for entries in ("1e6, 1e6; -1e6, 1e6", "1e-6, 0; 0, 1e-6", "1e6, 0; 0, 1e-6"):
        page = open_page(NAME, A=entries, b="1e6, -1e6", start="-1e6, 1e6", steps="2499")
        assert not page.exception
        assert not page.error


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "damping_factor",
            "7",
            "damping_factor = 7 is not allowed: it must be a finite number from 0.005 to 2.",
        ),
        ("damping_factor", "nan", "damping_factor = nan is not allowed"),
        ("momentum", "1e999", "momentum = inf is not allowed"),
        ("steps", "0.5", "steps = 0.5 is not allowed: it must be a whole number from 1 to 2499."),
        ("device", "tpu", "device = 'tpu' is not allowed"),
        ("colour", "red", "which this page does not know"),
    ],
)
def test_a_bad_value_in_a_link_is_named_with_its_range_and_ignored(
    open_page, field, value, message
):
    page = open_page(NAME, **{field: value})
    assert not page.exception
    assert message in said(page)
    assert settings(page) == settings(open_page(NAME))


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("A", "0, 1; 1, nan", "A[1][1] = nan is not allowed: it must be a finite number from"),
        ("A", "0, 1e999; 1, 0", "A[0][1] = inf is not allowed"),
        ("A", "0, 1e7; 1, 0", "from -1000000 to 1000000."),
        ("A", "0, 1; 1", "A = '0, 1; 1' is not allowed: it must be 2 rows of 2 numbers"),
        ("A", "1, 2, 3; 4, 5, 6", "it must be 2 rows of 2 numbers"),
        ("A", "one", "A = 'one' is not allowed"),
        ("A", "", "A = '' is not allowed"),
        ("b", "1, 2, 3", "b = '1, 2, 3' is not allowed: it must be 2 numbers with commas between."),
        ("start", "1", "start = '1' is not allowed: it must be 2 numbers"),
    ],
)
def test_a_refused_text_is_explained_and_the_last_good_run_stays(open_page, field, text, message):
    page = open_page(NAME, damping_factor="0.3")
    good = verdict(page)
    page.text_input(f"{NAME}.{field}").set_value(text).run()
    assert not page.exception
    assert message in said(page)
    assert "The last good run stays on screen." in said(page)
    assert verdict(page) == good


def test_a_diverging_run_is_explained_with_its_factor_and_a_way_back(open_page):
    page = open_page(NAME, damping_factor="1.1")
    assert "From update 1 on the loss is larger than at the start." in said(page)
    assert "each update multiplies the error by 1.2, which is above 1." in said(page)
    next(button for button in page.button if "0.995" in button.label).click().run()
    assert page.slider(f"{NAME}.damping_factor").value == 0.995
    assert "Why it runs away" not in said(page)


def test_where_no_slider_goes_low_enough_the_page_says_so(open_page):
    page = open_page(NAME, A="0, 1000; 1000, 0", steps="400")
    assert not page.exception
    assert "The slider does not go so low" in said(page)
    assert "too large for a number" in said(page)
    assert not [button for button in page.button if "stable" in button.label]


def test_the_guess_is_answered_by_the_run(open_page):
    page = open_page(NAME)
    assert page.button(f"{NAME}.valley").disabled
    page.radio(f"{NAME}.valley.guess").set_value("in both alike").run()
    page.button(f"{NAME}.valley").click().run()
    assert "Along it, not in both alike: after 200 updates" in said(page)
    assert page.menu_button(f"{NAME}.preset").label == "a long valley"


def test_momentum_is_promised_what_theory_says(open_page):
    fast = Config(((0.55, 0.45), (0.45, 0.55)), (1.0, 0.0), damping_factor=1.65, momentum=0.67)
    assert f"One decimal takes {number(predict(fast).per_decimal)} updates" in said(open_page(NAME))


@pytest.mark.parametrize(
    ("damping", "regime"),
    [
        ("0.3", "monotone"),
        ("0.5", "one step"),
        ("0.7", "overshooting"),
        ("1", "bouncing"),
        ("1.2", "diverging"),
    ],
)
def test_the_regime_is_named_by_its_term(open_page, damping, regime):
    assert f"(*{regime}*)" in said(open_page(NAME, damping_factor=damping))


def test_a_fork_back_from_beyond_all_numbers_opens(open_page):
    page = open_page(
        NAME,
        A="1, 2; 2, 4",
        damping_factor="0.02",
        steps="200",
        course="0 damping_factor 0.9 195",
        at="195",
    )
    assert not page.exception
    assert not [error for error in page.error if "went wrong" in error.value]
    assert html(page, "verdict")


def test_at_the_solution_nothing_runs_away(open_page):
    steered = {"damping_factor": "2", "course": "0 damping_factor 0.5 2", "steps": "20"}
    page = open_page(NAME, **NOTES | steered)
    assert "Here x is where the loss is smallest, and stays." in said(page)
    assert "Why it runs away" not in said(page)


def test_an_error_that_one_update_takes_away_is_measured_and_no_other_is_said_to_be_gone(open_page):
    """In a valley η = 1/λ of the steep direction leaves nothing of that one alone."""
    page = open_page(NAME, damping_factor="0.5")
    assert "leaves nothing of it" in said(page)
    assert "lands on the solution" not in said(page)
    rows = rows_of(page)
    steep, gentle = (rows[f"Error kept along the {way} direction"] for way in ("steep", "gentle"))
    assert steep == ["0", "0", "exact"]
    assert 0.9 < float(gentle[1]) < 1
