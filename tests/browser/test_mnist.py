"""MNIST, as a learner meets it: a digit is drawn, and networks say what they take it for."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest

from bench.browser import FIND
from core import mnist as lesson
from core.recording import MAX_CHECKPOINTS

PAGE = "mnist"
STILL = "mnist.dataset=digits"  # the data that every machine has
SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.45, 0.85))
SMALL = f"{PAGE}.hidden=30"
OPENED = replace(lesson.OFFLINE, hidden=(30,))  # with that alone in the link


def draw(page, corners=SEVEN, steps: int = 25) -> None:
    """A stroke from corner to corner, by mouse."""
    paper = page.get_by_test_id("sketch-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=steps)
    page.mouse.up()


def said(page) -> dict[str, tuple[str, float]]:
    """What each network says: its name -> the class and how likely."""
    text = page.get_by_test_id("sketch-said").inner_text()
    found = re.findall(r"([^;]+?): (\w+), (\d+) %", text)
    return {name.strip(): (label, int(percent) / 100) for name, label, percent in found}


def until_said(page, name: str, label: str) -> float:
    """Wait until a network says that; how likely."""
    page.get_by_text(f"{name}: {label}, ").wait_for(state="attached")
    page.wait_for_timeout(500)  # the last of the strokes may be under way
    return said(page)[name][1]


def expected(config: lesson.Config, step: int) -> np.ndarray:
    state = next(one for one in lesson.run(config) if one.step == step)
    picture = lesson.as_picture(lesson.ink([SEVEN]), config.dataset)
    return lesson.opinion(config, state, picture)


def test_back_leaves_the_page_at_once_and_leads_to_the_run_that_was_left(visit):
    """What the page begins with where MNIST was not fetched stands in its address all the same."""
    visitor = visit(new_tab=True)
    page = visitor.open("xor?xor.learning_rate=0.2&xor.epochs=3")
    page.get_by_role("link", name="MNIST").first.click()
    page.wait_for_url(f"**/{PAGE}?*{STILL}*")
    page.go_back()
    page.wait_for_url("**/xor?*")
    visitor.rest()
    rate = page.get_by_role("slider", name="Learning rate")
    assert rate.get_attribute("aria-valuetext") == "0.2"
    assert parse_qs(urlparse(page.url).query) == {"xor.learning_rate": ["0.2"], "xor.epochs": ["3"]}
    visitor.open(PAGE)  # by its address
    page.wait_for_url(f"**/{PAGE}?*{STILL}*")
    page.go_back()
    page.wait_for_url("**/xor?*")


def test_a_digit_drawn_by_mouse_gets_the_opinion_of_the_network_on_screen(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{SMALL}")
    assert parse_qs(urlparse(page.url).query)[f"{PAGE}.dataset"] == ["digits"]
    visitor.click("end")
    visitor.until_step(OPENED.steps)
    page.get_by_role("tab", name="Draw a digit").click()
    page.get_by_text("Nothing is drawn yet.").wait_for(state="attached")
    visitor.rest()
    paper = page.get_by_test_id("sketch-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    draw(page)
    assert paper.bounding_box() == box  # it stays under the pen, whatever is told meanwhile
    opinion = expected(OPENED, OPENED.steps)
    likely = until_said(page, f"on screen, after batch {OPENED.steps}", str(opinion.argmax()))
    # A corner is cut by less than the pen's own width, and a percent is rounded.
    assert likely == pytest.approx(opinion.max(), abs=0.06)
    wide = page.locator("[data-testid=sketch-bars] .bar").evaluate_all(
        "bars => bars.map((bar) => parseFloat(bar.style.width))"
    )
    assert sum(wide) == pytest.approx(100, abs=0.01)
    page.get_by_test_id("sketch-clear").click()
    page.get_by_text("Nothing is drawn yet.").wait_for(state="attached")


def test_a_drawing_stays_while_one_looks_elsewhere_and_another_step_has_its_opinion(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}")
    visitor.click("end")
    visitor.until_step(lesson.Config(dataset="digits", epochs=3).steps, or_later=True)
    page.get_by_role("tab", name="Draw a digit").click()
    visitor.rest()
    draw(page)
    page.get_by_text(re.compile("on screen, after batch [1-9]")).first.wait_for()
    visitor.rest()
    before = said(page)
    assert len(before) == 1
    page.get_by_role("tab", name="Try this").click()
    visitor.rest()
    page.get_by_role("tab", name="Draw a digit").click()
    (name,) = before
    page.get_by_text(f"{name}: ").first.wait_for(state="attached")  # the drawing is there again
    visitor.rest()
    assert said(page) == before
    visitor.scrub(0)
    visitor.until_step(0)
    page.get_by_text("on screen, before the first batch").first.wait_for()
    visitor.rest()
    ((_, likely),) = said(page).values()
    assert likely < 0.2  # ten classes, and nothing is learnt


def test_a_pinned_run_is_asked_too_and_keys_draw(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}")
    page.get_by_role("button", name="Pin this curve").click()
    page.get_by_role("button", name="Unpin A").wait_for()
    visitor.move("Learning rate", 4)
    visitor.rest()
    visitor.click("end")
    visitor.rest()
    page.get_by_role("tab", name="Draw a digit").click()
    visitor.rest()
    paper = page.get_by_test_id("sketch-paper")
    paper.focus()
    paper.press(" ")
    for _ in range(20):
        paper.press("ArrowDown")
    visitor.rest()
    page.wait_for_timeout(1_000)
    assert [name.split(",")[0] for name in said(page)] == ["on screen", "A"]
    paper.press("Delete")
    page.get_by_text("Nothing is drawn yet.").wait_for(state="attached")
    assert visitor.step() > 0  # keys were the drawing's, not the player's


def test_what_is_pressed_in_the_moment_of_a_stroke_is_not_lost(visit):
    """A browser tells both in one message, which names what spoke first."""
    visitor = visit()
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}")
    page.get_by_role("tab", name="Draw a digit").click()
    page.get_by_text("The whole run").first.wait_for()  # nothing else makes the page run again
    page.get_by_test_id("sketch-paper").wait_for()
    visitor.rest()
    page.evaluate(f"""() => {{ {FIND}
        const paper = find("sketch-paper");
        const {{ left, top }} = paper.getBoundingClientRect();
        const place = {{ clientX: left + 50, clientY: top + 50, pointerId: 1, bubbles: true }};
        paper.setPointerCapture = () => {{}}; // of a pointer that is none
        paper.dispatchEvent(new PointerEvent("pointerdown", place));
        const buttons = [...document.querySelectorAll("button")];
        buttons.find(one => one.innerText.includes("Pin this curve")).click();
    }}""")
    page.get_by_role("button", name="Unpin A").wait_for()
    visitor.until(lambda: [name.split(",")[0] for name in said(page)] == ["on screen", "A"])


def step_asked(page) -> int:
    """After which batch the network on screen is asked."""
    text = page.get_by_test_id("sketch-said").inner_text()
    told = re.match(r"on screen, (?:after batch (\d+)|before the first batch)", text)
    assert told, text
    return int(told[1] or 0)


def test_one_draws_while_the_run_plays_and_is_told_what_the_network_on_screen_thinks(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}&{PAGE}.epochs=50")
    last = 50 * 23
    assert int(page.inner_text("[data-testid=player-last]")) == last
    page.get_by_role("tab", name="Draw a digit").click()
    visitor.rest()
    visitor.click("play")
    visitor.until_step(20, or_later=True)
    visitor.watch_steps()
    draw(page)
    seen = page.evaluate("window.seen")
    assert len(seen) > 20  # it has not stood still
    drawn = visitor.step()
    visitor.until(lambda: step_asked(page) > drawn)  # nothing is drawn now, and it is asked again
    assert step_asked(page) <= visitor.step() < last
    visitor.click("play")
    visitor.until_told()
    visitor.rest()
    rests = visitor.step()
    # A run can go on from each 100th batch and from each epoch's end. One of these is kept, then
    # the first that comes a 64th of the run later, or up to an epoch after that.
    apart = -(-last // MAX_CHECKPOINTS) + 23
    visitor.until(lambda: rests - apart < step_asked(page) <= rests)
    visitor.click("restart")
    page.get_by_text("on screen, before the first batch").first.wait_for(state="attached")


def test_every_tab_shows_what_it_has_before_during_and_after_play(visit):
    visitor = visit(width=390)
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}&{PAGE}.epochs=6")
    tabs = [one.inner_text() for one in page.get_by_role("tab").all()]
    assert tabs[:2] == ["Try this", "Draw a digit"]

    def look() -> None:
        for name in tabs:
            page.get_by_role("tab", name=name, exact=True).click()
            visitor.rest()

    look()
    visitor.click("play")
    visitor.until_step(10, or_later=True)
    look()
    visitor.click("end")
    visitor.until_step(6 * 23)
    look()
    page.get_by_role("tab", name="Look inside").click()
    page.get_by_text("After batch 138, the one on screen").wait_for()
    for view in ("Gradient", "Accuracy"):
        with visitor.turned():
            page.get_by_test_id("stButtonGroup").get_by_text(view).click()
        assert page.locator("figure canvas.marks").count() == 3


def test_a_rate_moved_while_it_plays_holds_from_the_next_state_that_it_can_go_on_from(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{STILL}&{SMALL}&{PAGE}.epochs=20")
    visitor.click("play")
    visitor.until_step(30, or_later=True)
    visitor.move("Learning rate", 3)
    undo = page.get_by_role("button", name="Undo the change at")
    undo.wait_for()
    forked = int(undo.inner_text().split()[-1])
    # At each 100th batch and each epoch's end, of 23: all numbers are kept there.
    assert forked % 100 == 0 or forked % 23 == 0
    assert forked >= 30
    visitor.until_step(forked + 10, or_later=True)
    visitor.click("play")
    visitor.until_told()
