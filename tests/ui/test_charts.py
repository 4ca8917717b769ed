"""Charts: what they read, and that each can be drawn at any frame, however wild the run."""

import io
import re

import numpy as np
import pytest
import vl_convert
from PIL import Image

from core import gradient_descent as lesson
from core import linear_regression, matrix_game
from core.recording import Frames, Recording
from ui import charts, export
from ui.export import filled, png
from ui.player.player import Picture
from ui.theme import BLUE, GREEN, ORANGE, SERIES

LOSS = (("loss", "loss"),)
WEIGHTS = tuple((f"weights_{i}", f"w{i}") for i in range(5))


def recorded(**settings: object) -> tuple[lesson.Config, Frames]:
    config = lesson.Config(**settings)  # type: ignore[arg-type]
    return config, Recording(lesson.run, ((0, config),), frame=lesson.frame).finish(60)


def loss_picture(config: lesson.Config, log: bool) -> Picture:
    losses = lesson.predicted_loss(config)
    ends = charts.log_domain([losses], (1e-30, 1e30)) if log else charts.domain([losses], (0, 60))
    return Picture(
        "loss",
        charts.against_step(LOSS, "loss", log=log),
        "",
        {"last": config.steps, "low": ends[0], "high": ends[1]},
        {"theory": charts.theory({"loss": losses})},
    )


def weights_picture(config: lesson.Config) -> Picture:
    weights = lesson.predicted_weights(config)
    low, high = charts.domain([weights, config.target], lesson.window(config))
    return Picture(
        "weights",
        charts.against_step(WEIGHTS, "weight", targets=True),
        "",
        {"last": config.steps, "low": low, "high": high},
        {
            "theory": charts.theory({name: weights[:, i] for i, (name, _) in enumerate(WEIGHTS)}),
            "targets": {"value": config.target},
        },
    )


def descent_picture(config: lesson.Config) -> Picture:
    low, high = charts.domain([lesson.predicted_weights(config)[:, 4]], lesson.window(config))
    return Picture(
        "descent",
        charts.descent("weights_4", "w4"),
        "",
        {"low": low, "high": high, "target": 4, "top": charts.reach(low, high, 4)},
    )


def coloured(image: bytes) -> int:
    """How many pixels are neither grey nor white: lines, dots, targets."""
    rgb = np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)
    return int((rgb.max(axis=-1) - rgb.min(axis=-1) > 60).sum())


def test_a_chart_has_the_parameters_and_data_sets_that_the_player_fills():
    spec = charts.against_step(WEIGHTS, "weight", targets=True)
    assert {parameter["name"] for parameter in spec["params"]} == {
        *("frame", "until", "last", "low", "high")
    }
    named = {layer["data"]["name"] for layer in spec["layer"]}
    assert named == {"frames", "now", "theory", "targets"}
    assert spec["usermeta"]["hover"]["fields"] == dict(WEIGHTS)
    assert "datasets" not in spec


def test_theory_far_outside_the_picture_is_a_gap():
    rows = charts.theory({"w": np.array([0.5, 1.4, 1.6, -0.4, -0.6, np.inf])}, (0, 1))
    assert np.isnan(rows["w"]).tolist() == [False, False, True, False, True, True]


def test_only_lines_are_drawn_over_frames_since_the_player_paints_them():
    for spec in (charts.against_step(WEIGHTS, "weight"), charts.descent("weights_0", "w")):
        for layer in spec["layer"]:
            if layer.get("data", {}).get("name") == "frames":
                assert layer["mark"]["type"] == "line"
                assert {"color", "strokeWidth"} <= set(layer["mark"])
                assert "transform" not in layer


def test_a_chart_is_built_once():
    assert charts.descent("weights_0", "w") is charts.descent("weights_0", "w")


