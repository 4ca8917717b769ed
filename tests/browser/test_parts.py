"""What a page loads stands at its head, or the browser would find out about it too late."""

import re
from urllib.request import urlopen

import pytest

from ui.lessons import LESSONS


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_every_script_that_a_page_loads_is_named_at_its_head(visit, lesson):
    visitor = visit()
    late = {"all"}
    for _ in range(2):  # the second time the server knows what the page needs, if not the first
        with urlopen(f"{visitor.address}/{lesson}", timeout=30) as answer:
            head = set(re.findall(r'(?:src|href)="\./([^"]+\.js)"', answer.read().decode()))
        page = visitor.open(lesson)
        loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        names = [name.removeprefix(f"{visitor.address}/") for name in loaded]
        scripts = {name for name in names if name.endswith(".js")}
        assert any("/player.js" in name for name in scripts)
        late = scripts - head
        if not late:
            break
    assert not late, f"loaded late: {sorted(late)}"
