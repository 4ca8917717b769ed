"""Runs that are steered while they play, shared by link, seen from far away."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import numpy as np
from playwright.sync_api import expect

from bench.browser import FIND
from core import gradient_descent as lesson
from core.recording import play
from ui.link import read

PAGE = "gradient_descent"
# So slow that play is far from its end in all of a test.
LONG = f"{PAGE}?{PAGE}.steps=400&{PAGE}.learning_rate=0.005"
CONFIG = lesson.Config(steps=400, learning_rate=0.005)
STEP_NOW = """() => {
    const find = (root) => {
        const found = root.querySelector('[data-testid=player-step]');
        if (found) return found;
        for (const element of root.querySelectorAll('*')) {
            const inside = element.shadowRoot && find(element.shadowRoot);
            if (inside) return inside;
        }
    };
    const step = find(document);
    window.seen = [];
    requestAnimationFrame(function look(now) {
        window.seen.push([now, Number(step.textContent)]);
        requestAnimationFrame(look);
    });
}"""


def course_of(page, config=CONFIG):
    """The course that the address tells, and its step on screen."""
    query = parse_qs(urlparse(page.url).query)
    now = replace(
        config,
        learning_rate=float(query.get(f"{PAGE}.learning_rate", ["0.05"])[0]),
        momentum=float(query.get(f"{PAGE}.momentum", ["0"])[0]),
    )
    course, wrong = read(query.get(f"{PAGE}.course", [""])[0], now, lesson.LIVE)
    assert wrong == []
    return course, int(query.get(f"{PAGE}.at", ["0"])[0])


def assert_frames_are_those_of(columns, course) -> None:
    """Every frame that the browser has is the run's, to the last bit."""
    states = list(play(lesson.run, course))[: len(columns["step"])]
    assert len(states) > course[-1][0] + 1
    assert columns["step"] == [state.step for state in states]
    assert columns["loss"] == [state.loss.item() for state in states]
    for i in range(5):
        assert columns[f"weights_{i}"] == [state.weights[i].item() for state in states]
        assert columns[f"velocity_{i}"] == [state.velocity[i].item() for state in states]


def test_a_run_steered_while_it_plays_goes_on_from_the_frame_on_screen(visit):
    visitor = visit()
    page = visitor.open(LONG)
    page.wait_for_timeout(800)
    page.evaluate(STEP_NOW)
    visitor.click("play")
    page.wait_for_timeout(700)
    visitor.move("Learning rate", 6)
    page.wait_for_selector("text=Undo the change at")
    visitor.rest()
    page.wait_for_timeout(1000)  # a fork may lie half a second ahead
    visitor.click("play")
    page.wait_for_timeout(1500)
    course, at = course_of(page)
    assert len(course) >= 2
    assert course[0][1] == CONFIG
    # How far a busy browser's slider comes with six keys is Streamlit's affair.
    assert 0.005 < course[-1][1].learning_rate < 0.036
    assert 10 < course[-1][0] <= at == visitor.step()
    assert_frames_are_those_of(visitor.columns(), course)
    # No jump: the step on screen never goes back, and never leaps.
    steps = np.array(page.evaluate("window.seen"))[:, 1]
    moves = np.diff(steps)
    assert moves.min() >= 0
    assert moves.max() <= 20  # of 40 a second, on a machine that may stop for half of one


def test_a_fork_is_the_run_with_the_new_config_from_the_state_on_screen(visit):
    visitor = visit()
    page = visitor.open(LONG)
    visitor.scrub(120)
    page.wait_for_timeout(800)
    visitor.move("Learning rate", 1)
    page.wait_for_selector("text=Undo the change at 120")
    visitor.rest()
    state = next(state for state in lesson.run(CONFIG) if state.step == 120)
    bent = list(lesson.run(replace(CONFIG, learning_rate=0.01), state))
    assert visitor.step() == 120
    visitor.click("end")
    visitor.until_step(400)
    losses = visitor.columns()["loss"][120:]
    assert len(losses) > 100
    assert losses == [state.loss.item() for state in bent][: len(losses)]


