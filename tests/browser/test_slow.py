"""A run that takes long: the page is there at once, and its visitor stays in charge.

On a page of its own (bench/slow), whose lesson writes down each update that it makes.
"""

import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from bench.browser import FIND, serving
from bench.slow import lesson
from core.course import Course, play
from core.recording import LEASE_SECONDS, SOON_SECONDS
from ui.theme import number

WAIT = 30_000  # milliseconds: longer than anything here takes on a busy machine
UPDATE = 0.1  # seconds
QUIET = 1.0  # seconds in which ten updates would have been made
STOP, REST = "Stop computing", "Compute the rest"
WORKING = re.compile(r"^\d+ % computed, about \d+ (s|min) left$")
STOPPED = re.compile(r"^\d+ % computed$")


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    """Where the lesson writes down its updates."""
    return tmp_path_factory.mktemp("updates") / "log"


@pytest.fixture(scope="module")
def slow(tmp_path_factory, log):
    """The address of the page."""
    said = tmp_path_factory.mktemp("slow") / "log"
    serve = serving(log=said, app="bench/slow/app.py")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # of the server: runs are made here too
            patch.setenv(lesson.LOG, str(log))
            address = stack.enter_context(serve)
        yield address
    assert "Traceback" not in said.read_text()


@pytest.fixture
def opened(visit, slow):
    """Visitors of the page, each with settings; a rate of its own makes a run that is new."""

    def opened(*, new_tab=False, **settings):
        visitor = visit(slow, new_tab=new_tab)
        visitor.open("?" + "&".join(f"lesson.{name}={value}" for name, value in settings.items()))
        return visitor

    return opened


def updates(log: Path, rate: float) -> Counter[int]:
    """How often each update was made with this rate."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return Counter(int(step) for text, step in lines if float(text) == rate)


def until_quiet(log: Path, rate: float, visitor) -> int:
    """Wait until no update is made any more; returns how many there were."""

    def quiet() -> bool:
        before = updates(log, rate).total()
        visitor.page.wait_for_timeout(1000 * QUIET)
        return updates(log, rate).total() == before

    visitor.until(quiet)
    return len(updates(log, rate))


def assert_stopped(log: Path, rate: float, visitor) -> None:
    """No frame is computed any more but that of the slice in the making, and the picture rests.

    That slice may take a while: a process to which the run has gone makes up to `APART` updates
    again before it comes to the next.
    """
    known, step = len(updates(log, rate)), visitor.step()
    assert until_quiet(log, rate, visitor) <= known + 1
    assert visitor.step() == step


def until_more(log: Path, rate: float, visitor, count: int = 5) -> None:
    """Wait until so many more updates are made."""
    before = updates(log, rate).total()
    visitor.until(lambda: updates(log, rate).total() >= before + count)


def expect_work(
    page: Page, text: re.Pattern[str] | str, offer: re.Pattern[str] | str | None
) -> None:
    """Wait until the line below the charts says this; `offer` is what its button does."""
    expect(page.get_by_test_id("player-work")).to_have_text(text, timeout=WAIT)
    button = page.get_by_test_id("player-compute")
    if offer is None:
        expect(button).to_be_hidden(timeout=WAIT)
    else:
        expect(button).to_have_text(offer, timeout=WAIT)


def made_again(log: Path, rate: float) -> int:
    """How many updates were made that had been made before."""
    return sum(times - 1 for times in updates(log, rate).values())


def assert_frames_are_those_of(columns: dict[str, list[float]], course: Course) -> None:
    """Every frame that the browser has is the run's, to the last bit."""
    quick = tuple((step, replace(config, seconds=0)) for step, config in course)
    states = list(play(lesson.run, quick))[: len(columns["step"])]
    assert columns["step"] == [state.step for state in states]
    assert columns["level"] == [state.level.item() for state in states]
    rates = [[config.rate for start, config in course if start < max(step, 1)][-1]
             for step in range(len(states))]  # fmt: skip
    assert columns["rate"] == rates


