"""Fitting a sine: a step that is longer than the valley is wide flips for ever."""

import math
from typing import Any

from core import sine_fit as lesson
from core.ranges import Range
from ui import charts
from ui.controls import Settings
from ui.page import WATCH, Guess, Try, ending, heading
from ui.painted import Curve, profile
from ui.pictures import Line, of_loss, over_steps, surface
from ui.player.player import Picture, Readout, player
from ui.readout import last_update
from ui.steering import Run
from ui.theme import BLUE, VERMILION, counted, number, setting, short
from ui.verdict import Name, autopsy, verdict

AMPLITUDES, FREQUENCIES = Range(-5, 5), Range(-6, 6)  # the sliders' part of what Config allows
DRAWN = 300  # points
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
    "the mix that the notes left out": {"second_amplitude": 2.0, "steps": 900},
}
NAMES = {  # of the findings
    "end": Name("How it ends", note="{why}"),
    "swing": Name("Swing of the flip", note="from its middle to either end: {swing}"),
    "low": Name("Lower frequency"),
    "high": Name("Upper frequency"),
    "bias": Name(
        "Bias of the amplitude", note="of the flip's middle against the best fit: the valley bends"
    ),
    "amplitude": Name("Amplitude in the end"),
    "frequency": Name("Frequency in the end"),
}
LAST = "the largest move of the last quarter is {growth} of that of the quarter before"
ENDS = {  # why it was called so
    "rests": f"{LAST}: below {lesson.SHRINKS}",
    "2-cycle": f"two updates lead {{back}} of a move away: below {lesson.RETURNS}",
    "on its way": f"two updates lead {{back}} of a move away: above {lesson.STRAIGHT}",
    "wanders": f"two updates lead {{back}} of a move away: above {lesson.RETURNS}",
    "runs away": f"{LAST}: above {lesson.GROWS}, or numbers are lost",
}
# Where it ends otherwise than theory of a quadratic valley says.
OTHERWISE = {
    "rests": "Here it comes to rest all the same.",
    "2-cycle": "Here it ends by leaping to and fro.",
    "on its way": f"Here it is so slow that {lesson.LONG} updates more do not bring it there.",
    "wanders": "Here it settles into no flip, and wanders.",
    "runs away": "Here each leap is longer than the one before.",
}

# --- The controls.

settings = Settings(lesson, PRESETS)
with settings.sidebar():
    settings.log_slider(
        "step_size",
        "Step size η",
        Range(1e-5, 1),
        marked=True,
        explain="How far an update goes at most (normalised), or for a slope of 1 (the others).",
    )
    settings.choice(
        "optimiser",
        "Optimiser",
        lesson.OPTIMISERS,
        explain="What is made of the gradient before it is followed.",
    )
    settings.choice(
        "reduction",
        "Loss of all points",
        lesson.REDUCTIONS,
        explain="Their squared errors added up, or the mean of them, which is 1000 times less.",
    )
    settings.momentum()
    with settings.more():
        decay = "Update k, from 0 on, goes by η / (1 + decay × k)."
        points = "How many: each makes the valley of the sum steeper."
        for name, label, allowed, explain in (
            ("decay", "Decay of the step", Range(0, 2), decay),
            ("amplitude", "First amplitude", AMPLITUDES, "a before the first update."),
            ("frequency", "First frequency", FREQUENCIES, "f before the first update."),
            ("true_amplitude", "Amplitude of the data", AMPLITUDES, "Of the wave to be found."),
            ("true_frequency", "Frequency of the data", FREQUENCIES, "Of the wave to be found."),
            ("second_amplitude", "Second amplitude", AMPLITUDES, "Of a wave that is added to it."),
            ("second_frequency", "Second frequency", FREQUENCIES, "Of a wave that is added to it."),
            ("noise", "Noise", Range(0, 2), "Standard deviation of what is added to each point."),
            ("width", "Width of the data", Range(1, 20), "The points lie between x = 0 and this."),
            ("points", "Points", Range(1, 5_000, whole=True), points),
            ("seed", "Seed", Range(0, 99, whole=True), "Which points are drawn."),
        ):
            settings.slider(name, label, allowed, explain=explain)
        settings.steps()
        settings.device()
view = settings.view("Valley", "Surface", "Curvature", "Gradient")

# --- What theory says of these settings, in words.

run = Run(settings)
config = run.config
prediction = lesson.predict(*run.legs)
foretold = lesson.foretold(*run.legs)
critical = prediction.critical_step_size if prediction else math.nan
beta = lesson.momentum_of(config)
twice = "(2 + 2β)" if beta else "2"  # in formulas
settings.mark("step_size", {"rests below": critical})

