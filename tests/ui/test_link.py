"""Courses in the words of a link."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import xor
from core.gradient_descent import LIVE, Config
from core.ranges import FLOAT32
from ui.link import MOST_LEGS, read, write

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


numbers = st.tuples(
    st.sampled_from(["linear1.weight", "linear1.bias"]),
    st.integers(0, 3),
    st.floats(FLOAT32.low, FLOAT32.high),
)


rows = st.lists(numbers, max_size=5, unique_by=lambda row: row[:2]).map(tuple)


@given(st.lists(rows, min_size=1, max_size=5))
@example([(("linear1.bias", 0, 0.5),), (), (("linear1.bias", 1, 1.0),)])
def test_rows_are_read_back_to_the_last_bit(helds):
    legs = [xor.Config(hidden=4, held=held) for held in helds]
    course = tuple((k, leg) for k, leg in enumerate(legs) if k == 0 or leg != legs[k - 1])
    back, wrong = read(write(course), legs[-1], xor.LIVE)
    assert wrong == []
    # Not equal alone: 1 and 1.0 name two recordings.
    assert repr(back) == repr(course)


def test_rows_that_make_no_sense_are_named_and_the_rest_is_kept():
    now = xor.Config()
    for word, said in (
        ("linear1.bias,9,0.5", "index = 9"),
        ("linear1.bias,0", "(name, index, value)"),
        ("nonsense", "(name, index, value)"),
        ("linear9.bias,0,1.0", "linear9.bias"),
    ):
        course, wrong = read(f"0 held {word} learning_rate 0.5 40", now, xor.LIVE)
        assert course == ((0, replace(now, learning_rate=0.5)), (40, now))
        assert len(wrong) == 1
        assert said in wrong[0]


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
