"""A table of one's own points: what is read, and which line is wrong."""

import pytest

from core.xor import Config, read_points


def test_three_columns_are_points_and_two_names_are_classes():
    points, names = read_points("0,1,a\n1.5,-2e1,b\n")
    assert points == ((0.0, 1.0, 0), (1.5, -20.0, 1))
    assert names == ("a", "b")
    Config(data="own", extra_points=points)


@pytest.mark.parametrize(
    "text",
    [
        "x,y,label\n0,1,0\n2,3,1",
        "0;1;0\r\n2;3;1\r\n",
        "\ufeffx\ty\tlabel\n0\t1\t0\n\n2\t3\t1\n\n",
        '"0","1","0"\n 2 , 3 , 1 \n',
    ],
)
def test_headings_signs_and_empty_lines_are_as_tables_have_them(text: str):
    assert read_points(text)[0] == ((0.0, 1.0, 0), (2.0, 3.0, 1))


def test_classes_are_ordered_by_value_whichever_comes_first():
    assert read_points("0,0,10\n1,1,9\n") == (((0.0, 0.0, 1), (1.0, 1.0, 0)), ("9", "10"))
    assert read_points("0,0,yes\n1,1,no\n")[1] == ("no", "yes")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no points"),
        ("x,y,label\n", "no points"),
        ("0,1,0\n1,1,0\n", "one class, '0'"),
        # Only the first line may be a heading: what is no number is not left out without a word.
        ("x;y;label\n0,1;0,8;b\n0,2;0,9;a\n", "line 2 .* numbers, such as 0.5"),
        ("n/a,n/a,a\n?,?,b\n0,1,0\n1,1,1\n", "line 2 .* numbers"),
        ("0,1,0\n" + '1,"' + "1,1,1\n" * 30_000, r"line \d+ .* quotation mark left open"),
        ("0,1,0\n1,1," + "x" * 140_000, "line 2 .* too long"),
        ("0,1,0\n1,1\n", "line 2 has 2 columns"),
        ("0,1,0\n1,1,1,1\n", "line 2 has 4 columns"),
        ("x,y,label\n0,1,0\n\n1,one,1\n", "line 4 .* numbers"),
        ("0,one,0\n1,1,1\n", "line 1 .* numbers"),
        ("0,1,0\nnan,1,1\n", "line 2 .* from -1000000"),
        ("0,1,0\n1,inf,1\n", "line 2 .* from -1000000"),
        ("0,1,0\n1,1,1\n2,2,2\n", "line 3 has a third class, '2'"),
        ("0,1,0\n1,1,1\n" * 5000 + "0,0,1\n", "line 10001 is one too many"),
    ],
)
def test_a_table_that_cannot_be_read_says_which_line(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        read_points(text)
