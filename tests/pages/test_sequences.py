"""The page of LSTM and GRU: what is its own; what every page does is in test_every_lesson.py."""

import math
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from core import sequences as lesson
from core.race import race
from core.sequences import Config, ratio, run
from tests.pages.tabs import opened_tab, tables
from tests.pages.verdict import verdict
from ui.theme import number, short

NAME = "sequences"
# A run of a second: few waves of few samples.
TINY = {"hidden": "4", "length": "20", "sequences": "9", "epochs": "30"}
OF_TINY = Config(hidden=4, length=20, sequences=9, epochs=30, learning_rate=0.01)


def story(page) -> str:
    return page.markdown[0].value


@pytest.fixture
def sent_by(open_page, sent):
    """What the browser is sent of a page with these settings."""

    def opened(**settings: str) -> dict:
        assert not open_page(NAME, **settings).exception
        return sent[-1]

    return opened


def test_the_page_opens_on_small_cells_and_says_what_a_straight_line_reaches(open_page):
    page = open_page(NAME, epochs="1")
    opened = lesson.Config(hidden=32, learning_rate=0.01, epochs=300)
    assert page.session_state[f"{NAME}.run"].config == replace(opened, epochs=1)
    line = lesson.baselines(opened).line
    assert f"of only {short(line)}, and has not heard" in story(page)
    # Of fewer samples a straight line is no match for a network, and that is said.
    page = open_page(NAME, **TINY)
    assert page.session_state[f"{NAME}.run"].config == OF_TINY
    line = lesson.baselines(OF_TINY).line
    assert f"of {short(line)}: who wants a lower one has to hear" in story(page)


def test_the_verdict_has_the_frequency_that_was_heard_and_the_one_that_is_made(open_page):
    rows = verdict(open_page(NAME, **TINY))
    *_, last = run(OF_TINY)
    made = lesson.frame(OF_TINY, last)["hz_50_4"]
    assert rows["What goes on swings at"][0].startswith(number(lesson.hertz(OF_TINY, 4)))
    assert rows["What goes on swings at"][1].startswith(number(float(made)))
    assert rows["Loss"][:2] == ["—", number(float(last.loss))]  # nobody has published one
    assert "a straight line through the last two samples" in tables(open_page(NAME, **TINY))


def test_side_by_side_both_cells_learn_and_each_has_its_rows(open_page, sent_by):
    page = open_page(NAME, view="Side by side", **TINY)
    assert not page.exception
    rows = verdict(page)
    for cell in lesson.CELLS:
        *_, last = run(replace(OF_TINY, cell=cell))
        assert rows[f"Loss, {cell}"][1] == number(float(last.loss))
    sent = sent_by(view="Side by side", **TINY)
    columns = set(sent["frames"].column_names)
    assert {"lane_0_rollout_50_4", "lane_1_rollout_50_4", "lane_0_loss", "lane_1_loss"} <= columns


@pytest.mark.parametrize(
    ("settings", "painted"),
    [
        ({}, {"rollout_50_4"}),
        ({"heard": "1"}, {"rollout_1_0"}),
        ({"heard": "5", "wave": "slowest"}, {"rollout_5_0"}),
        ({"view": "One step or many"}, {"rollout_50_4", "forced_4", "off_50"}),
        ({"view": "One step or many", "heard": "1"}, {"rollout_1_0", "forced_0"}),
        ({"view": "Unknown waves", "cell": "GRU"}, {"heard"}),
        (
            {"view": "Gates", "cell": "GRU", "layer": "2"},
            {f"{name}_2" for name in lesson.GATES["GRU"]}
            | {f"unit_{name}" for name in lesson.GATES["GRU"]}
            | {"slope_2", "reach_2"},
        ),
    ],
)
def test_a_view_is_sent_what_it_paints_and_no_more(sent_by, settings, painted):
    sent = sent_by(**TINY, **settings)
    wide = {
        field.name
        for field in sent["frames"].schema
        if "list" in str(field.type) or "binary" in str(field.type)
    }
    assert wide == painted
    raw = {curve["name"] for chart in sent["charts"] for curve in chart["curves"]}
    raw |= {raster["name"] for chart in sent["charts"] for raster in chart["rasters"]}
    assert raw == painted


