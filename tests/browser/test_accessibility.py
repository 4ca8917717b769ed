"""Every page by the rules of WCAG 2.1, A and AA, as far as axe can check them."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import COLD
from tests.lengths import few
from ui.lessons import LESSONS

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]  # image-alt is one of their rules
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"heading-order": {"enabled": True}},
    "resultTypes": ["violations", "incomplete"],
}
# In the dark a page has other colours, and nothing else.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
WIDE, NARROW = 1280, 390
# Of what is scrolled out of sight axe says nothing: here every page is in sight as a whole.
TALL = 7000
IN_THEME = """scheme =>
    getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme"""
# Of the parts of a script that look the same, contrast is reckoned of one: there are thousands.
SAME = """() => {
    const seen = new Set();
    for (const part of document.querySelectorAll('.stCode code span:not(:has(*))')) {
        const looks = [part, ...(function* () {
            for (let one = part.parentElement; !one.matches('.stCode'); one = one.parentElement)
                yield one;
        })()].map(one => getComputedStyle(one)).map(style => style.backgroundColor);
        const { color, fontSize, fontWeight, opacity } = getComputedStyle(part);
        const look = JSON.stringify([color, fontSize, fontWeight, opacity, looks]);
        part.toggleAttribute('data-same', seen.has(look));
        seen.add(look);
    }
}"""
SAME_TABS = ("Code", "Take it away")  # on every page: looked at on the first one
STEPS = 100  # a short run: what is written below it comes soon


def faults(page: Page, where: str, part: str | None = None, options: dict = OPTIONS) -> list[str]:
    """What axe finds in `part` of the page that is serious, or a heading out of order."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(Axe().axe_script)
    page.evaluate(SAME)
    context = {"include": [[part or "html"]], "exclude": [["[data-same]"]]}
    found = page.evaluate("([where, how]) => axe.run(where, how)", [context, options])
    lines = [
        f"{where}: {rule['id']} ({rule['impact']}) at {node['target']}: {rule['help']}. "
        + " ".join(node["failureSummary"].split())
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]
    # A rule that stumbles over one element says nothing of the others.
    lines += [
        f"{where}: {rule['id']} could not be checked at {node['target']}: {rule['help']}."
        for rule in found["incomplete"]
        for node in rule["nodes"]
        if any(check["id"] == "error-occurred" for check in node["none"])
    ]
    if page.eval_on_selector("[data-testid=stMain]", "it => it.scrollHeight > it.clientHeight"):
        lines.append(f"{where}: taller than {TALL} pixels, so axe has not seen its end.")
    return lines


def opened(visit, path: str):
    """A visitor who wants nothing to move: what fades would be looked at half way."""
    visitor = visit(width=WIDE, height=TALL, reduced_motion="reduce")
    visitor.page.goto(f"{visitor.address}/{path}")
    return visitor


def turn(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Into dark or light, as when the visitor's machine does; Streamlit follows."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(IN_THEME, arg=scheme)
    page.wait_for_timeout(200)


def looks(page: Page) -> list[str]:
    """The page wide in the dark, narrow in light, and with the sidebar over a narrow page."""
    # What is where depends on the width alone, and which colours there are on the theme alone.
    turn(page, "dark")
    found = faults(page, "wide, dark")
    page.set_viewport_size({"width": NARROW, "height": TALL})
    turn(page, "light")
    found += faults(page, "narrow, light")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarCollapseButton").wait_for()
    page.wait_for_timeout(200)
    return found + faults(page, "narrow, sidebar", "[data-testid=stSidebar]")


def test_home(visit):
    visitor = opened(visit, "")
    visitor.page.wait_for_selector("text=computes on", timeout=COLD)
    visitor.rest()
    assert visitor.page.title() == "Torch Explorables"
    found = looks(visitor.page)
    assert not found, "\n".join(found)


def test_the_keyboard_reaches_nothing_that_is_out_of_sight(visit):
    """On a narrow page the sidebar is closed; opened, it is reached."""
    visitor = visit(width=NARROW)
    page = visitor.open(f"{LESSONS[0].name}")

    def reached(presses: int) -> list[tuple[str, float]]:
        found = []
        for _ in range(presses):
            page.keyboard.press("Tab")
            found.append(
                page.evaluate("""() => {
                const { outerHTML } = document.activeElement;
                return [outerHTML, document.activeElement.getBoundingClientRect().right];
            }""")
            )
        return found

    expand = page.get_by_test_id("stExpandSidebarButton")
    expand.wait_for()
    page.wait_for_timeout(500)  # it slides away
    assert all(right > 0 for _, right in reached(12))
    expand.click()
    page.get_by_role("slider", name="Learning rate").focus()  # it is there to be moved
    page.get_by_test_id("stSidebarCollapseButton").wait_for()
    assert any('type="range"' in html for html, _ in reached(3))


@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])
def test_lesson(visit, name):
    settings = "&".join(f"{name}.{field}={text}" for field, text in few(name, STEPS).items())
    visitor = opened(visit, f"{name}?{settings}")
    page = visitor.page
    page.wait_for_selector("canvas.marks", timeout=COLD)
    page.wait_for_selector(".verdict")
    page.get_by_role("button", name="Pin this curve").click()
    page.wait_for_selector(".numbers:not(.verdict)")
    visitor.rest()
    # A title of its own is a rule that axe cannot know.
    title = next(lesson.title for lesson in LESSONS if lesson.name == name)
    assert page.title() == f"{title} · Torch Explorables"
    found = []
    for tab in page.get_by_role("tab").all()[1:]:  # the first is in front in all that follows
        title = tab.inner_text()
        if title in SAME_TABS and name != LESSONS[0].name:
            continue
        tab.click()
        visitor.rest()
        if title == "Code":  # it has colours of its own, which come a moment later
            page.wait_for_selector(".stCode .token")
            turn(page, "dark")
            found += faults(page, f"tab {title}, dark", ".stTabs", COLOURS)
            turn(page, "light")
        found += faults(page, f"tab {title}", ".stTabs")
    page.get_by_role("tab").first.click()
    visitor.rest()
    found += looks(page)
    assert not found, "\n".join(found)
