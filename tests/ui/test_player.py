"""What the browser is answered with, without Streamlit."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import gradient_descent as lesson
from core.recording import Frames, Recording
from ui import charts
from ui.painted import Curve, Level, Mesh, Raster, field, profile, warped
from ui.player import player
from ui.player.player import Picture, Readout, answer, around, painted
from ui.session import identify
from ui.tables import cut, narrow, table


@pytest.fixture(autouse=True)
def no_clock(monkeypatch):
    """An answer is as long as what is asked for, also where the machine is slow."""
    monkeypatch.setattr(player, "CHUNK_SECONDS", 60)


def recording(steps: int = 600, frame=lesson.frame, run=lesson.run) -> Recording:
    """One that is computed."""
    source = Recording(run, ((0, lesson.Config(steps=steps)),), frame=frame)
    source.finish(60)
    return source


def test_columns_of_vectors_become_flat_columns_of_float64():
    frames = Frames(0, np.arange(2, dtype=np.int32), {"w": np.arange(6.0).reshape(2, 3)}, 2, None)
    flat = table(frames)
    assert flat.column_names == ["step", "w_0", "w_1", "w_2"]
    assert flat.column("w_1").to_pylist() == [1.0, 4.0]
    assert str(flat.schema.field("w_0").type) == "double"
    # JavaScript would read 64-bit whole numbers as BigInt, which no chart can draw.
    assert str(flat.schema.field("step").type) == "int32"


def test_a_wide_column_travels_as_lists_of_floats():
    cloud = np.arange(2 * 2 * 40, dtype=np.float32).reshape(2, 2, 40)
    frames = Frames(0, np.arange(2, dtype=np.int32), {"cloud": cloud}, 2, None)
    sent = table(frames)
    assert sent.column_names == ["step", "cloud"]
    assert sent["cloud"].to_pylist() == [list(range(80)), list(range(80, 160))]
    assert str(sent.schema.field("cloud").type) == "fixed_size_list<item: float>[80]"
    assert table(narrow(frames)).column_names == ["step"]


@pytest.mark.parametrize("shape", [(3, 5), (100, 100)])
def test_a_raster_travels_as_bytes_however_small(shape):
    cells = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    frames = Frames(0, np.arange(4, dtype=np.int32), {"cells": cells}, 4, None)
    for rows in (slice(None), slice(1, 3), slice(None, None, 2)):
        sent = table(cut(frames, rows))
        assert sent.column_names == ["step", "cells"]
        assert sent["cells"].to_pylist() == [cell.tobytes() for cell in cells[rows]]
    assert table(narrow(frames)).column_names == ["step"]


def test_what_is_made_of_frames_sees_those_before():
    source = recording()
    name = identify(source.course)

    def also(config, frames):
        assert config == source.course[-1][1]
        assert frames.steps[0] == 0
        return {"sum": np.cumsum(frames.columns["loss"])}

    sums: list[float] = []
    while len(sums) < 601:
        request = {"recording": name, "start": len(sums), "count": 170, "number": 1}
        sent = answer(source, request, also=also)
        assert sent["start"] == len(sums)
        sums += sent["frames"].column("sum").to_pylist()
    losses = [s.loss.item() for s in lesson.run(lesson.Config(steps=600))]
    assert sums == np.cumsum(losses).tolist()


def test_infinity_and_nan_travel_intact():
    frames = Frames(0, np.arange(2, dtype=np.int32), {"x": np.array([np.inf, np.nan])}, 2, None)
    infinite, missing = table(frames).column("x").to_pylist()
    assert infinite == np.inf
    assert np.isnan(missing)


def test_without_a_request_the_first_frames_come():
    sent = answer(recording())
    assert sent["start"] == 0
    assert sent["frames"].num_rows == player.FIRST_CHUNK
    assert (sent["total"], sent["last"], sent["every"], sent["error"]) == (601, 600, 1, None)


def test_chunks_asked_for_one_after_the_other_are_the_run():
    source = recording()
    name = identify(source.course)
    steps, weights, number = [], [], 0
    while len(steps) < 601:
        number += 1
        request = {"recording": name, "start": len(steps), "count": 170, "number": number}
        sent = answer(source, request)
        assert sent["number"] == number
        assert sent["start"] == len(steps)
        steps += sent["frames"].column("step").to_pylist()
        weights += sent["frames"].column("weights_4").to_pylist()
    assert steps == list(range(601))
    assert weights == [s.weights[4].item() for s in lesson.run(lesson.Config(steps=600))]


def pictures(size: int, steps: int = 600) -> Recording:
    """Frames of so many bytes, and a number each."""

    def frame(config, state):
        cells = np.full(size, state.step % 251, np.uint8)
        return {"cells": cells.reshape(1, size), "loss": state.loss.numpy()}

    return recording(steps, frame)


@pytest.mark.parametrize("size", [100, 10_000, 3_000_000])
def test_an_answer_has_so_many_bytes_or_one_frame(size):
    source = pictures(size, 20 if size > 10_000 else 600)
    most = {"recording": identify(source.course), "start": 3, "count": 2_500, "number": 1}
    for request, allowed, start in ((None, player.FIRST_BYTES, 0), (most, player.MOST_BYTES, 3)):
        sent = answer(source, request)
        rows, each = sent["frames"].num_rows, size + 12  # a number of eight bytes, a step of four
        assert rows == 1 or rows * each <= allowed
        left = min(source.total - start, player.FIRST_CHUNK if request is None else 2_500)
        assert rows == left or (rows + 1) * each > allowed
        cells = sent["frames"]["cells"].to_pylist()
        assert [cell[0] for cell in cells] == [k % 251 for k in range(start, start + rows)]
        message = pa.BufferOutputStream()
        with pa.ipc.new_stream(message, sent["frames"].schema) as stream:
            stream.write_table(sent["frames"])
        assert message.tell() <= rows * each + 4_096  # no more than what is sent travels


def test_who_asks_for_frames_has_them_computed_and_who_only_looks_has_not():
    source = Recording(lesson.run, ((0, lesson.Config(steps=600)),), frame=lesson.frame)
    name = identify(source.course)
    looks = {"recording": name, "start": 0, "count": 1}
    for request in (None, looks, {"recording": "b", "start": 300, "count": 9}):
        sent = answer(source, request)
        assert (sent["frames"].num_rows, sent["computed"], sent["computing"]) == (1, 1, False)
    sent = answer(source, {"recording": name, "start": 1, "count": 40})
    assert sent["frames"].column("step").to_pylist() == list(range(1, 41))
    source.finish(60)
    sent = answer(source, looks)
    assert (sent["computed"], sent["computing"], sent["left"]) == (601, False, 0)


def test_of_wide_columns_those_alone_travel_that_a_chart_paints():
    level, beside = Level("line", 4, 127), ("bias", "numbers", 3)
    raster = Raster("cells", "", 4, (0, 1), (0, 1), (0, 1), level=level, beside=beside)
    assert painted(field(raster)) == {"cloud", "cells", "line", "numbers"}
    curves = Curve("moves"), Curve("stays", still=True)
    assert painted(profile(curves, ("x", "y"))) == {"cloud", "moves"}
    assert painted(warped(Mesh("grid", 8), ("x", "y"))) == {"cloud", "grid"}
    assert painted(charts.against_step((("loss", "loss"),), "loss")) == {"cloud"}

    def wide(config: lesson.Config, state: lesson.State) -> dict[str, np.ndarray]:
        rows = np.full(100, state.step, np.float32)
        return {**lesson.frame(config, state), "moves": rows, "other": rows}

    sent = answer(recording(20, wide), wide={"moves"})["frames"]
    assert "moves" in sent.column_names
    assert "weights_0" in sent.column_names  # narrow ones all do: readouts and words need them
    assert "other" not in sent.column_names
    assert "other" in answer(recording(20, wide))["frames"].column_names


def test_a_caption_is_a_title_and_its_key_and_no_markup():
    picture = Picture("a < b", charts.against_step((("loss", "loss"),), "loss"), "")
    assert picture.caption == "a &lt; b"
    keyed = picture._replace(key={"<LSTM>": "#0072B2"})
    assert keyed.caption == (
        'a &lt; b<span><i style="border-color: #0072B2"></i>&lt;LSTM&gt;</span>'
    )


def test_a_request_for_another_recording_gets_the_first_frames_of_this_one():
    sent = answer(recording(), {"recording": "b", "start": 300, "count": 9, "number": 4})
    assert (sent["start"], sent["number"]) == (0, 4)


SHORT = recording(20)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
requests = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("start", "count", "number"), anything)
).map(lambda request: request | {"recording": identify(SHORT.course)})


@example({"recording": identify(SHORT.course), "start": 10**400})
@given(requests | anything)
def test_no_request_however_odd_breaks_the_answer(request):
    sent = answer(SHORT, request)
    assert 0 <= sent["start"] < sent["total"]
    assert 0 < sent["frames"].num_rows <= sent["total"]
    assert 0 <= sent["number"] < 2**31
    json.dumps({name: value for name, value in sent.items() if name != "frames"}, allow_nan=False)


def test_a_run_that_stops_is_told_with_the_frames_before():
    def breaking(config, state=None):
        for found in lesson.run(config, state):
            if found.step == 5:
                raise RuntimeError("out of memory")
            yield found

    source = recording(run=breaking)
    sent = answer(source)
    assert sent["frames"].num_rows == 5
    assert sent["error"] == "out of memory"


def test_names_differ_where_settings_do():
    def name(**settings):
        config = lesson.Config(**settings)
        return identify(((0, config),))

    assert name() == name()
    assert len({name(), name(steps=99), name(learning_rate=0.1), name(momentum=0.1)}) == 4


def test_what_surrounds_the_frames_has_tables_at_the_first_level_and_finite_numbers():
    chart = charts.descent("weights_0", "w")
    picture = Picture("A", chart, "", {"low": 1}, {"theory": {"x": np.arange(3.0)}})
    sent = around([picture], [(0, Readout("start", "moving"))])
    assert sent["charts"][0]["data"] == {"theory": "chart_0_theory"}
    assert sent["chart_0_theory"].column("x").to_pylist() == [0.0, 1.0, 2.0]
    rest = {name: value for name, value in sent.items() if name != "chart_0_theory"}
    json.dumps(rest, allow_nan=False)


def test_a_readout_goes_with_the_labels_of_categories_and_with_the_name_of_a_step():
    words = Readout("start", "the error is {kind}", {"kind": ("none", "e x^4", "e x^5")})
    sent = around([], [(0, Readout("start", "moving")), (40, words)], step="batch")
    said = json.loads(json.dumps(sent))
    assert [readout["labels"] for readout in said["readouts"]] == [
        {},
        {"kind": ["none", "e x^4", "e x^5"]},
    ]
    assert said["step_name"] == ["batch", "batches"]
    assert around([], [])["step_name"] == ["update", "updates"]


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1))
def test_a_whole_number_travels_as_it_is(kinds):
    frames = Frames(0, np.arange(len(kinds), dtype=np.int32), {"kind": np.array(kinds)}, 9, None)
    assert table(frames)["kind"].to_pylist() == kinds


def test_lines_over_frames_are_left_to_the_player_and_the_rest_is_compiled():
    picture = Picture("A", charts.against_step((("a", "A"), ("b", "B")), "both"), "")
    (chart,) = around([picture], [(0, Readout("", ""))])["charts"]
    assert [(line["x"], line["y"]) for line in chart["trails"]] == [("step", "a"), ("step", "b")]
    assert len({line["colour"] for line in chart["trails"]}) == 2
    assert "vega/v" in chart["spec"]["$schema"]
    assert not any("frames" in str(part) for part in chart["spec"]["data"])
    assert {scale["name"] for scale in chart["spec"]["scales"]} >= {"x", "y"}
    assert chart["hover"]["fields"] == {"a": "A", "b": "B"}


def test_a_chart_that_draws_more_than_lines_over_frames_is_refused():
    layer = {"data": {"name": "frames"}, "mark": {"type": "point"}, "encoding": {}}
    with pytest.raises(ValueError, match="only lines are painted"):
        around([Picture("A", {"layer": [layer], "usermeta": {}}, "")], [(0, Readout("", ""))])


def test_vega_is_bundled_once_for_a_version_of_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(player, "STATIC", tmp_path)
    made = []
    monkeypatch.setattr(player, "bundle", lambda: made.append(1) or "new")
    for number in ("1", "1", "2", "1"):  # servers that start one after the other
        monkeypatch.setattr(player, "version", lambda _, number=number: number)
        player.vega.cache_clear()
        assert player.vega() == f"app/static/vega-{number}.js"
    player.vega.cache_clear()
    assert len(made) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vega-1.js", "vega-2.js"]


def test_a_folder_has_another_name_when_any_of_its_files_has_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(player, "STATIC", tmp_path)
    files = {"a.js": "import './b.js'", "b.js": "1"}
    addresses = {
        player.publish_folder("player", content)
        for content in (files, files, files | {"b.js": "2"}, files | {"c.js": "3"})
    }
    assert len(addresses) == 3
    for address in addresses:
        folder = tmp_path / address.removeprefix("app/static/")
        assert (folder / "a.js").read_text() == "import './b.js'"
    assert len(list(tmp_path.iterdir())) == 3


def test_servers_that_publish_at_once_leave_one_whole_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(player, "STATIC", tmp_path)
    files = {f"{name}.js": name * 1000 for name in "abcdefgh"}

    def publish(_: int) -> None:
        address = player.publish_folder("player", files)
        folder = tmp_path / address.removeprefix("app/static/")
        assert {file.name: file.read_text() for file in folder.iterdir()} == files

    with ThreadPoolExecutor(8) as servers:
        list(servers.map(publish, range(40)))
    assert len(list(tmp_path.iterdir())) == 1


def test_the_players_modules_lie_in_one_folder():
    folders = {address.rpartition("/")[0] for address in player.scripts()}
    assert len(folders) == 1
    assert player.script() in player.scripts()


@pytest.mark.parametrize("file", [player.HERE / "loader.js", *(player.HERE / "js").iterdir()])
def test_the_player_asks_no_other_host(file):
    assert "http" not in file.read_text()
