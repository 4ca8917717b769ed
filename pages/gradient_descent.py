"""Gradient descent on five weights: what one setting, the learning rate, does to the error."""

import streamlit as st

from core import gradient_descent as lesson
from core.ranges import Range
from core.recording import MAX_FRAMES
from ui import charts, export, layout
from ui.controls import Settings
from ui.player.player import Picture, Readout, player
from ui.source import code_panel
from ui.steering import Run
from ui.theme import number, setting, subscript
from ui.verdict import Row, autopsy, needs, verdict

NAME = "gradient_descent"
RATES, RATE_STEP = Range(0.005, 1.2), 0.005  # the slider's part of what Config allows
ENTRIES = Range(-1e6, 1e6)  # so that squares and axes stay within what can be drawn
MOST_WEIGHTS, MOST_STEPS = 8, MAX_FRAMES - 1  # so that every update is a frame
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

settings = Settings(NAME, lesson.Config, PRESETS)
with st.sidebar:
    settings.slider(
        "learning_rate",
        "Learning rate η",
        RATES,
        step=RATE_STEP,
        format="%.3f",
        explain="How far to move for a gradient of 1. The gradient is the slope of the loss.",
    )
    settings.slider(
        "momentum",
        "Momentum β",
        lesson.RANGES["momentum"],
        step=0.01,
        explain="The part of the last move that is kept for the next. 0 forgets at once, 1 never.",
    )
    settings.toggle(
        "zero_grad",
        "zero_grad",
        explain="Clear .grad after each update. PyTorch adds each new gradient to what it holds.",
    )
    with st.expander("More settings"):
        settings.predictions()
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
            step=1,
            default=4,
            explain="The weight of the small picture and the line below; past the last, the last.",
        )
        settings.slider(
            "steps",
            "Updates",
            Range(1, MOST_STEPS, whole=True),
            step=1,
            explain="How many updates to run.",
        )
        settings.numbers(
            "start",
            "Start",
            ENTRIES,
            explain="The weights at first, commas between.",
            most=MOST_WEIGHTS,
        )
        settings.numbers(
            "target",
            "Target",
            ENTRIES,
            explain="Where each should end: as many.",
            most=MOST_WEIGHTS,
        )
        settings.device()

run = Run(settings, lesson)
config = run.config
followed = min(followed, len(config.start) - 1)
prediction = lesson.predict(config)
weights, losses = lesson.predicted_weights(*run.legs), lesson.predicted_loss(*run.legs)
# The first update after zero_grad comes back still moves by the old sum.
stale = run.since > 0 and config.zero_grad and not run.course[-2][1].zero_grad
begin = min(run.since + stale, config.steps)  # where the settings now hold

# Only then is each update alike; with a velocity theory speaks of the long run.
plain = all(leg.zero_grad for _, leg in run.course) and not config.momentum
settled = not losses[begin:].any()
each = "each update" if plain else "in the long run each update"
factor = f"{prediction.rate:.4g}" if abs(prediction.rate - 1) > 1e-3 else f"{prediction.rate:.9g}"
if settled:
    outlook = "The weights are on their targets and stay there."
elif prediction.regime == "diverging" and prediction.rate == 1:
    outlook = "With these settings the error grows a little at each update."
else:
    landing = f"update {begin + 1}" if begin else "the first update"
    words = WORDS[prediction.regime].format(each=each, rate=factor, landing=landing)
    outlook = f"With these settings {words}"
if settings.prediction != "shown":
    outlook = layout.WATCH
layout.heading(
    NAME,
    "The *loss* L says how far the weights w are from their targets t. "
    + (
        "Each *update* steps down its slope, and multiplies what is still missing by one fixed "
        "number. "
        if plain
        else "Each *update* moves them by a *velocity* z, in which earlier slopes live on. "
    )
    + outlook,
    r"\begin{aligned} L &= \textstyle\sum (w - t)^2 \\ "
    + (
        r"w &\leftarrow w - \eta\,\partial L / \partial w \end{aligned}"
        if plain
        else r"z &\leftarrow \beta z + \texttt{.grad} \\ w &\leftarrow w - \eta z \end{aligned}"
    ),
)

window = lesson.window(config)
first_loss = float(losses[0]) or 1.0
names = tuple((f"weights_{i}", f"w{subscript(i)}") for i in range(len(config.start)))
column, name = names[followed]
gradient, velocity, target = f"gradient_{followed}", f"velocity_{followed}", config.target[followed]

pinned = [values for field, _ in names for values in run.pinned(field)]
low, high = charts.domain([weights, config.target, *pinned], window)
main = Picture(
    "Every weight and its target",
    charts.against_step(names, "weight", targets=True),
    "After update {step}: " + ", ".join(f"{label} = {{{field}}}" for field, label in names) + ".",
    {"last": config.steps, "low": low, "high": high},
    {
        "theory": charts.theory(
            {field: weights[:, i] for i, (field, _) in enumerate(names)}, (low, high)
        ),
        "targets": {"value": config.target},
    },
)
low, high = charts.domain([weights[:, followed], (target,)], window)
arrow = Picture(
    f"The last update of {name}",
    charts.descent(column, f"weight {name}"),
    f"{name} is {{{column}}} after update {{step}}; its target is {number(target)}.",
    {"low": low, "high": high, "target": target, "top": charts.reach(low, high, target)},
)
low, high = (
    charts.log_domain([losses, *run.pinned("loss")], (first_loss * 1e-32, first_loss * 1e32))
    if log
    else charts.domain([losses, *run.pinned("loss")], (0, 4 * first_loss))
)
error = Picture(
    "The loss",
    charts.against_step((("loss", "loss"),), "loss", log=log),
    "The loss is {loss} after update {step}.",
    {"last": config.steps, "low": low, "high": high},
    {"theory": charts.theory({"loss": losses}, (low, high), log=log)},
)


