"""Everything there is to click on each page, before, during and after play: views, switches and
presets are reached with the mouse, as frames of an earlier choice are already in the browser.

A preset begins anew whatever was there: of these moments each has one in turn. For all of them:

    EVERY_MOMENT=1 pytest tests/browser/test_clicks.py
"""

import os
from pathlib import Path

import pytest

from bench.browser import FIND
from ui.lessons import LESSONS

ROOT = Path(__file__).parents[2]
WHEN = ("before", "during", "after")
EVERY_MOMENT = bool(os.environ.get("EVERY_MOMENT"))
# Runs that are soon over, so that their end is met too.
SHORT = {
    "matrix_game": "?matrix_game.steps=300&matrix_game.learning_rate=0.1",
    "xor": "?xor.epochs=10",
    "sequences": "?sequences.epochs=60&sequences.hidden=4&sequences.length=20",
}
ROW = "[data-testid=stButtonGroup] button:not([aria-label^=Help])"
# The mouse is for what is tested: a script presses the buttons that set the scene, in less time.
PRESS = f"""names => {{ {FIND}
    const play = find('player-play');
    if (!play) return false;
    if (play.getAttribute('aria-label') === 'Pause') play.click();
    for (const name of names) find(`player-${{name}}`).click();
    return true;
}}"""


def get_ready(visitor, when: str) -> None:
    """Bring the player to where something is clicked: at its start, at play, or at its end."""
    names = {"before": ["restart"], "during": ["restart", "play"], "after": ["end"]}[when]
    visitor.page.wait_for_function(PRESS, arg=names, timeout=30_000)
    if when == "during":
        visitor.until_moving()
    if when == "after":
        visitor.until_step(1, or_later=True)


def assert_it_plays(visitor) -> None:
    """Play comes to move from the start, whatever was clicked before."""
    get_ready(visitor, "before")
    visitor.click("play")
    visitor.until_moving()


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_every_preset_starts_at_0_and_plays(visit, lesson):
    visitor = visit()
    page = visitor.open(lesson + SHORT.get(lesson, ""))
    menu, items = page.get_by_test_id("stMenuButtonButton"), page.locator("[role=menuitem]")
    menu.click()
    presets = items.all_inner_texts()
    page.keyboard.press("Escape")
    assert len(presets) >= len(WHEN)
    assert presets[0] == "as in the notes"
    for number, preset in enumerate(presets):
        for when in WHEN if EVERY_MOMENT else [WHEN[number % len(WHEN)]]:
            get_ready(visitor, when)
            visitor.watch_steps()
            menu.click()
            items.nth(number).click()
            first = page.wait_for_function(
                """([label, text]) => {
                    const named = document.querySelector(label)?.textContent.includes(text);
                    const begun = window.seen.lastIndexOf(0);
                    return named && begun >= 0 && window.seen[begun + 1];
                }""",
                arg=["[data-testid=stMenuButtonButton]", preset],
                timeout=90_000,
            ).json_value()
            last = int(page.inner_text("[data-testid=player-last]"))
            assert 0 < first <= max(1, last / 5), (preset, when)  # it moves on, and does not leap


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_every_view_and_every_switch_leaves_a_player_that_plays(visit, lesson):
    visitor = visit()
    page = visitor.open(lesson + SHORT.get(lesson, ""))
    page.get_by_text("More settings").click()
    page.wait_for_timeout(300)
    switches = page.locator("[data-testid=stSidebar] [data-testid=stCheckbox] label")
    views = page.locator(ROW)
    clickable = [switches.nth(i) for i in range(switches.count())]
    clickable += [views.nth(i) for i in [*range(views.count()), 0][1:]]
    source = (ROOT / f"pages/{lesson}.py").read_text()
    assert bool(clickable) == any(f"settings.{kind}(" in source for kind in ("toggle", "view"))
    for when in WHEN:  # an odd number of times: a switch that is on meets all the others
        for one in clickable:
            get_ready(visitor, when)
            with visitor.turned():
                one.click()
            if when == "during":
                visitor.until_moving()
        assert_it_plays(visitor)


def test_a_word_of_the_player_does_not_follow_a_visitor_to_the_next_page(visit):
    """Said in the moment in which its page is left, it made the next page blank."""
    name = LESSONS[0].name
    visitor = visit()
    for _ in range(5):
        page = visitor.open(f"{name}?{name}.learning_rate=0.3&{name}.course=0 learning_rate 0.05 9")
        page.evaluate(f"""() => {{ {FIND}
            find('stSidebarNavLink').click();
            find('player-restart').click();
        }}""")
        page.wait_for_selector("text=Watch PyTorch learn")
        page.wait_for_timeout(500)
        assert page.locator("h1").count() == 1


def test_a_player_that_does_not_come_is_missed_and_asked_for_again(visit):
    visitor = visit()
    page = visitor.open(LESSONS[0].name)
    box = page.get_by_text("The player has not come.")
    assert not box.is_visible()
    player = "document.querySelector('[data-testid^=stBidiComponent]')"
    page.evaluate(f"window.gone = {player}; window.gone.dataset.testid = 'gone'")
    page.wait_for_timeout(3_000)
    assert not box.is_visible()  # most players come in less than five seconds
    box.wait_for(timeout=10_000)
    again = page.get_by_role("button", name="Try again")
    before = visitor.sent
    again.click()
    visitor.rest()
    assert visitor.sent > before
    page.evaluate("window.gone.dataset.testid = 'stBidiComponentRegular'")
    box.wait_for(state="hidden")
