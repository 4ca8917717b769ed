"""Which parts of Streamlit's browser code are named to a browser, by what pages were sent."""

from collections import defaultdict

import pytest
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ui import parts
from ui.parts import Beginning, files, kinds_of


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    """What pages were sent, from nothing on."""
    fresh = defaultdict(set)
    monkeypatch.setattr(parts, "_seen", fresh)
    return fresh


def begins(page: str = "") -> ForwardMsg:
    said = ForwardMsg()
    said.new_session.page_script_hash = page
    return said


def pages(here: str) -> ForwardMsg:
    said = ForwardMsg()
    for name in ("one", "two"):
        said.navigation.app_pages.add(page_script_hash=f"#{name}", url_pathname=name)
    said.navigation.page_script_hash = here
    return said


def sends(kind: str) -> ForwardMsg:
    said = ForwardMsg()
    getattr(said.delta.new_element, kind).SetInParent()
    return said


def ends(status: str = "SUCCESSFULLY") -> ForwardMsg:
    return ForwardMsg(script_finished=f"FINISHED_{status}")  # pyright: ignore[reportArgumentType]


def hear(*messages: ForwardMsg) -> None:
    beginning = Beginning()
    for message in messages:
        beginning.hear(message)


def test_a_page_is_known_by_what_it_was_sent_in_its_first_run(seen):
    hear(begins("#one"), sends("html"), pages("#one"), sends("slider"), ends())
    assert seen == {"one": {"html", "slider"}}
    assert parts.parts("one") == files({"html", "slider"})


def test_what_came_after_clicks_is_not_what_a_page_begins_with(seen):
    hear(begins(), pages("#one"), sends("slider"), ends(), begins("#one"), sends("json"), ends())
    assert seen == {"one": {"slider"}}


def test_runs_that_were_cut_off_and_runs_of_a_part_say_nothing(seen):
    hear(begins(), pages("#one"), sends("slider"), ends("EARLY_FOR_RERUN"))
    hear(begins(), pages("#one"), sends("slider"), ends("FRAGMENT_RUN_SUCCESSFULLY"))
    assert not seen


def test_a_visitor_who_goes_on_to_another_page_shows_what_that_one_needs(seen):
    first = begins(), pages("#one"), sends("slider"), ends()
    hear(*first, begins("#two"), pages("#two"), sends("radio"), ends())
    assert seen == {"one": {"slider"}, "two": {"radio"}}


def test_several_visitors_show_more(seen):
    for kind in ("slider", "radio"):
        hear(begins(), pages("#one"), sends(kind), ends())
    assert seen == {"one": {"slider", "radio"}}


def test_of_a_page_that_nobody_has_opened_we_expect_what_others_had():
    assert parts.parts("two") == ()
    hear(begins(), pages("#one"), sends("slider"), ends())
    assert parts.parts("two") == parts.parts("one") == files({"slider"})


def test_a_part_comes_with_all_that_it_imports_and_nothing_that_is_there_anyway():
    found = files({"button_group", "multiselect", "heading"})
    assert any("ButtonGroup" in file for file in found)
    assert any("Multiselect" in file for file in found)
    page = (parts.FILES / "index.html").read_text()
    for file in found:
        assert (parts.FILES / file).exists()
        assert file not in page


def test_every_kind_of_element_has_a_part_or_is_on_every_page_or_is_known_to_have_neither():
    # Of another version of Streamlit this list may differ: then look into its manifest.json.
    kinds = [field.name for field in Element.DESCRIPTOR.oneofs_by_name["type"].fields]
    there = {"alert", "empty", "exception", "favicon", "heading", "help_info", "markdown"}
    there |= {"skeleton", "space", "text"}
    late = {"code", "imgs", "vega_lite_chart"}
    assert {kind for kind in kinds if not files({kind})} == there | late


def test_a_formula_needs_what_draws_formulas():
    plain, formula = Element(), Element()
    plain.markdown.body = "five"
    formula.markdown.body = "$$x^2$$"
    assert kinds_of(plain) == {"markdown"}
    assert any("katex" in file for file in files(kinds_of(formula)))
    assert not kinds_of(Element())
