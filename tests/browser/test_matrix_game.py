"""The chase of two learners as a learner meets it."""

from dataclasses import replace

import numpy as np

from core import matrix_game as lesson

PAGE = "matrix_game"
LINK = f"{PAGE}?{PAGE}.steps=2400&{PAGE}.learning_rate=0.1"
CONFIG = lesson.Config(steps=2400, learning_rate=0.1)


def test_a_click_on_the_portrait_starts_a_trajectory(visit):
    visitor = visit()
    page = visitor.open(LINK)
    assert "p_1" not in visitor.columns()
    canvas = page.locator(".canvas").first
    box = canvas.bounding_box()
    assert box
    # Not the mouse at once: on a slow machine the picture may still move to its place.
    canvas.click(position={"x": 0.8 * box["width"], "y": 0.6 * box["height"]})
    page.wait_for_function(
        "field => new URL(location.href).searchParams.has(field)", arg=f"{PAGE}.starts"
    )
    visitor.rest()
    visitor.until_step(20, or_later=True)  # it plays
    visitor.click("play")
    columns = visitor.columns()
    starts = page.evaluate(f"new URL(location.href).searchParams.get('{PAGE}.starts')")
    _, (a0, a1) = (tuple(map(float, pair.split(","))) for pair in starts.split(";"))
    p, q = columns["p_1"][0], columns["q_1"][0]
    assert abs(np.log(p / (1 - p)) - a0) < 1e-9
    # Where the pointer was, but for the room that the axes take.
    assert 0.7 < p < 0.9
    assert 0.2 < q < 0.5
    clicked = lesson.Config(starts=((0.0, 0.0), (a0, a1)), steps=2400, learning_rate=0.1)
    known = len(columns["step"])
    states = list(lesson.run(clicked))[:known]
    assert columns["p_1"] == [state.p[1].item() for state in states]
    assert columns["q_1"] == [state.q[1].item() for state in states]


def test_a_change_of_learner_bends_the_run(visit):
    visitor = visit()
    page = visitor.open(f"{LINK}&{PAGE}.view=Learners")
    visitor.scrub(300)
    page.wait_for_timeout(800)
    page.get_by_role("combobox", name="Learner").first.click()
    page.get_by_role("option", name="consensus").click()
    page.wait_for_selector("text=Undo the change at 300")
    visitor.rest()
    while len((columns := visitor.columns())["step"]) < 360:  # consensus takes its time
        page.wait_for_timeout(250)
    state = next(state for state in lesson.run(CONFIG) if state.step == 300)
    bent = list(lesson.run(replace(CONFIG, learner="consensus"), state))
    known = len(columns["step"]) - 300
    assert known > 50
    assert columns["p_0"][300:] == [state.p[0].item() for state in bent][:known]


def test_the_averages_come_with_later_frames_as_they_are(visit):
    visitor = visit()
    page = visitor.open(f"{LINK}&{PAGE}.view=Averages")
    visitor.click("end")
    visitor.until_step(2400)
    page.wait_for_timeout(500)
    columns = visitor.columns()
    play = np.array([[s.p[0].item(), s.q[0].item()] for s in lesson.run(CONFIG)])
    begins = lesson.laps(CONFIG, play[:, 0])
    so_far, whole = lesson.running_averages(play, begins[0], begins)
    assert np.array_equal(columns["so_far_0"], so_far[:, 0], equal_nan=True)
    assert np.array_equal(columns["whole_1"], whole[:, 1], equal_nan=True)
    assert abs(whole[-1, 0] - 0.6) < 0.02


def test_a_cloud_is_painted_and_moves(visit):
    visitor = visit()
    page = visitor.open(f"{LINK}&{PAGE}.cloud=true")
    painted = """() => {
        const host = [...document.querySelectorAll('*')].find(one => one.shadowRoot);
        const all = host.shadowRoot.querySelectorAll('figure canvas.trails');
        const canvas = all[1]; // over the trails of the first picture
        const {data, width} = canvas.getContext('2d').getImageData(
            0, 0, canvas.width, canvas.height);
        let count = 0, sum = 0;
        for (let i = 3; i < data.length; i += 4)
            if (data[i] > 0) { count += 1; sum += ((i - 3) / 4) % width; }
        return [count, sum / count];
    }"""
    count, before = page.evaluate(painted)
    assert count > 500
    visitor.scrub(60)
    page.wait_for_timeout(1_000)
    count, after = page.evaluate(painted)
    assert count > 300
    assert abs(after - before) > 10
