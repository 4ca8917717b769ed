"""Solving A x = b by gradient descent: one damping factor for a gentle and a steep direction."""

from typing import Any

import streamlit as st

from core import linear_regression as lesson
from core.ranges import Range
from core.recording import MAX_FRAMES, Frames
from ui import charts, export, layout, scale
from ui.controls import Settings
from ui.player.player import Picture, Readout, player
from ui.source import code_panel
from ui.steering import Run
from ui.theme import BLUE, MINUS, number, setting
from ui.verdict import Row, autopsy, needs, verdict

NAME = "linear_regression"
DAMPING, DAMPING_STEP = Range(0.005, 2), 0.005  # the slider's part of what Config allows
SIZE = 2  # unknowns, so that the path can be seen; core goes further
MOST_STEPS = MAX_FRAMES - 1  # so that every update is a frame
VALLEY = {
    "A": ((0.55, 0.45), (0.45, 0.55)),
    "b": (1.0, 0.0),
    "start": (0.5, 2.0),
    "damping_factor": 0.9,
    "steps": 200,
}
BESIDE = {"start": (0.0, 0.5), "steps": 20}  # not on a line of symmetry: its bounce is seen
PRESETS = {
    "as in the notes": {},
    "as in the notes, damping 0.1": {"damping_factor": 0.1, "steps": 20},
    "a long valley": VALLEY,
    "the valley with momentum": VALLEY | {"damping_factor": 1.65, "momentum": 0.67},
    "exactly 2/λ": BESIDE | {"damping_factor": 1.0},
    "past 2/λ": BESIDE | {"damping_factor": 1.05},
    "no single answer": {
        "A": ((0.5, 0.5), (0.5, 0.5)),
        "start": (1.5, -0.5),
        "damping_factor": 0.1,
        "steps": 30,
    },
}
WORDS = {
    "monotone": "x creeps in",
    "one step": "{landing} lands on the solution",
    "overshooting": "x jumps past and comes closer",
    "swinging in": "x swings in",
    "bouncing": "x jumps from side to side for ever",
    "swinging for ever": "x swings and never settles",
    "diverging": "x runs away",
}

Lines = dict[str, tuple[str, str, Any]]  # column -> (label, colour, theory)

settings = Settings(NAME, lesson.Config, PRESETS, opening=VALLEY)
with st.sidebar:
    settings.slider(
        "damping_factor",
        "Damping factor η",
        DAMPING,
        step=DAMPING_STEP,
        format="%.3f",
        explain="How far to move for a gradient of 1. The gradient is the slope of the loss.",
    )
    below_damping = st.empty()
    settings.slider(
        "momentum",
        "Momentum β",
        lesson.RANGES["momentum"],
        step=0.01,
        explain="The part of the last move that is kept for the next. 0 forgets at once, 1 never.",
    )
    explain = "Commas between numbers, a semicolon between the rows."
    settings.matrix("A", "A, two rows", lesson.ENTRIES, explain=explain, size=SIZE)
    pair = {"allowed": lesson.ENTRIES, "most": SIZE, "least": SIZE}
    settings.numbers("b", "b", explain="What A x should become.", **pair)
    with st.expander("More settings"):
        settings.predictions()
        settings.numbers("start", "Start", explain="x₀ and x₁ at first.", **pair)
        settings.slider(
            "steps",
            "Updates",
            Range(1, MOST_STEPS, whole=True),
            step=1,
            explain="How many updates to run.",
        )
        settings.device()

run = Run(settings, lesson)
config = run.config
prediction = lesson.predict(config)
errors, losses = lesson.predicted_modes(*run.legs), lesson.predicted_loss(*run.legs)
plain, settled = not config.momentum, not errors[run.since :].any()
directions = ("first", "second") if prediction.round_bowl else ("gentle", "steep")
moving = prediction.moving
scale.strip(
    below_damping,
    [
        scale.Mark("best" if plain else "best at β = 0:", prediction.best_damping_factor),
        scale.Mark("critical", prediction.critical_damping_factor),
    ],
    DAMPING,
)


def short(value: float) -> str:
    return setting(float(f"{value:.4g}"))


