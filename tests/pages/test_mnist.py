"""The page of MNIST: what is its own; what every page does is in test_every_lesson.py."""

import re
import time
from dataclasses import replace

import pytest

from core import datasets
from core.datasets import Progress
from core.mnist import OFFLINE, Config, floor, over_seeds, run
from tests.core.archives import FOUND, needs_mnist
from tests.pages.verdict import verdict
from ui import fetching
from ui.theme import number

NAME = "mnist"
OPENED = Config(learning_rate=0.1, epochs=3)


def shown(page) -> Config:
    return page.session_state[f"{NAME}.run"].config


def words(page) -> str:
    return "\n".join(one.value for one in [*page.markdown, *page.error, *page.warning])


def preset(page, name: str):
    return page.menu_button(f"{NAME}.preset").click(name).run()


def published(page) -> dict[str, list[str]]:
    """Rows of what the notes printed: title -> published, measured, error."""
    bodies = [one.proto.body for one in page.get("html") if 'published"' in one.proto.body]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', "".join(bodies))
    return {
        re.sub(r"<span.*", "", head): re.findall(r"<td[^>]*>(.*?)</td>", cells)
        for head, cells in rows
    }


def test_without_data_the_page_opens_on_digits_that_need_none_and_its_link_says_so(open_page, sent):
    page = open_page(NAME)
    assert not page.exception
    assert not page.error
    assert shown(page) == OFFLINE
    assert "MNIST is not on this machine yet" in words(page)
    assert "scikit-learn's digits" in words(page)
    # On a machine that has the data a bare address means them: the link must not be one.
    link = {key: page.session_state[f"{NAME}.{key}"] for key in ("dataset", "softmax", "epochs")}
    assert link == {"dataset": "digits", "softmax": False, "epochs": 12}
    said = {"dataset": "digits", "softmax": "false", "epochs": "12"}
    link = {f"{NAME}.{field}": text for field, text in said.items()}
    assert sent[-1]["address"] == link | {f"{NAME}.course": "", f"{NAME}.at": ""}
    assert not page.query_params  # each would add an entry to the browser's history
    assert float(verdict(page)["Least average test loss"][1]) < 0.5
    page.toggle(f"{NAME}.softmax").set_value(True).run()
    del link[f"{NAME}.softmax"]  # what is set Streamlit writes, or takes away
    assert sent[-1]["address"].items() >= link.items()
    assert f"{NAME}.softmax" not in sent[-1]["address"]


def test_who_comes_back_to_the_page_finds_it_as_it_opens(open_page):
    page = open_page(NAME)
    page.switch_page("pages/home.py").run()
    assert not page.exception
    page.switch_page(f"pages/{NAME}.py").run()
    assert not page.exception
    assert shown(page) == OFFLINE


def test_settings_for_data_that_are_not_here_run_on_digits_and_stay_chosen(open_page):
    page = preset(open_page(NAME), "a rate of 1")
    assert not page.exception
    assert shown(page) == replace(Config(), learning_rate=1.0, epochs=10, dataset="digits")
    assert page.selectbox(f"{NAME}.dataset").value == "mnist"
    assert page.menu_button(f"{NAME}.preset").label == "a rate of 1"
    page = preset(page, "clothes")
    assert "Fashion-MNIST is not on this machine yet" in words(page)


@needs_mnist
def test_with_data_the_page_opens_on_them_and_shows_what_the_notes_printed(
    open_page, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EXPLORABLES_DATA", str(FOUND))
    page = open_page(NAME, epochs="1", hidden="100", learning_rate="1")
    assert not page.exception
    assert "not on this machine" not in words(page)
    assert shown(page) == replace(OPENED, epochs=1, hidden=(100,), learning_rate=1.0)
    rows = published(page)
    before, measured, _ = rows["Accuracy after epoch 1"]
    assert before == "0.9280"
    assert float(measured) == pytest.approx(0.928, abs=0.03)  # 0.905 to 0.93 over ten seeds
    assert "too short to tell" in rows["Accuracy after epoch 10"][1]
    assert verdict(page)["Least average test loss"][0] == "—"
    assert "Loss of batch 900 of epoch 1" in rows


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("hidden", "0", "hidden[0] = 0 is not allowed"),
        ("hidden", "2.5", "must be a whole number"),
        ("hidden", "1, 1, 1, 1, 1, 1, 1, 1, 1", "1 to 8 numbers"),
        ("hidden", "100000, 100000", "of memory"),
    ],
)
def test_a_network_that_is_refused_is_named_and_the_last_one_stays(
    open_page, monkeypatch: pytest.MonkeyPatch, field, text, said
):
    monkeypatch.setattr("core.devices.free_bytes", lambda device: 4 * 10**9)
    page = open_page(NAME, epochs="2", **{field: text})
    assert not page.exception
    assert said in words(page).replace("\\", "")
    assert shown(page).hidden == OFFLINE.hidden


