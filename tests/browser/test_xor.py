"""XOR, as a learner meets it: the line bends, is steered, and goes on from there."""

from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import numpy as np

from core import xor as lesson
from core.course import play, settings_at
from core.recording import Recording
from ui.link import read
from ui.network import network
from ui.painted import Raster
from ui.theme import number

PAGE = "xor"
OPENED = lesson.Config(learning_rate=0.5, epochs=40)


def course_of(page, config: lesson.Config):
    """The course that the address tells."""
    query = parse_qs(urlparse(page.url).query)
    now = replace(config, learning_rate=float(query[f"{PAGE}.learning_rate"][0]))
    course, wrong = read(query[f"{PAGE}.course"][0], now, lesson.LIVE)
    assert wrong == []
    return course


def assert_frames_are_those_of(visitor, course) -> None:
    """Every number that the browser has is the run's, and so are pictures before and after."""
    columns = visitor.columns()
    states = list(play(lesson.run, course))[: len(columns["step"])]
    assert columns["step"] == [state.step for state in states]
    for name in ("loss", "train_accuracy", "test_loss", "test_accuracy"):
        assert columns[name] == [getattr(state, name).item() for state in states]
    for step in (0, course[-1][0], course[-1][0] + 1, len(states) - 1):
        frame = lesson.frame(settings_at(course, step), states[step])
        assert visitor.wide("field", step) == frame["field"].ravel().tolist()
        for k, weight in enumerate(frame["weights"].tolist()):
            assert columns[f"weights_{k}"][step] == weight