def factor(value: float) -> str:
    """What an update keeps of an error; close to 1 every digit counts."""
    return setting(value) if 0 < abs(abs(value) - 1) < 1e-3 else short(value)


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
    story.append(layout.WATCH)
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
layout.heading(
    NAME,
    " ".join(story),
    r"\begin{aligned} L &= |A x - b|^2 \\ "
    + (
        r"x &\leftarrow x - \eta\,\partial L / \partial x \end{aligned}"
        if plain
        else r"z &\leftarrow \beta z + \partial L / \partial x \\ x &\leftarrow x - \eta z"
        r" \end{aligned}"
    ),
)


def modes(config: lesson.Config, frames: Frames) -> dict[str, Any]:
    """What is charted but not recorded."""
    return {"mode": lesson.mode_errors(config, frames.columns["x"])}


def charted(title: str, axis: str, lines: Lines, digits: float) -> Picture:
    """Positive columns against the number of updates, down to `digits` of what they start with."""
    names, colours, theory = zip(*lines.values(), strict=True)
    first = max(float(column[0]) for column in theory) or 1.0
    pinned = [values for field in lines for values in run.pinned(field, modes)]
    low, high = charts.log_domain([*theory, *pinned], (first * digits, first / digits))
    fields = tuple(zip(lines, names, strict=True))
    return Picture(
        title,
        charts.against_step(fields, axis, log=True, colours=colours, apart=True),
        "After update {step}: " + ", ".join(f"{name} {{{field}}}" for field, name in fields) + ".",
        {"last": config.steps, "low": low, "high": high},
        {"theory": charts.theory(dict(zip(lines, theory, strict=True)), (low, high), log=True)},
    )


view = lesson.window(*run.legs)
far = 4 * max(view.span_x, view.span_y)
plane = Picture(
    "The path of x over the loss: a click moves the start",
    charts.plane(("x_0", "x_1"), ("x₀", "x₁"), directions),
    "After update {step}: x₀ = {x_0}, x₁ = {x_1}, loss {loss}.",
    view._asdict(),
    {
        "contours": lesson.level_lines(config, lesson.levels(config, view), far),
        "axes": lesson.axes(config, view),
        "solutions": lesson.solutions(config, view),
    },
)
shown = list(moving) or list(range(SIZE))
loss = charted("The loss", "loss", {"loss": ("loss", BLUE, losses)}, 1e-32)
along = charted(
    "The error along each direction",
    "error",
    {f"mode_{i}": (directions[i], charts.MODES[i], abs(errors[:, i])) for i in shown},
    1e-16,
)


def readout(config: lesson.Config) -> Readout:
    """The last update, with the settings that it had."""
    eta, beta = setting(config.damping_factor), setting(config.momentum)
    kept = (
        f"z = {beta} × ({{before_velocity_0}}, {{before_velocity_1}}) + ({{before_gradient_0}}, "
        "{before_gradient_1}), then "
    )
    return Readout(
        "Before the first update x = ({x_0}, {x_1}). The gradient, the slope of the loss along "
        "x₀ and x₁, is ({gradient_0}, {gradient_1}).",
        f"What just happened: {kept if config.momentum else ''}x = ({{before_x_0}}, {{before_x_1}})"
        f" {MINUS} {eta} × ({{velocity_0}}, {{velocity_1}}) = ({{x_0}}, {{x_1}})",
    )


player(
    run,
    [plane, loss, along],
    readout,
    also=modes,
    on_pick=lambda x, y: settings.change({"start": view.rounded(x, y)}),
)

