"""Fitting a sine: a step that is longer than the valley is wide flips for ever."""

import math
from typing import Any

import streamlit as st

from core import sine_fit as lesson
from core.ranges import Range
from core.recording import MAX_FRAMES
from core.theory.finding import Finding
from ui import charts, scale
from ui.controls import Settings, preferred
from ui.page import WATCH, Guess, Try, ending, heading
from ui.painted import Curve, Raster, field, profile
from ui.pictures import Line, over_steps
from ui.player.player import Picture, Readout, player
from ui.steering import Run
from ui.theme import BLUE, MINUS, VERMILION, number, setting, short
from ui.verdict import NOTHING, Row, autopsy, row, verdict

STEPS = Range(1e-5, 1)  # the slider's part of what Config allows
AMPLITUDES, FREQUENCIES, DECAYS = Range(-5, 5), Range(-6, 6), Range(0, 2)
WIDTHS, NOISES, SEEDS = Range(1, 20), Range(0, 2), Range(0, 99, whole=True)
MOST_POINTS, MOST_STEPS = 5_000, MAX_FRAMES - 1  # so that every update is a frame
DRAWN = 300  # points
VIEWS = ("Valley", "Surface", "Curvature", "Gradient")
SIDE = {"frequency": 3.0, "steps": 130}
HALF: dict[str, Any] = {"step_size": 0.05, "steps": 60}
PRESETS = {
    "as in the notes": {},
    "longer than in the notes": {"steps": 120},
    "half the step": HALF,
    "a step that decays": {"decay": 0.5, "steps": 400},
    "the mean in place of the sum": {"reduction": "mean", "steps": 200},
    "with momentum": {"momentum": 0.9, "steps": 200},
    "gradient descent, no longer normalised": {"optimiser": "gradient_descent"},
    "Adam": {"optimiser": "adam", "steps": 400},
    "Newton": {"optimiser": "newton", "step_size": 1.0, "steps": 20},
    "caught in a side valley": SIDE,
    "the mix that the notes left out": {"second_amplitude": 2.0, "steps": 650},
}
UPDATES = {  # what is done with the gradient g
    "normalised": r"z &\leftarrow \beta z + g / (1 + |g|)",
    "gradient_descent": r"z &= g",
    "momentum": r"z &\leftarrow \beta z + g",
    "adam": r"z &= \hat m / (\sqrt{\hat v} + 10^{-8})",
    "newton": r"z &= H^{-1} g",
}
ROWS = {  # what each finding is called, and a note
    "end": ("How it ends", ""),
    "swing": ("Swing of the flip", "from its middle to either end: η/2 − 1/λ"),
    "low": ("Lower frequency", ""),
    "high": ("Upper frequency", ""),
    "bias": (
        "Bias of the amplitude",
        "of the flip's middle against the best fit: the valley bends",
    ),
    "amplitude": ("Amplitude in the end", ""),
    "frequency": ("Frequency in the end", ""),
}
LAST = "the largest move of the last quarter is {growth} of that of the quarter before"
ENDS = {  # why it was called so
    "rests": f"{LAST}: below {lesson.SHRINKS}",
    "2-cycle": f"two updates lead {{back}} of a move away: below {lesson.RETURNS}",
    "wanders": f"two updates lead {{back}} of a move away: above {lesson.RETURNS}",
    "runs away": f"{LAST}: above {lesson.GROWS}, or numbers are lost",
}
# Where it ends otherwise than theory of a quadratic valley says.
OTHERWISE = {
    "rests": "Here it comes to rest all the same.",
    "2-cycle": "Here it ends by leaping to and fro.",
    "wanders": "Here it settles into no flip, and wanders.",
    "runs away": "Here each leap is longer than the one before.",
}

# --- The controls.

