"""MNIST: a network learns to read digits, in spite of how its loss is made."""

import math
from dataclasses import asdict
from functools import partial
from typing import Any

import streamlit as st

from core import datasets
from core import mnist as lesson
from core.ranges import Range
from core.theory.finding import Finding
from ui import digits
from ui.controls import Settings
from ui.fetching import offer
from ui.inside import look_inside, one_item
from ui.page import WATCH, Guess, Try, ending, heading, judged
from ui.pictures import Line, over_steps
from ui.player.player import Readout, player
from ui.readout import batch
from ui.sketch.sketch import sketch
from ui.spread import seeds_apart
from ui.steering import Run
from ui.theme import BLUE, VERMILION, number, setting, short
from ui.verdict import Name, autopsy, verdict

# The sliders' part of what Config allows.
RATES, BATCHES, EPOCHS = Range(1e-4, 10), Range(16, 512, whole=True), Range(1, 50, whole=True)
SEEDS = 8
DRAWN = ("accuracy", "test_loss")  # of what the notes printed; losses of single batches are a tab's
OPENING: dict[str, Any] = {"learning_rate": 0.1, "epochs": 3}  # it learns within seconds
SCORES = OPENING | {"softmax": False}
OFFLINE = {
    field: value
    for field, value in asdict(lesson.OFFLINE).items()
    if value != getattr(lesson.Config(), field)
}
TITLES = {
    "notes": "as in the notes",
    "random": "random first numbers",
    "rate 0.01": "a rate of 0.01",
    "rate 0.1": "a rate of 0.1",
    "rate 1": "a rate of 1",
    "one layer": "one layer of 512, a rate of 1",
    "width 100": "one layer of 100",
    "width 200": "one layer of 200",
    "width 1024": "one layer of 1024",
    "width 5000": "one layer of 5000",
    "width 5000, batches of 256": "one layer of 5000, batches of 256",
}
NOTES = {TITLES[one.name]: dict(one.fields) for one in lesson.EXPERIMENTS if one.name in TITLES}
WIDEST = next(one for one in lesson.EXPERIMENTS if one.name == "width 50000")
PRESETS: dict[str, dict[str, Any]] = {
    **NOTES,
    "a rate of 0.1, three epochs": OPENING,
    "scores for the loss": SCORES,
    "clothes": {**OPENING, "dataset": "fashion"},
    "without the internet": OFFLINE,
}
NAMES = {  # of the findings
    "accuracy": Name("Accuracy after epoch {epoch}", note="{kind}"),
    "test_loss": Name("Average test loss after epoch {epoch}"),
    "loss": Name("Loss of batch {batch} of epoch {epoch}"),
    "floor": Name("Least average test loss"),
    "certain_loss": Name(
        "Average test loss",
        note="of a network that is always certain: log(e + 9) − accuracy, but for the last batch: "
        "it is smaller and counts as much as the others",
    ),
    "gradient": Name("Longest gradient", note="a softmax that is exactly 0 or 1 has no slope"),
}
LIMITS = {"floor": "no loss can fall below {limit}"}
KINDS = {"printed": "", "about": "about, in the notes", "most": "at most, in the notes"}

# --- The controls.

settings = Settings(lesson, PRESETS, OPENING)
missing = {name: datasets.problem(name) or "" for name in datasets.NAMES}
if missing["mnist"]:
    settings.begin(OFFLINE)
