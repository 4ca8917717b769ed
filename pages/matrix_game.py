"""Two learners of a 2 x 2 game chase each other around an equilibrium that they never reach."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core import matrix_game as lesson
from core.ranges import Range
from core.recording import Frames
from ui import charts, export
from ui.controls import Settings
from ui.page import WATCH, Guess, Try, ending, heading
from ui.pictures import Line, over_steps
from ui.player.player import Picture, Readout, player
from ui.steering import Run
from ui.theme import BLUE, MINUS, ORANGE, SKY, VERMILION, number, setting
from ui.verdict import Row, needs, verdict

RATES, STEPS = Range(0.001, 0.5), Range(100, 50_000, whole=True)  # the sliders' parts
GAMMAS = Range(0.05, 5)
LOGITS = Range(-12, 12)
MOST_STARTS, MOST_RIVALS = 8, 3
CLOUD = {False: 1_000, True: 10_000}  # runs at once, on the CPU and on a GPU
CLOUD_RADIUS = 0.5  # in logits
VIEWS = ("Chase", "Payoffs", "Averages", "Learners")
COORDINATION = ((-1.0, 1.5), (1.5, -0.6), (0.2, 1.2), (-1.5, -0.5), (1.2, 1.6))
FOUR = {
    "rivals": ("alternating", "extragradient", "consensus"),
    "learning_rate": 0.1,
    "steps": 5_000,
    "view": "Learners",
}
PRESETS = {
    "as in the notes": {},
    "matching pennies": {
        "payoff_0": ((1.0, -1.0), (-1.0, 1.0)),
        "payoff_1": ((-1.0, 1.0), (1.0, -1.0)),
        "starts": ((1.0, 0.0),),
    },
    "prisoner's dilemma": {
        "payoff_0": ((3.0, 0.0), (5.0, 1.0)),
        "payoff_1": ((3.0, 5.0), (0.0, 1.0)),
        "starts": ((0.0, 0.0), (2.0, 1.0), (1.0, 3.0)),
        "steps": 5_000,
    },
    "stag hunt": {
        "payoff_0": ((4.0, 1.0), (3.0, 3.0)),
        "payoff_1": ((4.0, 3.0), (1.0, 3.0)),
        "starts": COORDINATION,
        "steps": 5_000,
    },
    "battle of the sexes": {
        "payoff_0": ((3.0, 0.0), (0.0, 2.0)),
        "payoff_1": ((2.0, 0.0), (0.0, 3.0)),
        "starts": COORDINATION,
        "steps": 5_000,
    },
    "four learners": FOUR,
}

# What a learner does about the chase, and its direction; v is what each slope is.
WAYS = {
    "naive": (
        "Each update is a straight step off a curved orbit, and lands a little outside.",
        r"d = v",
    ),
    "alternating": (
        "Here they take turns: player 1 sees where player 0 has gone.",
        r"d = \bigl(v_0,\; v_1(a_0 + \eta v_0, a_1)\bigr)",
    ),
    "extragradient": (
        "Here each tries a step and goes by the slopes found there.",
        r"d = v(a + \eta v)",
    ),
    "optimistic": (
        "Here each goes on as its slope has just changed.",
        r"d = 2 v - v_{\text{before}}",
    ),
    "lookahead": (
        "Here each goes by the slope that it has after a step γ of the other.",
        r"d = v + \gamma J_o v",
    ),
    "consensus": (
        "Here each also makes both slopes smaller.",
        r"d = v - \gamma J^{\mathsf T} v",
    ),
    "symplectic": (
        "Here each also goes across the part of the slopes that only turns.",
        r"d = v - \gamma A^{\mathsf T} v,\; A = \tfrac12 (J - J^{\mathsf T})",
    ),
    "lola": (
        "Here each reckons with the other's next step and sways it to its own good.",
        r"d_i = v_i + \gamma \, \partial_j V_i \, \partial_i v_j",
    ),
}

# --- The controls.

settings = Settings(lesson, PRESETS)
with settings.sidebar():
    settings.slider(
        "learning_rate",
        "Learning rate η",
        RATES,
        step=0.001,
        format="%.3f",
        explain="How far a player's logit moves for a slope of 1.",
    )
    settings.choice(
        "learner",
        "Learner",
        list(lesson.LEARNERS),
        explain="How a player goes: naive ones climb their own slope as if the other stood still.",
    )
    for player_, name in enumerate(("payoff_0", "payoff_1")):
        settings.matrix(
            name,
            f"Payoffs of player {player_}",
            lesson.PAYOFFS,
            explain="Two rows for player 0's actions, in each two numbers for player 1's.",
            size=2,
        )
    field = settings.toggle(
        "field",
        "Orbits and flow",
        default=False,
        explain="The closed curves that ever smaller steps would follow, and arrows: which way.",
    )
    with settings.more():
        settings.several(
            "rivals",
            "Learners beside",
            list(lesson.LEARNERS),
            explain="They start where the first run starts.",
            most=MOST_RIVALS,
        )
        settings.slider(
            "learner_step",
            "Look-ahead γ",
            GAMMAS,
            step=0.05,
            explain="For lookahead, consensus, symplectic and lola: how much they correct.",
        )
        starts = settings.pairs(
            "starts",
            "Starts",
            LOGITS,
            explain="Logits a₀, a₁, with semicolons between the pairs. A click adds one.",
            most=MOST_STARTS,
        )
        settings.steps(STEPS, step=100)
        device = settings.device()
        many = CLOUD[device != "cpu"]
        cloud = settings.toggle(
            "cloud",
            f"A cloud of {many} runs",
            default=False,
            explain="Around the first start, all in one batch. On a GPU it has ten times as many.",
        )
    if cloud and starts and len(starts[0]) == 2:
        settings.put("starts", lesson.cloud(many, (starts[0][0], starts[0][1]), CLOUD_RADIUS))
        settings.put("rivals", ())
top = st.container()
view = settings.choice("view", "What to watch", VIEWS, default=VIEWS[0], row=True)

# --- What theory says of this game, in words.

run = Run(settings)
config = run.config
batch = len(config.starts) > lesson.FEW
own = 1 if batch else len(config.starts)
learners = (config.learner,) * own + config.rivals
names = [
    f"{name} {learners[: k + 1].count(name)}" if learners.count(name) > 1 else name
    for k, name in enumerate(learners)
]
shown = min(len(config.starts) + len(config.rivals), lesson.FEW)
game = lesson.analyse(config)
c0, _, c1, _ = lesson.slopes(config)
cycle, follows = game.kind == "cycle", config.learner in lesson.FLOWING


def short(value: float) -> str:
    return setting(float(f"{value:.4g}"))


def sum_of(R: lesson.Matrix) -> str:
    """R₀₀ - R₀₁ - R₁₀ + R₁₁ written out."""
    (first, *others), (third, last) = R
    terms = [
        short(value) if value >= 0 else f"({short(value)})" for value in (*others, third, last)
    ]
    return f"{short(first)} {MINUS} {terms[0]} {MINUS} {terms[1]} + {terms[2]}"


def place(p: float, q: float) -> str:
    return f"({short(p)}, {short(q)})"


story = [
    "Two players choose at once: player 0 its first row with probability p, player 1 its first "
    "column with probability q. Each learns by its own slope, as if the other stood still."
]
outward = ""
if settings.prediction != "shown":
    story.append(WATCH)
elif cycle:
    story.append(
        "What helps one makes the other turn, so they chase each other around "
        f"{place(game.p, game.q)}, the *equilibrium*: there neither gains by a change."
    )
    rest = lesson.rest(config)
    if config.learner != "naive" and not math.isnan(game.growth):
        fate = "keeps its size" if game.growth == 1 else "shrinks" if game.growth < 1 else "grows"
        outward = f" A small orbit {fate} around {'it' if rest == game[1:3] else place(*rest)}."
elif game.kind == "saddle":
    story.append(
        f"At {place(game.p, game.q)} neither gains by a change, but it is a *saddle*: whoever is "
        "off it is drawn on, to a corner where both agree."
    )
elif not math.isnan(game.p):
    story.append(
        "Here at least one player has an action that is best whatever the other does "
        f"(*dominance*), so both end in the corner {place(game.p, game.q)}."
    )
else:
    story.append("Here some actions pay the same whatever is played, and theory names no end.")
way, direction = WAYS[config.learner]
if config.learner != "naive" or (cycle and settings.prediction == "shown"):
    story.append(way)
utility = r"V_i &= [\,p,\,1-p\,]\,R_i\,[\,q,\,1-q\,]^{\mathsf T} \\ "
if config.learner == "naive":
    update = r"a_i &\leftarrow a_i + \eta \, \partial V_i / \partial a_i"
else:
    slopes = r"v_i &= \partial V_i / \partial a_i,\; a \leftarrow a + \eta \, d \\ "
    update = slopes + direction.replace("=", "&=", 1)
play = r"p &= \sigma(a_0),\; q = \sigma(a_1) \\ "
with top:
    formula = rf"\begin{{aligned}} {play}{utility}{update} \end{{aligned}}"
    heading(run, " ".join(story), formula)

# --- The pictures.


def also(config: lesson.Config, frames: Frames) -> dict[str, Any]:
    """What is charted but not recorded: averages of the first run, each run's distance."""
    columns = frames.columns
    if view == "Averages":
        return lesson.averages(config, columns["p"][:, 0], columns["q"][:, 0])
    return {"distance": lesson.distances(config, columns["logits"])}


