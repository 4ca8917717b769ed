"""LSTM and GRU: what is learnt of waves by saying the next sample, and what is not."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

from core import sequences as lesson
from core.race import race
from core.ranges import Range
from core.recording import shared
from ui.controls import Settings
from ui.forecast import gates, meaning, over_seeds, point_by_point, sizes
from ui.page import WATCH, Guess, Try, ending, heading, judged
from ui.painted import Curve, profile
from ui.pictures import Line, over_steps
from ui.player.player import Picture, Readout, player
from ui.steering import Run
from ui.theme import BLUE, GREEN, GREY, SERIES, VERMILION, counted, number, short
from ui.verdict import Name, autopsy, verdict

CELLS = tuple(lesson.CELLS)
INKS = dict(zip(CELLS, (BLUE, VERMILION), strict=True))
HEARD = tuple(map(str, lesson.PROMPTS))
SIZES = {"small": 32, "medium": 64, "as in the notes": 256}
# The sliders' part of what Config allows.
WIDTHS, LAYERS, EPOCHS = (Range(1, most, whole=True) for most in (256, 3, 2_000))
WAVES, LENGTHS, HERTZ = Range(1, 200, whole=True), Range(3, 200, whole=True), Range(0, 10)
OPENING: dict[str, Any] = {"hidden": 32, "learning_rate": 0.01, "epochs": 300}
SMALL = OPENING | {"heard": "50"}  # where the notes' networks go on from one zero
PRESETS: dict[str, dict[str, Any]] = {
    "as in the notes": {"heard": "1"},
    "the GRU of the notes": {"cell": "GRU", "heard": "1"},
    "small cells": SMALL,
    "small cells, GRU": SMALL | {"cell": "GRU"},
    "medium cells": SMALL | {"hidden": 64},
    "fewer samples a second": SMALL | {"length": 20},
    "one wave": SMALL | {"sequences": 1, "high_hz": 1.0},
    "a step that is too long": SMALL | {"learning_rate": 1.0},
}
NAMES = {  # of the findings
    "loss": Name("Loss{cell}", note="{source}"),
    "frequency": Name("What goes on swings at{cell}", "Hz", "{source}"),
}
SOURCES = {"loss": "predicted: what the notes print", "frequency": "predicted: what was heard"}
LIMIT = "a straight line through the last two samples has {limit}"
GOES_ON = ("at 1 Hz", "at zero for ever", "at some other speed")  # after a zero alone
ALONE = lesson.Config(**OPENING, sequences=1, high_hz=1.0)
GATED = {  # what the cells do
    "LSTM": [
        r"i, f, o &= \sigma(W x + U h + b)",
        r"g &= \tanh(W x + U h + b)",
        r"c &\leftarrow f \cdot c + i \cdot g",
        r"h &\leftarrow o \cdot \tanh(c)",
    ],
    "GRU": [
        r"r, z &= \sigma(W x + U h + b)",
        r"n &= \tanh(W x + b + r\,(U h + b'))",
        r"h &\leftarrow (1 - z) \cdot n + z \cdot h",
    ],
}
PERIOD = ("seconds", "sample")
SEEDS = 5
ONE = "the zero that every wave begins with"

# --- The controls.

settings = Settings(lesson, PRESETS, OPENING)
with settings.sidebar():
    settings.choice("cell", "Cell", CELLS, row=True, explain="What each layer is made of.")
    settings.log_slider(
        "learning_rate",
        "Learning rate η",
        Range(1e-5, 1),
        explain="Of Adam: about how far each number moves in an update.",
    )
    settings.slider("hidden", "Units a layer", WIDTHS, explain="The notes have 256.")
    heard = settings.choice(
        "heard",
        "Samples heard",
        HEARD,
        default="50",
        explain="Before it goes on by itself. After 1, the zero of every wave, nothing says how "
        "fast: so the notes start.",
    )
    wave = settings.choice(
        "wave",
        "Wave heard",
        lesson.WAVES,
        default="fastest",
        explain="One of those that are learnt.",
    )
    with settings.more():
        for name, label, allowed, explain in (
            ("epochs", "Epochs", EPOCHS, "Updates: each looks at all waves."),
            ("layers", "Layers", LAYERS, "Of cells, one after the other."),
            ("sequences", "Waves", WAVES, "How many are learnt."),
            ("length", "Samples of a wave", LENGTHS, "They take one second."),
            ("low_hz", "Slowest wave, Hz", HERTZ, "Swings a second."),
            ("high_hz", "Fastest wave, Hz", HERTZ, "Those between lie evenly."),
            ("seed", "Seed", Range(0, 99, whole=True), "Of the first numbers."),
        ):
            settings.slider(name, label, allowed, explain=explain)
        of_gates = "In the view *Gates*."
        layer = settings.slider("layer", "Layer shown", LAYERS, default=1, explain=of_gates)
        shown = Range(1, 32, whole=True)
        unit = settings.slider("unit", "Unit shown", shown, default=1, explain=of_gates)
        settings.device()
view = settings.view("Rollout", "Side by side", "One step or many", "Gates", "Unknown waves")

# --- What is known without training, in words.

prompt, which = int(heard), lesson.WAVES.index(wave)
both = view == "Side by side"
frame = {"Gates": lesson.FrameWithGates(which), "Unknown waves": lesson.frame_outside}.get(view)
run = Run(settings, frame, race(lesson, "cell", CELLS) if both else None)
config = run.config
cell, known = config.cell, lesson.predict(config).baselines
hertz = [lesson.hertz(config, k) for k in range(len(lesson.WAVES))]
hz, fed = hertz[which], lesson.prompt_of(config, prompt)
alone = len(set(hertz)) == 1  # all that are learnt are one wave
after = f"{fed} samples of {short(hz)} Hz" if prompt > 1 else ONE

story = [
    f"Of {counted(config.sequences, 'wave')} a network hears sample after sample and learns to say "
    "the *next one*. Then it goes on *by itself*: what it says is what it hears next.",
]
if prompt == 1:
    knows = (
        "it has met one wave only and can know that by heart."
        if alone
        else "what comes is the network's own choice."
    )
    story.append(
        "Here it hears one sample, the zero with which every wave begins. That says nothing of how "
        f"fast to go on: {knows}"
    )
elif settings.prediction != "shown":
    story.append(WATCH)
elif known.line < lesson.NOTES_LOSS[cell]:
    story.append(
        "A straight line through the last two samples says the next one with a *loss*, the mean "
        f"square error, of only {short(known.line)}, and has not heard how fast the wave is. So a "
        "low loss does not say that the network has: look at what it makes."
    )
else:
    story.append(
        "A straight line through the last two samples says the next one with a *loss*, the mean "
        f"square error, of {short(known.line)}: who wants a lower one has to hear how the wave "
        "bends, and so how fast it is."
    )
heading(run, story, GATED[cell])

# --- The pictures.

times, truth = lesson.times(config), lesson.truth(config).numpy()
chosen, swing, end = lesson.name(prompt, which), lesson.swing(prompt, which), float(times[-1])
alike = which if prompt > 1 else 0  # after one zero all waves are the same
true_wave = truth[alike]
lanes = {f"lane_{k}_": name for k, name in enumerate(CELLS)} if both else {"": cell}
lane = next(lane for lane, name in lanes.items() if name == cell)  # of the cell that is chosen
window = {"left": 0.0, "right": end, "low": -1.75, "high": 1.75, "heard": float(times[fed - 1])}
on_time = {"x": times}


def waves(title: str, curves: dict[str, tuple[str, str]], words: str) -> Picture:
    """Curves, column -> label and colour, over the wave that is heard; after one sample none is."""
    drawn = [Curve(name, ink) for name, (_, ink) in curves.items()]
    data, key = dict.fromkeys(curves, on_time), dict(curves.values())
    if prompt > 1:
        drawn.insert(0, Curve("truth", GREEN, 2, still=True))
        data, key = data | {"truth": on_time | {"y": true_wave}}, {"the wave": GREEN} | key
    return Picture(title, profile(tuple(drawn), PERIOD, rules=("heard",)), words, window, data, key)


goes_on = {f"{lane}{chosen}": (name, INKS[name]) for lane, name in lanes.items()}
rollout = waves(
    f"It hears {after}, up to the line; then by itself",
    goes_on,
    "What goes on after epoch {step}.",
)
as_notes = lesson.like_notes(config)
loss = over_steps(
    run,
    "The loss; ◇ as published" if as_notes else "The loss",
    "loss",
    [
        Line(f"{lane}loss", name, math.nan, INKS[name], lesson.published(config, name))
        for lane, name in lanes.items()
    ],
    lesson.loss_window(config),
    levels={
        "the last sample again": known.last,
        "a straight line": known.line,
        "the least": known.least,
    },
    log=True,
)
of_waves = {
    lesson.swing(prompt, k): (f"{hertz[k]:.3g} Hz" if prompt > 1 else "after the zero", SERIES[k])
    for k in (range(len(hertz)) if prompt > 1 else [0])
}
if both:
    of_waves = {f"{lane}{swing}": (name, INKS[name]) for lane, name in lanes.items()}
swings = over_steps(
    run,
    "How fast it swings by itself" + ("; green: as heard" if prompt > 1 else ""),
    "Hz",
    [Line(name, label, math.nan, ink) for name, (label, ink) in of_waves.items()],
    lesson.hertz_window(config),
    targets=(hz,) if both and prompt > 1 else hertz if prompt > 1 else (),
    quiet=tuple(of_waves),
)._replace(key=dict(of_waves.values()))


def readout(config: lesson.Config) -> Readout:
    """What the last epoch did."""
    whose = f" of the {cell}" if both else ""
    told = f"What just happened: epoch {{step}} took the loss{whose}"
    if run.recording.every > 1:
        told = f"What happened since the frame before, up to epoch {{step}}: the loss{whose} went"
    return Readout(
        f"Before the first epoch the loss{whose} is {{{lane}loss}}.",
        f"{told} from {{before_{lane}loss}} to {{{lane}loss}}; swings a second by itself: "
        f"{{{lane}{swing}}}.",
    )


also, pictures, picks = None, [rollout, swings, loss], None
if view == "One step or many":
    forced, off = f"forced_{alike}", f"off_{prompt}"
    curves = {forced: ("told each sample", GREY)} | goes_on
    steps = waves(
        f"Told each sample, and by itself after {after}",
        curves,
        "Both after epoch {step}.",
    )
    horizon = Picture(
        "How far off it is by itself, over five waves",
        profile(
            (Curve("silence", GREY, 1.5, still=True), Curve(off, INKS[cell])),
            ("seconds", "error"),
            rules=("heard",),
        ),
        "The error after epoch {step}.",
        window | {"low": 0.0, "high": 1.75},
        {off: on_time, "silence": on_time | {"y": lesson.silence(config)}},
        {cell: INKS[cell], "who always says 0": GREY},
    )  # fmt: skip
    pictures = [steps, horizon, loss] if prompt > 1 else [steps, loss]
elif view == "Gates":
    also = lesson.unit(layer, unit)
    of_layer, seconds = min(layer, config.layers), lesson.moments(config)
    shown_units = lesson.units_shown(config)
    drawn = gates(lesson.GATES[cell], of_layer, len(seconds), shown_units)
    silence = "; hatched: it hears no more" if len(seconds) >= config.length else ""
    pictures = drawn.pictures(
        f"Layer {of_layer} hears {short(hz)} Hz: its units, sample by sample{silence}",
        f"Unit {min(unit, shown_units)}",
        seconds,
        INKS[cell],
    )

    def choose(x: float, y: float) -> None:
        """A click in the rasters: that unit alone."""
        found = drawn.row_at(x, y)
        if found is not None:
            settings.change({"unit": found + 1})

    picks = [choose, None, None]
elif view == "Unknown waves":
    asked = lesson.outside(config).numpy()
    low, high = sorted((config.low_hz, config.high_hz))
    pictures = [
        Picture(
            "Slower and faster waves than those it learnt, between the lines",
            profile(
                (Curve("own", GREEN, 2, still=True), Curve("heard", INKS[cell])),
                ("heard, Hz", "by itself, Hz"),
                rules=("slowest", "fastest"),
            ),
            "The frequency of what goes on after epoch {step}.",
            {"left": float(asked[0]), "right": float(asked[-1]), "low": 0.0,
             "high": float(asked[-1]), "slowest": low, "fastest": high},
            {"heard": {"x": asked}, "own": {"x": asked, "y": asked}},
            {"as fast as heard": GREEN, cell: INKS[cell]},
        ),
        loss,
    ]  # fmt: skip
player(run, pictures, readout, also=also, on_pick=picks)

# --- What the run measured, beside what is published.

frames = run.finish()
if both:
    each = [
        lesson.findings(run.lesson.lane(frames, k), *run.lesson.legs(k, *run.legs),
                        prompt=prompt, wave=which)
        for k in range(len(CELLS))
    ]  # fmt: skip
    found = [one._replace(which=k) for k, lane in enumerate(each) for one in lane]
else:
    found = lesson.findings(frames, *run.legs, prompt=prompt, wave=which)
verdict(
    run,
    found,
    NAMES,
    LIMIT,
    cell=lambda one: f", {CELLS[one.which]}" if both else "",
    source=lambda one: "" if math.isnan(one.predicted) else SOURCES[one.quantity],
)
ends = [frames.columns[f"{lane}loss"][-1] for lane in lanes] if len(frames.steps) else []
if not all(map(math.isfinite, ends)):
    slower = settings.slower("learning_rate")
    why = "A step that is too long throws the numbers of the network about."
    autopsy(run, run.since, [why], "Use {}", slower)


def told(guess: str) -> str:
    """The reply to who has guessed how one that knows a single wave goes on from a zero."""
    made = next((one.measured for one in found if one.quantity == "frequency"), math.nan)
    true = GOES_ON[0] if abs(made - 1) < 0.1 else GOES_ON[2]
    return (
        f"At {number(made)} Hz{judged(guess, guess == true)}. It has met one wave only and knows "
        "it by heart: there was nothing to listen for."
    )


def lucky() -> None:
    """Five runs of each cell, in the background."""
    small = replace(config, hidden=SIZES["small"])
    runs = {
        name: [
            shared(
                lesson.run, ((0, replace(small, cell=name, seed=seed)),), frame=lesson.frame_loss
            )
            for seed in range(SEEDS)
        ]
        for name in CELLS
    }
    over_seeds(run, runs, tuple(INKS.values()), lesson.ratio)


workings = {
    "Point by point": partial(
        point_by_point, run, times, true_wave,
        (f"{lane}{chosen}", f"{lane}forced_{alike}"),
        fed, INKS[cell],
    ),
    "What a loss means": lambda: meaning(known),
    "Over seeds": lucky,
    "Sizes and times": partial(
        sizes, run, CELLS, SIZES,
        lambda name, units: lesson.parameter_count(name, units, config.layers),
        lambda units: lesson.as_many("LSTM", units, config.layers, "GRU"),
        lesson.NOTES_SECONDS,
    ),
}  # fmt: skip
ending(
    run,
    pictures,
    frames,
    Guess(
        "one",
        "**Only one wave.** It learns 1 Hz and no other. Then it hears nothing but the zero. How "
        "does it go on?",
        GOES_ON,
        PRESETS["one wave"] | {"heard": "1", "view": "Rollout"},
        told,
        config == ALONE and prompt == 1 and frames.finished,
    ),
    Try(
        "**Side by side.** The same waves, the same first moment: which of the two learns faster "
        "here, and does the faster one listen better?",
        "Race them",
        PRESETS["small cells"] | {"view": "Side by side"},
    ),
    Try(
        "**The zero alone.** The notes let theirs go on after one zero. Every wave begins so: what "
        "comes is its own choice.",
        "Say zero",
        PRESETS["small cells"] | {"heard": "1", "view": "Rollout"},
    ),
    Try(
        "**Fewer samples a second.** With 20 in place of 100 a straight line goes wrong, and who "
        "wants a low loss has to know how fast the wave is.",
        "Take 20",
        PRESETS["fewer samples a second"] | {"view": "Rollout"},
    ),
    Try(
        "**Waves that it has never heard.** Slower and faster ones than those it has learnt.",
        "Ask it",
        PRESETS["small cells"] | {"view": "Unknown waves"},
    ),
    Try(
        "**As in the notes**, with 256 units: an epoch takes a third of a second. Go on reading "
        "while it is computed.",
        "Be patient",
        PRESETS["as in the notes"] | {"view": "Rollout"},
    ),
    code=(lesson.State, lesson.Forecaster, lesson.run, lesson.predict),
    workings=workings,
    also=also,
)
