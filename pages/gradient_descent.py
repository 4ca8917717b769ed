"""Gradient descent on five weights: what one setting, the learning rate, does to the error."""

from core import gradient_descent as lesson
from core.ranges import Range
from ui import charts
from ui.controls import Settings
from ui.page import WATCH, Guess, Try, ending, heading
from ui.pictures import Line, of_loss, over_steps
from ui.player.player import Picture, Readout, player
from ui.readout import last_update
from ui.steering import Run
from ui.theme import factor, number, setting, short, subscript
from ui.verdict import Name, autopsy, verdict

ENTRIES = Range(-1e6, 1e6)  # so that squares and axes stay within what can be drawn
MOST_WEIGHTS = 8
PRESETS = {
    "as in the notes": {},
    "one step to the target": {"learning_rate": 0.5, "steps": 10},
    "overshooting": {"learning_rate": 0.9, "steps": 60},
    "bouncing for ever": {"learning_rate": 1.0, "steps": 40},
    "past the edge": {"learning_rate": 1.05, "steps": 40},
    "with momentum": {"momentum": 0.8},
    "zero_grad forgotten": {"zero_grad": False, "learning_rate": 0.1},
}
WORDS = {
    "monotone": "{each} keeps {rate} of the error, so the weights creep towards their targets.",
    "one step": "{landing} lands on the targets.",
    "overshooting": "{each} jumps past the targets and keeps {rate} of the error.",
    "swinging in": "the weights swing around their targets, and {each} keeps {rate} of the swing.",
    "bouncing": "{each} jumps past the targets and lands just as far on the other side.",
    "swinging for ever": "the weights swing around their targets and never settle.",
    "diverging": "{each} makes the error {rate} times as large.",
}
NAMES = {  # of the findings
    "rate": Name("Error kept by an update", note="{when}"),
    "period": Name("One swing", "updates"),
    "final_loss": Name("Loss after update {steps}"),
}

# --- The controls.

settings = Settings(lesson, PRESETS)
with settings.sidebar():
    settings.rate("learning_rate", "Learning rate η", Range(0.005, 1.2), step=0.005)
    settings.momentum()
    settings.toggle(
        "zero_grad",
        "zero_grad",
        explain="Clear .grad after each update. PyTorch adds each new gradient to what it holds.",
    )
    with settings.more():
        log = settings.toggle(
            "log",
            "Logarithmic loss",
            default=True,
            explain="Each line up is many times more: steady shrinking is a straight line.",
        )
        followed = settings.slider(
            "weight",
            "Weight to follow",
            Range(0, MOST_WEIGHTS - 1, whole=True),
            default=4,
            explain="The weight of the small picture and the line below; past the last, the last.",
        )
        settings.steps()
        for field, label, explain in (
            ("start", "Start", "The weights at first, commas between."),
            ("target", "Target", "Where each should end: as many."),
        ):
            settings.numbers(field, label, ENTRIES, explain=explain, most=MOST_WEIGHTS)
        settings.device()

# --- What theory says of these settings, in words.

run = Run(settings)
config = run.config
prediction = lesson.predict(config)
weights, losses = lesson.predicted_weights(*run.legs), lesson.predicted_loss(*run.legs)
begin, settled = lesson.in_force(*run.legs), lesson.settled(*run.legs)

# Only then is each update alike; with a velocity theory speaks of the long run.
plain = all(leg.zero_grad for _, leg in run.course) and not config.momentum
each = "each update" if plain else "in the long run each update"
if settings.prediction != "shown":
    outlook = WATCH
elif settled:
    outlook = "The weights are on their targets and stay there."
elif prediction.regime == "diverging" and prediction.rate == 1:
    outlook = "With these settings the error grows a little at each update."
else:
    landing = f"update {begin + 1}" if begin else "the first update"
    rate = factor(prediction.rate)
    words = WORDS[prediction.regime].format(each=each, rate=rate, landing=landing)
    outlook = f"With these settings {words}"
if plain:
    how = "steps down its slope, and multiplies what is still missing by one fixed number."
    update = [r"w &\leftarrow w - \eta\,\partial L / \partial w"]