settings = Settings(lesson, PRESETS)
with settings.sidebar():
    settings.log_slider(
        "step_size",
        "Step size η",
        STEPS,
        explain="How far an update goes at most (normalised), or for a slope of 1 (the others).",
    )
    below_step = st.empty()
    settings.choice(
        "optimiser",
        "Optimiser",
        list(lesson.OPTIMISERS),
        explain="What is made of the gradient before it is followed.",
    )
    settings.choice(
        "reduction",
        "Loss of all points",
        list(lesson.REDUCTIONS),
        explain="Their squared errors added up, or the mean of them, which is 1000 times less.",
    )
    settings.momentum()
    with settings.more():
        settings.slider(
            "decay",
            "Decay of the step",
            DECAYS,
            step=0.01,
            explain="Update k, from 0 on, goes by η / (1 + decay × k).",
        )
        for name, label, allowed, explain in (
            ("amplitude", "First amplitude", AMPLITUDES, "a before the first update."),
            ("frequency", "First frequency", FREQUENCIES, "f before the first update."),
            ("true_amplitude", "Amplitude of the data", AMPLITUDES, "Of the wave to be found."),
            ("true_frequency", "Frequency of the data", FREQUENCIES, "Of the wave to be found."),
            ("second_amplitude", "Second amplitude", AMPLITUDES, "Of a wave that is added to it."),
            ("second_frequency", "Second frequency", FREQUENCIES, "Of a wave that is added to it."),
            ("noise", "Noise", NOISES, "Standard deviation of what is added to each point."),
            ("width", "Width of the data", WIDTHS, "The points lie between x = 0 and this."),
        ):
            settings.slider(name, label, allowed, step=0.01, explain=explain)
        settings.slider(
            "points",
            "Points",
            Range(1, MOST_POINTS, whole=True),
            step=1,
            explain="How many: each makes the valley of the sum steeper.",
        )
        settings.slider("seed", "Seed", SEEDS, step=1, explain="Which points are drawn.")
        settings.steps(Range(1, MOST_STEPS, whole=True))
        settings.device()
top = st.container()
view = settings.choice("view", "What to watch", VIEWS, default=VIEWS[0], row=True)

# --- What theory says of these settings, in words.

run = Run(settings)
config = run.config
prediction = lesson.predict(*run.legs)
foretold = lesson.foretold(*run.legs)
eta = setting(config.step_size)
critical = prediction.critical_step_size if prediction else math.nan
scale.strip(below_step, [scale.Mark("rests below", critical)], STEPS, log=True)

story = [
    f"The wave a sin(f x) is fitted to {config.points} points. The *loss* L is the "
    f"{config.reduction} of their squared errors, and each update goes against its slope."
]
if settings.prediction != "shown":
    story.append(WATCH)
elif prediction is None:
    story.append("From here no valley of the loss leads down to a best fit.")
elif math.isnan(critical):
    story.append("Adam divides the slope by its own recent size, so theory names no end.")
else:
    valley, steep = short(prediction.minimum.place[1]), short(prediction.minimum.curvatures[0])
    outlook = lesson.final(*run.legs).tail.kind or "wanders"
    story.append(
        f"In the valley where this ends, around f = {valley}, the loss has the *curvature* λ = "
        f"{steep}: its slope grows so fast."
    )
    rests = f"A run rests only where η is below {short(critical)}"
    if prediction.kind != outlook:
        story.append(f"{rests}. {OTHERWISE[outlook]}")
    elif outlook == "2-cycle":
        story.append(
            f"{rests}, so it leaps from wall to wall for ever, {short(prediction.amplitude)} to "
            "either side of the middle."
        )
    elif config.decay:
        story.append(f"{rests}. Here η shrinks, and each leap with it.")
    else:
        story.append(f"{rests}, and here it is.")
formula = [
    r"L &= \textstyle\sum (a \sin(f x) - y)^2"
    if config.reduction == "sum"
    else r"L &= \textstyle\frac{1}{n} \sum (a \sin(f x) - y)^2",
    UPDATES[config.optimiser],
    r"(a, f) &\leftarrow (a, f) - \eta z",
]
with top:
    lines = r" \\ ".join(formula)
    heading(run, " ".join(story), rf"\begin{{aligned}} {lines} \end{{aligned}}")

# --- The pictures.