def test_the_curve_before_a_fork_stays_paler_until_restart(visit):
    visitor = visit()
    page = visitor.open(LONG)
    visitor.scrub(100)
    page.wait_for_timeout(800)
    pale = """() => {
        const hosts = [...document.querySelectorAll('*')].filter(one => one.shadowRoot);
        const canvas = hosts[0].shadowRoot.querySelectorAll('canvas.trails')[2];
        const {data, width} = canvas.getContext('2d').getImageData(
            0, 0, canvas.width, canvas.height);
        let pale = 0;
        for (let i = 3; i < data.length; i += 4) {
            const across = ((i - 3) / 4) % width;
            if (across > 0.55 * width && data[i] > 40 && data[i] < 140) pale += 1;
        }
        return pale;
    }"""
    before = page.evaluate(pale)
    visitor.move("Learning rate", 10)
    page.wait_for_selector("text=Undo the change at 100")
    visitor.rest()
    assert page.evaluate(pale) > before + 50
    visitor.click("end")
    visitor.until_step(400)
    visitor.click("play")  # plays it again as it was, with its change
    page.wait_for_function(f"() => {{ {FIND} return find('player-step').textContent < 200; }}")
    visitor.click("play")
    assert [start for start, _ in course_of(page)[0]] == [0, 100]
    page.get_by_role("button", name="Anew, with the settings of now (Home)").click()
    page.wait_for_selector("text=Undo the change at", state="detached")
    visitor.rest()
    assert page.evaluate(pale) <= before + 5
    course, _ = course_of(page)
    assert course == ((0, replace(CONFIG, learning_rate=0.055)),)
    assert_frames_are_those_of(visitor.columns(), course)


def steer(visitor, step: int, label: str, value: str) -> None:
    """Move a slider three times at a step, until the last of these moves holds: another slider
    would until then be taken to be moved there too.
    """
    visitor.scrub(step)
    visitor.page.wait_for_timeout(800)
    visitor.move(label, 3)
    visitor.page.get_by_text(f"from {step}: {value}").wait_for()
    visitor.rest()


def test_forks_are_undone_the_last_first(visit):
    visitor = visit()
    page = visitor.open(LONG)
    steer(visitor, 50, "Learning rate", "0.02")
    steer(visitor, 90, "Momentum", "0.03")
    course, _ = course_of(page)
    assert [start for start, _ in course] == [0, 50, 90]
    page.get_by_role("button", name="Undo the change at 90").click()
    page.wait_for_selector("text=Undo the change at 50")
    visitor.rest()
    assert course_of(page)[0] == course[:2]
    assert_frames_are_those_of(visitor.columns(), course[:2])
    page.get_by_role("button", name="Undo the change at 50").click()
    page.wait_for_selector("text=Undo the change at", state="detached")
    visitor.rest()
    assert course_of(page)[0] == ((0, CONFIG),)
    assert visitor.step() == 90


def test_a_link_of_a_twice_forked_run_shows_the_same_frames_elsewhere(visit):
    one = visit()
    page = one.open(LONG)
    steer(one, 40, "Learning rate", "0.02")
    steer(one, 80, "Momentum", "0.03")
    one.scrub(123)
    one.until_step(123)
    one.until_told()
    two = visit()
    two.open(page.url.removeprefix(f"{one.address}/"))
    two.until_step(123)
    course, at = course_of(two.page)
    assert [start for start, _ in course] == [0, 40, 80]
    assert at == 123
    mine, theirs = one.columns(), two.columns()
    length = min(len(mine["step"]), len(theirs["step"]))
    assert length > 123
    assert {k: v[:length] for k, v in mine.items()} == {k: v[:length] for k, v in theirs.items()}
    assert_frames_are_those_of(theirs, course)
    assert "from 40: 0.02" in two.page.inner_text("[data-testid=stMain]")