def test_axes_have_words():
    spec = charts.against_step(LOSS, "loss", log=True)
    axes = [layer["encoding"][axis]["axis"]["title"] for layer in spec["layer"] for axis in "xy"]
    assert set(axes) == {"update", "loss"}


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 12},
        {"learning_rate": 0.5, "steps": 4},  # a loss of 0 on a logarithmic axis
        {"learning_rate": 1.2, "steps": 1200},  # beyond all numbers: inf, then nan
        {"start": (0.0, 1.0, 2.0, 3.0, 4.0), "steps": 3},  # nothing to do
        {"steps": 0},
    ],
    ids=["notes", "one step", "overflow", "at the target", "no step"],
)
@pytest.mark.parametrize(
    "make", [weights_picture, descent_picture, lambda c: loss_picture(c, True)]
)
def test_every_chart_can_be_drawn_at_the_first_and_the_last_frame(settings, make):
    config, frames = recorded(**settings)
    for index in (0, len(frames.steps) - 1):
        drawn = png(make(config), frames, index, size=(120, 80))
        assert coloured(drawn) > 20  # a blank chart, axes and all, has none


@pytest.mark.parametrize("corner", ["top", "bottom", ""])
def test_labels_stand_in_a_corner_that_is_free(corner):
    config, frames = recorded()
    made = weights_picture(config)
    spec = charts.against_step(WEIGHTS[:3], "weight", corner=corner)
    image = png(made._replace(spec=spec), frames, 0, prediction="hidden")
    rgb = np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)
    there = np.ptp(rgb, axis=2) > 60
    # At frame 0 heads and their labels are at the left: in the last tenth are those of the corner.
    rows = np.flatnonzero(there[:, -there.shape[1] // 10 :].any(axis=1)) / len(there)
    assert bool(len(rows)) == bool(corner)
    assert corner != "top" or rows.max() < 0.2  # three lines of 15 pixels, of 520
    assert corner != "bottom" or rows.min() > 0.7  # the axis is below
    with_goal = charts.against_step(WEIGHTS[:3], "weight", corner=corner, goal="the goal")
    svg = vl_convert.vegalite_to_svg(filled(made._replace(spec=with_goal), frames, 0))
    assert svg.count(">the goal<") == bool(corner)


def test_a_label_over_its_line_is_no_part_of_it_where_that_runs_along_an_edge():
    _, frames = recorded(steps=200)
    ends = WEIGHTS[0], WEIGHTS[4]  # they come to 0 and to 4
    spec = charts.against_step(ends, "weight", apart=True)
    theory = charts.theory({name: np.full(201, np.nan) for name, _ in ends})
    values = {"last": 200, "low": 0.0, "high": 4.0}
    picture = Picture("weights", spec, "", values, {"theory": theory})
    svg = vl_convert.vegalite_to_svg(filled(picture, frames, 200))
    for index, edge in ((0, 1), (4, -1)):  # of the plot: below 0, above 4
        name, colour = WEIGHTS[index][1], SERIES[ends.index(WEIGHTS[index])]
        (label,) = re.findall(rf"translate\([^,]*,([^)]*)\)[^>]*>{name}<", svg)
        (head,) = re.findall(rf'translate\([^,]*,([^)]*)\)" d="M[^"]*" fill="{colour}"', svg)
        # The height is where letters stand: their middle is a third of 14 pixels above. Seven of
        # them are half a letter's, one is half the line's.
        assert edge * (float(head) - (float(label) - 14 / 3)) > 8


@pytest.mark.parametrize("ends", [(0.53, 0.46), (0.46, 0.53)])
def test_of_two_labels_the_upper_is_that_of_the_upper_line_wherever_they_stand(ends):
    """One label stands above its line, the next below its own: these may not change places."""
    columns = {name: np.array([0.5, end]) for name, end in zip(("a", "b"), ends, strict=True)}
    frames = Frames(0, np.array([0, 1]), columns, 2, None)
    spec = charts.against_step((("a", "first"), ("b", "second")), "part", apart=True)
    theory = charts.theory({name: np.full(2, np.nan) for name in columns})
    values = {"last": 1, "low": 0.0, "high": 1.0}
    picture = Picture("parts", spec, "", values, {"theory": theory})
    svg = vl_convert.vegalite_to_svg(filled(picture, frames, 1))
    first, second = (
        float(re.findall(rf"translate\([^,]*,([^)]*)\)[^>]*>{name}<", svg)[0])
        for name in ("first", "second")
    )
    assert (first < second) == (ends[0] > ends[1])  # down is larger


def test_a_file_says_what_it_shows_and_what_its_lines_are(monkeypatch):
    made = []
    monkeypatch.setattr(export, "drawn", lambda spec, scale: made.append(spec))
    config, frames = recorded(steps=3)
    picture = weights_picture(config)._replace(title="The weights", key={"the last": GREEN})
    png(picture, frames, 3, when="after update 3")
    svg = vl_convert.vegalite_to_svg(made[0])
    for words in ("The weights", "after update 3", "the last"):
        assert svg.count(f">{words}<") == 1, words
    (sample,) = re.findall(r'aria-roledescription="legend".*?stroke="(#\w+)"', svg, re.DOTALL)
    assert sample == GREEN
    # The lines of the chart have the colours that they had.
    png(picture, frames, 3)
    plain = vl_convert.vegalite_to_svg(made[1])
    inks = [re.findall(r'd="M[^"]*" stroke="(#\w+)"', one) for one in (svg, plain)]
    assert set(inks[1]) <= set(inks[0])
    assert set(SERIES[:5]) <= set(inks[1])


def test_a_run_beyond_all_numbers_has_no_head():
    config, frames = recorded(learning_rate=1.2, steps=2400)
    for make in (descent_picture, lambda config: loss_picture(config, True)):
        spec = filled(make(config), frames, 2400)
        spec["layer"] = [
            layer for layer in spec["layer"] if layer.get("mark", {}).get("type") == "point"
        ]
        spec["width"], spec["height"] = 120, 80
        assert coloured(vl_convert.vegalite_to_png(spec)) == 0


def test_published_figures_and_named_levels_stand_where_they_belong():
    _, frames = recorded(steps=10)
    picture = Picture(
        "loss",
        charts.against_step(
            LOSS, "loss", log=True, colours=(GREEN,), published=True, levels=("a line", "more")
        ),
        "",
        {"last": 10, "low": 1e-4, "high": 1e4, "level_0": 1.0, "level_1": 100.0},
        {
            "theory": charts.theory({"loss": np.full(11, np.nan)}),
            "published": {"line": [0], "step": [5], "value": [1.0]},
        },
    )
    svg = vl_convert.vegalite_to_svg(filled(picture, frames, 0))

    def height(pattern: str) -> float:
        (found,) = re.findall(pattern, svg)
        return float(found)

    places = {
        label: height(rf"translate\([^,]*,([^)]*)\)[^>]*>{label}<") for label in ("a line", "more")
    }
    assert places["more"] < places["a line"]  # higher up
    diamond = height(rf'translate\([^,]*,([^)]*)\)" d="M[^"]*" stroke="{GREEN}"')
    # Labels stand 7 pixels above their lines.
    assert abs(diamond - (places["a line"] + 7)) < 6


def test_the_line_grows_with_the_frame_on_screen():
    config, frames = recorded(steps=40, learning_rate=0.02)
    picture = loss_picture(config, log=False)
    ink = [coloured(png(picture, frames, index, size=(160, 100))) for index in (5, 20, 40)]
    assert ink == sorted(ink)
    assert ink[2] > ink[0] + 100


def test_a_filled_chart_has_rows_up_to_the_frame_and_the_one_before():
    config, frames = recorded(steps=9)
    spec = filled(weights_picture(config), frames, 6)
    assert [row["frame"] for row in spec["datasets"]["frames"]] == list(range(7))
    (now,) = spec["datasets"]["now"]
    assert now["step"] == 6
    assert now["before_weights_4"] == frames.columns["weights"][5, 4]


def test_domains_hold_what_is_finite_within_limits():
    values = np.array([1.0, np.nan, np.inf, 3.0])
    low, high = charts.domain([values, (2,)], (-10, 10))
    assert -1 < low < 1 < 3 < high < 5
    assert charts.domain([np.array([np.nan])], (0, 1))[1] > 1
    low, high = charts.domain([np.array([2.0])], (0, 9))
    assert low < 2 < high


def test_logarithmic_domains_end_at_powers_of_ten():
    assert charts.log_domain([np.array([15.0, 0.0, 3e-7])], (1e-30, 1e30)) == (1e-7, 1e2)
    assert charts.log_domain([np.array([0.0])], (1e-3, 1e3)) == (1e-3, 1e3)
    assert charts.log_domain([np.array([10.0, 10.0])], (1e-30, 1e30)) == (1e-2, 1e1)


def test_theory_is_thinned_by_an_odd_stride_and_keeps_both_ends():
    zigzag = np.where(np.arange(2001) % 2, -1.0, 1.0)
    rows = charts.theory({"w": zigzag})
    assert len(rows["step"]) <= charts.MOST_ROWS + 1
    assert rows["step"][0] == 0
    assert rows["step"][-1] == 2000
    assert {-1.0, 1.0} <= set(rows["w"])


# --- The plane of two unknowns.

PLANE = charts.plane(("x_0", "x_1"), ("x₀", "x₁"), ("gentle", "steep"))


def solved(**settings: object) -> tuple[Picture, Frames]:
    config = linear_regression.Config(**settings)  # type: ignore[arg-type]
    view = linear_regression.window(config)
    far = 4 * max(view.span_x, view.span_y)
    above = linear_regression.levels(config, view)
    data = {
        "contours": linear_regression.level_lines(config, above, far),
        "axes": linear_regression.axes(config, view),
        "solutions": linear_regression.solutions(config, view),
    }
    course = ((0, config),)
    frames = Recording(linear_regression.run, course, frame=linear_regression.frame).finish(60)
    return Picture("plane", PLANE, "", view._asdict(), data), frames


def test_the_plane_reports_clicks_and_reads_what_the_player_fills():
    assert PLANE["usermeta"]["pick"] == {"x": "x", "y": "y"}
    named = {layer["data"]["name"] for layer in PLANE["layer"]}
    assert named == {"frames", "now", "contours", "axes", "solutions"}
    (path,) = [layer for layer in PLANE["layer"] if layer["data"]["name"] == "frames"]
    assert path["mark"]["point"] is True
    assert [path["encoding"][axis]["field"] for axis in "xy"] == ["x_0", "x_1"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"A": ((1.0, 2.0), (2.0, 4.0)), "damping_factor": 0.01},
        {"A": ((0.0, 0.0), (0.0, 0.0)), "start": (1.0, 2.0)},
        {"damping_factor": 1.5, "steps": 1200},
        {"damping_factor": 1e200, "steps": 20},
        {"A": ((1e6, 1e6), (-1e6, 1e6)), "b": (1e6, -1e6), "start": (1e6, 1e6)},
        {"start": (1.0, 1.0)},
        {"steps": 0},
    ],
    ids=["notes", "singular", "zeros", "diverging", "at once", "large", "settled", "no step"],
)
def test_the_plane_can_be_drawn_at_the_first_and_the_last_frame(settings):
    picture, frames = solved(**settings)
    for index in (0, len(frames.steps) - 1):
        assert coloured(png(picture, frames, index, size=(160, 120))) > 20