def test_after_one_zero_no_wave_is_drawn_and_no_frequency_wanted(open_page, sent_by):
    sent = sent_by(heard="1", **TINY)
    assert not any("truth" in name for name in sent)
    assert "the zero that every wave begins with" in sent["charts"][0]["caption"]
    assert "the wave" not in sent["charts"][0]["caption"].split("<span>", 1)[1]
    page = open_page(NAME, heard="1", **TINY)
    assert "says nothing of how fast to go on" in story(page)
    assert "what comes is the network's own choice" in story(page)
    assert "after the zero" in sent["charts"][1]["caption"]  # and no wave's frequency
    rows = verdict(page)
    assert rows["What goes on swings at"][0] == "—"
    page = open_page(NAME, heard="1", **TINY | {"sequences": "1"})
    assert "it has met one wave only and can know that by heart" in story(page)


def test_what_an_epoch_did_is_told_of_a_frame_where_that_is_several(open_page, sent, record_every):
    open_page(NAME, **TINY)
    assert sent[-1]["readouts"][0]["moving"].startswith("What just happened: epoch {step} took")
    record_every(3)
    open_page(NAME, **TINY)
    told = sent[-1]["readouts"][0]["moving"]
    assert told.startswith("What happened since the frame before, up to epoch {step}: the loss")


def test_gates_say_what_is_hatched_where_a_wave_is_shorter_than_the_picture(sent_by):
    for length, hatched in (("20", True), ("70", False)):
        sent = sent_by(view="Gates", **TINY | {"length": length})
        assert ("hatched: it hears no more" in sent["charts"][0]["caption"]) == hatched


def test_the_notes_settings_have_the_published_figure_as_a_diamond(sent_by):
    sent = sent_by(hidden="256", learning_rate="0.001", epochs="1")
    (loss,) = [k for k, chart in enumerate(sent["charts"]) if "◇" in chart["caption"]]
    table = sent[f"chart_{loss}_published"].to_pydict()
    assert table == {"line": [0.0], "step": [199.0], "value": [0.00023]}
    assert not any("published" in name for name in sent_by(**TINY))


def test_point_by_point_says_what_is_fed_and_what_is_said(open_page):
    page = opened_tab(open_page(NAME, at="30", heard="5", **TINY), NAME, "Point by point")
    *_, last = run(OF_TINY)
    frame = lesson.frame(OF_TINY, last)
    words = next(one.value for one in page.markdown if "it is fed" in one.value)
    told = number(float(frame["forced_4"][5]))
    assert "After epoch 30 it is fed **the true sample**" in words
    assert f"says sample 5: **{told}**" in words
    page.number_input(f"{NAME}.sample").increment().run()
    words = next(one.value for one in page.markdown if "it is fed" in one.value)
    assert f"**its own last word** {told}" in words
    assert f"**{number(float(frame['rollout_5_4'][6]))}**" in words
    assert number(float(lesson.truth(OF_TINY)[4, 6])) in words


def after_seeds(open_page, epochs: int):
    """The tab after five seeds of each kind have been trained for so many epochs."""
    config = {"epochs": str(epochs), "length": "20", "sequences": "9"}
    page = opened_tab(open_page(NAME, **config), NAME, "Over seeds")
    next(one for one in page.button if one.label == "Train 5 seeds of each").click().run()
    for _ in range(300):
        if not any(one.label == "Cancel" for one in page.button):
            break
        time.sleep(0.1)  # what is said of the first runs is not yet that of all
        page.run()
    assert not page.exception
    assert any(one.value.startswith(f"After epoch **{epochs}**") for one in page.markdown)
    return page


def test_over_seeds_claims_what_the_interval_carries_and_no_more(open_page):
    page = after_seeds(open_page, 3)
    config = Config(hidden=32, epochs=3, length=20, sequences=9, learning_rate=0.01)
    losses = []
    for cell in lesson.CELLS:
        *_, last = race(lesson, "seed", range(5)).run(replace(config, cell=cell))
        losses.append(np.array([lane.loss.item() for lane in last.lanes]))
    found = ratio(*losses)
    words = next(one.value for one in page.markdown if one.value.startswith("After epoch **3**"))
    assert f"**{short(found.ratio)} times**" in words
    assert f"between {short(found.low)} and {short(found.high)}" in words
    assert ("learns better" in words) == found.holds
    for loss in np.concatenate(losses):
        assert f"<td>{number(float(loss))}</td>" in tables(page)