else:
    how = "moves them by a *velocity* z, in which earlier slopes live on."
    update = [r"z &\leftarrow \beta z + \texttt{.grad}", r"w &\leftarrow w - \eta z"]
begins = "The *loss* L says how far the weights w are from their targets t."
heading(
    run,
    [begins, f"Each *update* {how}", outlook],
    [r"L &= \textstyle\sum (w - t)^2", *update],
)

# --- The pictures.

followed = min(followed, len(config.start) - 1)
column, name = f"weights_{followed}", f"w{subscript(followed)}"
gradient, velocity, target = f"gradient_{followed}", f"velocity_{followed}", config.target[followed]
window = lesson.window(config)
low, high = charts.domain([weights[:, followed], (target,)], window)
main = over_steps(
    run,
    "Every weight and its target",
    "weight",
    [Line(f"weights_{i}", f"w{subscript(i)}", weights[:, i]) for i in range(len(config.start))],
    within=window,
    targets=config.target,
)
arrow = Picture(
    f"The last update of {name}",
    charts.descent(column, f"weight {name}"),
    f"{name} is {{{column}}} after update {{step}}; its target is {number(target)}.",
    {"low": low, "high": high, "target": target, "top": charts.reach(low, high, target)},
)
error = of_loss(run, losses, within=(1e-32, 1e32) if log else (0, 4), log=log)


def readout(config: lesson.Config) -> Readout:
    """The last update, with the settings that it had."""
    rate, beta = setting(config.learning_rate), config.momentum
    return Readout(
        f"Before the first update {name} = {{{column}}}. The slope of the loss there, "
        f"its gradient, is {{{gradient}}}.",
        last_update(name, [column], [velocity], rate, beta, [gradient]),
    )


pictures = [main, arrow, error]
player(run, pictures, readout)

# --- What the run measured, beside what theory says.

frames = run.finish()
found = lesson.findings(frames, *run.legs)
verdict(
    run,
    found,
    NAMES,
    when=f"from update {begin} on, in the long run" if begin else "in the long run",
)

if found and prediction.regime == "diverging" and not settled:
    edge, why = prediction.critical_learning_rate, []
    if prediction.rate > 1:
        rate = factor(prediction.rate)
        why.append(f"{each.capitalize()} multiplies the error by {rate}, which is above 1.")
    learns = settings.below("learning_rate", edge)
    if learns:
        why.append(
            f"With this momentum the error shrinks for any learning rate below {short(edge)}."
        )
        autopsy(run, begin, why, "Use {}, the largest that still learns", learns)
    else:
        why.append("With momentum and gradients that are never cleared, no learning rate helps.")
        autopsy(run, begin, why, "Switch zero_grad on", {"zero_grad": True})

# --- What to try.


def told(guess: str) -> str:
    """The reply to who has guessed what comes without zero_grad."""
    right = "as you said" if guess.startswith("swing") else f"so they do not {guess}"
    return (
        f"They swing and never settle, {right}: a sum of gradients is a momentum that "
        f"forgets nothing. One swing takes {number(prediction.period)} updates."
    )


notes = lesson.predict(lesson.Config())
edge, best = notes.critical_learning_rate, notes.best_learning_rate
largest = settings.below("learning_rate", edge)
ending(
    run,
    pictures,
    frames,
    Guess(
        "forget",
        "**Forget zero_grad.** PyTorch adds every new gradient to those before, unless "
        "you clear them. What will the weights do?",
        ("learn faster", "settle more slowly", "swing and never settle"),
        PRESETS["zero_grad forgotten"],
        told,
        answered=not (config.zero_grad or config.momentum),
    ),
    Try(
        f"**The largest rate.** At a learning rate of {setting(edge)} the weights bounce for "
        "ever. Just below it they learn, slowly, jumping from side to side.",
        f"Learning rate {setting(largest['learning_rate'])}",
        largest | {"steps": 600},
    ),
    Try(
        f"**One step to the target.** At {setting(best)} the first update lands exactly: "
        "the step is the whole error. Most losses are not so kind: each direction has a "
        "best rate of its own.",
        f"Learning rate {setting(best)}",
        PRESETS["one step to the target"],
    ),
    code=(lesson.State, lesson.run, lesson.predict),
)
