"""The page of XOR: what is its own; what every page does is in test_every_lesson.py."""

import re
from dataclasses import replace
from html import unescape
from itertools import islice
from urllib.parse import parse_qs, urlparse

import pytest

from core.xor import Config, many_seeds, predict, probability, run, update_after, wilson
from tests.pages.tabs import opened_tab, tables
from tests.pages.verdict import verdict
from ui.theme import number

NAME = "xor"
OPENED = Config(learning_rate=0.5, epochs=40)


def story(page) -> str:
    return page.markdown[0].value


def preset(page, name: str):
    return page.menu_button(f"{NAME}.preset").click(name).run()


def test_the_page_opens_on_a_run_of_many_frames_that_solves_it(open_page):
    page = open_page(NAME)
    assert not page.exception
    run = page.session_state[f"{NAME}.run"]
    assert run.config == OPENED
    assert run.config.steps >= 500
    rows = verdict(page)
    assert rows["Numbers to learn"] == ["17", "17", "exact"]  # 4 × 2 + 4, and 4 + 1
    assert float(rows["Accuracy, points that test"][1]) > 0.998
    assert "exactly one of x and y is 1" in story(page)
    assert "of 0.6926." in story(page)  # as good as log 2: a line says nothing


def test_within_three_seconds_the_line_has_bent_and_stays_so():
    """No straight line has all four corners on their own sides."""
    corners = [[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]
    for seed in range(40, 45):
        config = replace(OPENED, seed=seed)
        for state in islice(run(config), 3 * 60, None, 20):  # 60 frames a second
            sides = probability(config, state, corners) > 0.5
            assert sides.tolist() == [[False, True, True, False]]


def test_the_notes_train_on_all_points(open_page):
    page = preset(open_page(NAME), "as in the notes")
    assert page.session_state[f"{NAME}.run"].config == Config(test_share=0.0)
    assert "Accuracy, points that test" not in verdict(page)
    assert float(verdict(page)["Accuracy, points that train"][1]) > 0.998


@pytest.mark.parametrize(
    ("name", "words", "solved"),
    [
        ("without a bend", "one straight line in its inputs", False),
        ("without a bend, but with xy", "falls to 0.", True),
        ("two units, and a bad start", "The best straight line", False),
        ("circle", "The best straight line", True),
        ("moons", "The best straight line", True),
        ("spiral", "The best straight line", True),
    ],
)
def test_what_is_said_is_what_comes(open_page, record_every, name, words, solved):
    record_every(101)  # it is the end that counts: pictures on the way take as long as the updates
    page = preset(open_page(NAME), name)
    assert not page.exception
    assert words in story(page)
    assert ("training bends that line" in story(page)) != name.startswith("without a bend")
    assert ("exactly one of x and y" in story(page)) == (name.split()[-1] not in SHAPES)
    assert (float(verdict(page)["Accuracy, points that train"][1]) > 0.99) == solved


SHAPES = ("circle", "moons", "spiral")


def test_what_just_happened_is_of_one_update_or_else_of_a_frame(open_page, sent, record_every):
    """And a batch may be what is left of an epoch."""
    open_page(NAME, epochs="2")
    assert "by up to 128 of the points. The loss" in sent[-1]["readouts"][0]["moving"]
    open_page(NAME, epochs="2", batch_size="100")
    assert "by 100 of the points. The loss" in sent[-1]["readouts"][0]["moving"]
    record_every(3)
    open_page(NAME, epochs="2", seed="5")
    told = sent[-1]["readouts"][0]["moving"]
    assert told.startswith("What happened since the frame before, up to update {step}")


def test_at_the_edge_of_stability_the_sharpness_is_near_its_limit(open_page):
    page = preset(open_page(NAME), "edge of stability")
    measured = float(verdict(page)["Sharpness: the largest curvature of the loss"][1])
    assert 1 < measured < 4  # around 2/η = 2, where a run of batches stays below a tenth of it


def test_a_run_that_leaves_is_explained_and_mended(open_page):
    page = open_page(NAME, activation="relu", learning_rate="10", weight_decay="0.1", epochs="20",
                     layers="3", hidden="16", momentum="1", noise="1")  # fmt: skip
    assert not page.exception
    assert any("Why it runs away" in one.value for one in page.markdown)
    next(one for one in page.button if one.label == "Use 0.9").click().run()
    assert page.session_state[f"{NAME}.run"].config.learning_rate == 0.9


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("held", "linear1.bias, 9, 1", "index = 9 is not allowed"),
        ("held", "linear1.bias, 1", "each name, whole number, number"),
        ("held", "linear1.bias, 0, 1; linear1.bias, 0, 2", "name each number only once"),
        ("extra_points", "0, 0, 2", "label = 2 is not allowed"),
        ("extra_points", "0, 0", "each number, number, whole number"),
        ("features", "z", "features = z is not allowed: it must be at most 7 of x, y"),
        ("data", "own", "data = 'own' needs extra_points"),
    ],
)
def test_what_is_refused_is_named(open_page, field, text, words):
    page = open_page(NAME, epochs="2", **{field: text})
    assert not page.exception
    said = "\n".join(one.value for one in [*page.error, *page.warning]).replace("\\", "")
    assert words in said
    kept = page.session_state[f"{NAME}.run"].config
    assert (kept.held, kept.extra_points, kept.data) == ((), (), "xor")