def ring(size: tuple[int, int]) -> tuple[int, int]:
    """How wide and how high the level line of the notes' system is drawn."""
    picture, frames = solved(steps=0)
    line = linear_regression.level_lines(linear_regression.Config(), np.array([0.1]), 9.0)
    around = {"center_x": 1, "center_y": 1, "span_x": 1.2, "span_y": 1.2}  # the solution (1, 1)
    data = {**picture.data, "contours": line}
    spec = filled(picture._replace(values=around, data=data), frames, 0)
    spec["layer"] = spec["layer"][:1]
    spec["layer"][0]["mark"] |= {"color": "#FF0000", "strokeOpacity": 1, "fillOpacity": 0}
    spec["width"], spec["height"] = size
    rgb = np.asarray(Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec))).convert("RGB"))
    red = (rgb[..., 0] > 200) & (rgb[..., 1] < 120)
    return int(np.ptp(np.flatnonzero(red.any(axis=0)))), int(
        np.ptp(np.flatnonzero(red.any(axis=1)))
    )


@pytest.mark.parametrize("size", [(400, 200), (200, 400)])
def test_a_circle_is_round_whatever_the_shape_of_the_picture(size):
    wide, high = ring(size)
    assert wide == pytest.approx(high, abs=2)  # pixels
    assert wide > 40


