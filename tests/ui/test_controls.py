"""How controls read and write numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gradient_descent import plain_pytorch
from ui.controls import literal, parse_matrix, parse_numbers, write_matrix, write_numbers
from ui.source import source

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1, max_size=8))
def test_numbers_are_read_back_as_they_were_written(values):
    assert parse_numbers(write_numbers(values)) == tuple(values)


def test_commas_and_spaces_separate():
    assert parse_numbers(" 1,2  3 ,4.5") == (1, 2, 3, 4.5)


def test_the_source_shown_is_the_source_of_the_function():
    assert source(plain_pytorch).startswith("def plain_pytorch(config: Config) -> str:")


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
