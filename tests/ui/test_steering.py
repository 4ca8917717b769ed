"""Courses in links, forks, and the words about them, without a browser."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gradient_descent import LIVE, Config
from ui.steering import (
    MOST_LEGS,
    differences,
    differing,
    forked,
    history,
    identify,
    read,
    write,
)

NOW = Config(learning_rate=0.5, steps=100)


def test_a_course_is_written_as_steps_and_what_differed_from_the_settings_now():
    course = (
        (0, replace(NOW, learning_rate=0.05, momentum=0.9)),
        (40, replace(NOW, zero_grad=False)),
        (70, NOW),
    )
    text = "0 learning_rate 0.05 momentum 0.9 40 zero_grad false 70"
    assert write(course) == text
    assert read(text, NOW, LIVE) == (course, [])


def test_a_run_without_changes_needs_no_words():
    assert write(((0, NOW),)) == ""
    assert read("", NOW, LIVE) == (((0, NOW),), [])


configs = st.builds(
    Config,
    learning_rate=st.floats(1e-300, 1e300),
    momentum=st.floats(0, 1),
    zero_grad=st.booleans(),
    steps=st.just(1000),
)


@given(st.lists(configs, min_size=1, max_size=12), st.data())
def test_what_is_written_is_read_back_to_the_last_bit(legs, data):
    steps = data.draw(
        st.lists(
            st.integers(1, 1000), min_size=len(legs) - 1, max_size=len(legs) - 1, unique=True
        ).map(sorted)
    )
    course = tuple(zip([0, *steps], legs, strict=True))
    back, wrong = read(write(course), course[-1][1], LIVE)
    assert wrong == []
    # A change to the same settings is none: only such legs may be gone.
    assert [config_at(back, k) for k in range(1001)] == [config_at(course, k) for k in range(1001)]


def config_at(course, step: int) -> Config:
    return next(config for start, config in reversed(course) if start <= step)


@pytest.mark.parametrize(
    ("text", "said", "kept"),
    [
        ("0 learning_rate 7e999 40", "learning_rate = inf is not allowed", 1),
        ("0 learning_rate nan 40", "learning_rate = nan is not allowed", 1),
        ("0 learning_rate -1 40", "learning_rate = -1 is not allowed", 1),
        ("0 learning_rate x 40", "could not convert", 1),
        ("0 zero_grad maybe 40", "zero_grad = 'maybe' is not allowed", 1),
        ("0 start 5 learning_rate 0.1 40", "sets 'start'", 2),
        ("0 __class__ 5 40", "sets '__class__'", 1),
        ("0 learning_rate 0.1 400", "a step 400", 1),
        ("0 learning_rate 0.1 1e999 40", "sets '1e999'", 1),
        ("0 learning_rate 0.1 " + 30 * "9", "a step 999999999999999999", 1),
        ("0 learning_rate 0.1 30 learning_rate 0.2 20 learning_rate 0.3 60", "goes back", 3),
        ("20 learning_rate 0.1 40", "does not begin at step 0", 1),
        ("0 learning_rate 0.1", "does not say from which step", 1),
        ("learning_rate", "does not begin at step 0", 1),
        ("<script>alert(1)</script>", "sets '<script>alert(1)</script>'", 1),
    ],
)
def test_what_makes_no_sense_is_named_and_the_nearest_run_is_used(text, said, kept):
    course, wrong = read(text, NOW, LIVE)
    assert said in " ".join(wrong)
    assert len(course) == kept
    assert course[0][0] == 0
    assert course[-1][1] == NOW


def test_a_course_of_ten_thousand_steps_is_cut():
    text = " ".join(f"{step} learning_rate 0.{step + 1}" for step in range(10_000)) + " 10000"
    now = replace(NOW, steps=20_000)
    course, wrong = read(text, now, LIVE)
    assert len(course) <= MOST_LEGS
    assert course[-1][1] == now
    assert len(wrong) < 5
    assert "more than 100 parts" in wrong[0]


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(["0", "7", "learning_rate", "momentum", "0.5", "x", "99", "nan"]),
        max_size=30,
    ).map(" ".join)
)
def test_no_text_breaks_the_reader(text):
    course, wrong = read(text, NOW, LIVE)
    starts = [start for start, _ in course]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] <= NOW.steps
    assert course[-1][1] == NOW
    assert all(isinstance(complaint, str) for complaint in wrong)


def test_a_fork_keeps_what_came_before_it():
    first, second = replace(NOW, learning_rate=0.1), replace(NOW, learning_rate=0.2)
    course = forked(((0, NOW),), 30, first)
    assert course == ((0, NOW), (30, first))
    assert forked(course, 60, second) == ((0, NOW), (30, first), (60, second))
    assert forked(course, 30, second) == ((0, NOW), (30, second))  # the same place once more
    assert forked(course, 20, second) == ((0, NOW), (20, second))  # scrubbed back
    assert forked(course, 30, NOW) == ((0, NOW),)  # moved back to what it was


def test_at_its_start_or_when_it_is_over_a_changed_run_is_a_new_one():
    changed = replace(NOW, learning_rate=0.1)
    for step in (0, NOW.steps):
        assert forked(((0, NOW),), step, changed) == ((0, changed),)


def test_a_course_does_not_outgrow_a_link():
    course = ((0, replace(NOW, learning_rate=1.0)),)
    for step in range(1, MOST_LEGS):
        course = forked(course, step, replace(NOW, learning_rate=1 + step))
    assert len(course) == MOST_LEGS
    assert len(forked(course, 200, replace(NOW, steps=300))) == 1
    now = course[-1][1]
    assert read(write(course), now, LIVE) == (course, [])


def test_names_differ_where_courses_do():
    other = replace(NOW, learning_rate=0.1)
    courses = [((0, NOW),), ((0, other),), ((0, other), (3, NOW)), ((0, other), (4, NOW))]
    assert len({identify(course) for course in courses}) == 4
    assert identify(courses[2]) == identify(((0, replace(NOW, learning_rate=0.1)), (3, NOW)))


def test_the_table_of_pins_shows_only_settings_that_differ():
    bold = replace(NOW, learning_rate=0.9)
    courses = {"on screen": ((0, NOW), (40, bold)), "A": ((0, replace(NOW, start=(2.0,) * 5)),)}
    assert differing(courses.values()) == ["start", "learning_rate"]
    assert history(courses["on screen"], "learning_rate") == "0.5, from 40: 0.9"
    assert history(courses["on screen"], "momentum") == "0"
    html = differences(courses)
    assert "0.5, from 40: 0.9" in html
    assert "momentum" not in html
    assert "learning rate" in html


def test_the_words_for_a_long_drag_are_short():
    course = ((0, NOW), *((k, replace(NOW, learning_rate=k / 10)) for k in range(1, 30)))
    assert history(course, "learning_rate") == "0.5, …, from 27: 2.7, from 28: 2.8, from 29: 2.9"