def test_the_floor_is_told_where_there_is_one(open_page):
    page = open_page(NAME, epochs="2", softmax="true")
    assert f"no room below {floor(True):.3f}" in page.markdown[0].value
    page = open_page(NAME, epochs="2", softmax="false")
    assert "it can fall to 0" in page.markdown[0].value
    page = open_page(NAME, epochs="2", softmax="true", prediction="hidden")
    assert "1.461" not in page.markdown[0].value


def test_random_numbers_learn_nothing_and_the_guess_is_answered(open_page):
    page = preset(open_page(NAME), "random first numbers")
    rows = verdict(page)
    assert rows["Longest gradient"] == ["0", "0", "exact"]
    assert float(rows["Average test loss"][1]) > 2
    key = f"{NAME}.random.guess"
    page.radio(key).set_value("Nothing").run()
    assert "It learns nothing, as you said" in words(page)
    page.radio(key).set_value("A few of them").run()
    assert "not a few of them" in words(page)


def test_a_rate_that_is_too_long_is_explained_and_mended(open_page):
    page = open_page(NAME, learning_rate="10", softmax="false", hidden="512, 512, 512", epochs="3")
    assert not page.exception
    assert any("Why it runs away" in one.value for one in page.markdown)
    next(one for one in page.button if one.label.startswith("Use ")).click().run()
    assert shown(page).learning_rate < 1


# --- Fetching.


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch):
    """What a download says, one word after another; nothing is asked of a network."""
    monkeypatch.setattr(fetching, "_downloads", {})

    def says(*said: Progress | Exception) -> None:
        def fetch(name: str):
            for one in said:
                if isinstance(one, Exception):
                    raise one
                yield one

        monkeypatch.setattr(datasets, "fetch", fetch)

    return says


def waited(page):
    """The page once no download is under way."""
    for _ in range(200):
        if not any(one.alive for one in fetching._downloads.values()):
            break
        time.sleep(0.01)
    return page.run()


def press(page, label: str):
    return next(one for one in page.button if one.label == label).click().run()


def test_a_download_that_fails_says_why_and_is_tried_again_on_request(open_page, fetched):
    fetched(Progress("a", 0, 10), RuntimeError("a could not be fetched: the host is silent."))
    page = open_page(NAME, epochs="2")
    before = shown(page)
    page = waited(press(page, "Fetch MNIST"))
    assert not page.exception
    assert "the host is silent. What is on screen stays." in words(page)
    assert shown(page) == before
    fetched(Progress("a", 10, 10))
    page = waited(press(page, "Fetch MNIST again"))
    assert not page.error


@needs_mnist
def test_what_has_come_is_trained_on_when_asked(
    open_page, waits, fetched, monkeypatch: pytest.MonkeyPatch
):
    fetched(Progress("a", 10, 10))
    page = waited(press(open_page(NAME, epochs="2"), "Fetch MNIST"))
    monkeypatch.setenv("EXPLORABLES_DATA", str(FOUND))
    page.run()
    assert "MNIST is here." in words(page)
    assert shown(page).dataset == "digits"
    waits(0.1)
    page = press(page, "Train on it")
    assert shown(page) == OPENED
    assert "MNIST is here." not in words(page)


# --- Tabs.


def tab(page, name: str) -> str:
    """The page's own HTML, with that tab open."""
    page.session_state[f"{NAME}.tab"] = name
    page.run()
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def test_a_look_inside_at_a_step_that_is_kept_is_of_that_step(open_page):
    page = open_page(NAME, epochs="2", at="46")
    tab(page, "Look inside")
    assert "After batch **46**, the one on screen:" in words(page)


def test_what_just_happened_is_of_one_batch_or_else_says_which(open_page, sent, record_every):
    open_page(NAME, epochs="1")
    assert "What just happened: up to 64 pictures of epoch" in sent[-1]["readouts"][0]["moving"]
    record_every(3)
    open_page(NAME, epochs="1", seed="7")
    assert sent[-1]["readouts"][0]["moving"].startswith("Batch {step} is one of epoch {epoch}. One")