story = [
    f"The wave a sin(f x) is fitted to {counted(config.points, 'point')}. The *loss* L is the "
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
    place = "begins" if outlook == "runs away" else "ends"
    story.append(
        f"In the valley where this {place}, around f = {valley}, the loss has the *curvature* λ = "
        f"{steep}: its slope grows so fast."
    )
    rests = f"A run rests only where η is below {short(critical)}"
    if prediction.kind != outlook:
        story.append(f"{rests}. {OTHERWISE[outlook]}")
    elif outlook == "2-cycle":
        along_a, along_f = abs(prediction.minimum.directions[:, 0])
        where = ", in a and hardly in f" if along_a > 10 * along_f else ""
        story.append(
            f"{rests}, so it leaps from wall to wall for ever, {short(prediction.amplitude)} to "
            f"either side of the middle{where}."
        )
    elif config.decay:
        story.append(f"{rests}. Here η shrinks, and each leap with it.")
    else:
        story.append(f"{rests}, and here it is.")
total = r"\sum" if config.reduction == "sum" else r"\frac{1}{n} \sum"
loss_of = rf"L &= \textstyle{total} (a \sin(f x) - y)^2"
heading(
    run, story, [loss_of, lesson.FORMULAS[config.optimiser], r"(a, f) &\leftarrow (a, f) - \eta z"]
)

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
loss = of_loss(run, foretold.loss, within=(1e-8, 1e4))
if view == "Surface":
    beside = surface(
        "The path over the loss",
        "log₁₀ of the loss",
        lesson.plane(*run.legs)._asdict(),
        axes=("frequency f", "amplitude a"),
        path=("parameters_1", "parameters_0"),
        description="After update {step}: f = {parameters_1}, a = {parameters_0}, loss {loss}.",
        hint="a click moves the start",
    )
elif view == "Curvature":
    edges = lesson.edges(config)
    below = f"; below {twice}/η = {' to '.join(map(short, edges))} a run rests" if edges else ""
    beside = over_steps(
        run,
        f"The largest curvature{below}",
        "λ",
        [Line("curvature", "λ", foretold.curvature)],
        within=(1e-6, 1e6),
        targets=edges,
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
        last_update("f", ["parameters_1"], ["velocity_1"], "{step_size}"),
    )


def picked(f: float, a: float) -> None:
    """A click on the surface: start there."""
    settings.change({"frequency": round(f, 3), "amplitude": round(a, 3)}, play=True)


pictures = [beside, wave, loss]
player(run, pictures, readout, on_pick=picked)

# --- What the run measured, beside what theory says.

frames = run.finish()
measured, found = lesson.findings(frames, *run.legs)
if measured:
    tail = measured.tail
    why = {"growth": number(tail.growth), "back": number(tail.back)}
    verdict(
        run,
        found,
        NAMES,
        "in a valley without bends it would be {limit}",
        why=ENDS[tail.kind].format(**why) if tail.kind else "",
        swing=f"η/{twice} − 1/λ",
    )
    if tail.kind == "runs away":
        edge = f"With this loss and optimiser a run rests only where η is below {short(critical)}."
        autopsy(run, run.since, [edge], "Use {}", settings.below("step_size", critical))

# --- Why it flips, and what to try.


def cause(prediction: lesson.Prediction) -> list[str]:
    """The cause of the flip, with this fit's numbers."""
    steep, swing = (short(x) for x in (prediction.minimum.curvatures[0], prediction.amplitude))
    a, f = lesson.NOTES_END
    taken = "With momentum a part of the leap before, the other way, takes from it." * (beta > 0)
    return [
        "Close to the best fit the slope is λ times the distance from it. The *normalised* step "
        "η g / (1 + |g|) is nearly η long where the slope is steep, whatever the distance. "
        f"{taken} From a distance d on one wall it lands at d on the other where "
        f"d = η/{twice} − 1/λ = {setting(prediction.step_size)}/{short(2 + 2 * beta)} − 1/{steep} "
        f"= **{swing}**. The next step leads back.",
        "Each point adds to the steepness of the sum: λ grows with their number, and so the "
        f"critical η, {twice}/λ, falls. The mean of the squared errors is about as steep "
        "for ten points as for a thousand.",
        f"The notes end at a = {a}, f = {f} with a loss of {lesson.NOTES_LOSS}, after 40 updates "
        "on points of their own: one end of such a flip. That a is below 1, though the data have "
        "a = 1, is no fault of the data. The valley bends, and at its walls smaller waves fit "
        "better.",
    ]


CURES = (  # with PyTorch's names
    "**A step that becomes shorter:** `torch.optim.lr_scheduler`, with "
    "`LambdaLR(optimizer, lambda k: 1 / (1 + 0.5 * k))` and `scheduler.step()` after each "
    "update. The flip becomes narrower as the step does, and the run rests in the end. *Decay "
    "of the step*, in the sidebar, does that.",
    "**A gradient that is cut to a largest length:** "
    "`torch.nn.utils.clip_grad_norm_(parameters, max_norm=1)` before each update. The "
    "normalised step does nearly that, without a corner: here longer gradients become 1, "
    "others stay. It keeps a run from leaving, and it flips as well, η/2 to either side.",
)


def told(guess: float) -> str:
    """The reply to who has guessed how far the flip swings with half the step."""
    swing = next((one for one in found if one.quantity == "swing"), None)
    if swing is None:
        return ""
    return (
        f"You said {number(guess)}. Measured: {number(swing.measured)}; η/2 − 1/λ is "
        f"{number(swing.predicted)}. Half the step, half the swing."
    )


notes = lesson.predict(lesson.Config())
assert notes is not None  # the notes' run ends in a valley: tests/core/theory/sine_fit
ending(
    run,
    pictures,
    frames,
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
    code=(lesson.State, lesson.run, lesson._look, lesson.predict),
    more=(
        {"Why it flips": cause(prediction)} if prediction and prediction.kind == "2-cycle" else {}
    )
    | {"Two cures": CURES},
)
