"""The player in a real browser: what a learner can press, and what must then be on screen."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from core import gradient_descent
from ui.theme import number

PAGE = "gradient_descent"


def test_a_page_opens_paused_at_step_0_and_names_the_last_step(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    assert visitor.step() == 0
    assert page.inner_text("[data-testid=player-last]") == "100"
    page.wait_for_timeout(500)
    assert visitor.step() == 0


def test_play_moves_and_pause_stops_at_once(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    visitor.click("play")
    visitor.until_step(5, or_later=True)
    visitor.click("play")
    stopped = visitor.step()
    page.wait_for_timeout(600)
    assert visitor.step() == stopped > 0


def test_a_run_plays_to_its_end_stops_there_and_plays_again_from_the_start(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.select_option("[data-testid=player-speed]", "5")
    visitor.click("play")
    visitor.until_step(100)
    assert page.get_attribute("[data-testid=player-play]", "aria-label") == "Play"
    visitor.watch_steps()
    visitor.click("play")
    page.wait_for_function("window.seen.length > 1")
    first = page.evaluate("window.seen[1]")  # the first update shown after the last
    assert first < 50


def test_buttons_and_keys_step_by_one_frame_and_jump_to_the_ends(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    for button, step in (("forward", 1), ("forward", 2), ("back", 1), ("end", 100), ("restart", 0)):
        visitor.click(button)
        visitor.until_step(step)
    page.focus("[data-testid=player]")
    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 100)):
        page.keyboard.press(key)
        visitor.until_step(step)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    visitor.until_step(3, or_later=True)
    page.keyboard.press("Space")
    stopped = visitor.step()
    page.wait_for_timeout(300)
    assert visitor.step() == stopped


def test_keys_typed_into_a_setting_do_not_move_the_player(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_text("More settings").click()
    page.get_by_label("Start", exact=True).click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert visitor.step() == 0


def test_pause_step_and_scrub_ask_the_server_nothing(visit):
    visitor = visit()
    visitor.open(PAGE)
    visitor.page.wait_for_timeout(800)  # it has told that it is there
    sent = visitor.sent
    visitor.click("forward")
    visitor.scrub(60)
    visitor.until_step(60)
    visitor.scrub(20)
    visitor.until_step(20)
    visitor.click("play")
    visitor.click("play")
    assert visitor.step() >= 20
    assert visitor.sent == sent


def test_the_step_is_told_once_when_the_picture_rests_and_never_while_it_plays(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.wait_for_timeout(800)
    sent = visitor.sent
    visitor.click("play")
    page.wait_for_timeout(1500)
    assert visitor.sent == sent
    visitor.click("play")
    page.wait_for_timeout(1500)
    assert visitor.sent == sent + 1
    assert f"gradient_descent.at={visitor.step()}" in page.url


def test_the_numbers_on_screen_are_those_of_the_run(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    states = list(gradient_descent.run(gradient_descent.Config()))
    for step in (1, 37, 100):
        visitor.scrub(step)
        now, before = states[step], states[step - 1]
        said = page.inner_text("[data-testid=player-readout]")
        assert number(now.weights[4].item()) in said
        assert number(before.weights[4].item()) in said
        assert number(before.gradient[4].item()) in said
        labels = page.eval_on_selector_all(
            ".canvas[role=img]", "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert len(labels) == 3
        assert number(now.loss.item()) in labels[2]
        assert all(number(weight.item()) in labels[0] for weight in now.weights)


def test_a_click_on_a_chart_of_steps_goes_there(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    box = page.locator(".canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    assert 40 < visitor.step() < 70
    assert "update" in page.inner_text(".tip")


def test_quick_and_double_clicks_break_nothing(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    for name in ("play", "forward", "play", "end", "restart", "play", "back", "play", "end"):
        visitor.click(name)
    page.dblclick("[data-testid=player-play]")
    page.dblclick("[data-testid=player-forward]")
    visitor.rest()
    visitor.click("restart")
    assert visitor.step() == 0


def test_a_long_run_comes_in_chunks_that_hold_nothing_up(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?gradient_descent.steps=1999")
    assert page.inner_text("[data-testid=player-last]") == "1999"
    visitor.columns()  # until all of it is computed, and the page has run with it
    visitor.rest()
    page.select_option("[data-testid=player-speed]", "2")
    sent, asked = visitor.sent, visitor.asked
    visitor.click("play")
    visitor.until_step(300, or_later=True)  # more than came with the page
    assert visitor.sent == sent  # Streamlit's browser code has gone over nothing
    assert visitor.asked > asked
    visitor.click("end")
    visitor.until_step(1999)
    states = gradient_descent.run(gradient_descent.Config(steps=1999))
    assert visitor.columns()["loss"] == [state.loss.item() for state in states]
    page.select_option("[data-testid=player-speed]", "1")
    visitor.click("restart")
    visitor.click("play")
    page.wait_for_timeout(1000)
    assert 20 < visitor.step() < 400


def test_where_frames_have_no_way_of_their_own_they_come_by_streamlit(visit):
    """A proxy may let nothing else through, and a server that has started anew knows no address."""
    visitor = visit(new_tab=True)
    visitor.page.route("**/frames/*", lambda route: route.fulfill(status=204))
    visitor.open(f"{PAGE}?gradient_descent.steps=1999")
    visitor.click("end")
    visitor.until_step(1999)
    states = gradient_descent.run(gradient_descent.Config(steps=1999))
    assert visitor.columns()["loss"] == [state.loss.item() for state in states]
    assert visitor.asked


def test_leaving_a_page_and_coming_back_keeps_step_and_settings(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?gradient_descent.learning_rate=0.3")
    visitor.scrub(42)
    page.get_by_role("link", name="Home").click()
    page.wait_for_selector("text=Watch PyTorch learn")
    visitor.rest()
    page.get_by_role("link", name="Gradient descent").first.click()
    page.wait_for_selector("canvas.marks")
    visitor.until_step(42)
    assert "0.300" in page.inner_text("[data-testid=stSidebar]")


def test_two_tabs_play_apart(visit):
    one, two = visit(), visit()
    one.open(PAGE)
    two.open(PAGE)
    one.click("end")
    two.click("forward")
    one.until_step(100)
    two.until_step(1)


def test_a_slider_moved_when_the_run_is_over_shows_the_new_run_at_its_end(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    visitor.click("end")
    page.wait_for_timeout(800)
    visitor.move("Learning rate", 3)
    state = list(gradient_descent.run(gradient_descent.Config(learning_rate=0.065)))[100]
    wanted = number(state.weights[4].item())
    expect(page.locator("[data-testid=player-readout]")).to_contain_text(wanted)
    assert visitor.step() == 100


def test_a_slider_moved_again_while_the_page_still_answers_keeps_its_last_value(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    visitor.scrub(30)
    page.wait_for_timeout(800)
    for pause in (0, 30, 90, 160, 220, 300, 400, 0):  # the server takes about 50 ms, the slider 200
        visitor.move("Learning rate", 1)
        page.wait_for_timeout(pause)
    page.wait_for_selector("text=from 30: 0.09.")
    visitor.rest()
    visitor.click("forward")
    config = gradient_descent.Config()
    state = next(state for state in gradient_descent.run(config) if state.step == 30)
    bent = list(gradient_descent.run(replace(config, learning_rate=0.09), state))[1]
    said = page.locator("[data-testid=player-readout]")
    expect(said).to_contain_text(f"0.09 × ({number(state.gradient[4].item())})")
    expect(said).to_contain_text(f"= {number(bent.weights[4].item())}")
    assert "your own settings" in page.inner_text("[data-testid=stSidebar]")


def test_reduced_motion_shows_the_last_frame_and_waits(visit):
    visitor = visit(reduced_motion="reduce")
    page = visitor.open(PAGE)
    visitor.until_step(100)
    page.wait_for_timeout(300)
    assert visitor.step() == 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_play_first_and_never_scrolls_sideways(visit, scheme):
    visitor = visit(width=390, height=844, color_scheme=scheme)
    page = visitor.open(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    play = page.locator("[data-testid=player-play]").bounding_box()
    chart = page.locator(".canvas").first.bounding_box()
    assert play is not None
    assert chart is not None
    assert play["y"] + play["height"] < 500
    assert play["y"] < chart["y"]
    assert chart["x"] + chart["width"] <= 390
    visitor.click("forward")
    visitor.until_step(1)


def test_charts_keep_their_place_and_size_from_the_first_paint_to_the_last_frame(visit):
    visitor = visit()
    visitor.page.goto(f"{visitor.address}/{PAGE}")
    visitor.page.wait_for_selector(".canvas", timeout=60_000)
    places = """all => all.map(one => {
        const {x, width, height} = one.getBoundingClientRect();
        return [x, width, height];
    })"""
    first = visitor.page.eval_on_selector_all(".canvas", places)
    visitor.page.wait_for_selector("canvas.marks")
    visitor.rest()
    visitor.click("end")
    assert visitor.page.eval_on_selector_all(".canvas", places) == first
    drawn = visitor.page.eval_on_selector_all("canvas.marks", places)
    for (_, width, height), (_, inner, tall) in zip(first, drawn, strict=True):
        assert abs(inner - width) <= 1
        assert abs(tall - height) <= 1


def test_the_theme_follows_streamlit(visit):
    ink = """canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = [];
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 200) seen.push(data[i] + data[i + 1] + data[i + 2]);
        return seen.reduce((a, b) => a + b, 0) / seen.length;
    }"""
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    # The grid is most of what is drawn at step 0: pale on white, dim on black.
    assert light.open(PAGE).eval_on_selector("canvas.marks", ink) > 400
    assert dark.open(PAGE).eval_on_selector("canvas.marks", ink) < 400


PLACES = """box => {
    const tip = box.querySelector('.tip'), words = document.createRange();
    words.selectNodeContents(tip);
    return [box, tip, words].map(one => {
        const {left, top, width, height} = one.getBoundingClientRect();
        return {left, top, width, height, text: tip.innerText};
    });
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_values_under_the_pointer_stand_beside_it_in_a_box_as_large_as_they(visit, width):
    visitor = visit(width=width)
    page = visitor.open(PAGE)
    visitor.scrub(90)
    canvas = page.locator(".canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    state = list(gradient_descent.run(gradient_descent.Config()))[90]
    for part in (0.2, 0.5, 0.97):
        x, y = box["x"] + part * box["width"], box["y"] + 0.4 * box["height"]
        page.mouse.move(x, y)
        chart, tip, words = canvas.evaluate(PLACES)
        assert tip["width"] < words["width"] + 30  # its text, padding and border
        assert tip["height"] < words["height"] + 20
        assert chart["left"] <= tip["left"]
        assert tip["left"] + tip["width"] <= chart["left"] + chart["width"]
        assert chart["top"] <= tip["top"]
        assert tip["top"] + tip["height"] <= chart["top"] + chart["height"]
        aside = max(tip["left"] - x, x - tip["left"] - tip["width"])
        assert 0 < aside < 30
        assert abs(tip["top"] + tip["height"] / 2 - y) < 40
        first, *lines = (line for line in tip["text"].splitlines() if line.strip())
        step = int(first.removeprefix("update "))
        assert step == 90 or part < 0.9
        assert [line.split()[0] for line in lines] == [f"w{i}" for i in "₀₁₂₃₄"]
        if step == 90:
            assert lines[4].split()[1] == number(state.weights[4].item())


def test_a_curve_without_a_label_has_its_name_under_the_pointer(visit):
    page = visit().open("matrix_game?matrix_game.steps=2400&matrix_game.view=Averages")
    box = page.locator(".canvas").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    said = page.inner_text(".tip")
    for name in ("p so far", "p, whole laps", "q so far", "q, whole laps"):
        assert name in said


def test_a_link_to_a_late_step_tells_a_screen_reader_where_it_is(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.steps=2400&{PAGE}.at=2398")
    visitor.until_step(2398)
    scrub = page.locator("[data-testid=player-scrub]")
    expect(scrub).to_have_attribute("aria-valuetext", "update 2398 of 2400")
    # Grouped to the eye alone: programs read the numbers.
    assert page.inner_text("[data-testid=player-step]") == "2398"
    assert page.inner_text("[data-testid=player-last]") == "2400"


def test_the_slider_below_the_charts_shows_how_far_the_run_is_computed(visit):
    page = visit().open(f"{PAGE}?{PAGE}.steps=40")
    page.wait_for_function("""() => [...document.querySelectorAll('*')].some(one => {
        const scrub = one.shadowRoot?.querySelector('[data-testid=player-scrub]');
        return scrub?.style.getPropertyValue('--known') === '100%';
    })""")


def test_a_loss_of_0_is_drawn_as_the_predicted_one_is(visit):
    # 25, 0, 0 ...: one stroke to the lower end of the axis, at the update where it is 0.
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.start=5&{PAGE}.target=0&{PAGE}.learning_rate=0.5")
    visitor.scrub(20)
    visitor.until_step(20)
    page.wait_for_timeout(300)
    left, right, bottom = (
        page.locator(".canvas")
        .nth(2)
        .evaluate("""box => {
        const canvas = box.querySelector('canvas.trails');
        const {data, width} = canvas.getContext('2d').getImageData(
            0, 0, canvas.width, canvas.height);
        const x = [], y = [];
        for (let i = 3; i < data.length; i += 4)
            if (data[i] > 200) { x.push((i >> 2) % width); y.push(Math.floor((i >> 2) / width)); }
        const lowest = Math.max(...y);
        const ends = x.filter((_, i) => y[i] > lowest - 3);
        return [Math.min(...x), Math.max(...ends), lowest];
    }""")
    )
    plot = page.locator(".canvas").nth(2).bounding_box()
    assert plot is not None
    # The axis of 100 updates is 1.06 of them long, and takes most of the box.
    update = plot["width"] / 106
    assert 0.6 * update < right - left < 2 * update + 3
    assert bottom < plot["height"]