COLUMNS = ("x", "y", "dx", "dy", "size", "line", "turn", "step")
NONE: dict[str, list[float]] = {name: [] for name in COLUMNS}
portrait = Picture(
    f"{number(len(config.starts))} runs in the plane of p and q"
    + (f", {number(lesson.SHOWN)} of them drawn" if len(config.starts) > lesson.SHOWN else "")
    if batch
    else "The play of both: a click adds a start",
    charts.portrait(
        ("p: player 0 plays row 0", "q: player 1 plays column 0"),
        shown,
        cloud=batch,
        names=tuple(names[:shown]) if config.rivals else (),
    ),
    "After update {step}: p = {p_0}, q = {q_0}.",
    {},
    {
        "orbit": lesson.orbit_line(config) if follows and not batch else NONE,
        "levels": lesson.level_lines(config) if field else NONE,
        "arrows": lesson.arrows(config) if field else NONE,
        "rest": {"x": [game.p], "y": [game.q]},
    },
)

# Averages come to the equilibrium only where the play goes round it.
none = dict.fromkeys(("p", "q", "value_0", "value_1"), math.nan)
mean = game if cycle else game._replace(**none)
if view == "Payoffs":
    ends = [value for R in (config.payoff_0, config.payoff_1) for row in R for value in row]
    beside = over_steps(
        run,
        "What both earn on average",
        "expected payoff",
        [
            Line("reward_0_0", "player 0", mean.value_0, BLUE),
            Line("reward_1_0", "player 1", mean.value_1, VERMILION),
        ],
        charts.domain([ends], (-1e7, 1e7)),
        apart=True,
    )