def test_pinned_curves_stay_with_a_table_of_what_differs(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    visitor.click("end")
    page.wait_for_timeout(800)
    for count in range(1, 5):
        page.get_by_role("button", name="Pin this curve").click()
        page.wait_for_selector(f"[data-testid=pins] tbody tr:nth-child({count + 1})")
        visitor.move("Learning rate", 1)
        visitor.rest()
        page.wait_for_timeout(500)
    assert page.get_by_role("button", name="Pin this curve").is_disabled()
    # Letters and dashes of the pins leave nothing to the pen that draws the run.
    pens = """() => {
        const host = [...document.querySelectorAll('*')].find(one => one.shadowRoot);
        return [...host.shadowRoot.querySelectorAll('figure canvas.trails')]
            .map(one => one.getContext('2d'))
            .map(pen => [pen.globalAlpha, pen.getLineDash().length]);
    }"""
    found = page.evaluate(pens)
    assert found
    assert all(pen == [1, 0] for pen in found)
    table = page.inner_text("[data-testid=pins]")
    assert re.findall(r"^([A-D])\s+([\d.]+)", table, re.MULTILINE) == [
        ("A", "0.05"),
        ("B", "0.055"),
        ("C", "0.06"),
        ("D", "0.065"),
    ]
    assert "momentum" not in table
    page.get_by_role("button", name="Unpin B").click()
    page.wait_for_selector("[data-testid=pins] tbody tr:nth-child(5)", state="detached")
    table = page.inner_text("[data-testid=pins]")
    assert re.findall(r"^([A-D])\s", table, re.MULTILINE) == ["A", "C", "D"]


def test_a_hostile_link_gets_words_and_a_run(visit):
    visitor = visit()
    many = "+".join(f"{step}+learning_rate+0.{step + 1}" for step in range(2_000)) + "+2000"
    page = visitor.open(f"{PAGE}?{PAGE}.course={many}&{PAGE}.at=1e999&{PAGE}.steps=2000")
    said = page.inner_text("[data-testid=stMain]")
    assert "more than 100 parts" in said
    assert "at = inf is not allowed" in said
    assert visitor.step() == 0
    visitor.click("forward")
    visitor.until_step(1)
    picture = "![x](http://127.0.0.1:9/x.png)"  # another host: asking it would fail the test
    course = f"0+__init__+1+momentum+7+{picture}+1+9"
    page = visitor.open(f"{PAGE}?{PAGE}.course={course}&{PAGE}.at=-3&{PAGE}.device={picture}")
    said = page.inner_text("[data-testid=stMain]")
    assert "sets '__init__'" in said
    assert "momentum = 7 is not allowed" in said
    assert "at = -3 is not allowed" in said


def test_a_slow_browser_far_away_plays_slower_and_stays_in_charge(visit):
    """1 Mbit/s with 100 ms of delay, the processor a quarter as fast."""
    visitor = visit(new_tab=True)
    closed: list[int] = []
    visitor.page.on("websocket", lambda socket: socket.on("close", lambda _: closed.append(1)))
    page = visitor.open(f"{PAGE}?{PAGE}.steps=2400&{PAGE}.learning_rate=0.005")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    rate = 1_000_000 / 8
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 100, "downloadThroughput": rate, "uploadThroughput": rate},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.select_option("[data-testid=player-speed]", "2")  # twenty seconds from end to end
    visitor.click("play")
    visitor.until_step(51, or_later=True)
    visitor.click("play")
    stopped = visitor.step()
    page.wait_for_timeout(500)
    assert visitor.step() == stopped  # at once, not when the network allows
    visitor.click("back")  # the frame before is there, the next one may still be on its way
    assert visitor.step() == stopped - 1
    page.select_option("[data-testid=player-speed]", "10")
    sent = visitor.sent
    visitor.click("play")
    page.wait_for_timeout(4000)
    # One request at a time, a second one where it is not answered, and a look how far the run is:
    # no backlog grows, however much is asked for.
    assert visitor.sent - sent < 12
    assert visitor.most_waiting <= 3
    visitor.click("restart")  # it may be over
    page.select_option("[data-testid=player-speed]", "0.5")
    visitor.click("play")
    visitor.move("Learning rate", 2)
    page.wait_for_selector("text=Undo the change at", timeout=60_000)
    visitor.click("play")
    # What a slow processor could spoil has happened: to slow it down takes the whole of a core.
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    visitor.until_told()
    visitor.rest()
    config = lesson.Config(steps=2400, learning_rate=0.005)
    assert_frames_are_those_of(visitor.columns(), course_of(page, config)[0])
    assert closed == []


