"""A drawn digit on its way through the server: what is taken in, and what is answered."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.mnist import OFFLINE, Config, as_picture, ink, opinion, run
from ui.sketch.sketch import MOST_POINTS, Asked, answer, read

SEVEN = [[[0.25, 0.2], [0.75, 0.2], [0.45, 0.85]]]


@pytest.mark.parametrize(
    "said",
    [
        None,
        "strokes",
        [[]],
        [[[0.5]]],
        [[[0.5, 0.5, 0.5]]],
        [[[0.5, 1.01]]],
        [[[0.5, float("nan")]]],
        [[["0.5", 0.5]]],
        [[[True, 0.5]]],
        [[[0.5, 0.5]] * (MOST_POINTS + 1)],
        [[[0.5, 0.5]]] * 1000,
    ],
)
def test_what_is_no_drawing_is_not_taken(said):
    assert read(said) is None


def test_a_drawing_is_taken_as_it_is():
    assert read([]) == ()
    assert read(SEVEN) == (((0.25, 0.2), (0.75, 0.2), (0.45, 0.85)),)
    assert read([[[0, 1]]]) == (((0.0, 1.0),),)


def asked(config: Config, title: str) -> Asked:
    *_, state = run(config)
    return Asked(title, "#123456", config, state)


def test_each_network_is_asked_of_the_drawing_as_its_own_data_have_it():
    digits = asked(replace(OFFLINE, epochs=1, hidden=(20,)), "one")
    wider = asked(replace(OFFLINE, epochs=2, hidden=(30,)), "two")
    strokes = read(SEVEN)
    assert strokes is not None
    found = answer([digits, wider], strokes)
    picture = as_picture(ink(strokes), "digits")
    assert found["picture"] == picture.ravel().tolist()
    for told, (title, colour, config, state) in zip(found["runs"], (digits, wider), strict=True):
        assert (told["title"], told["ink"]) == (title, colour)
        assert told["opinion"] == opinion(config, state, picture).tolist()
        assert sum(told["opinion"]) == pytest.approx(1, abs=1e-6)  # float32
    assert found["names"] == list("0123456789")
    # MNIST's digits are smaller in their pictures: another network gets another picture.
    other = digits._replace(config=replace(digits.config, dataset="mnist"))
    assert answer([other], strokes)["picture"] != found["picture"]


def test_a_network_that_has_lost_its_numbers_has_no_opinion_and_json_has_no_nan():
    lost = asked(replace(OFFLINE, epochs=1, hidden=(20,)), "one")
    for values in lost.state.parameters.values():  # type: ignore[union-attr]
        values.fill_(np.nan)
    found = answer([lost], ())
    assert found["runs"][0]["opinion"] == [None] * 10
    json.dumps(found, allow_nan=False)
    assert not any(found["picture"])  # nothing is drawn
