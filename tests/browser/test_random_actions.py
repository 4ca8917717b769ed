"""A visitor who does anything anywhere, in any order, and quickly.

Each action is one to three moves without a pause. A seed chooses the same moves each time; what
they meet depends on the clock. So a failure prints the last ones. For more than the suite runs:

    RANDOM_ACTIONS=700 RANDOM_SEED=1 pytest tests/browser/test_random_actions.py
"""

import os
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Error, Locator

from bench.browser import FIND
from ui.lessons import LESSONS

ACTIONS = int(os.environ.get("RANDOM_ACTIONS", "100"))
USUAL_SEED = 14  # its first 100 actions have every kind of move four times and more
SEED = int(os.environ.get("RANDOM_SEED", USUAL_SEED))
ANSWER_MS = 30_000
MOVE_MS = 1_000  # a move that cannot be made, as its target has just gone, is given up
TOLD = 12  # actions that a failure prints
# So many moves of a kind find at least once what they are made with. Of the rarest, a switch, which
# is folded away, one in five does: of 24 none by one chance in 200.
OFTEN = 24
TEXTS = ("0", "1, -2, 0.5", "1, 0; 0, 1", "3, -3; -3, 3", "1e300", "-inf", "nan", "", "1,,2", "<b>")
TEXTS += ("1e-320, 0; 0, 1e-320", "2, 1; 1, 2", "0.1", "-0", "1e6, -1e6; 1, 1", "x" * 400)
BUTTONS = ("restart", "back", "play", "forward", "end")
KEYS = (" ", "ArrowLeft", "ArrowRight", "Home", "End", "Tab", "Escape")
SIDEBAR = "[data-testid=stSidebar]"
MAIN = "[data-testid=stMain]"

# Is a player there, and does it answer? At play another update must come onto the screen, at rest
# one frame on or back must. Where a run could not start, its page says so instead.
ANSWERS = f"""async () => {{ {FIND}
    const frame = () => new Promise(requestAnimationFrame);
    if (document.querySelector('.st-key-no_player')) return true;
    const step = () => find('player-step'), shown = step()?.textContent;
    const [play, last] = [find('player-play'), find('player-last')];
    if (!shown || !last.textContent || !document.querySelector('[data-testid=stApp]')) return false;
    if (shown === '0' && last.textContent === '0') return true;
    if (play.getAttribute('aria-label') === 'Play')
        find(shown === last.textContent ? 'player-back' : 'player-forward').click();
    for (let i = 0; i < 30; i++) {{
        await frame();
        const now = step()?.textContent;
        if (now === undefined) return false;
        if (now !== shown) return true;
    }}
    return false;
}}"""


class Move(NamedTuple):
    """What to do, and four numbers from 0 to 1 that choose where."""

    name: str
    where: tuple[float, float, float, float]


def pick(options: Sequence[Any], part: float) -> Any:
    """The option that lies at that part of the list."""
    return options[int(part * len(options))]


def one_of(visitor, selector: str, part: float) -> Locator:
    """One of the elements there are now; raises Error if there is none."""
    found = visitor.page.locator(selector).filter(visible=True)
    count = found.count()
    if not count:
        raise Error("none is there")
    return found.nth(int(part * count))


def press_player(visitor, where) -> None:
    visitor.page.click(f"[data-testid=player-{pick(BUTTONS, where[0])}]", timeout=MOVE_MS)


def press_key(visitor, where) -> None:
    if where[1] < 0.5:
        visitor.page.locator("[data-testid=player]").focus(timeout=MOVE_MS)
    for _ in range(1 + int(5 * where[2])):
        visitor.page.keyboard.press(pick(KEYS, where[0]))


def scrub(visitor, where) -> None:
    most = visitor.page.get_attribute("[data-testid=player-scrub]", "max", timeout=MOVE_MS)
    visitor.scrub(int(where[0] * (int(most or 0) + 1)))