settings.allow(lesson.check_memory)
with settings.sidebar():
    settings.log_slider(
        "learning_rate",
        "Learning rate η",
        RATES,
        explain="How far to move for a gradient of 1. The gradient is the slope of the loss.",
    )
    chosen = settings.choice(
        "dataset",
        "Pictures",
        datasets.NAMES,
        explain="*mnist*: 70000 handwritten digits; *fashion*: as many clothes; *digits*: 1797 "
        "small digits that every machine has.",
    )
    settings.numbers(
        "hidden",
        "Units of each hidden layer",
        lesson.WIDTH,
        explain="A number for each layer, with commas between: 512, 512 is what the notes have.",
        most=lesson.MOST_LAYERS,
    )
    settings.toggle(
        "softmax",
        "Softmax before the loss",
        explain="The loss takes a softmax of its own; the notes have another one before it.",
    )
    settings.choice(
        "initial",
        "First numbers",
        lesson.INITIALS,
        explain="*default*: PyTorch's, around 0; *uniform*: all of them anywhere from 0 to 1.",
    )
    settings.slider(
        "batch_size",
        "Batch size",
        BATCHES,
        step=16,
        explain="Pictures that an update looks at.",
    )
    with settings.more():
        settings.slider("epochs", "Epochs", EPOCHS, explain="How often to go through all pictures.")
        settings.toggle("shuffle", "Shuffle", explain="Each epoch in an order of its own.")
        settings.slider(
            "seed", "Seed", Range(0, 99, whole=True), explain="Of first numbers and orders."
        )
        settings.device()
if missing[chosen]:
    settings.put("dataset", lesson.OFFLINE.dataset)  # the same settings, until it is here
view = settings.view("Accuracy", "Gradient")

# --- What is known of these settings, in words.

run = Run(settings)
config = run.config
prediction = lesson.predict(config)
title = datasets.TITLES[config.dataset]
story = [
    "A picture has 784 pixels. The network makes ten *probabilities* of them, one for each class: "
    "the bars. A green frame is around the right one."
]
if settings.prediction != "shown":
    story.append(WATCH)
elif config.softmax:
    story.append(
        "The *loss*, what it is wrong by, comes after two *softmaxes*, which make probabilities "
        f"of scores. That leaves it no room below {short(prediction.floor)}, the green line."
    )
else:
    story.append(
        "The *loss*, what it is wrong by, is made of the scores before they are probabilities: "
        "it can fall to 0."
    )
twice = r"\operatorname{softmax}(P)" if config.softmax else "P"
heading(
    run,
    story,
    [
        r"h_k &= \max(0, W_k h_{k-1} + b_k)",
        r"P &= \operatorname{softmax}(W h + b)",
        rf"L &= -\log {twice}_{{\text{{right}}}}",
    ],
)
wanted = chosen if missing[chosen] else "mnist"


def come() -> None:
    """MNIST has been fetched, and is not what is shown."""
    if config.dataset != wanted:
        with st.container(border=True):
            st.markdown(f"**{datasets.TITLES[wanted]} is here.**")
            changes = {**OPENING, "dataset": wanted}
            st.button(
                "Train on it", on_click=settings.apply, args=(changes,), kwargs={"play": True}
            )


with settings.top:
    offer(
        settings.key("data"),
        wanted,
        missing[wanted],
        f"**{datasets.TITLES[wanted]} is not on this machine yet.** These are {title}, which need "
        "no network.",
        come,
    )

# --- The pictures.

seen = lesson.shown(config)
sixteen = digits.opinions(
    "Sixteen pictures that test, and what the network takes them for",
    "Sixteen pictures, each beside ten bars of probability, after batch {step}.",
    seen.pictures,
    seen.labels,
    datasets.LABELS[config.dataset],
)
first = run.since == 0  # what the notes printed is of a run whose settings stay
figures = {name: lesson.printed(config, name) if first else () for name in DRAWN}
as_printed = "; ◇ as the notes printed" if any(figures.values()) else ""
loss = over_steps(
    run,
    f"The loss{as_printed}",
    "loss",
    [
        Line("loss", "of a batch", math.nan, BLUE),
        Line("test_loss", "test", math.nan, VERMILION, figures["test_loss"]),
    ],
    (1.4, 2.55) if config.softmax else (0.0, 2.6),
    targets=(prediction.floor,),
    corner="top",
    goal=f"the least: {short(prediction.floor)}",
)
accuracy = over_steps(
    run,
    f"The part that is right{as_printed}",
    "accuracy",
    [
        Line("sixteen", "of the sixteen", math.nan, BLUE),
        Line("test_accuracy", "of all", math.nan, VERMILION, figures["accuracy"]),
    ],
    (0.0, 1.05),
    also=lesson.counted,
    corner="bottom",
)
pictures = [sixteen, loss, accuracy]
if view == "Gradient":
    slope = over_steps(
        run,
        "How long the gradient of a batch is",
        "length",
        [Line("gradient_norm", "gradient", math.nan, BLUE)],
        (1e-6, 100.0),
        log=True,
    )
    surest = over_steps(
        run,
        "The largest probability in a batch",
        "probability",
        [Line("largest", "largest", math.nan, BLUE)],
        (0.0, 1.05),
    )
    pictures = [sixteen, slope, surest]


