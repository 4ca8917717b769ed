"""The page of XOR: what is its own; what every page does is in test_every_lesson.py."""

import pytest

from core.xor import Config
from tests.pages.verdict import verdict

NAME = "xor"


def story(page) -> str:
    return page.markdown[0].value


def preset(page, name: str):
    return page.menu_button(f"{NAME}.preset").click(name).run()


def test_the_page_opens_on_a_run_of_many_frames_that_solves_it(open_page):
    page = open_page(NAME)
    assert not page.exception
    run = page.session_state[f"{NAME}.run"]
    assert run.config == Config()
    assert run.config.steps >= 500
    rows = verdict(page)
    assert rows["Numbers to learn"] == ["17", "17", "exact"]  # 4 × 2 + 4, and 4 + 1
    assert float(rows["Accuracy, points that test"][1]) > 0.998
    assert "exactly one of x and y is 1" in story(page)
    assert "of 0.6926." in story(page)  # as good as log 2: a line says nothing


def test_the_notes_train_on_all_points(open_page):
    page = preset(open_page(NAME), "as in the notes")
    assert page.session_state[f"{NAME}.run"].config == Config(test_share=0.0)
    assert "Accuracy, points that test" not in verdict(page)
    assert float(verdict(page)["Accuracy, points that train"][1]) > 0.998


@pytest.mark.parametrize(
    ("name", "words", "solved"),
    [
        ("without a bend", "one straight line in its inputs", False),
        ("without a bend, but with xy", "falls to 0.", True),
        ("two units are too few", "The best straight line", False),
        ("circle", "The best straight line", True),
        ("moons", "The best straight line", True),
        ("spiral", "The best straight line", True),
    ],
)
def test_what_is_said_is_what_comes(open_page, name, words, solved):
    page = preset(open_page(NAME), name)
    assert not page.exception
    assert words in story(page)
    assert ("exactly one of x and y" in story(page)) == (name.split()[-1] not in SHAPES)
    assert (float(verdict(page)["Accuracy, points that train"][1]) > 0.99) == solved


SHAPES = ("circle", "moons", "spiral")


def test_at_the_edge_of_stability_the_sharpness_is_near_its_limit(open_page):
    page = preset(open_page(NAME), "edge of stability")
    measured = float(verdict(page)["Sharpness: the largest curvature of the loss"][1])
    assert 1 < measured < 4  # around 2/η = 2, where a run of batches stays below a tenth of it


def test_a_run_that_leaves_is_explained_and_mended(open_page):
    page = open_page(NAME, activation="relu", learning_rate="10", weight_decay="0.1", epochs="20",
                     layers="3", hidden="16", momentum="1", noise="1")  # fmt: skip
    assert not page.exception
    assert any("Why it runs away" in one.value for one in page.markdown)
    next(one for one in page.button if one.label == "Use 0.9").click().run()
    assert page.session_state[f"{NAME}.run"].config.learning_rate == 0.9


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("held", "linear1.bias, 9, 1", "index = 9 is not allowed"),
        ("held", "linear1.bias, 1", "each name, whole number, number"),
        ("held", "linear1.bias, 0, 1; linear1.bias, 0, 2", "name each number only once"),
        ("extra_points", "0, 0, 2", "label = 2 is not allowed"),
        ("extra_points", "0, 0", "each number, number, whole number"),
        ("features", "z", "features = z is not allowed: it must be at most 7 of x, y"),
        ("data", "own", "must hold at least 1 point"),
    ],
)
def test_what_is_refused_is_named(open_page, field, text, words):
    page = open_page(NAME, epochs="2", **{field: text})
    assert not page.exception
    said = "\n".join(one.value for one in [*page.error, *page.warning]).replace("\\", "")
    assert words in said
    kept = page.session_state[f"{NAME}.run"].config
    assert (kept.held, kept.extra_points, kept.data) == ((), (), "xor")


def test_a_number_that_is_held_and_let_go_travels_in_the_link(open_page):
    held = (("linear1.bias", 0, 0.5), ("linear2.bias", 0, -1.0))
    word = "linear1.bias,0,0.5;linear2.bias,0,-1.0"
    page = open_page(NAME, epochs="3", course=f"0 20 held {word} 40", at="45")
    assert not page.exception
    assert not page.warning
    now = Config(epochs=3)
    course = page.session_state[f"{NAME}.run"].course
    assert [(step, config.held) for step, config in course] == [(0, ()), (20, held), (40, ())]
    assert course[-1][1] == now
    page = open_page(NAME, epochs="3", held=word)
    assert page.session_state[f"{NAME}.run"].config == Config(epochs=3, held=held)


def test_points_of_ones_own_come_by_the_link(open_page):
    points = ((0.0, 0.0, 0), (1.0, 0.5, 1))
    page = open_page(NAME, epochs="3", data="own", extra_points="0, 0, 0; 1, 0.5, 1")
    assert not page.exception
    assert page.session_state[f"{NAME}.run"].config == Config(
        epochs=3, data="own", extra_points=points
    )


@pytest.mark.parametrize("view", ["Accuracy", "Units", "Network", "Bent plane", "Sharpness"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden": "12", "layers": "3", "activation": "relu", "features": ["x", "xy", "sin y"]},
        {"hidden": "1", "activation": "sigmoid", "optimiser": "adam", "large": "unit 1 of layer 1"},
        {"data": "own", "extra_points": "0, 0, 0; 1, 0.5, 1", "prediction": "hidden"},
    ],
)
def test_every_view_has_its_pictures_for_every_network(open_page, view, settings):
    page = open_page(NAME, view=view, epochs="2", **settings)
    assert not page.exception
    assert not page.error
    assert not page.warning
