"""What sets courses apart, in words."""

from dataclasses import replace

from core.gradient_descent import Config
from ui.differences import differences, differing, history, written

NOW = Config(learning_rate=0.5, steps=100)


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


def test_many_values_are_counted():
    """A table of one's own points would make the page as wide as it is long."""
    points = tuple((0.0, float(k), k % 2) for k in range(500))
    assert written(points) == "500 of them"
    assert written(points[:2]) == "0, 0, 0; 0, 1, 1"


def test_the_words_for_a_long_drag_are_short():
    course = ((0, NOW), *((k, replace(NOW, learning_rate=k / 10)) for k in range(1, 30)))
    assert history(course, "learning_rate") == "0.5, …, from 27: 2.7, from 28: 2.8, from 29: 2.9"