def test_a_point_outside_the_window_is_an_arrow_at_its_edge():
    picture, frames = solved(damping_factor=1.5, steps=40)
    near, gone = (
        [
            bool(coloured(vl_convert.vegalite_to_png(only)))
            for shape in (None, "wedge")
            for only in [filled(picture, frames, index)]
            if not only.update(
                width=200,
                height=150,
                layer=[
                    layer
                    for layer in only["layer"]
                    if layer["data"]["name"] == "now" and layer["mark"].get("shape") == shape
                ],
            )
        ]
        for index in (0, 40)
    )
    assert near == [True, False]
    assert gone == [False, True]


# --- The portrait of a game.


def played(**settings: object) -> Frames:
    config = matrix_game.Config(**settings)  # type: ignore[arg-type]
    return Recording(matrix_game.run, ((0, config),), frame=matrix_game.frame).finish(60)


def game_picture(runs: int, *, cloud: bool = False, full: bool = True) -> Picture:
    config = matrix_game.Config()
    lap = matrix_game.orbit(config, (0.0, 0.0), 100)
    lines = matrix_game.level_sets(config) if full else []
    data = {
        "orbit": {"x": lap.p, "y": lap.q, "turn": np.arange(101)},
        "levels": {
            "x": np.concatenate([np.empty(0), *(line[0] for line in lines)]),
            "y": np.concatenate([np.empty(0), *(line[1] for line in lines)]),
            "line": np.concatenate([np.empty(0), *(np.full(201, k) for k in range(len(lines)))]),
            "turn": np.concatenate([np.empty(0), *(np.arange(201) for _ in lines)]),
        },
        "arrows": {"x": [0.5], "y": [0.5], "dx": [1.0], "dy": [0.0], "size": [100.0]},
        "rest": {"x": [0.6], "y": [0.75]},
    }
    return Picture("game", charts.portrait(("p", "q"), runs, cloud=cloud), "", {}, data)