x, y = lesson.data(config)
left, right = lesson.frequency_window(config)
low, high = charts.domain([y], (-1e7, 1e7), air=0.3)
wave = Picture(
    f"The wave and {DRAWN} of the points" if len(x) > DRAWN else "The wave and the points",
    profile((Curve("wave", VERMILION),), ("x", "y")),
    "After update {step} the wave is {parameters_0} sin({parameters_1} x), its loss {loss}.",
    {"left": 0.0, "right": config.width, "low": low, "high": high},
    {
        "wave": {"x": lesson.wave_positions(config)},
        "points": {"x": x[:DRAWN].numpy(), "y": y[:DRAWN].numpy()},
    },
)
loss = over_steps(
    run, "The loss", "loss", [Line("loss", "loss", foretold.loss)], within=(1e-8, 1e4), log=True
)
if view == "Surface":
    plane = lesson.plane(*run.legs)
    ends = ("left", "right", "lower", "upper", "low", "high")
    raster = Raster(
        "surface",
        "log₁₀ of the loss",
        plane.cells.shape[1],
        ends[:2],
        ends[2:4],
        ends[4:],
        smooth=True,
    )
    beside = Picture(
        "The path over the loss: a click moves the start",
        field(raster, ("frequency f", "amplitude a"), ("parameters_1", "parameters_0"), ends, True),
        "After update {step}: f = {parameters_1}, a = {parameters_0}, loss {loss}.",
        {name: getattr(plane, name) for name in ends},
        {"surface": {"cells": plane.cells}},
    )
elif view == "Curvature":
    edge = 2 / config.step_size
    beside = over_steps(
        run,
        f"The largest curvature; below 2/η = {short(edge)} a run rests",
        "λ",
        [Line("curvature", "λ", foretold.curvature)],
        within=(1e-6, 1e6),
        targets=(edge,),
        log=True,
    )
elif view == "Gradient":
    beside = over_steps(
        run,
        "The direction of the gradient: it turns towards f",
        "part of its length",
        [
            Line("unit_gradient_0", "along a", foretold.unit_gradient[:, 0], BLUE),
            Line("unit_gradient_1", "along f", foretold.unit_gradient[:, 1], VERMILION),
        ],
        (-1.1, 1.1),
    )
else:
    ends = lesson.cycle_ends(*run.legs) if settings.prediction == "shown" else {"x": [], "y": []}
    beside = Picture(
        "The loss at every frequency, and the ends of the flip foretold"
        if len(ends["x"])
        else "The loss at every frequency",
        profile((Curve("slice"),), ("frequency f", "loss"), head=("parameters_1", "loss")),
        "After update {step} the frequency is {parameters_1} and the loss {loss}.",
        {"left": left, "right": right, "low": 0.0, "high": lesson.slice_height(*run.legs)},
        {"slice": {"x": lesson.slice_frequencies(config)}, "points": ends},
    )


def readout(config: lesson.Config) -> Readout:
    """The last update of the frequency, with the settings that it had."""
    return Readout(
        "Before the first update a = {parameters_0} and f = {parameters_1}. The slope of the loss "
        "is {gradient_0} along a and {gradient_1} along f.",
        f"What just happened: f = {{before_parameters_1}} {MINUS} {{step_size}} × ({{velocity_1}}) "
        "= {parameters_1}",
    )


def picked(f: float, a: float) -> None:
    """A click on the surface: start there."""
    settings.change({"frequency": round(f, 3), "amplitude": round(a, 3)}, play=True)


player(run, [beside, wave, loss], readout, on_pick=picked)

# --- What the run measured, beside what theory says.

frames = run.finish()
measured, found = lesson.findings(frames, *run.legs)


def told_of(one: Finding) -> Row:
    """The row of a finding, in words."""
    title, note = ROWS[one.quantity]
    if not math.isnan(one.limit):
        note += f"; in a valley without bends it would be {number(one.limit)}"
    said = row(one, config.steps, title, note=note)
    if one.quantity == "end" and measured and measured.tail.kind:
        growth, back = number(measured.tail.growth), number(measured.tail.back)
        note = ENDS[measured.tail.kind].format(growth=growth, back=back)
        kind = (prediction and prediction.kind) or NOTHING
        return said._replace(predicted=kind, measured=measured.tail.kind, note=note)
    return said


verdict([told_of(one) for one in found])

if measured and measured.tail.kind == "runs away":
    reason = [f"With this loss and optimiser a run rests only where η is below {short(critical)}."]
    stable = max((s for s in preferred(STEPS) if s < critical), default=0)
    if stable:
        autopsy(run, run.since, reason, f"Use {setting(stable)}", {"step_size": stable})
    else:
        autopsy(run, run.since, reason)