def test_a_number_that_is_held_and_let_go_travels_in_the_link(open_page):
    held = (("linear1.bias", 0, 0.5), ("linear2.bias", 0, -1.0))
    word = "linear1.bias,0,0.5;linear2.bias,0,-1.0"
    page = open_page(NAME, epochs="3", course=f"0 20 held {word} 40", at="45")
    assert not page.exception
    assert not page.warning
    now = replace(OPENED, epochs=3)
    course = page.session_state[f"{NAME}.run"].course
    assert [(step, config.held) for step, config in course] == [(0, ()), (20, held), (40, ())]
    assert course[-1][1] == now
    page = open_page(NAME, epochs="3", held=word)
    assert page.session_state[f"{NAME}.run"].config == replace(OPENED, epochs=3, held=held)


def test_points_of_ones_own_come_by_the_link(open_page):
    points = ((0.0, 0.0, 0), (1.0, 0.5, 1))
    page = open_page(NAME, epochs="3", data="own", extra_points="0, 0, 0; 1, 0.5, 1")
    assert not page.exception
    assert page.session_state[f"{NAME}.run"].config == replace(
        OPENED, epochs=3, data="own", extra_points=points
    )


@pytest.mark.parametrize("view", ["Accuracy", "Units", "Network", "Bent plane", "Sharpness"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden": "12", "layers": "3", "activation": "relu", "features": ["x", "xy", "sin y"]},
        {"hidden": "1", "activation": "sigmoid", "optimiser": "adam", "large": "unit 1 of layer 1"},
        {"data": "own", "extra_points": "0, 0, 0; 1, 0.5, 1", "prediction": "hidden"},
    ],
)
def test_every_view_has_its_pictures_for_every_network(open_page, view, settings):
    page = open_page(NAME, view=view, epochs="2", **settings)
    assert not page.exception
    assert not page.error
    assert not page.warning


# --- The tabs.


def test_the_line_of_one_half_is_drawn(open_page, sent):
    open_page(NAME, epochs="1")
    (raster,) = sent[-1]["charts"][0]["rasters"]
    assert raster["level"] == ["line", 30, 127]
    assert sent[-1]["frames"].column("line").type.byte_width == 900


def test_a_number_is_held_by_a_button_and_let_go(open_page):
    page = opened_tab(open_page(NAME, epochs="3", at="20"), NAME, "Parameters")
    states = list(run(replace(OPENED, epochs=3)))
    bias = number(states[20].parameters["linear2.bias"].item())
    assert bias in tables(page)
    page.selectbox(f"{NAME}.which").set_value(12).run()  # after 4 × 2 and 4
    page.number_input(f"{NAME}.hold.linear2.weight[0, 0]").set_value(0.25).run()
    next(one for one in page.button if one.label == "Hold it").click().run()
    assert not page.exception
    course = page.session_state[f"{NAME}.run"].course
    assert [(k, one.held) for k, one in course] == [(0, ()), (20, (("linear2.weight", 0, 0.25),))]
    (let,) = [one for one in page.button if one.label.startswith("Let ")]
    assert let.label == "Let linear2.weight[0, 0] go, held at 0.2500"
    let.click().run()
    assert page.session_state[f"{NAME}.run"].config.held == ()


