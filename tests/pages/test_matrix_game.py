"""The page of the matrix game, without a browser."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.matrix_game import LEARNERS, Config
from tests.pages.verdict import verdict

NAME = "matrix_game"
SOURCE = (Path(__file__).parents[2] / "pages" / f"{NAME}.py").read_text()
SHORT = {"learning_rate": "0.1", "steps": "400"}  # a lap
STAG_HUNT = {"payoff_0": "4, 1; 3, 3", "payoff_1": "4, 3; 1, 3", "steps": "2000"}
DILEMMA = {"payoff_0": "3, 0; 5, 1", "payoff_1": "3, 5; 0, 1", "steps": "2000"}
VIEWS = ("Chase", "Payoffs", "Averages", "Learners")


def settings(page) -> dict[str, object]:
    return {
        field.name: page.session_state[f"{NAME}.{field.name}"]
        for field in fields(Config)
        if f"{NAME}.{field.name}" in page.session_state
    }


def finished(page):
    """The page with its verdict: a long run takes some seconds."""
    for _ in range(60):
        if any('verdict"' in element.proto.body for element in page.get("html")):
            return page
        page.run()
    raise AssertionError("the run does not end")


def said(page) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.warning, *page.error])


def test_it_opens_with_the_game_of_the_notes(open_page):
    page = open_page(NAME)
    assert not page.exception
    assert page.menu_button(f"{NAME}.preset").label == "as in the notes"
    assert settings(page) == {
        "payoff_0": "3, 1; 2, 4",
        "payoff_1": "1, 3; 5, 2",
        "starts": "0, 0",
        "learning_rate": 0.01,
        "learner": "naive",
        "learner_step": 1.0,
        "steps": 25_000,
        "device": "cpu",
        "rivals": [],
    }


def test_the_run_of_the_notes_is_told_with_what_theory_says(open_page):
    page = open_page(NAME)
    while page.caption and any("computed." in element.value for element in page.caption):
        page.run()  # the whole run takes some seconds
    shown = verdict(page)
    # REFERENCE: 3,547 for the flow, laps of 3551.2 to 3578.2, 3,122 for tiny ones.
    assert shown["A lap of this orbit"][:2] == [
        "3547\u2009updates",
        "3551\u2009updates",
    ]
    assert shown["A lap of a tiny orbit"][0] == "3122\u2009updates"
    # 2.60269 -> 2.84060 in seven laps is 1.257 % each.
    predicted, measured, _ = shown["Energy gained in a lap"]
    assert measured.startswith("1.25")
    assert predicted.startswith("1.24")
    assert shown["p, average over 6 whole laps"][0] == "0.6000"
    assert shown["q, average over 6 whole laps"][:2] == ["0.7500", "0.7500"]
    assert shown["Payoff of player 0, average over 6 whole laps"][:2] == ["2.500", "2.500"]
    assert shown["Payoff of player 1, average over 6 whole laps"][0] == "2.600"


def test_the_words_say_who_chases_whom(open_page):
    words = said(open_page(NAME, **SHORT))
    assert "While q is above 0.75, p grows; while p is above 0.6, q falls." in words
    assert "lands a little outside" in words
    assert "*strategically* zero-sum" in words
    assert "= **4**, and" in words
    assert "= **−5**. They have opposite signs:" in words
    swapped = {"payoff_0": "1, 3; 4, 2", "payoff_1": "3, 1; 2, 5"}
    words = said(open_page(NAME, **SHORT, **swapped))
    assert "p falls; while p is above 0.6, q grows." in words


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("game", [SHORT, STAG_HUNT, DILEMMA, SHORT | {"payoff_0": "0, 0; 0, 0"}])
def test_every_view_shows_every_kind_of_game(open_page, view, game):
    page = open_page(NAME, view=view, field="true", **game)
    assert not page.exception
    assert not page.error
    assert not page.warning
    assert page.session_state[f"{NAME}.view"] == view


@pytest.mark.parametrize("learner", ["naive", "lola"])
@pytest.mark.parametrize("preset", [{}, STAG_HUNT])
def test_four_short_sentences_stand_before_the_first_play(open_page, preset, learner):
    page = open_page(NAME, **SHORT | preset | {"learner": learner, "steps": "100"})
    story = next(m.value for m in page.markdown if m.value.startswith("Two players"))
    sentences = re.split(r"(?<=[.!?])\s", story)
    assert len(sentences) <= 4
    assert max(len(sentence.split()) for sentence in sentences) <= 30
    assert "energy" not in story.lower()


def test_what_comes_is_not_told_where_the_prediction_is_not_shown(open_page):
    page = open_page(NAME, prediction="hidden", **SHORT)
    (story,) = [m.value for m in page.markdown if m.value.startswith("Two players")]
    assert "Watch what they do" in story
    assert "chase" not in story
    assert "outside" not in story


def test_a_tab_that_goes_leaves_another_in_front(open_page):
    page = open_page(NAME, **SHORT)
    page.session_state[f"{NAME}.tab"] = "Why it cycles"
    page.run()
    page.text_input(f"{NAME}.payoff_0").set_value(STAG_HUNT["payoff_0"])
    page.text_input(f"{NAME}.payoff_1").set_value(STAG_HUNT["payoff_1"]).run()
    assert not page.exception
    assert "saddle" in said(page)
    page.text_input(f"{NAME}.payoff_0").set_value("3, 1; 2, 4")
    page.text_input(f"{NAME}.payoff_1").set_value("1, 3; 5, 2").run()
    assert not page.exception
    assert "Why it cycles" in [tab.label for tab in page.tabs]


def test_a_saddle_and_dominance_are_named_and_their_corner_is_reached(open_page):
    page = finished(
        open_page(NAME, **STAG_HUNT | {"starts": "1, 1", "learning_rate": "0.1", "steps": "1300"})
    )
    assert "is a *saddle*" in said(page)
    assert "Why it cycles" not in [tab.label for tab in page.tabs]
    predicted, measured, _ = verdict(page)["p in the end"]
    assert predicted == "1.000"
    assert float(measured) > 0.99
    page = finished(open_page(NAME, **DILEMMA))
    assert "(*dominance*), so both end in the corner (0, 0)" in said(page)
    assert verdict(page)["p in the end"][0] == "0"


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_learner_is_told_with_its_half_life(open_page, learner):
    # Near where it rests, since theory is for small distances.
    near = {"starts": "0.5, 1.15", "learning_rate": "0.2", "steps": "1500"}
    page = finished(open_page(NAME, learner=learner, view="Learners", **near))
    assert not page.exception
    title = next(name for name in verdict(page) if "its distance" in name)
    predicted, measured, error = verdict(page)[title]
    assert title.startswith(f"{learner}: ")
    assert ("doubles" in title) == (learner in ("naive", "alternating"))
    if learner == "alternating":
        assert predicted == "—"  # tiny orbits would keep their size, and no run shows for ever
    else:
        assert "×\u200910⁻" in error or float(error.removesuffix("\u2009%")) < 3
        assert measured.endswith("updates")


def needs_of(page) -> dict[str, int]:
    """Rows that are too short to tell: quantity -> updates that would do."""
    cells = {title: row[1] for title, row in verdict(page).items()}
    found = {
        title: re.search(r"too short.*needs (\d+) updates", text) for title, text in cells.items()
    }
    return {title: int(match[1]) for title, match in found.items() if match}


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"learning_rate": "0.1", "steps": "500"}, "A lap of this orbit"),
        ({"learning_rate": "0.1", "steps": "500"}, "Energy gained in a lap"),
        ({"learning_rate": "0.1", "steps": "500"}, "p, average over whole laps"),
        (DILEMMA | {"steps": "500"}, "q in the end"),
        (
            {"learning_rate": "0.1", "steps": "500", "learner": "consensus"},
            "A lap near where it rests",
        ),
        ({"learning_rate": "0.1", "steps": "500", "learner": "consensus"}, "q in the end"),
        # A fork 100 updates before the end of a run that shows six laps.
        (
            {"learning_rate": "0.2", "steps": "1200", "course": "0 learning_rate 0.1 1100"},
            "A lap of this orbit",
        ),
    ],
)
def test_a_run_too_short_for_its_measurement_says_what_it_needs(open_page, fields, title):
    count = needs_of(finished(open_page(NAME, **fields)))[title]
    assert count > int(fields["steps"])
    enough = str(-(-count // 100) * 100)  # the slider's steps
    longer = finished(open_page(NAME, **fields | {"steps": enough}))
    assert title.split(" whole")[0] in " ".join(set(verdict(longer)) - set(needs_of(longer)))


def test_a_lap_too_short_for_the_frames_is_not_measured(open_page, record_every):
    record_every(21)  # as of 50,000 updates
    page = finished(
        open_page(
            NAME,
            payoff_0="3, 0; 0, 3",
            payoff_1="0, 3; 3, 0",
            starts="1, 0",
            learning_rate="0.5",
            steps="1000",
        )
    )
    assert "frames are too far apart" in verdict(page)["A lap of this orbit"][1]


def test_where_steps_are_too_large_for_theory_it_is_no_prediction(open_page):
    page = finished(open_page(NAME, learning_rate="0.5", steps="1000"))
    shown = verdict(page)
    assert shown["Energy gained in a lap"][0] == "—"
    assert shown["Energy gained in a lap"][2] == "—"
    assert "tiny steps and orbits would have" in "".join(
        element.proto.body for element in page.get("html")
    )


def test_rivals_run_beside_on_the_same_axes(open_page):
    page = open_page(NAME, view="Learners", steps="500")
    page.multiselect(f"{NAME}.rivals").set_value(["consensus", "lola"]).run()
    finished(page)
    assert not page.exception
    heads = [name.split(":")[0] for name in verdict(page) if "its distance" in name]
    assert heads == ["naive", "consensus", "lola"]
    told = page.markdown[0].value  # of the naive ones alone: others go their own ways
    assert "so naive players chase each other" in told
    assert "Of the naive players: each update is a straight step" in told
    assert any(one.value.startswith("Of several runs") for one in page.caption)
    page.session_state[f"{NAME}.tab"] = "Code"
    page.run()
    assert page.caption[-2].value.startswith("The first of the runs on screen as a plain PyTorch")


def test_as_many_runs_as_the_page_allows_are_shown_side_by_side(open_page):
    eight = "; ".join(f"{k / 10}, 0" for k in range(8))
    page = open_page(NAME, view="Learners", steps="300", starts=eight)
    page.multiselect(f"{NAME}.rivals").set_value(["consensus", "lola", "optimistic"]).run()
    assert not page.exception
    heads = [name.split(":")[0] for name in verdict(finished(page)) if "its distance" in name]
    assert heads == [*(f"naive {k}" for k in range(1, 9)), "consensus", "lola", "optimistic"]


def test_a_cloud_is_one_batch_with_its_cost(open_page):
    page = finished(open_page(NAME, cloud="true", steps="300", rivals="lola"))
    assert not page.exception
    cost = next(element.value for element in page.caption if "Computed on" in element.value)
    assert re.search(r"microseconds an update of 1000 runs, [\d.]+ each\.", cost)


@pytest.mark.parametrize("text", ["", "1", "1, 2, 3; 4", "one"])
def test_a_cloud_around_no_start_is_refused(open_page, text):
    page = open_page(NAME, cloud="true", steps="300")
    page.text_input(f"{NAME}.starts").set_value(text).run()
    assert not page.exception
    assert "it must be 1 to 8 pairs of numbers" in said(page)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("learning_rate", "7", "learning_rate = 7 is not allowed: it must be a finite number from"),
        ("learning_rate", "nan", "learning_rate = nan is not allowed"),
        ("learner", "sgd", "learner = 'sgd' is not allowed: it must be one of naive, alternating"),
        ("rivals", "sgd", "rivals = sgd is not allowed: it must be at most 3 of naive"),
        ("view", "All", "view = 'All' is not allowed: it must be one of Chase, Payoffs"),
        ("steps", "0.5", "steps = 0.5 is not allowed: it must be a whole number from 100 to 50000"),
        ("device", "tpu", "device = 'tpu' is not allowed"),
        ("cloud", "many", "cloud = 'many' is not allowed"),
        ("colour", "red", "which this page does not know"),
    ],
)
def test_a_bad_value_in_a_link_is_named_with_its_range_and_ignored(
    open_page, field, value, message
):
    short = {} if field in SHORT else SHORT
    page = open_page(NAME, **short, **{field: value})
    assert not page.exception
    assert message in said(page)
    assert settings(page) == settings(open_page(NAME, **short))


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("payoff_0", "1, 2; 3, nan", "payoff_0[1][1] = nan is not allowed: it must be a finite"),
        ("payoff_1", "1, 2; 3, 1e7", "from -1000000 to 1000000"),
        ("payoff_0", "1, 2, 3", "payoff_0 = '1, 2, 3' is not allowed: it must be 2 rows of 2"),
        ("starts", "", "starts = '' is not allowed: it must be 1 to 8 pairs of numbers"),
        ("starts", "1, 2, 3", "starts = '1, 2, 3' is not allowed"),
        ("starts", "1, 99", "starts[0][1] = 99.0 is not allowed: it must be a finite number from"),
        ("starts", "; ".join(["1, 1"] * 9), "it must be 1 to 8 pairs"),
    ],
)
def test_a_refused_text_is_explained_and_the_last_good_run_stays(open_page, field, text, message):
    page = finished(open_page(NAME, **SHORT))
    good = verdict(page)
    page.text_input(f"{NAME}.{field}").set_value(text).run()
    assert not page.exception
    assert message in said(page)
    assert "The last good run stays on screen." in said(page)
    assert verdict(page) == good


def test_the_guess_is_answered_by_the_run(open_page):
    page = open_page(NAME, **SHORT)
    assert page.button(f"{NAME}.bold").disabled
    page.radio(f"{NAME}.bold.guess").set_value("closer").run()
    page.button(f"{NAME}.bold").click().run()
    finished(page)
    # 0.2² 0.2012² / 2 an update, 2,400 of them: e^1.94 for tiny orbits, large ones grow less.
    grown = re.search(
        r"Farther away, not closer: their distance, [^.]*, grew ([\d.]+) times", said(page)
    )
    assert grown
    assert 2 < float(grown[1]) < 7


def test_a_steered_run_opens_from_its_link(open_page):
    page = open_page(NAME, learner="consensus", course="0 learner naive 220", steps="660", at="220")
    assert not page.exception
    assert not page.warning
    assert page.session_state[f"{NAME}.run"].course[0] == (0, Config(steps=660))
    assert page.session_state[f"{NAME}.run"].course[1][0] == 220


def test_who_begins_where_nothing_moves_is_not_said_to_chase(open_page):
    pennies = {"payoff_0": "1,-1;-1,1", "payoff_1": "-1,1;1,-1"}
    still = said(open_page(NAME, steps="300", **pennies))
    assert "Both begin at (0.5, 0.5), the *equilibrium*" in still
    assert "they chase each other" not in still
    moved = said(open_page(NAME, steps="300", starts="1,0", **pennies))
    assert "they chase each other around (0.5, 0.5)" in moved
