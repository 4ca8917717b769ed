"""The lesson of the damping factor as a learner meets it."""

from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import pytest

from core import linear_regression as lesson
from core.recording import play
from ui.link import read

PAGE = "linear_regression"
VALLEY = lesson.Config(
    A=((0.55, 0.45), (0.45, 0.55)),
    b=(1.0, 0.0),
    start=(0.5, 2.0),
    damping_factor=0.9,
    steps=400,
)
LINK = f"{PAGE}?" + "&".join(
    f"{PAGE}.{field}={value}"
    for field, value in {
        "A": "0.55,0.45;0.45,0.55",
        "b": "1,0",
        "start": "0.5,2",
        "damping_factor": "0.9",
        "steps": "400",
    }.items()
)


def settings(page) -> dict[str, str]:
    query = parse_qs(urlparse(page.url).query)
    return {name.removeprefix(f"{PAGE}."): values[0] for name, values in query.items()}


def test_the_damping_factor_is_steered_while_x_rolls_down_the_valley(visit):
    visitor = visit()
    page = visitor.open(LINK)
    page.wait_for_timeout(800)
    visitor.click("play")
    page.wait_for_timeout(800)
    visitor.move("Damping factor", -20)
    page.wait_for_selector("text=Undo the change at")
    visitor.rest()
    page.wait_for_timeout(1200)
    visitor.click("play")
    page.wait_for_timeout(1500)
    said = settings(page)
    now = replace(VALLEY, damping_factor=float(said["damping_factor"]))
    course, wrong = read(said["course"], now, lesson.LIVE)
    assert wrong == []
    assert course[0] == (0, VALLEY)
    assert 0.79 < now.damping_factor < 0.9
    columns = visitor.columns()
    states = list(play(lesson.run, course))[: len(columns["step"])]
    assert len(states) > course[-1][0] + 1 > 10
    # From the state at the fork on, it is a run with the new damping factor.
    last, config = course[-1]
    resumed = list(lesson.run(config, states[last]))
    assert columns["loss"][last:] == [state.loss.item() for state in resumed][: len(states) - last]
    for i in range(2):
        assert columns[f"x_{i}"] == [state.x[i].item() for state in states]
        assert all(error >= 0 for error in columns[f"mode_{i}"])


def test_a_click_in_the_plane_starts_there(visit):
    visitor = visit()
    page = visitor.open(LINK)
    box = page.locator(".canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    page.wait_for_function(
        f"location.search.includes('{PAGE}.start') && !location.search.includes('start=0.5')"
    )
    visitor.rest()
    start = tuple(float(part) for part in settings(page)["start"].split(","))
    assert start != VALLEY.start
    columns = visitor.columns()
    assert (columns["x_0"][0], columns["x_1"][0]) == start
    first = replace(VALLEY, start=start)
    view = lesson.window(VALLEY)
    assert abs(start[0] - view.center_x) < view.span_x
    assert columns["loss"][5] == list(lesson.run(first))[5].loss.item()


def test_the_path_is_drawn_and_a_run_that_leaves_is_explained(visit):
    visitor = visit()
    page = visitor.open(f"{PAGE}?{PAGE}.damping_factor=1.2&{PAGE}.steps=300")
    visitor.click("end")
    visitor.until_step(300)
    page.wait_for_selector("text=Why it runs away")
    page.get_by_role("button", name="the largest stable one").click()
    page.wait_for_selector("text=Why it runs away", state="detached")
    visitor.rest()
    assert settings(page)["damping_factor"] == "0.995"


def test_a_matrix_is_edited_on_the_page_and_a_bad_one_leaves_the_last_good_run(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    field = page.get_by_role("textbox", name="A, two rows")
    field.fill("1, 2; 3")
    field.press("Enter")
    page.wait_for_selector("text=The last good run stays on screen.")
    visitor.click("end")
    visitor.until_step(200)
    field.fill("1, 0; 0, 0.5")
    field.press("Enter")
    page.wait_for_selector("text=The last good run stays on screen.", state="detached")
    visitor.rest()
    assert "steep" in page.inner_text("[data-testid=stMain]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(visit, scheme):
    visitor = visit(width=390, height=844, color_scheme=scheme)
    page = visitor.open(LINK)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visitor.click("forward")
    visitor.until_step(1)


def test_the_script_is_copied_by_one_click_and_marks_the_changed_line(visit):
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_role("tab", name="Code").click()
    script = page.locator(".st-key-plain_script")
    script.locator("code span").first.wait_for()
    visitor.move("Damping factor", 2)
    changed = "    x -= 0.91 * z"
    page.wait_for_function(
        """text => [...document.querySelectorAll('.st-key-plain_script code > span')]
            .filter(line => getComputedStyle(line).backgroundColor !== 'rgba(0, 0, 0, 0)')
            .map(line => line.textContent.trimEnd()).join() === '    ' + text""",
        arg=changed,
    )
    script.locator("pre").hover()
    script.get_by_role("button", name="Copy to clipboard").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert changed in copied
    assert copied.splitlines()[0] == "import torch"
