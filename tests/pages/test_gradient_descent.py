"""The page of the first lesson, without a browser."""

import gc
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.gradient_descent import Config, frame, predict, run
from core.recording import play, shared
from ui import supply
from ui.export import script
from ui.link import write
from ui.session import undo
from ui.theme import number

NAME = "gradient_descent"
ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "pages" / f"{NAME}.py").read_text()


def settings(page) -> dict[str, object]:
    return {
        field.name: page.session_state[f"{NAME}.{field.name}"]
        for field in fields(Config)
        if f"{NAME}.{field.name}" in page.session_state
    }


def said(page) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.warning, *page.error])


def verdict(page) -> str:
    return re.sub(
        r"<[^>]+>", " ", next(e.proto.body for e in page.get("html") if "verdict" in e.proto.body)
    )


def test_it_opens_with_the_settings_of_the_notes(open_page):
    page = open_page(NAME)
    assert not page.exception
    assert page.menu_button(f"{NAME}.preset").label == "as in the notes"
    assert settings(page) == {
        "start": "1, 1, 1, 1, 1",
        "target": "0, 1, 2, 3, 4",
        "learning_rate": 0.05,
        "momentum": 0.0,
        "zero_grad": True,
        "steps": 100,
        "device": "cpu",
    }


def test_the_verdict_shows_the_closed_form_next_to_the_measurement(open_page):
    shown = verdict(open_page(NAME))
    assert shown.count(number(0.9)) == 2
    # N's loss after 100 updates: 15 (1 - 2 x 0.05)^200.
    assert shown.count(number(15 * 0.9**200)) == 2


def test_where_theory_goes_below_what_a_float_can_hold_the_verdict_says_so(open_page):
    assert "rounding decides" not in verdict(open_page(NAME))
    # 15 (1 - 0.6)^200 is 10^-78: no weight of 16 digits comes that close to its target.
    shown = verdict(open_page(NAME, learning_rate="0.3"))
    assert "rounding decides" in shown
    assert shown.rstrip().endswith("rounding")


def test_a_changed_setting_is_no_longer_a_preset(open_page):
    page = open_page(NAME)
    page.slider(f"{NAME}.learning_rate").set_value(0.06).run()
    assert page.menu_button(f"{NAME}.preset").label == "your own settings"


def test_a_link_sets_every_control(open_page):
    page = open_page(
        NAME,
        learning_rate="0.3",
        momentum="0.5",
        zero_grad="false",
        steps="7",
        start="2, 2",
        target="0, 1",
    )
    assert not page.exception
    assert not page.warning
    assert settings(page) == {
        "start": "2, 2",
        "target": "0, 1",
        "learning_rate": 0.3,
        "momentum": 0.5,
        "zero_grad": False,
        "steps": 7,
        "device": "cpu",
    }


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "learning_rate",
            "7",
            "learning_rate = 7 is not allowed: it must be a finite number from 0.005 to 1.2.",
        ),
        ("learning_rate", "0", "learning_rate = 0 is not allowed"),
        ("learning_rate", "nan", "learning_rate = nan is not allowed"),
        ("learning_rate", "fast", "learning_rate = 'fast' is not allowed"),
        (
            "momentum",
            "-0.1",
            "momentum = -0.1 is not allowed: it must be a finite number from 0 to 1.",
        ),
        ("steps", "1e999", "steps = inf is not allowed: it must be a whole number from 1 to 2499."),
        ("zero_grad", "maybe", "zero_grad = 'maybe' is not allowed: it must be True or False."),
        ("device", "tpu", "device = 'tpu' is not allowed"),
        ("device", "cuda:999", "device = 'cuda:999' does not exist on this machine"),
        ("weight", "99", "weight = 99 is not allowed"),
        ("colour", "red", "which this page does not know"),
    ],
)
def test_a_bad_value_in_a_link_is_named_with_its_range_and_ignored(
    open_page, field, value, message
):
    page = open_page(NAME, **{field: value})
    assert not page.exception
    assert message in said(page)
    assert settings(page) == settings(open_page(NAME))