def choose_speed(visitor, where) -> None:
    speeds = visitor.page.locator("[data-testid=player-speed]")
    count = speeds.locator("option").count()
    speeds.select_option(index=int(where[0] * count), timeout=MOVE_MS)


def move_slider(visitor, where) -> None:
    slider = one_of(visitor, f"{SIDEBAR} input[type=range]", where[0])
    keys = ("ArrowLeft", "ArrowRight", "ArrowRight", "Home", "End", "PageUp", "PageDown")
    for _ in range(1 + int(12 * where[2])):
        slider.press(pick(keys, where[1]), timeout=MOVE_MS)


def type_text(visitor, where) -> None:
    box = one_of(visitor, f"{SIDEBAR} input[type=text], {SIDEBAR} input:not([type])", where[0])
    box.fill(pick(TEXTS, where[1]), timeout=MOVE_MS)
    box.press(pick(("Enter", "Tab"), where[2]), timeout=MOVE_MS)


def press_in(selector: str) -> Callable:
    """Press one of the elements of a kind."""

    def press(visitor, where) -> None:
        one_of(visitor, selector, where[0]).click(timeout=MOVE_MS)

    return press


def choose_in(opener: str, item: str) -> Callable:
    """Open one of these lists and choose from it."""

    def choose(visitor, where) -> None:
        one_of(visitor, opener, where[0]).click(timeout=MOVE_MS)
        visitor.page.wait_for_timeout(100)
        one_of(visitor, item, where[1]).click(timeout=MOVE_MS)

    return choose


def click_picture(visitor, where) -> None:
    box = one_of(visitor, ".canvas", where[0]).bounding_box(timeout=MOVE_MS)
    if box:
        x, y = box["x"] + where[1] * box["width"], box["y"] + where[2] * box["height"]
        visitor.page.mouse.move(x, y)
        if where[3] < 0.6:
            visitor.page.mouse.click(x, y)


def travel(visitor, where) -> None:
    """Back, forward, reload, a link to a lesson or to the first page, or a link from outside."""
    page = visitor.page
    how = pick(("back", "back", "forward", "reload", "link", "link", "outside"), where[0])
    if how == "back":
        page.go_back(timeout=ANSWER_MS)
    elif how == "forward":
        page.go_forward(timeout=ANSWER_MS)
    elif how == "reload":
        page.reload(timeout=ANSWER_MS)
    elif how == "link":
        press_in("[data-testid=stSidebarNavLink], [data-testid=stPageLink] a")(visitor, where[1:])
    else:
        name = pick(LESSONS, where[1]).name
        query = pick(("", f"{name}.at=7", f"{name}.steps=1", "unknown=1", f"{name}.x=1"), where[2])
        page.goto(f"{visitor.address}/{name}?{query}", timeout=ANSWER_MS)
    if not page.url.startswith(visitor.address):  # before the first page there is none
        page.goto(f"{visitor.address}/{pick(LESSONS, where[1]).name}", timeout=ANSWER_MS)


def look_otherwise(visitor, where) -> None:
    """Another width, light or dark, with less motion or not."""
    width, height = pick(((1280, 900), (1280, 900), (390, 844), (820, 1180)), where[0])
    visitor.page.set_viewport_size({"width": width, "height": height})
    visitor.page.emulate_media(
        color_scheme=pick(("light", "dark"), where[1]),
        reduced_motion=pick(("no-preference", "no-preference", "reduce"), where[2]),
    )


def wait(visitor, where) -> None:
    visitor.page.wait_for_timeout(1_500 * where[0] ** 2)