# --- Why it flips, and what to try.


def why() -> None:
    """The cause of the flip, with this fit's numbers."""
    assert prediction is not None  # else this is not shown
    steep, swing = (short(x) for x in (prediction.minimum.curvatures[0], prediction.amplitude))
    st.markdown(
        "Close to the best fit the slope is λ times the distance from it. The *normalised* step "
        "η g / (1 + |g|) is nearly η long where the slope is steep, whatever the distance. From a "
        "distance d on one wall it lands at d on the other where d = η/2 − 1/λ = "
        f"{setting(prediction.step_size)}/2 − 1/{steep} = **{swing}**. The next step leads back."
    )
    st.markdown(
        "Each point adds to the steepness of the sum: λ grows with their number, and so the "
        "critical η, 2/λ, falls. The mean of the squared errors is about as steep "
        "for ten points as for a thousand."
    )
    a, f = lesson.NOTES_END
    st.markdown(
        f"The notes end at a = {a}, f = {f} with a loss of {lesson.NOTES_LOSS}, after 40 updates "
        "on points of their own: one end of such a flip. That a is below 1, though the data have "
        "a = 1, is no fault of the data. The valley bends, and at its walls smaller waves fit "
        "better."
    )


def cures() -> None:
    """PyTorch's names for two cures."""
    st.markdown(
        "**A step that becomes shorter:** `torch.optim.lr_scheduler`, with "
        "`LambdaLR(optimizer, lambda k: 1 / (1 + 0.5 * k))` and `scheduler.step()` after each "
        "update. The flip becomes narrower as the step does, and the run rests in the end. *Decay "
        "of the step*, in the sidebar, does that."
    )
    st.markdown(
        "**A gradient that is cut to a largest length:** "
        "`torch.nn.utils.clip_grad_norm_(parameters, max_norm=1)` before each update. The "
        "normalised step does nearly that, without a corner: here longer gradients become 1, "
        "others stay. It keeps a run from leaving, and it flips as well, η/2 to either side."
    )


def told(guess: float) -> str:
    """The reply to who has guessed how far the flip swings with half the step."""
    swing = next((one for one in found if one.quantity == "swing"), None)
    if swing is None or config != lesson.Config(**HALF):
        return ""
    return (
        f"You said {number(guess)}. Measured: {number(swing.measured)}; η/2 − 1/λ is "
        f"{number(swing.predicted)}. Half the step, half the swing."
    )


notes = lesson.predict(lesson.Config())
assert notes is not None  # the notes' run ends in a valley: tests/core/theory/sine_fit
ending(
    run,
    wave,
    frames,
    (
        Guess(
            "half",
            f"**Half the step.** With η = 0.1 the flip swings {number(notes.amplitude)} to either "
            "side. How far does it with η = 0.05?",
            Range(0, 0.2),
            HALF,
            told,
        ),
        Try(
            "**The mean.** The same valley, a thousand times less steep: now the step is short "
            "enough for it.",
            "Take the mean",
            PRESETS["the mean in place of the sum"],
        ),
        Try(
            "**Momentum**, which the notes suggest. It carries each leap on. Does it help?",
            "Momentum 0.9",
            PRESETS["with momentum"],
        ),
        Try(
            "**A shorter and shorter step.** Each update k goes by η / (1 + k/2). What becomes of "
            "the flip?",
            "Let it decay",
            PRESETS["a step that decays"],
        ),
        Try(
            "**A bad start.** The loss ripples: from f = 3 the way down leads into a valley on the "
            "side, and nothing leads out of it.",
            "Start at 3",
            SIDE | {"view": "Surface"},
        ),
        Try(
            "**The mix that the notes left out.** To the points 2 sin(0.7 x) is added, and one "
            "wave has to stand for two. How well can it?",
            "Add the second wave",
            PRESETS["the mix that the notes left out"],
        ),
    ),
    code=(lesson.State, lesson.run, lesson._look, lesson.predict),
    more=({"Why it flips": why} if prediction and prediction.kind == "2-cycle" else {})
    | {"Two cures": cures},
)