elif view == "Averages":
    around = [game.p - 0.2, game.p + 0.2, game.q - 0.2, game.q + 0.2]
    beside = over_steps(
        run,
        "Averages: pale so far, full over whole laps",
        "average since the first lap began",
        [
            Line("so_far_0", "p so far", math.nan, SKY),
            Line("whole_0", "p, whole laps", mean.p, BLUE),
            Line("so_far_1", "q so far", math.nan, ORANGE),
            Line("whole_1", "q, whole laps", mean.q, VERMILION),
        ],
        charts.domain([around], (0, 1)) if cycle else (0, 1),
        apart=True,
        quiet=("so_far_0", "so_far_1") if cycle else (),
    )
elif view == "Learners":
    # Of a cloud the first run alone: a course of each would be too much.
    legs = [(step, replace(leg, starts=leg.starts[:own])) for step, leg in run.course]
    courses = lesson.predicted_distances(legs[0][1], *legs[1:])[:, :shown].T
    beside = over_steps(
        run,
        "How far each is from where it rests",
        "distance",
        [Line(f"distance_{k}", name, courses[k]) for k, name in enumerate(names[:shown])],
        within=(1e-4, 1e2),
        also=also,
        log=True,
        apart=True,
        stagger=False,
    )
else:
    flow = lesson.predicted_play(*run.legs)
    beside = over_steps(
        run,
        "p and q, update by update",
        "probability",
        [Line("p_0", "p", flow[:, 0], BLUE), Line("q_0", "q", flow[:, 1], VERMILION)],
        (0, 1),
    )