def test_a_slider_that_is_dragged_while_it_plays_bends_the_line_from_there_on(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.epochs=80")  # twenty seconds: none too quick for the mouse
    config = replace(OPENED, epochs=80)
    visitor.click("play")
    visitor.until_step(30, or_later=True)
    slider = page.get_by_role("slider", name="Learning rate")
    box = slider.bounding_box()
    assert box
    x, y = box["x"], box["y"] + box["height"] / 2  # where its thumb is: it has no width to be seen
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(1, 9):
        page.mouse.move(x + 4 * k, y)
    page.mouse.up()
    page.get_by_text("Undo the change at").wait_for()
    visitor.rest()
    forked = visitor.step()
    visitor.until_step(forked + 90, or_later=True)  # it plays on
    visitor.click("play")
    visitor.until_told()
    course = course_of(page, config)
    assert course[0][1] == config
    assert course[-1][1].learning_rate > 0.5
    assert 30 <= course[-1][0] < visitor.step()
    assert_frames_are_those_of(visitor, course)


def test_a_number_is_held_from_a_step_on_by_its_line_of_text(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.epochs=20")
    visitor.scrub(40)
    visitor.until_step(40)
    visitor.until_told()
    page.get_by_text("More settings").click()
    line = page.get_by_role("textbox", name="Numbers held")
    line.fill("linear2.bias, 0, 1.5")
    line.press("Enter")
    page.get_by_text("Undo the change at 40").wait_for()
    visitor.rest()
    visitor.click("end")
    visitor.until_step(320)
    bias = np.array(visitor.columns()["weights_16"])  # 4 × 2 + 4 weights and biases, and 4
    assert (bias[:41] != 1.5).all()
    assert (bias[41:] == 1.5).all()


def linked(page, field: str) -> str:
    """What the address says of a field, once it says anything."""
    page.wait_for_function(
        "field => new URL(location.href).searchParams.has(field)", arg=f"{PAGE}.{field}"
    )
    return page.evaluate(
        "field => new URL(location.href).searchParams.get(field)", f"{PAGE}.{field}"
    )


def test_a_click_in_the_plane_adds_a_point_that_trains(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.click=class 1&{PAGE}.epochs=3")
    canvas = page.locator(".canvas").first
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": 0.55 * box["width"], "y": 0.55 * box["height"]})
    (x, y, label) = (float(part) for part in linked(page, "extra_points").split(","))
    visitor.rest()
    visitor.click("end")
    visitor.until_step(48)
    config = replace(OPENED, epochs=3, extra_points=((x, y, int(label)),))
    assert label == 1
    assert 0.3 < x < 0.8
    assert 0.2 < y < 0.8
    losses = [state.loss.item() for state in lesson.run(config)]
    assert visitor.columns()["loss"] == losses[: len(losses)]


def test_a_click_on_a_node_draws_it_in_the_plane_and_the_run_stays(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.view=Network&{PAGE}.epochs=4")
    visitor.scrub(30)
    visitor.until_step(30)
    config = lesson.Config()
    plane = Raster("field", "p", lesson.CELLS, ("left", "right"), ("low", "high"), (0, 1))
    drawn = network(
        lesson.parameter_shapes(config), config.features, [lesson.unit_names(config)], plane, plane
    )
    node = next(node for node in drawn.nodes if node.name == "unit_1_3")
    canvas = page.locator(".canvas").nth(1)
    box = canvas.bounding_box()
    assert box
    wide, high = max(n.x + n.side / 2 for n in drawn.nodes) + 0.1, 4
    pixel = max(wide / (box["width"] - 10), high / (box["height"] - 10))  # 5 around the plot
    left = box["width"] / 2 + (node.x - wide / 2) / pixel
    top = box["height"] / 2 + (node.y - high / 2) / pixel
    canvas.hover(position={"x": left, "y": top})
    tip = page.locator(".tip").inner_text()
    assert "unit 3" in tip
    bias = visitor.columns()["weights_10"][30]  # after 4 × 2 weights and two biases
    assert f"linear1.bias[2] {number(bias)}" in " ".join(tip.split())
    canvas.click(position={"x": left, "y": top})
    assert linked(page, "large") == "unit 3 of layer 1"
    page.get_by_text("The plane as unit 3 of layer 1 sees it").wait_for()
    visitor.rest()
    assert visitor.step() == 30
    # Between the layers a line is under the pointer: the second input, to the third unit.
    come = next(node for node in drawn.nodes if node.name == "input_1")
    x = (come.x + node.x) / 2
    y = (come.y + node.y) / 2
    left = box["width"] / 2 + (x - wide / 2) / pixel
    top = box["height"] / 2 + (y - high / 2) / pixel
    canvas.hover(position={"x": left, "y": top})
    assert "linear1.weight[2, 1]" in page.locator(".tip").inner_text()
    # A click on the line from there to the output draws what the output says.
    to = next(other for other in drawn.nodes if other.name == "field")
    x, y = node.x + node.side / 2 + 0.1, node.y
    assert drawn.node_at(x, y) == to
    left = box["width"] / 2 + (x - wide / 2) / pixel
    top = box["height"] / 2 + (y - high / 2) / pixel
    canvas.click(position={"x": left, "y": top})
    page.get_by_text("The plane; along the line p = 1/2").wait_for()
    visitor.rest()
    assert visitor.step() == 30


def test_another_unit_bends_the_same_plane_otherwise(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.view=Bent plane&{PAGE}.epochs=3")
    visitor.click("end")
    visitor.until_step(48)
    config = replace(OPENED, epochs=3)
    frames = Recording(lesson.run, ((0, config),), frame=lesson.frame).finish(60)
    page.get_by_text("More settings").click()
    with visitor.turned():
        visitor.move("Unit across", 2)
    page.get_by_text("as units 3 and 2 see them").wait_for()
    visitor.rest()
    wanted = lesson.bent(2, 1)(config, frames)["grid"][48]
    assert visitor.wide("grid", 48) == wanted.ravel().tolist()


def test_a_view_has_all_its_pictures_and_no_other_whatever_was_seen_before(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.view=Units&{PAGE}.epochs=3")
    assert page.locator("figure").count() == 2
    page.get_by_test_id("stButtonGroup").get_by_text("Sharpness").click()
    page.locator("figure canvas.marks").nth(2).wait_for()
    visitor.rest()
    assert page.locator("figcaption").all_inner_texts()[2].startswith("The loss")
    page.get_by_test_id("stButtonGroup").get_by_text("Units").click()
    page.locator("figure").nth(2).wait_for(state="detached")
    assert page.locator("figure canvas.marks").count() == 2


def test_tabs_show_the_numbers_of_the_step_on_screen(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.epochs=4")
    states = list(lesson.run(replace(OPENED, epochs=4)))
    page.get_by_role("tab", name="Parameters").click()
    page.get_by_text("After update 0:").wait_for()
    visitor.rest()
    for step, move in ((40, lambda: visitor.scrub(40)), (39, lambda: visitor.click("back"))):
        move()
        visitor.until_step(step)
        page.get_by_text(f"After update {step}:").wait_for()
        bias = number(states[step].parameters["linear2.bias"].item())
        page.get_by_role("row", name=f"linear2.bias 1 {bias}").wait_for()
        assert visitor.step() == step
    page.get_by_role("tab", name="The loop").click()
    page.get_by_text("Update 39, the one on screen").wait_for()
    visitor.click("forward")  # the lines light up, with the numbers of that update
    page.get_by_text("Update 40, the one on screen").wait_for()
    loss = number(lesson.update_after(replace(OPENED, epochs=4), states[39]).loss.item())
    page.get_by_text(f"one number: {loss}").wait_for()
    names = "list => list.getAnimations({ subtree: true }).map(({ animationName: name }) => name)"
    assert page.locator("ol.loop").evaluate(names).count("lights") >= 1
    page.get_by_role("tab", name="Try this").click()
    visitor.rest()


def test_a_table_of_ones_own_is_loaded_and_one_that_cannot_be_read_loses_nothing(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.epochs=3")
    page.get_by_role("tab", name="Your points").click()
    visitor.scrub(20)
    visitor.until_step(20)
    before = visitor.columns()
    chooser = page.locator("input[type=file]")

    def load(text: str) -> None:
        chooser.set_input_files(
            {"name": "own.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )

    load("x,y,kind\n0,0,no\n1,zero,yes\n")
    page.get_by_text("line 3 is not allowed").wait_for()
    visitor.rest()
    assert visitor.step() == 20
    assert visitor.columns() == before
    load("x,y,kind\n0,0,no\n1,0.5,yes\n0.25,1,yes\n")
    page.get_by_text("3 points; class 0 is 'no', class 1 'yes'.").wait_for()
    assert visitor.columns() == before  # until it is asked for
    page.get_by_role("button", name="Train on these points").click()
    page.wait_for_url(lambda url: f"{PAGE}.data=own" in url)
    visitor.rest()
    visitor.click("end")
    visitor.until_step(3)
    points = ((0.0, 0.0, 0), (1.0, 0.5, 1), (0.25, 1.0, 1))
    config = replace(OPENED, epochs=3, data="own", extra_points=points)
    assert visitor.columns()["loss"] == [state.loss.item() for state in lesson.run(config)]
