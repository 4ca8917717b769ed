"""What holds for the page of every lesson, those to come too: without a browser."""

import inspect
import io
import re
from dataclasses import fields, replace
from html import escape
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from tests.lengths import few, length
from tests.pages.verdict import verdict
from ui import export, supply, tables
from ui.lessons import LESSONS
from ui.session import identify
from ui.theme import an

ROOT = Path(__file__).parents[2]
every_lesson = pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])


def core(name: str):
    return import_module(f"core.{name}")


def said(page) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.warning, *page.error])


def controls(page, name: str) -> dict:
    """Every control of the page that stands in its address: field -> control."""
    kinds = ("slider", "select_slider", "toggle", "selectbox", "text_input", "multiselect")
    found = {one.key: one for kind in kinds for one in page.get(kind)}
    rows = {one.key: one for one in page.get("button_group") if one.key != f"{name}.view"}
    return {key.removeprefix(f"{name}."): one for key, one in (found | rows).items()}


def in_every_view(open_page, name: str, settings: dict[str, str]):
    """The page with these settings, in each of its views or as it is where there are none."""
    page = open_page(name, **settings)
    views = [one.options for one in page.get("button_group") if one.key == f"{name}.view"]
    for view in views[0] if views else [""]:
        yield open_page(name, **settings, view=view) if view else page


# What no preset is long enough to tell: two equal rates mix for ever. Or what takes minutes: the
# published loss is that of 2,000 epochs of 256 units.
UNTOLD = {
    "linear_regression": {"Spectral radius"},
    "sequences": {"Loss"},
}


@every_lesson
def test_every_setting_has_a_control_with_a_name_and_help(open_page, name):
    page = open_page(name, **few(name))
    assert not page.exception
    assert page.title[0].value == next(one.question for one in LESSONS if one.name == name)
    found = controls(page, name)
    assert {field.name for field in fields(core(name).Config)} <= found.keys()
    assert all(control.label and control.proto.help for control in found.values())


def quantities(page) -> tuple[set[str], set[str]]:
    """What the verdict tells of a run, and what it is too short to tell."""
    told, missed = set(), set()
    for title, (_, text, _) in verdict(page).items():
        quantity = re.sub(r" \d+", "", title)  # without the number of a last update
        (missed if text.startswith("too short") else told).add(quantity)
    return told, missed


@every_lesson
def test_every_preset_opens_and_its_link_shows_it_again(open_page, waits, name):
    """And each has a verdict: of the shortest run that its slider allows, and of the whole run
    where that alone tells a quantity.
    """
    page = open_page(name, **few(name))
    key, untold = f"{name}.preset", UNTOLD.get(name, set())
    presets = list(page.menu_button(key).options)
    assert presets[0] == "as in the notes"

    def choose(preset: str) -> None:
        page.menu_button(key).click(preset).run()
        assert not page.exception
        assert not page.error
        assert page.menu_button(key).label == preset

    told, missed = set(), set()
    for preset in presets:
        waits(0)
        choose(preset)
        slider = controls(page, name)[length(name)]
        waits()
        slider.set_value(slider.min).run()
        assert not page.exception
        found, lacking = quantities(page)
        assert found | lacking
        if lacking - told - untold:
            choose(preset)
            more, _ = quantities(page)
            found |= more
        told, missed = told | found, missed | lacking
    # A wrong prediction would make every run too short to tell it.
    assert missed - told <= untold
    waits(0)
    choose(presets[-1])
    shown = {field: control.value for field, control in controls(page, name).items()}
    link = {
        field: str(value).lower() if isinstance(value, bool) else value
        for field, value in shown.items()
    }
    again = open_page(
        name, **{field: v if isinstance(v, list) else str(v) for field, v in link.items()}
    )
    assert again.menu_button(key).label == presets[-1]
    assert {field: control.value for field, control in controls(again, name).items()} == shown


@every_lesson
def test_what_a_link_cannot_set_is_named_and_ignored(open_page, waits, name):
    waits(0)
    first = open_page(name)
    good = controls(first, name)
    page = open_page(name, **dict.fromkeys(good, "no such thing"))
    assert not page.exception
    words = said(page).replace("\\", "")
    for field, control in controls(page, name).items():
        assert f"{field} = " in words, field
        if control.type != "text_input":  # that keeps the text, to be mended
            assert control.value == good[field].value
    assert page.get("title")  # and a run is on screen all the same
    assert page.session_state[f"{name}.run"].config == first.session_state[f"{name}.run"].config