def test_a_look_inside_is_of_the_step_on_screen_and_counts_every_picture_that_tests(open_page):
    page = open_page(NAME, epochs="2", at="30")
    body = tab(page, "Look inside")
    # The end of an epoch: there all numbers are kept.
    assert "After batch **23**, the nearest before 30, which is on screen" in words(page)
    table = body[body.index('data-testid="confusion"') :]
    counts = [int(cell) for cell in re.findall(r"<td[^>]*>(\d+)</td>", table.split("</table>")[0])]
    labels = datasets.images("digits").test_labels
    assert sum(counts) == len(labels)
    config = replace(OFFLINE, epochs=2)
    state = next(one for one in run(config) if one.step == 23)
    assert state.test_accuracy is not None
    right = round(state.test_accuracy.item() * len(labels))
    assert f"{right} of {len(labels)} are right" in words(page)
    assert "the ten scores" in body
    assert body.count("unit 1<") == 1


def test_one_item_is_a_picture_with_its_label(open_page):
    page = open_page(NAME, epochs="2")
    tab(page, "One item")
    page.number_input(f"{NAME}.item").set_value(3).run()
    picture, label = datasets.item("digits", 3)
    assert picture.shape == (1, 28, 28)
    assert "of shape **(1, 28, 28)**" in words(page)
    assert f"`label` is **{label}**" in words(page)


def test_a_drawing_is_shown_to_the_run_on_screen_and_to_each_that_is_pinned(
    open_page, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def answer(networks, strokes):
        asked.append([(one.title, one.config) for one in networks])
        return {}

    monkeypatch.setattr("ui.sketch.sketch.answer", answer)
    page = open_page(NAME, epochs="2", hidden="20", at="46")
    press(page, "Pin this curve")
    page.slider(f"{NAME}.epochs").set_value(1).run()
    tab(page, "Draw a digit")
    first = replace(OFFLINE, epochs=2, hidden=(20,))
    assert asked[-1] == [
        ("on screen, after batch 23", replace(first, epochs=1)),
        ("A, after batch 23", first),
    ]
    page = open_page(NAME, epochs="2", hidden="20")
    tab(page, "Draw a digit")
    title, config = asked[-1][0]
    assert title == "on screen, before the first batch (nothing is learnt yet)"
    assert config == first


def assert_seeds_are_told(page, after: str, config: Config, count: int) -> None:
    """So many seeds of the run are trained, and what they get right is told."""
    press(page, "Train 8 seeds")
    for _ in range(300):
        if f"After {after} **{count} seeds**" in words(page):
            break
        time.sleep(0.1)
        page.run()
    ends = [list(run(replace(config, seed=seed)))[-1].test_accuracy for seed in range(count)]
    accuracies = [one.item() for one in ends if one is not None]
    told = f"from **{number(min(accuracies))}** to **{number(max(accuracies))}**"
    assert told in words(page)


def test_seeds_are_trained_for_an_epoch_beside_the_run(open_page):
    page = open_page(NAME, epochs="2", hidden="20")
    tab(page, "Over seeds")
    assert_seeds_are_told(page, "one epoch", replace(OFFLINE, epochs=1, hidden=(20,)), 8)
    assert "The notes'" not in words(page)  # they have no such run


def test_seeds_are_trained_for_the_whole_run_where_that_is_longer(open_page, monkeypatch):
    monkeypatch.setattr("ui.spread.over_seeds", lambda *asked: over_seeds(asked[0], 2, asked[2]))
    page = open_page(NAME, epochs="2", hidden="20")
    tab(page, "Over seeds")
    (choice,) = [one for one in page.get("button_group") if one.key == f"{NAME}.seeds_for"]
    choice.set_value("the whole run").run()
    assert_seeds_are_told(page, "2 epochs", replace(OFFLINE, epochs=2, hidden=(20,)), 2)
    page = open_page(NAME, epochs="1", hidden="20")
    tab(page, "Over seeds")  # one epoch is all of it
    assert f"{NAME}.seeds_for" not in {one.key for one in page.get("button_group")}


@needs_mnist
def test_the_notes_figure_of_the_first_epoch_is_beside_the_seeds(
    open_page, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EXPLORABLES_DATA", str(FOUND))
    monkeypatch.setattr("ui.spread.over_seeds", lambda config, *_: (config,))
    page = open_page(NAME, epochs="1", hidden="100", learning_rate="1")
    tab(page, "Over seeds")  # that run is known already
    assert "After one epoch **1 seed**" in words(page)
    assert "The notes' 0.9280" in words(page)
