"""LSTM and GRU, as a learner meets them: toggled, raced, steered late, looked into."""

from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import numpy as np
from playwright.sync_api import expect

from core import sequences as lesson
from core.course import play, settings_at
from ui.link import read

PAGE = "sequences"
SMALL = lesson.Config(hidden=8, length=30, sequences=20, epochs=60, learning_rate=0.01)
LAST = SMALL.epochs
LINK = f"{PAGE}?" + "&".join(
    f"{PAGE}.{field}={getattr(SMALL, field)}"
    for field in ("hidden", "length", "sequences", "epochs")
)


def press(page, group: int, name: str) -> None:
    """One of a row of buttons: the cells (0), or the views (1)."""
    page.get_by_test_id("stButtonGroup").nth(group).get_by_text(name, exact=True).click()


def test_a_cell_toggled_and_a_step_changed_late_give_the_runs_of_their_own(visit):
    visitor = visit()
    page = visitor.open(LINK)
    visitor.click("play")
    visitor.until_step(20, or_later=True)
    press(page, 0, "GRU")  # in the middle of play: another run, from its start on
    page.wait_for_url(lambda url: f"{PAGE}.cell=GRU" in url)
    visitor.rest()
    visitor.until_step(40, or_later=True)  # it plays on
    slider = page.get_by_role("slider", name="Learning rate")
    slider.press("ArrowLeft")
    page.get_by_text("Undo the change at").wait_for()
    visitor.click("end")
    visitor.until_step(LAST)
    visitor.until_told()
    query = parse_qs(urlparse(page.url).query)
    now = replace(SMALL, cell="GRU", learning_rate=float(query[f"{PAGE}.learning_rate"][0]))
    course, wrong = read(query[f"{PAGE}.course"][0], now, lesson.LIVE)
    assert wrong == []
    assert len(course) == 2
    assert course[1][0] >= 40
    states = list(play(lesson.run, course))
    columns = visitor.columns()
    assert columns["loss"] == [state.loss.item() for state in states]
    for step in (0, course[1][0], LAST):
        frame = lesson.frame(settings_at(course, step), states[step])
        assert columns["hz_50_4"][step] == float(frame["hz_50_4"]) or np.isnan(frame["hz_50_4"])
        assert visitor.wide("rollout_50_4", step) == frame["rollout_50_4"].tolist()


def test_views_are_clicked_in_the_middle_of_play_and_each_shows_its_own(visit):
    visitor = visit()
    page = visitor.open(LINK)
    visitor.click("play")
    for view, pictures, wide in (
        ("Side by side", 3, "lane_1_rollout_50_4"),
        ("One step or many", 3, "forced_4"),
        ("Gates", 3, "unit_forget"),
        ("Unknown waves", 2, "heard"),
        ("Rollout", 3, "rollout_50_4"),
    ):
        with visitor.turned():
            press(page, 1, view)
        visitor.until_moving()
        visitor.rest()
        expect(page.locator("figure")).to_have_count(pictures)
        visitor.click("end")
        visitor.until_step(LAST)
        assert len(visitor.wide(wide, LAST)) >= 64
        visitor.click("restart")
        visitor.click("play")
    visitor.rest()


def test_a_click_in_the_gates_chooses_the_unit_that_is_drawn_alone(visit):
    visitor = visit()
    page = visitor.open(f"{LINK}&{PAGE}.view=Gates")
    visitor.click("end")
    visitor.until_step(LAST)
    *_, last = lesson.run(SMALL)
    box = page.locator(".canvas").first.bounding_box()
    assert box
    wide, high = 3 * 3 + 2 * 0.25, 2 * (2 + 0.45)  # three pictures abreast, two rows
    pixel = max(wide / (box["width"] - 10), high / (box["height"] - 10))  # 5 around the plot
    x, y = 1.0, 0.45 + 2 * 4.5 / 8  # in the first picture, the fifth of eight units
    left = box["width"] / 2 + (x - wide / 2) / pixel
    top = box["height"] / 2 + (y - high / 2) / pixel
    page.locator(".canvas").first.click(position={"x": left, "y": top})
    page.get_by_text("Unit 5: a click in the rasters chooses another").wait_for()
    visitor.rest()
    assert visitor.step() == LAST
    wanted = lesson.gates(SMALL, last, lesson.sequence_of(SMALL, 4))["forget"][0, :, 4].numpy()
    shown = np.array(visitor.wide("unit_forget", LAST))[: len(wanted)]
    assert np.abs(shown - wanted).max() <= 0.51 / 254  # half a byte, and float32


def test_all_tabs_open_and_the_wave_grows_point_by_point(visit):
    visitor = visit()
    page = visitor.open(f"{LINK}&{PAGE}.heard=5")
    visitor.scrub(30)
    visitor.until_step(30)
    page.get_by_role("tab", name="Point by point").click()
    page.get_by_text("After epoch 30 it is fed the true sample").wait_for()
    for _ in range(3):
        page.get_by_test_id("stNumberInputStepUp").click()
        visitor.rest()
    page.get_by_text("its own last word").wait_for()
    visitor.click("forward")  # another step, and the tab follows
    page.get_by_text("After epoch 31 it is fed").wait_for()
    page.get_by_role("tab", name="Over seeds").click()
    page.get_by_role("button", name="Train 5 seeds of each").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Train 5 seeds of each").or_(
        page.get_by_role("button", name="Go on")
    ).wait_for()
    for name, words in (
        ("What a loss means", "says the last sample once more"),
        ("Sizes and times", "Is the comparison fair?"),
        ("Try this", "Race them"),
    ):
        page.get_by_role("tab", name=name).click()
        page.get_by_text(words).wait_for()
    visitor.rest()
    assert visitor.step() == 31