def test_the_loop_lights_up_line_by_line_with_the_numbers_of_the_update(open_page):
    page = opened_tab(open_page(NAME, epochs="3", at="20"), NAME, "The loop")
    states = list(run(replace(OPENED, epochs=3)))
    loss = f"one number: {number(update_after(replace(OPENED, epochs=3), states[19]).loss.item())}"
    before, after = (states[k].parameters["linear1.weight"][0, 0].item() for k in (19, 20))

    def lines() -> list[str]:
        return tables(page).partition('<ol class="loop')[2].split("<li")[1:]

    assert any("Update **20**, the one on screen" in one.value for one in page.markdown)
    assert loss in lines()[2]
    assert f"from {number(before)} to {number(after)}" in lines()[4]
    for k in range(1, 6):
        words = "Next line" if k > 1 else "Line by line"
        next(one for one in page.button if one.label == words).click().run()
        assert ['class="lit"' in line for line in lines()] == [j == k for j in range(1, 6)]
        assert (loss in tables(page)) == (k >= 3)
    next(one for one in page.button if one.label == "All lines").click().run()
    assert loss in lines()[2]
    assert 'class="lit"' not in tables(page)


def test_before_the_first_update_the_loop_shows_the_one_that_comes(open_page):
    page = opened_tab(open_page(NAME, epochs="1"), NAME, "The loop")
    assert any("Update **1**, the one that comes next" in one.value for one in page.markdown)
    page = opened_tab(open_page(NAME, epochs="1", at="16"), NAME, "The loop")
    assert any("Update **16**, the one on screen" in one.value for one in page.markdown)


def test_many_seeds_are_trained_when_asked_and_each_is_a_link(open_page):
    page = opened_tab(open_page(NAME, epochs="2", hidden="3"), NAME, "How lucky was that")
    assert "seeds" not in tables(page)
    next(one for one in page.button if one.label == "Train 50 seeds").click().run()
    for _ in range(100):
        if any(one.value.startswith("After 2 epochs") for one in page.markdown):
            break
        page.run()
    assert not page.exception
    *_, luck = many_seeds(replace(OPENED, epochs=2, hidden=3), 50)
    (words,) = [one.value for one in page.markdown if one.value.startswith("After 2 epochs")]
    low, high = wilson(luck.solved, 50)
    assert f"**{luck.solved} of 50**" in words
    assert f"between {100 * low:.0f} % and {100 * high:.0f} %" in words
    links = re.findall(r'href="(.*?)"', tables(page))
    assert len(links) == 50
    seeds = [parse_qs(urlparse(unescape(link)).query)["xor.seed"][0] for link in links]
    assert sorted(map(int, seeds)) == list(range(42, 92))
    worst = int(luck.accuracy.argmin())
    assert luck.accuracy[int(seeds[0]) - 42] == luck.accuracy[worst]
    assert all("xor.hidden=3" in link and "xor.epochs=2" in link for link in links)
    assert all(link.startswith("?") for link in links)  # of this page, below whatever path


def test_no_seed_is_trained_that_its_link_could_not_open(open_page):
    page = open_page(NAME, epochs="1", hidden="2", seed="99")
    page = opened_tab(page, NAME, "How lucky was that")
    next(one for one in page.button if one.label == "Train 50 seeds").click().run()
    for _ in range(100):
        if "seeds" in tables(page):
            break
        page.run()
    links = re.findall(r'href="(.*?)"', tables(page))
    seeds = [int(parse_qs(urlparse(unescape(link)).query)["xor.seed"][0]) for link in links]
    assert sorted(seeds) == list(range(50, 100))
    again = open_page(NAME, epochs="1", hidden="2", seed=str(seeds[0]))
    (words,) = re.findall(rf"seed {seeds[0]}: accuracy ([\d.]+)", tables(page))[:1]
    both = [verdict(again)[f"Accuracy, points that {which}"][1] for which in ("train", "test")]
    assert words in both


def test_points_that_a_link_does_not_hold_are_missed_and_the_page_shows_what_it_says(open_page):
    page = open_page(NAME, data="own", epochs="2", learning_rate="0.3")
    assert not page.exception
    assert not page.error
    assert page.selectbox(f"{NAME}.data").value == "xor"
    assert page.session_state[f"{NAME}.run"].config == replace(OPENED, epochs=2, learning_rate=0.3)
    (said,) = [one.value for one in page.warning]
    assert "needs extra_points, which the link does not hold" in said.replace("\\", "")
    assert "The page uses xor." in said
    page.selectbox(f"{NAME}.data").set_value("own").run()  # who chooses them is told to add some
    assert "must hold at least 1 point" in page.error[0].value
    assert not page.warning