frames = run.finish()
reached = frames.steps[-1] >= run.since  # where the settings now hold
if frames.finished and reached:  # a run that stopped early may not reach it
    here = slice(run.recording.frame_of(run.since), None)
    measured = lesson.measure(
        config, *(frames.columns[name][here] for name in ("x", "gradient", "loss"))
    )

    updates = {} if settled or not moving else lesson.needed(*run.legs)
    lacks = {index: needs(count, config.steps) for index, count in updates.items()}

    def row(quantity: str, field: str, note: str = "", lacks: str = "") -> Row:
        """What theory and the run say of the quantity that both call `field`."""
        found = getattr(measured, field)
        return Row(quantity, getattr(prediction, field), found, note=note, needs=lacks)

    since = f", from update {run.since} on" if run.since else ""
    when = since if plain else f"{since}, in the long run"
    curved = {i: f"λ = {short(prediction.curvatures[i])}{when}" for i in moving}
    rows = [
        Row(
            f"Error kept along the {directions[i]} direction",
            mode.rate,
            measured.rates[i],
            note=note,
            needs=lacks.get(i, ""),
        )
        for (i, mode), note in zip(moving.items(), curved.values(), strict=True)
    ]
    if not plain and moving:
        rows.append(
            row(
                "Spectral radius",
                "rate",
                "the larger of both: it decides in the long run",
                lacks.get(None, ""),
            )
        )
    if prediction.rate < 1:
        lacking = lacks.get(None, "")
        rows.append(
            row("Updates for one decimal more", "per_decimal", "a tenth of the error", lacking)
        )
    if moving:
        pair = " with momentum ".join(map(short, prediction.best_with_momentum))
        edge = "from here on x no longer comes closer; measured by the first gradient"
        best = f"without momentum; the best pair of all is {pair}"
        rows.append(row("Critical damping factor", "critical_damping_factor", edge))
        rows.append(row("Best damping factor", "best_damping_factor", best))
    floor = lesson.rounding_loss(*run.legs)
    last = float(losses[-1])
    rounding = last < floor and last != measured.final_loss
    note = f"16 digits a number: below {number(floor)} rounding decides" if rounding else ""
    title = f"Loss after update {config.steps}"
    rows.append(Row(title, last, measured.final_loss, note=note, rounding=rounding))
    verdict(rows)

runaways = [i for i, mode in moving.items() if mode.regime == "diverging"]
if runaways and not settled and reached:
    stable = DAMPING.largest_below(prediction.critical_damping_factor, DAMPING_STEP)
    edge = short(prediction.critical_damping_factor)
    where = "every" if prediction.round_bowl else f"the {directions[max(runaways)]}"
    why = [
        f"Along {where} direction {'' if plain else 'in the long run '}each update multiplies the "
        f"error by {short(prediction.rate)}, which is above 1."
        if prediction.rate > 1
        else "",
        f"With this A and this momentum x stays near for any damping factor below {edge}.",
        ""
        if stable == stable
        else "The slider does not go so low: smaller numbers in A move that edge up.",
    ]
    with autopsy(frames.columns["loss"], run.since, why):
        if stable == stable:
            st.button(
                f"Use {setting(stable)}, the largest stable one",
                on_click=settings.change,
                args=({"damping_factor": stable},),
            )

experiments, code, away = layout.tabs(NAME, "Try this", "Code", "Take it away")
with experiments:
    one, two, three = st.columns(3, gap="medium")
    valley, swift = (
        lesson.predict(lesson.Config(**PRESETS[name]))
        for name in ("a long valley", "the valley with momentum")
    )
    with one:
        st.markdown(
            "**The long valley.** Its walls are a hundred times as curved as its floor. In which "
            "direction will x be slow?"
        )
        guess = settings.guess(
            "valley", ["along the valley", "across the valley", "in both alike"], VALLEY
        )
        if guess and config == lesson.Config(**VALLEY) and frames.finished:
            left = lesson.mode_errors(config, frames.columns["x"][-1:])[0]
            right = ", as you said" if guess.startswith("along") else f", not {guess}"
            st.markdown(
                f"Along it{right}: after {config.steps} updates {number(left[0])} of error are "
                f"left there, and {number(left[1])} across. A larger step would help the floor, "
                "but the walls throw it out."
            )
    with two:
        st.markdown(
            "**Momentum in the valley.** On the floor the small steps add up, across it they "
            f"cancel. One decimal takes {number(swift.per_decimal)} updates instead of "
            f"{number(valley.per_decimal)}."
        )
        st.button(
            "With momentum 0.67",
            on_click=settings.apply,
            args=(PRESETS["the valley with momentum"],),
            kwargs={"play": True},
        )
    with three:
        st.markdown(
            "**No single answer.** Here both equations say the same. Any point of the green line "
            "solves them. Where on it does x end?"
        )
        st.button(
            "Take one equation away",
            on_click=settings.apply,
            args=(PRESETS["no single answer"],),
            kwargs={"play": True},
        )
if code.open:
    with code:
        code_panel(run, lesson.State, lesson.run, lesson.predict)
if away.open:
    with away:
        export.take_away(run, plane, frames)
layout.links(NAME)