OPTION = "[role=option], [role=menuitem]"
# A narrow page has its sidebar aside, and under it when it is open.
OPEN_OR_CLOSE = "[data-testid=stExpandSidebarButton], [data-testid=stSidebarCollapseButton] button"
MOVES: dict[str, tuple[int, Callable]] = {  # how often, what
    "player": (6, press_player),
    "key": (2, press_key),
    "scrub": (3, scrub),
    "speed": (1, choose_speed),
    "slider": (6, move_slider),
    "text": (2, type_text),
    "switch": (2, press_in(f"{SIDEBAR} [data-testid=stCheckbox] label")),
    "view": (3, press_in("[data-testid=stButtonGroup] button")),
    "list": (2, choose_in(f"{SIDEBAR} [role=combobox]", OPTION)),
    "preset": (3, choose_in("[data-testid=stMenuButtonButton]", OPTION)),
    "button": (3, press_in(f"{MAIN} [data-testid=stButton] button:enabled")),
    "guess": (1, press_in(f"{MAIN} [data-testid=stRadio] label")),
    "tab": (1, press_in(f"{MAIN} [role=tab]")),
    "unfold": (1, press_in(f"{SIDEBAR} [data-testid=stExpander] summary")),
    "sidebar": (1, press_in(OPEN_OR_CLOSE)),
    "picture": (3, click_picture),
    "travel": (3, travel),
    "look": (1, look_otherwise),
    "wait": (3, wait),
}


def actions(seed: int, count: int) -> list[list[Move]]:
    """What a seed chooses: `count` actions of one to three moves."""
    chance = random.Random(seed)
    weights = [often for often, _ in MOVES.values()]

    def move() -> Move:
        (name,) = chance.choices([*MOVES], weights)
        a, b, c, d = (chance.random() for _ in range(4))
        return Move(name, (a, b, c, d))

    return [[move() for _ in range(chance.randint(1, 3))] for _ in range(count)]


def complaints(visitor) -> list[str]:
    """What went wrong so far: errors of the browser, traces, requests to other hosts."""
    return visitor.problems + visitor.page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stException], [data-testid=stAlert]')]
            .filter(one => one.matches('[data-testid=stException]')
                || one.textContent.includes('Something went wrong'))
            .map(one => one.innerText)"""
    )


def assert_it_answers(visitor) -> None:
    """On a lesson's page a player answers; the first page shows its title."""
    page = visitor.page
    if any(lesson.name in page.url for lesson in LESSONS):
        page.wait_for_function(ANSWERS, timeout=ANSWER_MS, polling=100)
    else:
        page.wait_for_selector("h1", timeout=ANSWER_MS)


@pytest.mark.timeout(120 + 5 * ACTIONS)
def test_whatever_a_visitor_does_the_player_answers(visit):
    visitor = visit(new_tab=True)
    visitor.open(LESSONS[0].name)
    done: deque[str] = deque(maxlen=TOLD)
    tried: Counter[str] = Counter()
    made: Counter[str] = Counter()
    for number, moves in enumerate(actions(SEED, ACTIONS)):
        told = []
        for name, where in moves:
            told.append(f"{name} {' '.join(f'{part:.3f}' for part in where)}")
            tried[name] += 1
            try:
                MOVES[name][1](visitor, where)
                made[name] += 1
            except Error as missed:  # covered by a menu, or gone since it was found
                told[-1] += f" ({missed.message.splitlines()[0][:60]})"
        done.append(f"{number}: {'; '.join(told)} -> {visitor.page.url[len(visitor.address) :]}")
        try:
            assert_it_answers(visitor)
            wrong = complaints(visitor)
        except Error as silent:
            wrong = [f"no answer: {silent.message.splitlines()[0]}"]
        last = "\n".join(done)
        assert not wrong, f"{wrong}\nafter these of seed {SEED}:\n{last}"
    never = [name for name, count in tried.items() if count >= OFTEN and not made[name]]
    assert not never, f"never made, as nothing was there to do it to: {never}"


def test_a_seed_chooses_the_same_actions_each_time():
    assert actions(3, 50) == actions(3, 50) != actions(4, 50)
    assert {move.name for action in actions(USUAL_SEED, 100) for move in action} == {*MOVES}