def test_a_page_opens_at_once_and_says_how_far_its_run_is(opened, log):
    visitor = opened(rate=0.06, seconds=UPDATE)
    page = visitor.page
    expect_work(page, re.compile(r"^\d+ % computed"), re.compile(f"{STOP}|{REST}"))
    assert visitor.step() == 0
    # Nobody has asked for more than a look: two seconds of computing, and no more.
    expect_work(page, STOPPED, REST)
    made = until_quiet(log, 0.06, visitor)
    assert 2 <= made <= SOON_SECONDS / UPDATE + 1
    # What there is can be looked at, and costs nothing.
    visitor.scrub(made // 2)
    visitor.until_step(made // 2)
    page.wait_for_timeout(500)
    assert len(updates(log, 0.06)) == made
    known = page.eval_on_selector(
        "[data-testid=player-scrub]", "scrub => scrub.style.getPropertyValue('--known')"
    )
    assert float(known.removesuffix("%")) == pytest.approx(100 * made / 200)


def test_computing_is_stopped_and_goes_on(opened, log):
    rate, steps = 0.07, 120
    visitor = opened(rate=rate, seconds=UPDATE, steps=steps)
    page = visitor.page
    button = page.get_by_test_id("player-compute")
    playing = page.get_by_test_id("player-play")
    visitor.click("play")
    expect_work(page, WORKING, STOP)
    visitor.until_step(3, or_later=True)
    button.click()  # while it plays
    expect_work(page, STOPPED, REST)
    expect(playing).to_have_attribute("aria-label", "Play")
    assert_stopped(log, rate, visitor)
    visitor.click("play")  # goes on
    visitor.until_step(len(updates(log, rate)) + 1, or_later=True)
    visitor.click("end")
    expect_work(page, WORKING, STOP)
    until_more(log, rate, visitor)
    button.click()  # while it is on the way to the end
    expect_work(page, STOPPED, REST)
    assert_stopped(log, rate, visitor)
    step = visitor.step()
    # So far from the end that one lease alone does not do.
    assert len(updates(log, rate)) < steps - LEASE_SECONDS / UPDATE
    button.click()  # and now all of it, without playing
    expect_work(page, WORKING, STOP)
    expect_work(page, "", None)
    assert visitor.step() == step
    expect(page.get_by_text("At the end the level is")).to_be_visible(timeout=WAIT)
    visitor.click("end")
    visitor.until_step(steps)
    # Whoever asked, nothing was made twice; but once, when the other processes were ready, the run
    # has gone to one of them with the last state from which it can go on.
    assert made_again(log, rate) < lesson.APART
    config = lesson.Config(rate=rate, seconds=UPDATE, steps=steps)
    assert_frames_are_those_of(visitor.columns(), ((0, config),))


def test_play_moves_with_what_is_there_and_is_steered(opened, log):
    visitor = opened(rate=0.08, seconds=UPDATE)
    page = visitor.page
    visitor.watch_steps()
    visitor.click("play")
    visitor.until_step(24, or_later=True)
    before, on_screen = visitor.columns(), visitor.step()
    visitor.move("Rate", 1)
    page.wait_for_selector("text=Undo the change at", timeout=WAIT)
    said = page.get_by_text("Undo the change at").inner_text()
    fork = int(re.findall(r"\d+", said)[0])
    # The next step to go on from, from one that lies a second of play ahead at most.
    assert fork % lesson.APART == 0
    assert on_screen <= fork <= on_screen + 20 + lesson.APART
    visitor.until_step(fork + 4, or_later=True)
    left = len(updates(log, 0.08))
    visitor.click("play")
    page.wait_for_timeout(700)
    assert len(updates(log, 0.08)) <= left + 1  # nobody waits for the run that was left
    columns = visitor.columns()
    config = lesson.Config(rate=0.08, seconds=UPDATE)
    assert len(columns["step"]) > fork + 4
    assert_frames_are_those_of(columns, ((0, config), (fork, replace(config, rate=0.09))))
    same = min(fork + 1, len(before["step"]))
    for name, values in before.items():
        assert columns[name][:same] == values[:same]
    # Steering costs what follows. Either run may have gone to another process, as above, and the
    # state before the fork is at most one of those to go on from away.
    assert made_again(log, 0.08) < 2 * lesson.APART
    assert made_again(log, 0.09) < lesson.APART
    # No jump: the step on screen never goes back, nor past what has been computed.
    moves = np.diff(page.evaluate("window.seen"))
    assert moves.min() >= 0
    assert moves.max() <= 20


def test_what_is_on_its_way_when_computing_is_stopped_does_not_have_it_go_on(opened, log):
    rate = 0.08
    held, free = [], []
    visitor = opened(new_tab=True, rate=rate, seconds=UPDATE)
    page = visitor.page
    visitor.click("play")
    expect_work(page, WORKING, STOP)
    page.route("**/frames/*", lambda one: one.continue_() if free else held.append(one))
    visitor.until(lambda: bool(held))
    page.get_by_test_id("player-compute").click()
    page.wait_for_timeout(500)
    free.append(True)
    for one in held:
        one.continue_()
    expect_work(page, STOPPED, REST)
    assert_stopped(log, rate, visitor)


def test_at_rest_a_fork_waits_for_a_state_to_go_on_from(opened, log):
    visitor = opened(rate=0.11, seconds=0.3)
    page = visitor.page
    expect_work(page, STOPPED, REST)
    # None but the first state can be gone on from.
    assert 4 <= len(updates(log, 0.11)) < lesson.APART
    visitor.scrub(4)
    visitor.until_step(4)
    page.wait_for_function("location.href.includes('lesson.at=4')", timeout=WAIT)
    visitor.move("Rate", 1)
    page.wait_for_selector(f"text=Undo the change at {lesson.APART}", timeout=WAIT)
    visitor.rest()
    visitor.until(lambda: updates(log, 0.12).total() >= 2)
    assert visitor.step() == 4
    visitor.scrub(lesson.APART + 1)
    visitor.until_step(lesson.APART + 1)
    config = lesson.Config(rate=0.11, seconds=0.3)
    course = ((0, config), (lesson.APART, replace(config, rate=0.12)))
    assert_frames_are_those_of(visitor.columns(), course)
    expect(page.get_by_test_id("player-note")).to_be_empty()  # it was not given up in between
    page.get_by_role("button", name="Undo the change at").click()
    page.wait_for_selector("text=Undo the change at", state="detached", timeout=WAIT)
    visitor.rest()
    assert_frames_are_those_of(visitor.columns(), ((0, config),))


def test_a_view_that_is_clicked_at_the_end_is_shown_as_far_as_it_has_come(opened):
    visitor = opened(rate=0.19, seconds=0.1, steps=30)
    page = visitor.page
    visitor.click("end")
    visitor.until_step(30)
    page.evaluate(f"""() => {{ {FIND}
        const seen = window.seen = [];
        requestAnimationFrame(function look() {{
            const canvas = find('player').querySelector('.canvas > div:not(.waiting) canvas.marks');
            const pixels = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const name = find('player').querySelector('figcaption').textContent;
            const drawn = Boolean(pixels?.data.some(part => part));
            seen.push([name, Number(find('player-step').textContent), drawn]);
            if (seen.at(-1)[0] !== 'Rest' || seen.at(-1)[1] < 30) requestAnimationFrame(look);
        }});
    }}""")
    page.get_by_text("Rest", exact=True).first.click()
    page.wait_for_function("['Rest', 30].every((part, i) => window.seen.at(-1)[i] === part)")
    seen = page.evaluate("window.seen")
    # The old picture stays where it was until the new one has something to show.
    assert all(drawn for _, _, drawn in seen)
    assert {step for name, step, _ in seen if name == "Level"} == {30}
    steps = [step for name, step, _ in seen if name == "Rest"]
    assert len(set(steps)) > 5
    assert steps == sorted(steps)
    expect(page.get_by_test_id("player-readout")).to_have_text(f"{number(0.81**30)} is missing.")


def test_a_player_that_is_made_anew_goes_on_with_what_the_one_before_did(opened):
    """Streamlit may put another player in the place of one, at any run of a page."""
    visitor = opened(rate=0.17, seconds=0.03)
    page = visitor.page

    def replace_player() -> None:
        before = page.query_selector("[data-testid=player]")
        page.get_by_text("Elsewhere").click()
        page.wait_for_function("before => !before.isConnected", arg=before, timeout=WAIT)
        page.wait_for_selector("canvas.marks", timeout=WAIT)

    visitor.click("play")
    visitor.until_moving()
    replace_player()
    visitor.until_step(visitor.step() + 10, or_later=True)
    page.select_option("[data-testid=player-speed]", "0.25")
    replace_player()
    visitor.until_step(visitor.step() + 3, or_later=True)
    assert page.input_value("[data-testid=player-speed]") == "0.25"
    visitor.click("play")  # which pauses
    visitor.click("end")
    assert visitor.step() < 200  # these frames have to be computed
    replace_player()
    visitor.until_step(200)


def test_others_are_not_held_up_and_who_leaves_is_not_computed_for(opened, log):
    one = opened(rate=0.13, seconds=UPDATE)
    one.click("play")
    expect_work(one.page, WORKING, STOP)
    other = opened(rate=0.5, seconds=0)
    expect_work(other.page, "", None)
    other.click("play")
    other.until_step(40, or_later=True)
    other.click("end")
    other.until_step(200)
    one.page.bring_to_front()
    until_more(log, 0.13, one)  # meanwhile too
    one.page.get_by_role("link", name="Away").click()
    one.page.wait_for_selector("h1:has-text('Away')")
    made = until_quiet(log, 0.13, one)
    assert made < 200  # it was not the end of the run
    one.page.get_by_role("link", name="Slow").click()
    one.page.wait_for_selector("canvas.marks", timeout=WAIT)
    expect(one.page.get_by_test_id("player-play")).to_have_attribute("aria-label", "Play")
