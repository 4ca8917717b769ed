"""The page of the sine fit: what is its own; what every page does is in test_every_lesson.py."""

import re

import pytest

from tests.pages.verdict import verdict

NAME = "sine_fit"


def story(page) -> str:
    return page.markdown[0].value


def preset(page, name: str):
    return page.menu_button(f"{NAME}.preset").click(name).run()


def test_the_page_opens_on_the_flip_of_the_notes(open_page):
    page = open_page(NAME)
    assert not page.exception
    assert "leaps from wall to wall for ever, 0.04992 to either side" in story(page)
    rows = verdict(page)
    assert rows["How it ends"] == ["2-cycle", "2-cycle", "none"]
    assert rows["Swing of the flip"][0] == rows["Swing of the flip"][1] == "0.04992"
    assert rows["Bias of the amplitude"][1].split("<")[0] == "too short to tell"
    assert (
        verdict(preset(page, "longer than in the notes"))["Bias of the amplitude"][1] == "−0.01889"
    )


@pytest.mark.parametrize(
    ("name", "words", "kind"),
    [
        ("the mean in place of the sum", "and here it is", "rests"),
        ("a step that decays", "Here η shrinks, and each leap with it", "rests"),
        ("with momentum", "Here it settles into no flip, and wanders", "wanders"),
        ("Adam", "theory names no end", "rests"),
        ("Newton", "A run rests only where η is below 2, and here it is", "rests"),
        ("caught in a side valley", "around f = 3.167", "2-cycle"),
        ("the mix that the notes left out", "around f = 0.7823", "2-cycle"),
    ],
)
def test_what_is_said_is_what_comes(open_page, name, words, kind):
    page = preset(open_page(NAME), name)
    assert not page.exception
    assert words in story(page)
    assert verdict(page)["How it ends"][1] == kind


def test_a_step_so_small_that_the_run_creeps_is_not_said_to_wander(open_page):
    """Far below the critical step it goes straight on, to where it will rest."""
    page = open_page(NAME, step_size="0.0001")
    assert "1000 updates more do not bring it there" in story(page)
    assert "wanders" not in story(page)
    predicted, measured, _ = verdict(page)["How it ends"]
    assert predicted == "rests"
    assert measured.startswith("too short to tell")
    # Where it goes astray in the end, forty updates still show it creeping: that is no wandering.
    short = verdict(open_page(NAME, step_size="0.00056"))["How it ends"]
    assert short[1].startswith("too short to tell")


def test_one_point_is_not_points(open_page):
    assert "fitted to 1 point." in story(open_page(NAME, points="1"))


def test_a_run_that_leaves_is_explained_and_mended(open_page):
    page = preset(open_page(NAME), "gradient descent, no longer normalised")
    assert any("Why it runs away" in one.value for one in page.markdown)
    next(one for one in page.button if one.label == "Use 0.00014").click().run()
    assert "and here it is" in story(page)
    assert not any("Why it runs away" in one.value for one in page.markdown)


def test_a_number_is_guessed_and_answered_by_the_run(open_page):
    page = open_page(NAME)
    page.session_state[f"{NAME}.tab"] = "Try this"
    page.run()
    guess = page.number_input(f"{NAME}.half.guess").set_value(0.04).run()
    assert not any("You said" in one.value for one in guess.markdown)
    page.button(f"{NAME}.half").click().run()
    (reply,) = (one.value for one in page.markdown if "You said" in one.value)
    assert reply.startswith("You said 0.04000. Measured: 0.02492; η/2 − 1/λ is 0.02492.")


@pytest.mark.parametrize("view", ["Valley", "Surface", "Curvature", "Gradient"])
def test_every_view_has_its_picture_and_words(open_page, view):
    page = open_page(NAME, view=view, prediction="hidden")
    assert not page.exception
    assert "Watch what they do" in story(page)


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        ({}, "; below 2/η = 20 a run rests"),
        ({"momentum": "0.5"}, "; below (2 + 2β)/η = 30 a run rests"),
        ({"decay": "0.5", "steps": "11"}, "; below 2/η = 20 to 120 a run rests"),
        ({"optimiser": "adam"}, ""),
    ],
)
def test_the_edge_that_is_drawn_is_that_of_the_settings(open_page, sent, settings, title):
    open_page(NAME, view="Curvature", **settings)
    assert sent[-1]["charts"][0]["caption"] == f"The largest curvature{title}"


def test_a_flat_loss_has_no_valley_and_the_page_says_so(open_page):
    page = open_page(NAME, true_amplitude="0", amplitude="0")
    assert not page.exception
    assert "no valley" in story(page)


@pytest.mark.parametrize("momentum", ["0", "0.3"])
def test_the_swing_that_is_reckoned_on_the_page_is_that_of_its_formula(open_page, momentum):
    page = open_page(NAME, momentum=momentum, steps="120")
    (said,) = [one.value for one in page.markdown if "From a distance d on one wall" in one.value]
    (formula, step, divisor, steep, swing) = re.findall(
        r"d = (η/\S+(?: \+ 2β\))?) − 1/λ = ([\d.]+)/([\d.]+) − 1/([\d.]+) = \*\*([\d.]+)\*\*", said
    )[0]
    assert float(swing) == pytest.approx(float(step) / float(divisor) - 1 / float(steep), rel=2e-4)
    assert float(divisor) == pytest.approx(2 + 2 * float(momentum))
    assert formula == ("η/2" if momentum == "0" else "η/(2 + 2β)")
    (note,) = [one.value for one in page.get("html") if "Swing of the flip" in one.value]
    assert f"either end: {formula} − 1/λ" in note
    assert verdict(page)["Swing of the flip"][0] == swing


def test_a_flip_of_the_amplitude_is_said_to_be_one_and_has_no_bias(open_page):
    """A side valley is even about its floor: what is left there, of a swing of 0.05, is noise."""
    page = preset(open_page(NAME), "caught in a side valley")
    assert "to either side of the middle, in a and hardly in f." in story(page)
    rows = verdict(page)
    assert rows["Swing of the flip"][0] == "0.04899"
    assert "Bias of the amplitude" not in rows
    page = open_page(NAME)
    assert "in a and" not in story(page)
    assert "Bias of the amplitude" in verdict(page)


def test_where_a_run_leaves_it_is_not_said_to_end_in_a_valley(open_page):
    page = preset(open_page(NAME), "gradient descent, no longer normalised")
    assert "In the valley where this begins, around f = 1" in story(page)