def readout(config: lesson.Config) -> Readout:
    """What the last batch was, and what the next is."""
    told = f"What just happened: {batch(config)} pictures of epoch {{epoch}}."
    if run.recording.every > 1:
        told = "Batch {step} is one of epoch {epoch}."
    return Readout(
        "Before the first update the loss of a batch is {loss}.",
        # One line whatever the numbers: what comes below must not jump.
        f"{told} One more batch has a loss of {{loss}}, a gradient of {{gradient_norm}}.",
        {"epoch": [str(epoch) for epoch in range(config.epochs + 1)]},
    )


player(run, pictures, readout, also=lesson.counted)

# --- What the run measured, beside what the notes printed and what is known.

frames = run.finish()
experiment = lesson.experiment_of(config)
found = lesson.findings(frames, *run.legs)
printed = [one for one in found if one.quantity in ("accuracy", "test_loss", "loss")]


def said(field: str) -> Any:
    """A word about a finding: what the figure has that it is of."""

    def word(one: Finding) -> str:
        text = str(getattr(experiment.figures[one.which], field)) if experiment else ""
        return KINDS.get(text, text)

    return word


words = {field: said(field) for field in ("epoch", "batch", "kind")}
single = [one for one in printed if one.quantity not in DRAWN]
verdict(run, [one for one in printed if one not in single], NAMES, published=True, **words)
if single:
    with st.expander("Losses of single batches"):
        verdict(run, single, NAMES, published=True, **words)
verdict(run, [one for one in found if one not in printed], NAMES, LIMITS)
if len(frames.steps) and not math.isfinite(frames.columns["loss"][-1]):
    why = "A step that is too long makes the numbers of the network grow."
    slower = settings.slower("learning_rate")
    autopsy(run, run.since, [why], "Use {}", slower)


def told(guess: str) -> str:
    """The reply to who has guessed what a network of random numbers learns."""
    longest = number(frames.columns["gradient_norm"].max())
    return (
        f"It learns nothing{judged(guess.lower(), guess == 'Nothing')}: its probabilities are "
        f"exactly 0 or 1 from the start, and the longest gradient is {longest}."
    )


early, late = (setting(figure.value) for figure in WIDEST.figures)
workings = {
    "Draw a digit": partial(sketch, run),
    "Over seeds": partial(seeds_apart, run, SEEDS),
    "Look inside": partial(look_inside, run),
    "One item": partial(one_item, run),
}
ending(
    run,
    pictures,
    frames,
    Guess(
        "random",
        "**Random numbers.** All numbers of the network begin anywhere from 0 to 1. What does it "
        "learn in five epochs?",
        ("All ten digits", "A few of them", "Nothing"),
        NOTES["random first numbers"],
        told,
        answered=any(one.quantity == "gradient" for one in found),
    ),
    Try(
        "**A thousand times the notes' rate.** A rate of 1 is far too long for most networks. "
        "With the notes' two softmaxes the loss is so flat that it suits.",
        "A rate of 1",
        NOTES["a rate of 1"],
    ),
    Try(
        "**One layer less.** The simpler network learns faster, and ends as well.",
        "One layer of 512",
        NOTES["one layer of 512, a rate of 1"],
    ),
    Try(
        "**Scores for the loss.** Without the first softmax the same rate learns faster, and the "
        "loss can fall to 0.",
        "Give it the scores",
        SCORES,
    ),
    Try(
        f"**Fifty thousand units** in one layer. It {lesson.memory(WIDEST.config(settings.notes))} "
        f"The notes print an accuracy of {early} after one epoch, {late} after ten.",
        "50000 units",
        dict(WIDEST.fields),
    ),
    code=(lesson.State, lesson.Network, lesson.run, lesson.predict),
    workings=workings,
    also=lesson.counted,
)