def readout(config: lesson.Config) -> Readout:
    """Where both are, and what comes next."""
    eta = setting(config.learning_rate)
    state = (
        "player 0 plays row 0 with p = {p_0} and earns {reward_0_0}, player 1 column 0 with "
        "q = {q_0} and earns {reward_1_0}."
    )
    slopes = f"{{field_0}} and {{field_{shown}}}"
    following = (
        f"What happens next: a₀ = {{logits_0}} + {eta} × {{field_0}}, "
        f"a₁ = {{logits_{shown}}} + {eta} × {{field_{shown}}}"
        if config.learner == "naive"
        else f"The slopes of their rewards are {slopes}; {config.learner} players go their own way."
    )
    return Readout(f"At the start {state} {following}", f"Now {state} {following}")


def picked(p: float, q: float) -> None:
    """A click: one more start there; of a cloud, its middle."""
    inside = (min(max(x, 0.001), 0.999) for x in (p, q))
    logits = tuple(round(math.log(x / (1 - x)), 2) for x in inside)
    kept = () if batch else config.starts[-(MOST_STARTS - 1) :]
    settings.change({"starts": (*kept, logits)}, play=True)


more = also if view in ("Averages", "Learners") else None
player(run, [portrait, beside], readout, also=more, on_pick=picked)

# --- What the run measured, beside what theory says.

