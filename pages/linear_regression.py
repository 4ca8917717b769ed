"""Solving A x = b by gradient descent: one damping factor for a gentle and a steep direction."""

from core import linear_regression as lesson
from core.ranges import Range
from ui import charts
from ui.controls import Settings
from ui.page import WATCH, Guess, Try, ending, heading, judged
from ui.pictures import Line, of_loss, over_steps
from ui.player.player import Picture, Readout, player
from ui.readout import last_update
from ui.steering import Run
from ui.theme import MINUS, factor, number, setting, short
from ui.verdict import Name, autopsy, verdict

SIZE = 2  # unknowns, so that the path can be seen; core goes further
VALLEY = {"A": ((0.55, 0.45), (0.45, 0.55)), "b": (1.0, 0.0), "start": (0.5, 2.0)}
VALLEY |= {"damping_factor": 0.9, "steps": 200}
SINGULAR = {"A": ((0.5, 0.5), (0.5, 0.5)), "start": (1.5, -0.5)}
BESIDE = {"start": (0.0, 0.5), "steps": 20}  # not on a line of symmetry: its bounce is seen
PRESETS = {
    "as in the notes": {},
    "as in the notes, damping 0.1": {"damping_factor": 0.1, "steps": 20},
    "a long valley": VALLEY,
    "the valley with momentum": VALLEY | {"damping_factor": 1.65, "momentum": 0.67},
    "exactly 2/λ": BESIDE | {"damping_factor": 1.0},
    "past 2/λ": BESIDE | {"damping_factor": 1.05},
    "no single answer": SINGULAR | {"damping_factor": 0.1, "steps": 30},
}
WORDS = {
    "monotone": "x creeps in",
    "one step": "{landing} leaves nothing of it",
    "overshooting": "x jumps past and comes closer",
    "swinging in": "x swings to and fro, less each time",
    "bouncing": "x jumps from side to side for ever",
    "swinging for ever": "x swings and never settles",
    "diverging": "x runs away",
}
NAMES = {  # of the findings
    "rate": Name("Error kept along the {direction} direction", note="λ = {curvature}{when}"),
    "all": Name("Spectral radius", note="the larger of both: it decides in the long run"),
    "per_decimal": Name("Updates for one decimal more", note="a tenth of the error"),
    "critical_damping_factor": Name(
        "Critical damping factor",
        note="from here on x no longer comes closer; measured by the first gradient",
    ),
    "best_damping_factor": Name(
        "Best damping factor", note="without momentum; the best pair of all is {pair}"
    ),
    "final_loss": Name("Loss after update {steps}"),
}

# --- The controls.

settings = Settings(lesson, PRESETS, opening=VALLEY)
with settings.sidebar():
    settings.rate("damping_factor", "Damping factor η", Range(0.005, 2), step=0.005, marked=True)
    settings.momentum()
    explain = "Commas between numbers, a semicolon between the rows."
    settings.matrix("A", "A, two rows", lesson.ENTRIES, explain=explain, size=SIZE)
    pair = {"allowed": lesson.ENTRIES, "most": SIZE, "least": SIZE}
    settings.numbers("b", "b", explain="What A x should become.", **pair)
    with settings.more():
        settings.numbers("start", "Start", explain="x₀ and x₁ at first.", **pair)
        settings.steps()
        settings.device()

# --- What theory says of these settings, in words.

run = Run(settings)
config = run.config
prediction = lesson.predict(config)
errors, losses = lesson.predicted_modes(*run.legs), lesson.predicted_loss(*run.legs)
plain, settled = not config.momentum, lesson.settled(*run.legs)
directions = ("first", "second") if prediction.round_bowl else ("gentle", "steep")
moving = prediction.moving
best = "best" if plain else "best at β = 0:"
marks = {best: prediction.best_damping_factor, "critical": prediction.critical_damping_factor}
settings.mark("damping_factor", marks)


def fate(index: int) -> str:
    """What becomes of the error along one direction, and why."""
    mode, curvature = moving[index], short(prediction.curvatures[index])
    landing = f"update {run.since + 1}" if run.since else "the first update"
    words = f"{WORDS[mode.regime].format(landing=landing)} (*{mode.regime}*)"
    if plain:
        eta, kept = setting(config.damping_factor), factor(prediction.kept[index])
        kept = f"1 {MINUS} {eta} × {curvature} = {kept}"
        return f"each update keeps {kept} of the error, so {words}"
    if mode.regime == "diverging" and mode.rate == 1:
        return f"{words}: the error grows a little at each update"
    return f"{words}: in the long run each update keeps {factor(mode.rate)} of the error"


story = [
    "The *loss* L is a bowl over the plane of x₀ and x₁. Its *curvature* λ says how fast "
    "the slope grows in a direction."
]
if settings.prediction != "shown" and moving:
    story.append(WATCH)
elif settled:
    story.append("Here x is where the loss is smallest, and stays.")
elif prediction.round_bowl:
    story.append(f"Here λ = {short(prediction.curvatures[0])} in every direction: {fate(0)}.")
    if plain and moving[0].regime == "monotone" and not run.since:
        first = ", ".join(short(x) for x in lesson.predicted_x(config)[1:4, 0])
        story.append(f"x₀ goes {first} …")