def test_a_seed_that_cannot_begin_is_told_and_the_others_are_compared(open_page, monkeypatch):
    def limited(config, state=None):
        if config.seed == 3:
            raise RuntimeError("no memory for seed 3")
        yield from run(config, state)

    monkeypatch.setattr(lesson, "run", limited)
    page = after_seeds(open_page, 2)
    assert [one.value for one in page.error] == ["no memory for seed 3"] * 2
    assert any("times** that of the GRU" in one.value for one in page.markdown)
    assert len(re.findall(r"(<td>[\d.]+</td>){3}<td>—</td><td>", tables(page))) == 2


def test_sizes_are_counted_and_a_fair_width_is_a_click(open_page):
    page = opened_tab(open_page(NAME, **TINY), NAME, "Sizes and times")
    assert "<td>791809</td><td>593921</td>" in tables(page)  # the notes' size
    assert "0.09465" in tables(page)  # 18.9291 s for 200 epochs
    fair = lesson.as_many("LSTM", 4, 2, "GRU")
    numbers = [lesson.parameter_count(*kind, 2) for kind in (("GRU", fair), ("LSTM", 4))]
    sentence = f"A GRU of {fair} units has {numbers[0]}, about as many as an LSTM of 4 with "
    assert any(f"{sentence}{numbers[1]}." in one.value for one in page.markdown)
    next(one for one in page.button if one.label == "A GRU with as many numbers").click().run()
    now = page.session_state[f"{NAME}.run"].config
    assert (now.cell, now.hidden) == ("GRU", fair)


def test_the_notes_network_goes_on_from_one_zero_and_the_small_ones_have_heard(open_page, waits):
    waits(0.1)
    page = open_page(NAME, epochs="1")
    for preset, heard in (("as in the notes", "1"), ("small cells", "50")):
        page.menu_button(f"{NAME}.preset").click(preset).run()
        assert page.selectbox(f"{NAME}.heard").value == heard


def test_what_a_loss_means_has_the_guesses_that_need_no_learning(open_page):
    page = opened_tab(open_page(NAME, epochs="1"), NAME, "What a loss means")
    known = lesson.baselines(Config())
    for loss in known:
        assert number(loss) in tables(page)
    assert known.line_later == pytest.approx(0.000051, abs=1e-6)  # the figure of the notes' waves


def test_a_run_that_leaves_is_explained_and_mended(open_page):
    page = open_page(NAME, learning_rate="1", **TINY)
    assert not page.exception
    *_, last = run(replace(OF_TINY, learning_rate=1.0))
    left = not math.isfinite(float(last.loss))
    assert any("Why it runs away" in one.value for one in page.markdown) == left


def test_one_wave_is_learnt_by_heart(open_page):
    page = open_page(NAME, **TINY | {"sequences": "1", "high_hz": "1"})
    assert not page.exception
    assert re.search(r"Of 1 wave", story(page))
    assert math.isfinite(float(verdict(page)["Loss"][1]))


def test_what_is_not_predicted_has_no_source(open_page):
    page = open_page(NAME, **TINY | {"sequences": "1", "high_hz": "1"})
    assert verdict(page)["Loss"][0].startswith("—")
    assert "what the notes print" not in tables(page)


def test_the_script_to_take_away_repeats_what_runs_side_by_side(open_page, downloads, capsys):
    page = open_page(NAME, **TINY | {"epochs": "3", "view": "Side by side"})
    opened_tab(page, NAME, "Take it away")
    exec(downloads["Script that repeats the run"](), {})
    printed = capsys.readouterr().out
    last = downloads["Frames as CSV"]().decode().splitlines()
    losses = dict(zip(last[0].replace('"', "").split(","), last[-1].split(","), strict=True))
    assert "epoch 3:" in printed
    for lane in ("lane_0_loss", "lane_1_loss"):
        (shown,) = re.findall(rf"{lane} = (\S+)", printed.partition("epoch 3:")[2])
        assert float(shown) == pytest.approx(float(losses[lane]), rel=1e-3)  # four digits