def test_a_fraction_of_an_update_is_refused_and_the_page_says_what_it_uses(open_page):
    page = open_page(NAME, steps="10.5")
    assert "steps = 10.5 is not allowed: it must be a whole number from 1 to 2499." in said(page)
    assert f"The page uses {settings(page)['steps']}." in said(page)


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        (
            "start",
            "1, 2",
            "target = (0.0, 1.0, 2.0, 3.0, 4.0) is not allowed: it must hold 2 numbers, not 5.",
        ),
        ("start", "one", "start = 'one' is not allowed: it must be 1 to 8 numbers"),
        ("start", "", "start = '' is not allowed"),
        (
            "target",
            "0, 1, 2, 3, nan",
            "target[4] = nan is not allowed: it must be a finite number from",
        ),
        ("target", "1 2 3 4 5 6 7 8 9", "it must be 1 to 8 numbers"),
    ],
)
def test_a_refused_text_is_explained_and_the_last_good_run_stays(open_page, field, text, message):
    page = open_page(NAME, learning_rate="0.3")
    good = verdict(page)
    page.text_input(f"{NAME}.{field}").set_value(text).run()
    assert not page.exception
    assert message in said(page)
    assert verdict(page) == good


def test_a_diverging_run_is_explained_with_its_factor_and_a_way_back(open_page):
    page = open_page(NAME, learning_rate="1.1")
    assert "From update 1 on the loss is larger than at the start." in said(page)
    assert "multiplies the error by 1.2" in said(page)
    next(button for button in page.button if "0.995" in button.label).click().run()
    assert page.slider(f"{NAME}.learning_rate").value == 0.995
    assert "Why it runs away" not in said(page)


def test_a_run_beyond_all_numbers_says_from_which_update(open_page):
    page = open_page(NAME, learning_rate="1.2", steps="2000")
    losses = [state.loss.item() for state in run(Config(learning_rate=1.2, steps=2000))]
    first = next(step for step, loss in enumerate(losses) if not loss < float("inf"))
    assert not page.exception
    assert f"From update {first} on it is too large for a number." in said(page)


def test_momentum_without_zero_grad_offers_the_only_way_back(open_page):
    page = open_page(NAME, zero_grad="false", momentum="0.5")
    next(button for button in page.button if button.label == "Switch zero_grad on").click().run()
    assert page.toggle(f"{NAME}.zero_grad").value is True
    assert page.slider(f"{NAME}.momentum").value == 0.5


def test_the_guess_is_answered_with_the_measured_swing(open_page):
    page = open_page(NAME)
    assert page.button(f"{NAME}.forget").disabled
    page.radio(f"{NAME}.forget.guess").set_value("learn faster").run()
    page.button(f"{NAME}.forget").click().run()
    assert "so they do not learn faster" in said(page)
    period = predict(Config(zero_grad=False, learning_rate=0.1)).period
    assert number(period) in said(page)
    assert number(period) in verdict(page)


def test_names_that_no_page_knows_are_told_also_without_the_name_of_a_lesson():
    def warned(*names: str) -> list[str]:
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        page.switch_page(f"pages/{NAME}.py")
        for name in names:
            page.query_params[name] = "1"
        return [warning.value for warning in page.run().warning]

    known = "which this page does not know."
    assert warned("unknown") == [f"The link sets 'unknown', {known} It was ignored."]
    assert warned("linear_regression.at") == []  # another page's player may have left it there
    (many,) = warned(*(f"{NAME}.x{i}" for i in range(999)), "y" * 9_000)
    assert many.endswith(f"and 998 more, {known} They were ignored.")
    assert len(many) < 200


def test_the_script_marks_what_the_last_change_touches(open_page):
    page = open_page(NAME)
    page.session_state[f"{NAME}.tab"] = "Code"
    page.run()
    assert "Marked" not in " ".join(caption.value for caption in page.caption)
    page.slider(f"{NAME}.momentum").set_value(0.9).run()
    caption = next(c.value for c in page.caption if "plain PyTorch" in c.value)
    assert caption.endswith("Marked: what the last change touches, of *momentum*.")
    lines = page.code[0].value.split("\n")
    style = next(e.proto.body for e in page.get("html") if "plain_script" in e.proto.body)
    marked = [lines[int(n) - 1].strip() for n in re.findall(r"nth-child\((\d+)\)", style)]
    assert marked == ["z = 0.9 * z + w.grad"]
    page.toggle(f"{NAME}.zero_grad").set_value(False).run()
    caption = next(c.value for c in page.caption if "plain PyTorch" in c.value)
    assert "of *zero grad*, has taken away `w.grad = None" in caption


@pytest.mark.parametrize("text", ["1e300, 1", "1, -1e7", "1e308, 1"])
def test_weights_too_large_to_draw_are_refused(open_page, text):
    page = open_page(NAME, start=text, target="0, 0")
    assert not page.exception
    assert "is not allowed: it must be a finite number from -1000000 to 1000000." in said(page)