else:
    story += [
        f"{'Along' if index == min(moving) else 'And along'} the **{directions[index]}** one, "
        f"λ = {short(prediction.curvatures[index])}, {fate(index)}."
        for index in moving
    ]
for direction, value in lesson.undetermined(config) if moving else ():
    story.append(
        f"A is *singular*, or as good as: along ({', '.join(map(short, direction))}) the loss is "
        f"flat. That direction stays undetermined: x keeps the {short(value)} it starts with."
    )
if not moving:
    story.append(
        "The numbers in A are so small that their squares, of which λ is made, are 0 to a float64: "
        "no slope is left to follow, and x stays undetermined."
        if any(entry for row in config.A for entry in row)
        else "A is all zeros: the loss is the same everywhere, and x stays undetermined."
    )
if plain:
    update = [r"x &\leftarrow x - \eta\,\partial L / \partial x"]
else:
    update = [r"z &\leftarrow \beta z + \partial L / \partial x", r"x &\leftarrow x - \eta z"]
heading(run, story, [r"L &= |A x - b|^2", *update])

# --- The pictures.

view = lesson.window(*run.legs)
plane = Picture(
    "The path of x over the loss",
    charts.plane(("x_0", "x_1"), ("x₀", "x₁"), directions),
    "After update {step}: x₀ = {x_0}, x₁ = {x_1}, loss {loss}.",
    view._asdict(),
    lesson.drawn(config, view),
    hint="a click moves the start",
)
along = over_steps(
    run,
    "The error along each direction",
    "error",
    [
        Line(f"mode_{i}", directions[i], abs(errors[:, i]), charts.MODES[i])
        for i in moving or range(SIZE)
    ],
    within=(1e-16, 1e16),
    also=lesson.charted_modes,
    log=True,
    apart=True,
)


def readout(config: lesson.Config) -> Readout:
    """The last update, with the settings that it had."""
    x, z, slope = ((f"{name}_0", f"{name}_1") for name in ("x", "velocity", "gradient"))
    return Readout(
        "Before the first update x = ({x_0}, {x_1}). The gradient, the slope of the loss along "
        "x₀ and x₁, is ({gradient_0}, {gradient_1}).",
        last_update("x", x, z, setting(config.damping_factor), config.momentum, slope),
    )


pictures = [plane, of_loss(run, losses, within=(1e-32, 1e32)), along]
player(
    run,
    pictures,
    readout,
    also=lesson.charted_modes,
    on_pick=lambda x, y: settings.change({"start": view.rounded(x, y)}),
)

# --- What the run measured, beside what theory says.

frames = run.finish()
found = lesson.findings(frames, *run.legs)
when = f", from update {run.since} on" if run.since else ""
verdict(
    run,
    found,
    NAMES,
    direction=lambda one: directions[one.which],
    curvature=lambda one: short(prediction.curvatures[one.which]),
    when=when if plain else f"{when}, in the long run",
    pair=" with momentum ".join(map(short, prediction.best_with_momentum)),
)
runaways = [i for i, mode in moving.items() if mode.regime == "diverging"]
if found and runaways and not settled:
    edge, why = prediction.critical_damping_factor, []
    if prediction.rate > 1:
        where = "every" if prediction.round_bowl else f"the {directions[max(runaways)]}"
        each = "each update" if plain else "in the long run each update"
        rate = short(prediction.rate)
        why.append(
            f"Along {where} direction {each} multiplies the error by {rate}, which is above 1."
        )
    why.append(
        f"With this A and this momentum x stays near for any damping factor below {short(edge)}."
    )
    stable = settings.below("damping_factor", edge)
    if not stable:
        why.append("The slider does not go so low: smaller numbers in A move that edge up.")
    autopsy(run, run.since, why, "Use {}, the largest stable one", stable)

# --- What to try.


def told(guess: str) -> str:
    """The reply to who has guessed in which direction x is slow."""
    left = lesson.mode_errors(config, frames.columns["x"][-1:])[0]
    right = judged(guess, guess.startswith("along"))
    return (
        f"Along it{right}: after {config.steps} updates {number(left[0])} of error are "
        f"left there, and {number(left[1])} across. A larger step would help the floor, "
        "but the walls throw it out."
    )


slow, swift = (
    number(lesson.predict(lesson.Config(**PRESETS[name])).per_decimal)
    for name in ("a long valley", "the valley with momentum")
)
ending(
    run,
    pictures,
    frames,
    Guess(
        "valley",
        "**The long valley.** Its walls are a hundred times as curved as its floor. In which "
        "direction will x be slow?",
        ("along the valley", "across the valley", "in both alike"),
        VALLEY,
        told,
    ),
    Try(
        "**Momentum in the valley.** On the floor the small steps add up, across it they "
        f"cancel. One decimal takes {swift} updates instead of {slow}.",
        "With momentum 0.67",
        PRESETS["the valley with momentum"],
    ),
    Try(
        "**No single answer.** Here both equations say the same. Any point of the green line "
        "solves them. Where on it does x end?",
        "Take one equation away",
        PRESETS["no single answer"],
    ),
    code=(lesson.State, lesson.run, lesson.predict),
    also=lesson.charted_modes,
)