def test_of_the_notes_settings_it_is_said_how_often_they_succeed(open_page):
    page = open_page(NAME, test_share="0", epochs="100", learning_rate="0.1")
    captions = [one.value for one in opened_tab(page, NAME, "How lucky was that").caption]
    assert any("at least 95% of seeds" in one and "about 80% all" in one for one in captions)


def test_a_list_of_layers_hides_their_numbers(open_page):
    page = opened_tab(open_page(NAME, epochs="1"), NAME, "Inside")
    words = "".join(one.value for one in page.markdown)
    assert "knows **0** numbers" in words
    assert "`nn.ModuleList`: **17**" in words
    assert "`len(dataset)` is 200" in words
    assert "points [8, 2], labels [8]" in words
    assert "give the same outputs" in words
    assert "(act_fn): Tanh()" in page.code[0].value
    assert "`linear1.weight`: [4, 2]" in words


def test_what_comes_after_the_sigmoid_stops_at_a_hundred(open_page):
    page = opened_tab(open_page(NAME, epochs="1"), NAME, "Precision")
    last = tables(page).rpartition("<tr>")[2]
    cells = re.findall(r"<td>(.*?)</td>", last)
    # z; exact, of logits and after the sigmoid; the slopes of these two.
    assert cells == ["120.0", "120.0", "120.0", "100.0", "1.000", "0"]


def test_a_table_too_large_for_a_link_stays_in_the_visit(open_page):
    points = tuple((k / 200, (k % 7) / 7, k % 2) for k in range(200))
    page = open_page(NAME, epochs="1")
    page.session_state[f"{NAME}.table"] = points
    page.selectbox(f"{NAME}.data").set_value("own").run()
    assert not page.exception
    assert not page.error
    assert page.session_state[f"{NAME}.run"].config.extra_points == points
    page = preset(page, "moons")
    assert page.session_state[f"{NAME}.run"].config.extra_points == ()


def loaded(open_page, text: bytes):
    page = opened_tab(open_page(NAME, epochs="1"), NAME, "Your points")
    page.file_uploader(f"{NAME}.file").upload("own.csv", text).run()
    assert not page.exception
    return page


def test_a_table_of_ones_own_is_trained_on_when_asked(open_page):
    page = loaded(open_page, b"x,y,kind\n0,0,no\n1,0.5,yes\n")
    assert page.session_state[f"{NAME}.run"].config.data == "xor"
    next(one for one in page.button if one.label == "Train on these points").click().run()
    assert not page.exception
    config = page.session_state[f"{NAME}.run"].config
    assert (config.data, config.extra_points) == ("own", ((0.0, 0.0, 0), (1.0, 0.5, 1)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"0,0,a\n1,x,b\n", "line 2 is not allowed"),
        (b"0,0,a\n1,1,b\n2,2,c\n", "line 3 has a third class"),
        (b"\xff\xfe0", "The file is no text"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_the_run_stays(open_page, text, words):
    page = loaded(open_page, text)
    assert any(words in one.value for one in page.error)
    assert page.session_state[f"{NAME}.run"].config.data == "xor"


def test_a_large_table_is_said_not_to_travel(open_page):
    rows = "\n".join(f"{k / 200},{k % 7},{k % 2}" for k in range(150))
    page = loaded(open_page, rows.encode())
    assert any("do not fit into a link" in one.value for one in page.markdown)
    next(one for one in page.button if one.label == "Train on these points").click().run()
    assert len(page.session_state[f"{NAME}.run"].config.extra_points) == 150


def test_one_unit_is_not_held_against_the_best_line_without_a_bend(open_page):
    """p of one unit levels off, which a straight line's does not: its loss falls below the best."""
    page = open_page(NAME, hidden="1", epochs="200")
    config = page.session_state[f"{NAME}.run"].config
    *_, last = run(config)
    assert float(last.loss) < predict(config).line_loss - 0.1
    assert "The best straight line" not in story(page)
    assert "the line stays as it is in its inputs, straight" in story(page)
    assert "The best straight line would have" in story(open_page(NAME, hidden="2", epochs="1"))


@pytest.mark.parametrize(
    ("guess", "answer"),
    [
        ("a straight one", "A straight one, as you said."),
        ("none at all", "A straight one, not none at all."),
    ],
)
def test_a_guess_of_the_line_is_judged(open_page, guess, answer):
    page = open_page(NAME, epochs="1")
    page.radio(f"{NAME}.straight.guess").set_value(guess).run()
    page.button(f"{NAME}.straight").click().run()
    assert not page.exception
    assert any(one.value.startswith(answer) for one in page.markdown)
