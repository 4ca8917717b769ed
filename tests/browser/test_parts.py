"""What a page loads stands at its head, or the browser would find out about it too late."""

import re
from urllib.request import urlopen

import pytest

from ui.lessons import LESSONS


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_every_script_that_a_page_loads_is_named_at_its_head(visit, lesson):
    visitor = visit()
    visitor.open(lesson)  # by now the server knows what the page needs
    with urlopen(f"{visitor.address}/{lesson}", timeout=30) as answer:
        head = set(re.findall(r'(?:src|href)="\./([^"]+\.js)"', answer.read().decode()))
    page = visitor.open(lesson)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    scripts = {name.removeprefix(f"{visitor.address}/") for name in loaded if name.endswith(".js")}
    assert any("/player.js" in name for name in scripts)
    assert scripts <= head, f"loaded late: {sorted(scripts - head)}"