def readout(config: lesson.Config) -> Readout:
    """The last update, with the settings that it had."""
    rate, beta = setting(config.learning_rate), setting(config.momentum)
    kept = f"z = {beta} × ({{before_{velocity}}}) + ({{before_{gradient}}}) = {{{velocity}}}, then "
    return Readout(
        f"Before the first update {name} = {{{column}}}. The slope of the loss there, "
        f"its gradient, is {{{gradient}}}.",
        f"What just happened: {kept if config.momentum else ''}"
        f"{name} = {{before_{column}}} − {rate} × ({{{velocity}}}) = {{{column}}}",
    )


player(run, [main, arrow, error], readout)

frames = run.finish()
if frames.finished and frames.steps[-1] >= begin:  # a run that stopped early may not reach it
    here = slice(run.recording.frame_of(begin), None)
    measured = lesson.measure(config, frames.columns["weights"][here], frames.columns["loss"][here])
    floor = lesson.rounding_loss(*run.legs)
    rounding = losses[-1] < floor
    when = f"from update {begin} on, " if begin else ""
    lacks = {
        field: needs(lesson.needed(field, begin, *run.legs), config.steps)
        for field in ("rate", "period")
        if not settled and prediction.regime.startswith("swinging") >= (field == "period")
    }
    rows = [
        Row(
            "Error kept by an update",
            prediction.rate,
            measured.rate,
            note=f"{when}in the long run",
            needs=lacks.get("rate", ""),
        ),
        Row(
            f"Loss after update {config.steps}",
            float(losses[-1]),
            measured.final_loss,
            note=f"a weight has 16 digits: below {number(floor)} rounding decides"
            if rounding
            else "",
            rounding=rounding,
        ),
    ]
    if prediction.regime.startswith("swinging"):
        swing = (prediction.period, measured.period)
        rows.append(Row("One swing", *swing, unit="updates", needs=lacks.get("period", "")))
    verdict(rows)

if prediction.regime == "diverging" and not settled and frames.steps[-1] >= begin:
    stable = RATES.largest_below(prediction.critical_learning_rate, RATE_STEP)
    story = []
    if prediction.rate > 1:
        story.append(f"{each.capitalize()} multiplies the error by {factor}, which is above 1.")
    if stable == stable:
        edge = f"{prediction.critical_learning_rate:.4g}"
        story.append(f"With this momentum the error shrinks for any learning rate below {edge}.")
    else:
        story.append("With momentum and gradients that are never cleared, no learning rate helps.")
    with autopsy(frames.columns["loss"], begin, story):
        if stable == stable:
            st.button(
                f"Use {setting(stable)}, the largest that still learns",
                on_click=settings.change,
                args=({"learning_rate": stable},),
            )
        else:
            st.button("Switch zero_grad on", on_click=settings.change, args=({"zero_grad": True},))

experiments, code, away = layout.tabs(NAME, "Try this", "Code", "Take it away")
with experiments:
    one, two, three = st.columns(3, gap="medium")
    with one:
        st.markdown(
            "**Forget zero_grad.** PyTorch adds every new gradient to those before, unless "
            "you clear them. What will the weights do?"
        )
        guess = settings.guess(
            "forget",
            ["learn faster", "settle more slowly", "swing and never settle"],
            PRESETS["zero_grad forgotten"],
        )
        if guess and not config.zero_grad and not config.momentum:
            right = "as you said" if guess.startswith("swing") else f"so they do not {guess}"
            st.markdown(
                f"They swing and never settle, {right}: a sum of gradients is a momentum that "
                f"forgets nothing. One swing takes {number(prediction.period)} updates."
            )
    with two:
        edge = lesson.predict(lesson.Config()).critical_learning_rate
        largest = RATES.largest_below(edge, RATE_STEP)
        st.markdown(
            f"**The largest rate.** At a learning rate of {setting(edge)} the weights bounce for "
            "ever. Just below it they learn, slowly, jumping from side to side."
        )
        st.button(
            f"Learning rate {setting(largest)}",
            on_click=settings.apply,
            args=({"learning_rate": largest, "steps": 600},),
            kwargs={"play": True},
        )
    with three:
        best = lesson.predict(lesson.Config()).best_learning_rate
        st.markdown(
            f"**One step to the target.** At {setting(best)} the first update lands exactly: "
            "the step is the whole error. Most losses are not so kind: each direction has a "
            "best rate of its own."
        )
        st.button(
            f"Learning rate {setting(best)}",
            on_click=settings.apply,
            args=(PRESETS["one step to the target"],),
            kwargs={"play": True},
        )
if code.open:
    with code:
        code_panel(run, lesson.State, lesson.run, lesson.predict)
if away.open:
    with away:
        export.take_away(run, main, frames)
layout.links(NAME)