def test_after_a_restart_of_the_server_the_page_shows_the_same_run_at_the_same_step(visit, server):
    visitor = visit(new_tab=True)
    page = visitor.page
    page.add_init_script(
        """window.connected = 0;
        window.WebSocket = class extends WebSocket {
            constructor(...all) {
                super(...all);
                this.addEventListener('open', () => { window.connected += 1; });
            }
        };"""
    )
    visitor.open(LONG)
    visitor.scrub(70)
    visitor.until_step(70)
    visitor.until_told()
    visitor.move("Learning rate", 1)  # the course is the last that is written to the address
    page.wait_for_selector("text=Undo the change at 70")
    visitor.rest()
    visitor.scrub(95)
    visitor.until_step(95)
    visitor.until_told()
    visitor.rest()
    # To a server that has started anew Streamlit's browser code says nothing by itself if the last
    # that it was answered was a run of the whole page.
    with visitor.turned():
        page.get_by_role("button", name="Pin this curve").click()
    before = visitor.columns()
    server.stop()
    try:
        visitor.click("forward")  # without a server the pictures still move
        assert visitor.step() == 96
    finally:
        server.start()
    # The browser tries every few seconds.
    page.wait_for_function("window.connected > 1", timeout=60_000)
    visitor.rest()
    assert visitor.step() == 96
    visitor.click("end")  # the frames that come are the new server's
    visitor.until_step(400)
    visitor.scrub(96)
    visitor.until_told()
    visitor.rest()
    assert visitor.step() == 96
    course, _ = course_of(page)
    assert [start for start, _ in course] == [0, 70]
    visitor.move("Momentum", 1)  # and it still can be steered
    page.wait_for_selector("text=Undo the change at 96", timeout=30_000)
    visitor.rest()
    course, _ = course_of(page)
    after = visitor.columns()
    assert_frames_are_those_of(after, course)
    assert after["loss"][:97] == before["loss"][:97]
    visitor.problems.clear()  # the browser said that the server was gone


def test_what_just_happened_is_told_with_the_settings_that_the_update_had(visit):
    visitor = visit()
    course = "0+learning_rate+0.3+momentum+0.5+20"
    page = visitor.open(f"{PAGE}?{PAGE}.course={course}&{PAGE}.at=20")
    said = page.locator("[data-testid=player-readout]")
    expect(said).to_contain_text("z = 0.5 ×")
    expect(said).to_contain_text("− 0.3 ×")
    visitor.click("forward")
    expect(said).to_contain_text("− 0.05 ×")
    expect(said).not_to_contain_text("z =")


def test_back_leaves_the_page_however_often_it_was_steered(visit):
    visitor = visit(new_tab=True)
    page = visitor.page
    page.goto(visitor.address)
    page.get_by_role("link", name="Gradient descent").first.click()
    page.wait_for_selector("canvas.marks")
    visitor.rest()
    for _ in range(3):
        visitor.click("forward")
        page.wait_for_timeout(900)
    visitor.move("Learning rate", 3)
    visitor.rest()
    page.wait_for_timeout(1000)
    page.go_back()
    page.wait_for_selector("text=Watch PyTorch learn")


def test_back_comes_back_to_the_run_that_was_left(visit):
    visitor = visit(new_tab=True)
    page = visitor.open(f"{PAGE}?{PAGE}.learning_rate=0.3&{PAGE}.at=20")
    visitor.move("Learning rate", 1)  # of two the second may come when another step is on screen
    page.get_by_text("Undo the change at 20").wait_for()
    visitor.scrub(31)
    visitor.until_step(31)
    visitor.until_told()
    visitor.rest()
    left = page.url
    page.get_by_role("link", name="Linear regression").first.click()
    page.wait_for_url("**/linear_regression")
    page.wait_for_selector("canvas.marks")
    visitor.rest()
    page.go_back()
    page.get_by_text("Undo the change at 20").wait_for()
    visitor.until_step(31)
    visitor.rest()
    assert page.url == left
    assert_frames_are_those_of(visitor.columns(), course_of(page, lesson.Config())[0])
    page.go_forward()
    page.wait_for_url("**/linear_regression")
    page.get_by_text("Undo the change at").wait_for(state="detached")