@every_lesson
def test_the_code_on_screen_is_the_code_that_runs(open_page, name):
    page = open_page(name, **few(name))
    assert not page.code  # colouring code takes a browser long: not before it is wanted
    page.session_state[f"{name}.tab"] = "Code"
    plain, shown = (block.value for block in page.run().code)
    assert not page.exception
    lesson = core(name)
    assert inspect.getsource(lesson.run) in shown
    assert inspect.getsource(lesson.State) in shown
    (words,) = [one.value for one in page.caption if "this page itself runs" in one.value]
    assert "".join((ROOT / file).read_text() for file in re.findall("`(.*?)`", words)).count(
        inspect.getsource(lesson.predict if hasattr(lesson, "predict") else lesson.analyse)
    )  # the files named are those that it is read from
    assert plain == lesson.plain_pytorch(page.session_state[f"{name}.run"].config).strip()


@every_lesson
def test_the_run_can_be_taken_away_as_table_picture_and_script(open_page, name):
    page = open_page(name, **few(name))
    page.session_state[f"{name}.tab"] = "Take it away"
    page.run()
    assert not page.exception
    buttons = [button.proto for button in page.get("download_button")]
    assert [button.label for button in buttons] == [
        "Frames as CSV",
        "Pictures as PNG",
        "Script that repeats the run",
    ]
    assert all(button.HasField("deferred_file_id") and not button.url for button in buttons)
    step = getattr(core(name), "STEP", "update")
    assert re.search(rf"(micro|milli)seconds {an(step)}", page.caption[-1].value)


@every_lesson
def test_what_is_taken_away_is_made_in_every_view(
    open_page, downloads, sent, name, monkeypatch, capsys
):
    """Each download is made only when somebody asks for it: a fault in one shows no sooner."""
    blank, drawn, scripts = io.BytesIO(), [], []
    Image.new("RGB", (1, 1)).save(blank, "PNG")

    def draw(spec, scale):
        drawn.append(spec)
        return blank.getvalue()  # that specifications can be drawn is tested in tests/ui

    monkeypatch.setattr(export, "drawn", draw)
    for page in in_every_view(open_page, name, few(name, 50)):
        page.session_state[f"{name}.tab"] = "Take it away"
        page.run()
        assert not page.exception
        drawn.clear()
        table, _, script = (make() for make in downloads.values())
        now = page.session_state[f"{name}.run"]
        names, *rows = table.decode().splitlines()
        assert names.startswith('"step",')
        steps = [int(row.split(",")[0]) for row in rows]
        assert (steps[0], steps[-1]) == (0, now.config.steps)
        assert len(steps) > min(now.config.steps, 1_000)
        assert steps == sorted(set(steps))
        for spec, chart in zip(drawn, sent[-1]["charts"], strict=True):
            assert chart["caption"].startswith(escape(spec["title"]["text"]))
            assert spec["datasets"]["now"][0]["step"] == now.config.steps
        scripts.append((now.config.steps, compile(script, f"{name}_run.py", "exec")))
    end, repeats = scripts[0]
    exec(repeats, {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40  # a screenful
    printed = [int(line.split()[1].strip(":")) for line in lines if not line.startswith(" ")]
    assert (printed[0], printed[-1]) == (0, end)
    assert len(lines) > 2 * len(printed)


@every_lesson
def test_a_steered_run_opens_from_its_link_and_is_undone(open_page, name):
    lesson = core(name)
    page = open_page(name, **few(name))
    now = page.session_state[f"{name}.run"].config
    field, value = next(
        (field, 0.5 * getattr(now, field))
        for field in sorted(lesson.LIVE)
        if isinstance(getattr(now, field), float) and getattr(now, field)
    )
    page = open_page(name, **few(name), course=f"0 {field} {value} 100", at="150")
    assert not page.exception
    earlier = replace(now, **{field: value})
    assert page.session_state[f"{name}.run"].course == ((0, earlier), (100, now))
    assert page.session_state[f"{name}.run"].at == 150
    next(b for b in page.button if b.label == "Undo the change at 100").click().run()
    assert page.session_state[f"{name}.run"].course == ((0, earlier),)
    assert controls(page, name)[field].value == value


@every_lesson
def test_frames_are_the_same_by_either_way_and_their_columns_made_once(
    open_page, sent, name, monkeypatch
):
    """Those that nobody records are made of a whole run."""
    made = []
    derived = tables.derived

    def told(frames, course, also):
        if frames.finished:
            made.append((course, also.__name__))
        return derived(frames, course, also)

    monkeypatch.setattr(tables, "derived", told)
    # No other test has made anything of such a run.
    for page in in_every_view(open_page, name, few(name, 31)):
        now = page.session_state[f"{name}.run"]
        asked = {"recording": identify(now.course), "start": 3, "count": 20, "number": 1}
        for request in (asked, None, asked):
            page.session_state[f"{name}.player.asked"] = request
            page.run()
            assert not page.exception
        by_streamlit = sent[-1]
        given = supply._open[by_streamlit["supply"].removeprefix("frames/")].give(asked)
        for frames in (given, by_streamlit):
            frames["frames"] = supply.packed({"frames": frames["frames"]})
        assert given == {part: by_streamlit[part] for part in given}
    assert len(made) == len(set(made))
    assert bool(made) == ("also=" in (ROOT / f"pages/{name}.py").read_text())