frames = run.finish()
if frames.finished:
    every = run.recording.every
    here = slice(-(-run.since // every), len(frames.steps) - (frames.steps[-1] % every > 0))
    columns = {name: values[here] for name, values in frames.columns.items()}
    measured = lesson.measure(config, columns, every)
    foreseen = lesson.foreseen(0, every, *run.legs).measured
    end = [float(frames.columns[name][-1, 0]) for name in ("p", "q")]
    begin = tuple(lesson.predicted_course(0, *run.legs)[run.since].tolist())

    def lacks(tells: Callable[[lesson.Foreseen], bool], k: int = 0) -> str:
        """What the run lacks to tell something; "" if nothing."""
        count = lesson.needed(tells, k, every, *run.legs)
        coarse = count is None and every > 1 and game.period < lesson.SMOOTH * every
        return "frames are too far apart" if coarse else needs(count, config.steps)

    def near(row: Row, expected: float, scale: float | None = None) -> Row:
        """A row of theory for small steps or orbits; beyond these, its number is in the note."""
        if row.needs or math.isnan(row.predicted):
            return row
        if lesson.obeys(row.predicted, expected, scale):
            return row
        said = f"{number(row.predicted)} {row.unit}".strip()
        note = f"{row.note}; tiny steps and orbits would have {said}".removeprefix("; ")
        return row._replace(predicted=math.nan, note=note)

    rows: list[Row] = []
    if cycle and follows:
        lacking = lacks(lambda seen: seen.measured.laps > 0)
        lap, gained = lesson.orbit_period(config, begin), lesson.drift(config, begin)
        many = f"the last one {number(measured.last_lap)}" if measured.laps > 1 else ""
        slow = "large orbits are slower: they stay long near the edges"
        order = (
            "how far out an orbit lies; infinitely small steps would gain none; first order in η"
        )
        took, more_ = measured.first_lap, 100 * measured.gained
        rows += [
            near(
                Row("A lap of this orbit", lap, took, "updates", many, needs=lacking),
                foreseen.first_lap,
            ),
            Row("A lap of a tiny orbit", game.period, math.nan, "updates", slow),
            near(
                Row("Energy gained in a lap", 100 * gained, more_, "%", order, needs=lacking),
                100 * foreseen.gained,
            ),
        ]
        over = f"{measured.laps} whole lap{'s' if measured.laps > 1 else ''}"
        over = f"average over {over if measured.laps else 'whole laps'}"
        games = (config.payoff_0, config.payoff_1)
        spans = (None, None, *(max(*R[0], *R[1]) - min(*R[0], *R[1]) for R in games))
        titles = ("p", "q", "Payoff of player 0", "Payoff of player 1")
        rows += [
            near(Row(f"{title}, {over}", value, mean, needs=lacking), expected, span)
            for title, value, mean, expected, span in zip(
                titles, game[1:5], measured.averages, foreseen.averages, spans, strict=True
            )
        ]
    elif cycle:
        if not math.isnan(game.period):
            lacking = lacks(lambda seen: lesson.settles(game.period, seen.measured.last_lap))
            took = measured.last_lap
            title, note = "A lap near where it rests", "the last one; linear theory"
            rows.append(Row(title, game.period, took, "updates", note, needs=lacking))
        for k, (name, value) in enumerate(zip("pq", lesson.rest(config), strict=True)):
            lacking = lacks(lambda seen, k=k, value=value: lesson.settles(value, seen.end[k]))
            rows.append(Row(f"{name} in the end", value, end[k], needs=lacking))
    else:
        slow = "after the last update: corners are reached ever more slowly, and never quite"
        for k, (name, value) in enumerate(zip("pq", lesson.corner(config, begin), strict=True)):
            lacking = lacks(lambda seen, k=k, value=value: lesson.settles(value, seen.end[k]))
            lacking = "" if math.isnan(value) else lacking
            rows.append(Row(f"{name} in the end", value, end[k], "", slow, needs=lacking))
    if view == "Learners" and cycle:
        for k, name in enumerate(learners[:shown]):
            theory = lesson.analyse(replace(config, learner=name))
            fate, sign = ("halves", 1) if theory.growth < 1 else ("doubles", -1)
            life, title = theory.half_life, f"{names[k]}: its distance {fate} in"
            half_life = sign * measured.half_lives[k]

            def tells(seen: lesson.Foreseen, name=name, life=life, sign=sign) -> bool:
                found = sign * seen.measured.half_lives[0]
                orbits = name in lesson.FLOWING  # theory may not reach: see `near`
                return math.isfinite(found) if orbits else lesson.settles(life, found)

            row = Row(title, life, half_life, "updates", needs=lacks(tells, k))
            if name in lesson.FLOWING:
                row = row._replace(note="theory of tiny orbits; large ones drift otherwise")
                row = near(row, sign * lesson.foreseen(k, every, *run.legs).measured.half_lives[0])
            rows.append(row)
    verdict(rows)
    export.cost(run, len(config.starts) if batch else 1)

# --- Why it cycles, and what to try.

BOLD = {"learning_rate": 0.2, "steps": 2_400}


def why() -> None:
    """The cause of the chase, with this game's numbers."""
    st.markdown(
        f"While q is above {short(game.q)}, p {'grows' if c0 > 0 else 'falls'}; while p is "
        f"above {short(game.p)}, q {'grows' if c1 > 0 else 'falls'}. How much more row 0 is "
        f"worth to player 0 grows with q by c₀ = {sum_of(config.payoff_0)} = "
        f"**{short(c0)}**, and column 0 to player 1 with p by c₁ = {sum_of(config.payoff_1)} "
        f"= **{short(c1)}**. They have opposite signs: one player wants to match and the "
        "other to differ. Neither has a best action, so that is the whole cause of the chase."
        + outward
    )
    st.markdown(
        "Infinitely small steps would close every orbit: they keep the *energy*, which says "
        "how far out an orbit lies. A real step leaves the orbit, by the square of η."
    )
    st.markdown(
        "The notes put it down to a *general-sum* game. But a payoff that a player cannot "
        "influence changes no play: take it away, scale what is left, and the game of the "
        "notes is a zero-sum one. It is *strategically* zero-sum. Stag hunt and the battle of "
        "the sexes are general-sum as well, and nobody goes round in them."
    )


def told(guess: str) -> str:
    """The reply to who has guessed what larger steps do."""
    if config != lesson.Config(**BOLD) or not frames.finished:
        return ""
    away = lesson.distances(config, frames.columns["logits"])
    right = ", as you said" if guess == "farther away" else f", not {guess}"
    return (
        f"Farther away{right}: their distance grew {number(away[-1, 0] / away[0, 0])} "
        "times. A larger step leaves the curve by more, by the square of the step."
    )


ending(
    run,
    portrait,
    frames,
    (
        Guess(
            "bold",
            "**Larger steps.** With a learning rate of 0.2 instead of 0.01, will they come closer "
            "to the equilibrium?",
            ("closer", "as far as before", "farther away"),
            BOLD,
            told,
        ),
        Try(
            "**A cure.** Four learners from one start: one looks a step ahead, one takes turns, "
            "one also makes both slopes small. Which come to rest?",
            "Race them",
            FOUR,
        ),
        Try(
            "**A crowd.** Many runs at once from around one start. Inner orbits are faster than "
            "outer ones: what becomes of the cloud?",
            "Let it go",
            {"cloud": True, "view": "Chase"},
        ),
    ),
    code=(lesson.State, lesson.run, lesson._look, lesson.analyse),
    more={"Why it cycles": why} if cycle else {},
)