def drawn(picture: Picture, frames: Frames, index: int) -> np.ndarray:
    with Image.open(io.BytesIO(png(picture, frames, index, size=(400, 400)))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def near(pixels: np.ndarray, colour: str) -> np.ndarray:
    """Where a colour is: (rows, columns)."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return np.argwhere(np.abs(pixels - wanted).sum(axis=2) < 12)


def test_the_portrait_draws_its_parts_and_moves():
    frames = played(steps=3_000, starts=((0.0, 0.0), (1.0, 1.0)))
    picture = game_picture(2)
    pixels = drawn(picture, frames, 500)
    for colour in (BLUE, ORANGE, GREEN):  # two runs and the equilibrium
        assert len(near(pixels, colour)) > 100, colour
    assert not np.array_equal(pixels, drawn(picture, frames, 600))
    # The equilibrium is where it is: 60 % across, 75 % up, in a square that begins after the axes.
    rows, columns = near(pixels, GREEN).mean(axis=0) / pixels.shape[:2]
    assert 0.55 < columns < 0.72
    assert 0.2 < rows < 0.35


def test_a_cloud_is_drawn_in_its_colours():
    starts = matrix_game.cloud(300, (0.0, 0.0), 1.0)
    pixels = drawn(game_picture(16, cloud=True, full=False), played(steps=5, starts=starts), 5)
    for colour in SERIES[: charts.PARTS]:
        assert len(near(pixels, colour)) > 30, colour


def test_the_portrait_reports_clicks_and_paints_only_what_moves():
    spec = charts.portrait(("p", "q"), 3)
    assert spec["usermeta"]["pick"] == {"x": "x", "y": "y"}
    moving = [layer for layer in spec["layer"] if layer["data"]["name"] == "frames"]
    fields = [(one["encoding"]["x"]["field"], one["encoding"]["y"]["field"]) for one in moving]
    assert fields == [("p_0", "q_0"), ("p_1", "q_1"), ("p_2", "q_2")]