def test_weights_that_start_on_their_targets_are_said_to_stay(open_page):
    page = open_page(NAME, start="1, 2", target="1, 2", learning_rate="1.2")
    assert "are on their targets and stay there" in said(page)
    assert "Why it runs away" not in said(page)


def test_with_a_velocity_the_page_speaks_of_the_long_run(open_page):
    assert "one fixed number" in said(open_page(NAME))
    page = open_page(NAME, learning_rate="1.2", momentum="0.25")
    assert "one fixed number" not in said(page)
    assert "in the long run each update jumps past the targets" in said(page)
    assert "beta z" in page.latex[0].value


def test_a_slow_departure_is_told_with_enough_digits(open_page):
    page = open_page(NAME, zero_grad="false", momentum="0.01", learning_rate="0.005", steps="50")
    rate = predict(Config(zero_grad=False, momentum=0.01, learning_rate=0.005)).rate
    assert f"multiplies the error by {rate:.9g}" in said(page)
    assert "More updates would show it" in said(page)


def test_weights_fewer_than_the_followed_one_are_no_trouble(open_page):
    page = open_page(NAME, start="3", target="1", weight="7")
    assert not page.exception
    assert not page.error


COURSE = "0 learning_rate 0.05 40"


def steered(page) -> tuple[str, int]:
    """The course and the step that the link would say."""
    run = page.session_state[f"{NAME}.run"]
    return write(run.course), run.at


def test_a_link_with_a_course_opens_the_forked_run(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE, at="60")
    assert not page.exception
    assert not page.warning
    shown = verdict(page)
    assert "from update 40 on, in the long run" in shown
    # Error kept: 1 - 0.3 x 2, by theory and by the run; the loss has come down at two speeds.
    assert shown.count(number(0.4)) == 2
    assert number(15 * 0.9**80 * 0.4**120) in shown
    assert steered(page) == (COURSE, 60)


def test_undo_takes_back_the_last_change(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE)
    next(b for b in page.button if b.label == "Undo the change at 40").click().run()
    assert page.slider(f"{NAME}.learning_rate").value == 0.05
    assert number(15 * 0.9**200) in verdict(page)
    assert steered(page)[0] == ""


def test_undo_pressed_again_before_the_page_has_run_does_nothing_more(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE)
    kept = page.session_state[f"{NAME}.run"]
    page.session_state[f"{NAME}.run"] = undo(kept)  # the first press has been heard
    next(b for b in page.button if b.label == "Undo the change at 40").click().run()
    assert not page.exception
    assert page.slider(f"{NAME}.learning_rate").value == 0.05
    assert steered(page)[0] == ""


def test_a_changed_setting_that_is_not_live_begins_a_new_run(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE)
    page.slider(f"{NAME}.steps").set_value(50).run()
    assert steered(page)[0] == ""
    assert "from update" not in verdict(page)


def test_a_preset_begins_a_new_run(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE, at="60")
    page.menu_button(f"{NAME}.preset").click("as in the notes").run()
    assert steered(page)[0] == ""
    assert number(15 * 0.9**200) in verdict(page)


def test_without_a_browser_a_live_setting_forks_at_the_step_of_the_link(open_page):
    page = open_page(NAME, at="30")
    page.slider(f"{NAME}.momentum").set_value(0.5).run()
    assert steered(page) == ("0 momentum 0.0 30", 30)
    page.slider(f"{NAME}.momentum").set_value(0.0).run()  # back to what it was: no change at all
    assert steered(page)[0] == ""


def test_a_pinned_run_stays_in_a_table_of_what_differs(open_page):
    page = open_page(NAME)
    next(b for b in page.button if b.label == "Pin this curve").click().run()
    page.slider(f"{NAME}.learning_rate").set_value(0.2).run()
    assert not page.exception
    table = re.sub(
        r"<style>.*</style>|<[^>]+>",
        " ",
        next(e.proto.body for e in page.get("html") if "pins" in e.proto.body),
        flags=re.DOTALL,
    )
    assert table.split() == ["curve", "learning", "rate", "on", "screen", "0.2", "A", "0.05"]


def test_the_script_of_a_forked_run_repeats_it(open_page):
    page = open_page(NAME, learning_rate="0.3", course=COURSE)
    config = Config(learning_rate=0.3)
    text = script(NAME, ((0, replace(config, learning_rate=0.05)), (40, config)))
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) <= 40  # a screenful
    last = lines.index("update 100:")
    (loss,) = [line.split("=")[1] for line in lines[last:] if "loss" in line]
    # Four digits are printed.
    assert float(loss) == pytest.approx(15 * 0.9**80 * 0.4**120, rel=1e-3)
    assert not page.exception


