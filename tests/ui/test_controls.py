"""How controls read and write numbers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.gradient_descent import plain_pytorch
from core.mnist import Config
from core.ranges import Range
from ui.controls import (
    literal,
    parse_matrix,
    parse_numbers,
    parse_rows,
    preferred,
    write_matrix,
    write_numbers,
    write_rows,
)
from ui.source import source, touched

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1, max_size=8))
def test_numbers_are_read_back_as_they_were_written(values):
    assert parse_numbers(write_numbers(values)) == tuple(values)


def test_commas_and_spaces_separate():
    assert parse_numbers(" 1,2  3 ,4.5") == (1, 2, 3, 4.5)


def test_the_source_shown_is_the_source_of_the_function():
    assert source(plain_pytorch).startswith("def plain_pytorch(config: Config) -> str:")


def test_lines_that_a_change_touches_are_found():
    before, now = "a\nb = 1\nc\nd", "a\nb = 2\nc\nd\ne"
    assert touched(before, now) == ([1, 4], [])
    assert touched(now, now) == ([], [])
    assert touched("a\nb\nc", "a\nc") == ([], ["b"])


def test_a_message_is_shown_as_it_is_whatever_a_link_puts_into_it():
    plain = "learning_rate = 7 is not allowed: it must be a finite number from 0.005 to 1.2."
    assert literal(plain) == plain
    assert literal("start[2] = inf") == "start[2] = inf"
    assert literal("![x](http://host/x.png)") == "![x\\](http://host/x.png)"
    assert literal("__init__ <b> :red[x] $x$ `x` *x*") == (
        "\\_\\_init\\_\\_ \\<b> \\:red[x] \\$x\\$ \\`x\\` \\*x\\*"
    )


@given(st.lists(st.lists(finite, min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_matrix_is_read_back_as_it_was_written(rows):
    assert parse_matrix(write_matrix(rows)) == tuple(map(tuple, rows))


def test_semicolons_separate_rows():
    assert parse_matrix("0, 1; 1 0") == ((0, 1), (1, 0))
    assert parse_matrix("1; 2, 3;") == ((1,), (2, 3), ())
    with pytest.raises(ValueError, match="one"):
        parse_matrix("0, 1; one, 0")


def page_with_a_button_and_a_browser():
    import streamlit as st

    from core import gradient_descent as lesson
    from ui.controls import Settings

    settings = Settings(lesson, {})
    settings.slider("momentum", "Momentum", lesson.RANGES["momentum"], step=0.01, explain="")
    st.button("set", on_click=settings.change, args=({"momentum": 0.5},))
    # What the player says has with it the page run that the browser knew.
    for turn in range(4):
        st.button(f"say {turn}", on_click=settings.hold, args=(turn,))


def pressed(app, label):
    return next(button for button in app.button if button.label == label).click().run()


names = st.text("abcxyz.123", min_size=1).filter(
    lambda text: not text[0].isdigit() and text[0] != "."
)


@given(st.lists(st.tuples(names, st.integers(), finite), max_size=5).map(tuple))
def test_rows_are_read_back_as_they_were_written(rows):
    assert parse_rows(write_rows(rows), (str, int, float)) == rows
    assert " " not in write_rows(rows)


@pytest.mark.parametrize("text", ["a, 1", "a, 1, 2, 3", "a, 0.5, 2", "a, 1, b", "a, 1, 2; b"])
def test_rows_of_other_kinds_are_refused(text):
    with pytest.raises(ValueError, match=r"argument|int\(\)|convert"):
        parse_rows(text, (str, int, float))


def test_rows_without_kinds_have_numbers_and_names_as_they_are_written():
    assert parse_rows(" a.b , 1, 1.0 ;; c") == (("a.b", 1, 1.0), ("c",))
    assert [type(value) for value in parse_rows("a, 1, 1.0")[0]] == [str, int, float]
    assert parse_rows(" ; ") == ()


def test_what_a_browser_says_before_it_hears_of_a_set_control_does_not_take_it_back():
    app = AppTest.from_function(page_with_a_button_and_a_browser).run()
    app.slider[0].set_value(0.2).run()
    pressed(app, "set")
    assert app.slider[0].value == 0.5
    app.slider[0].set_value(0.2)  # as the browser still has it
    pressed(app, "say 2")
    assert app.slider[0].value == 0.5
    app.slider[0].set_value(0.7)  # a learner has moved it since
    pressed(app, "say 2")
    assert app.slider[0].value == 0.7


def test_a_control_set_back_by_a_learner_stays():
    app = AppTest.from_function(page_with_a_button_and_a_browser).run()
    app.slider[0].set_value(0.2).run()
    pressed(app, "set")
    app.slider[0].set_value(0.2)
    pressed(app, "say 3")
    assert app.slider[0].value == 0.2


def page_with_a_logarithmic_slider():
    import streamlit as st

    from core import gradient_descent as lesson
    from core.ranges import Range
    from ui.controls import Settings

    settings = Settings(lesson, {})
    settings.log_slider("learning_rate", "Learning rate", Range(1e-5, 1), explain="")
    st.button("set", on_click=settings.change, args=({"learning_rate": 0.0123},))
    settings.tell()


def test_preferred_numbers_rise_evenly_from_end_to_end():
    numbers = preferred(Range(1e-5, 1))
    assert (numbers[0], numbers[-1], len(numbers)) == (1e-5, 1.0, 101)
    even = [10 ** (k / 20 - 5) for k in range(101)]
    assert numbers == pytest.approx(even, rel=0.0125)  # rounded by less than that
    assert {0.1, 0.05, 0.025, 0.0125} <= set(numbers)  # halved as often as one likes


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("0.05", 0.05, ""),
        ("0.0123", 0.0123, ""),
        ("1e-3", 0.001, ""),
        ("0.0500", 0.05, ""),
        ("2", 0.05, "learning_rate = 2 is not allowed"),
        ("nan", 0.05, "learning_rate = nan is not allowed"),
        ("much", 0.05, "learning_rate = 'much' is not allowed"),
    ],
)
def test_a_logarithmic_slider_takes_what_a_link_says_and_names_what_it_cannot(text, value, said):
    app = AppTest.from_function(page_with_a_logarithmic_slider)
    app.query_params["gradient_descent.learning_rate"] = text
    app.run()
    assert not app.exception
    assert app.select_slider[0].value == value
    assert said in "".join(one.value for one in app.warning).replace("\\", "")
    assert bool(said) == bool(app.warning)
    app.run()  # a page runs again at every word of the player
    assert app.select_slider[0].value == value


def test_a_logarithmic_slider_stands_where_a_button_sets_it():
    app = AppTest.from_function(page_with_a_logarithmic_slider).run()
    pressed(app, "set")
    assert app.select_slider[0].value == 0.0123
    app.select_slider[0].set_value(0.5).run()
    assert app.select_slider[0].value == 0.5
    assert not app.warning


def page_with_two_sliders():
    import streamlit as st

    from core import gradient_descent as lesson
    from core.ranges import Range
    from ui.controls import Settings

    settings = Settings(lesson, {})
    settings.slider("momentum", "Momentum", Range(0.1, 1), step=0.1, explain="")
    settings.log_slider("learning_rate", "Rate", Range(1e-5, 1), explain="", marked=True)
    settings.mark("learning_rate", {"critical": 0.01})
    for field, limit in (("momentum", 0.5), ("momentum", 0.1), ("learning_rate", 0.01)):
        st.write(str(settings.below(field, limit)))
    st.write(str(settings.slower("learning_rate")))


def test_a_slider_knows_its_largest_number_below_a_limit_and_marks_it():
    app = AppTest.from_function(page_with_two_sliders).run()
    assert not app.exception
    told = [one.value for one in app.markdown]
    slower = "{'learning_rate': 0.0045}"  # than a tenth of 0.05
    assert told == ["{'momentum': 0.4}", "{}", "{'learning_rate': 0.009}", slower]
    assert "critical 0.01" in app.get("html")[0].proto.body


def page_that_begins_otherwise():
    import streamlit as st

    from core import mnist as lesson
    from core.ranges import Range
    from ui.controls import Settings

    def check(config):
        if config.seed > st.session_state.get("most", 50):
            raise RuntimeError(f"seed = {config.seed} needs more than there is.")

    settings = Settings(lesson, {"as in the notes": {}}, {"epochs": 3})
    settings.begin({"epochs": 7, "hidden": (5,), "softmax": False})
    settings.allow(check)
    with settings.sidebar():
        settings.slider("epochs", "Epochs", Range(1, 9, whole=True), explain="")
        settings.numbers("hidden", "Units", lesson.WIDTH, explain="", most=3)
        settings.toggle("softmax", "Softmax", explain="")
        settings.slider("seed", "Seed", Range(0, 99, whole=True), explain="")
    st.write(repr(settings.config()))
    st.json(settings.begun)
    settings.tell()


@pytest.mark.parametrize(
    ("link", "begun", "told"),
    [
        (
            {},
            {"epochs": 7, "hidden": (5,), "softmax": False},
            {"epochs": "7", "hidden": "5", "softmax": "false"},
        ),
        (
            {"epochs": "2", "hidden": "4, 6"},
            {"epochs": 2, "hidden": (4, 6), "softmax": False},
            {"softmax": "false"},
        ),
        (
            {"epochs": "many", "softmax": "true"},
            {"epochs": 7, "hidden": (5,), "softmax": True},
            {"epochs": "7", "hidden": "5"},
        ),
        # A line of text keeps what stands there, to be mended: until then all is as it begins.
        (
            {"hidden": "few"},
            {"epochs": 7, "hidden": (5,), "softmax": False},
            {"epochs": "7", "softmax": "false"},
        ),
    ],
)
def test_a_page_begins_with_other_settings_where_its_link_sets_none(link, begun, told):
    app = AppTest.from_function(page_that_begins_otherwise)
    for field, text in link.items():
        app.query_params[f"mnist.{field}"] = text
    app.run()
    assert not app.exception
    assert app.markdown[0].value == repr(Config(**begun))
    app.run()
    assert app.markdown[0].value == repr(Config(**begun))
    # On another machine the page may begin otherwise: the address has to say what it does here.
    assert json.loads(app.json[0].value) == {f"mnist.{field}": text for field, text in told.items()}


def test_what_this_machine_cannot_run_is_refused_and_what_runs_is_not_asked_again():
    app = AppTest.from_function(page_that_begins_otherwise).run()
    seed = next(one for one in app.slider if one.label == "Seed")
    seed.set_value(60).run()
    assert "seed = 60 needs more than there is. The last good run" in app.error[0].value
    assert "seed=0" in app.markdown[0].value
    seed.set_value(40).run()
    assert not app.error
    app.session_state["most"] = 30  # its own run has taken the rest
    app.run()
    assert not app.error
    assert "seed=40" in app.markdown[0].value
