"""The fit that flips, as a learner meets it."""

from dataclasses import replace

import numpy as np

from core import sine_fit as lesson

PAGE = "sine_fit"


def test_the_flip_plays_and_is_steered_by_the_step_size(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    visitor.click("play")
    visitor.until_step(6, or_later=True)
    visitor.click("play")
    columns = visitor.columns()
    known = len(columns["step"])
    states = list(lesson.run(lesson.Config()))[:known]
    assert columns["loss"] == [state.loss.item() for state in states]
    slider = page.get_by_role("slider", name="Step size")
    slider.focus()
    slider.press("ArrowLeft")  # 0.1 -> 0.09, one preferred number less
    page.wait_for_function(
        "field => new URL(location.href).searchParams.has(field)", arg=f"{PAGE}.step_size"
    )
    visitor.rest()
    page.get_by_text("Undo the change at").wait_for()
    steered = visitor.columns()["step_size"]
    assert steered[1] == 0.1
    assert steered[-1] == 0.09


def test_a_click_on_the_surface_moves_the_start(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.view=Surface")
    canvas = page.locator(".canvas").first
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": 0.7 * box["width"], "y": 0.5 * box["height"]})
    page.wait_for_function(
        "field => new URL(location.href).searchParams.has(field)", arg=f"{PAGE}.frequency"
    )
    visitor.rest()
    visitor.until_step(3, or_later=True)  # it plays
    visitor.click("play")
    link = "field => new URL(location.href).searchParams.get(field)"
    a, f = (float(page.evaluate(link, f"{PAGE}.{name}")) for name in ("amplitude", "frequency"))
    columns = visitor.columns()
    assert (columns["parameters_0"][0], columns["parameters_1"][0]) == (a, f)
    config = replace(lesson.Config(), amplitude=a, frequency=f)
    plane = lesson.plane(lesson.Config())
    # Where the pointer was, but for the room that axes and legend take.
    assert abs((f - plane.left) / (plane.right - plane.left) - 0.65) < 0.1
    assert abs((a - plane.lower) / (plane.upper - plane.lower) - 0.5) < 0.2
    states = list(lesson.run(config))[: len(columns["step"])]
    assert np.array_equal(columns["loss"], [state.loss.item() for state in states])