def test_what_is_taken_away_is_what_is_there_when_it_is_asked_for(open_page, waits, downloads):
    waits(0)  # only the first frame is there when the page has run
    page = open_page(NAME, steps="90")
    page.session_state[f"{NAME}.tab"] = "Take it away"
    page.run()
    assert downloads["Frames as CSV"]().count(b"\n") < 91
    shared(run, ((0, Config(steps=90)),), frame=frame).finish(30)
    assert downloads["Frames as CSV"]().splitlines()[-1].startswith(b"90,")


def test_weights_on_their_targets_do_not_run_away_whatever_the_rate(open_page):
    page = open_page(NAME, learning_rate="1.1", course="0 learning_rate 0.5 3", steps="60")
    assert "The weights are on their targets and stay there." in said(page)
    assert "Why it runs away" not in said(page)


def test_the_old_sum_of_gradients_delays_the_landing_by_one_update(open_page):
    page = open_page(NAME, learning_rate="0.5", course="0 learning_rate 0.1 zero_grad false 4")
    states = list(
        play(
            run,
            (
                (0, Config(learning_rate=0.1, zero_grad=False)),
                (4, Config(learning_rate=0.5)),
            ),
        )
    )
    assert states[5].loss.item() > 1 > 1e-20 > states[6].loss.item()
    assert "update 6 lands on the targets" in said(page)
    assert "from update 5 on" in verdict(page)


def test_why_it_runs_away_counts_from_the_last_change(open_page):
    page = open_page(NAME, learning_rate="1.01", course="0 learning_rate 0.1 40", steps="60")
    assert "From update 41 on the loss is larger than at update 40." in said(page)


def test_a_run_too_short_for_its_measurement_says_what_it_needs(open_page):
    # A swing of this momentum takes 19.5 updates: ten of them do not show one.
    shown = verdict(open_page(NAME, momentum="0.9", steps="10"))
    assert "0.9487" in shown
    (count,) = set(re.findall(r"too short to tell\s+needs (\d+) updates", shown)[:1])
    longer = verdict(open_page(NAME, momentum="0.9", steps=count))
    rate = longer.split("One swing")[0].split("Loss after")[0]
    assert "too short" not in rate
    assert rate.count(number(0.9**0.5)) == 2
    assert "too short" in verdict(open_page(NAME, momentum="0.9", steps=str(int(count) - 1)))


def test_a_fork_at_the_last_update_but_one_measures_no_momentum(open_page):
    shown = verdict(open_page(NAME, momentum="0.9", course="0 momentum 0 99", at="99"))
    assert shown.count("too short to tell") == 2  # neither the rate nor a swing
    shown = verdict(open_page(NAME, learning_rate="0.3", course="0 learning_rate 0.05 99"))
    assert "too short" not in shown  # one plain update shows what each does


def given(data: dict) -> str:
    """The name by which frames are asked for of what a page has sent."""
    return data["supply"].removeprefix("frames/")


def test_a_run_is_given_at_its_address_until_the_page_shows_another(open_page, sent):
    page = open_page(NAME, steps="40")
    first = given(sent[-1])
    page.run()
    assert given(sent[-1]) == first  # the same run, the same address
    assert first in supply._open
    page.slider(key=f"{NAME}.learning_rate").set_value(0.3).run()
    second = given(sent[-1])
    gc.collect()
    assert [name in supply._open for name in (first, second)] == [False, True]
    open_page(NAME, steps="40", learning_rate="0.3")  # another visitor of the same run
    assert sent[-1]["recording"] == sent[-2]["recording"]
    assert given(sent[-1]) != second


def test_at_the_address_who_wants_a_run_has_it_computed_and_who_looks_has_not(
    open_page, sent, waits
):
    open_page(NAME, steps="40")
    waits(0)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(f"pages/{NAME}.py")
    page.query_params[f"{NAME}.learning_rate"] = "0.0123"  # no other test has this run
    page.query_params[f"{NAME}.steps"] = "2000"
    page.run()
    give = supply._open[given(sent[-1])].give
    word = {"recording": sent[-1]["recording"], "turn": 1, "step": 0}
    looked = give(word | {"wants": False})
    assert (looked["frames"].num_rows, looked["number"]) == (1, 0)
    assert (looked["computed"], looked["computing"]) == (1, False)
    assert give(word | {"wants": True})["computing"]
    more = give({**word, "start": 1, "count": 7, "number": 5})
    assert (more["start"], more["frames"].num_rows, more["number"]) == (1, 7, 5)
