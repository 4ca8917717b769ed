"""Two learners of a 2 x 2 game chase each other around an equilibrium that they never reach."""

import math

import streamlit as st

from core import matrix_game as lesson
from core.ranges import Range
from ui import charts, export
from ui.controls import Settings
from ui.page import WATCH, Guess, Try, ending, heading, judged
from ui.pictures import Line, over_steps
from ui.player.player import Picture, Readout, player
from ui.steering import Run
from ui.theme import BLUE, MINUS, ORANGE, SKY, VERMILION, number, setting, short, summed
from ui.verdict import Name, verdict

MOST_STARTS, MOST_RIVALS = 8, 3
CLOUD = {False: 1_000, True: 10_000}  # runs at once, on the CPU and on a GPU
CURES = ("alternating", "extragradient", "consensus")
FOUR = {"steps": 5_000, "rivals": CURES, "learning_rate": 0.1, "view": "Learners"}
PRESETS = {
    "as in the notes": {},
    "matching pennies": lesson.GAMES["matching pennies"],
    # Corners are approached ever more slowly: until a run is within a hundredth of them.
    "prisoner's dilemma": lesson.GAMES["prisoner's dilemma"] | {"steps": 11_000},
    "stag hunt": lesson.GAMES["stag hunt"] | {"steps": 7_000},
    "battle of the sexes": lesson.GAMES["battle of the sexes"] | {"steps": 6_500},
    "four learners": FOUR,
}

OUT = "how far out an orbit lies; infinitely small steps would gain none; first order in η"
SLOW = "after the last update: corners are reached ever more slowly, and never quite"
TINY = "theory of tiny orbits; large ones drift otherwise"
NAMES = {  # of the findings
    "lap": Name("A lap of this orbit", "updates", "{last_lap}"),
    "tiny_lap": Name(
        "A lap of a tiny orbit",
        "updates",
        "large orbits are slower: they stay long near the edges",
    ),
    "gained": Name("Energy gained in a lap", "%", OUT),
    "p": Name("p, average over {laps}"),
    "q": Name("q, average over {laps}"),
    "value_0": Name("Payoff of player 0, average over {laps}"),
    "value_1": Name("Payoff of player 1, average over {laps}"),
    "last_lap": Name("A lap near where it rests", "updates", "the last one; linear theory"),
    "end_p": Name("p in the end"),
    "end_q": Name("q in the end"),
    "corner_p": Name("p in the end", note=SLOW),
    "corner_q": Name("q in the end", note=SLOW),
    "halves": Name("{learner}: its distance halves in", "updates", "{far_out}"),
    "doubles": Name("{learner}: its distance doubles in", "updates", "{far_out}"),
}

# --- The controls.

settings = Settings(lesson, PRESETS)
with settings.sidebar():
    settings.slider(
        "learning_rate",
        "Learning rate η",
        Range(0.001, 0.5),  # the slider's part of what Config allows
        step=0.001,
        explain="How far a player's logit moves for a slope of 1.",
    )
    settings.choice(
        "learner",
        "Learner",
        lesson.LEARNERS,
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
            lesson.LEARNERS,
            explain="They start where the first run starts.",
            most=MOST_RIVALS,
        )
        settings.slider(
            "learner_step",
            "Look-ahead γ",
            Range(0.05, 5),
            step=0.05,
            explain="For lookahead, consensus, symplectic and lola: how much they correct.",
        )
        starts = settings.pairs(
            "starts",
            "Starts",
            Range(-12, 12),
            explain="Logits a₀, a₁, with semicolons between the pairs. A click adds one.",
            most=MOST_STARTS,
        )
        settings.steps(Range(100, 50_000, whole=True), step=100)
        device = settings.device()
        many = CLOUD[device != "cpu"]
        cloud = settings.toggle(
            "cloud",
            f"A cloud of {many} runs",
            default=False,
            explain="Around the first start, all in one batch. On a GPU it has ten times as many.",
        )
    if cloud and starts and len(starts[0]) == 2:
        settings.put("starts", lesson.cloud(many, (starts[0][0], starts[0][1])))
        settings.put("rivals", ())
view = settings.view("Chase", "Payoffs", "Averages", "Learners")

# --- What theory says of this game, in words.

run = Run(settings)
config = run.config
game = lesson.analyse(config)
cycle = game.kind == "cycle"
several, batch = len(config.starts + config.rivals) > 1, len(config.starts) > lesson.FEW
learners = lesson.followed(config)
names = list(learners)
where = f"({short(game.p)}, {short(game.q)})"
alone = ", as if the other stood still" * (config.learner == "naive" and not config.rivals)
story = [
    "Two players choose at once: player 0 its first row with probability p, player 1 its first "
    f"column with probability q. Each learns by its own slope{alone}."
]
if settings.prediction != "shown":
    story.append(WATCH)
elif cycle and lesson.begins_at_rest(config):
    story.append(
        f"Both begin at {where}, the *equilibrium*: there neither gains by a change, so nothing "
        "moves. A click in the portrait begins elsewhere."
    )
elif cycle:
    they = f"{config.learner} players" if config.rivals else "they"
    story.append(
        f"What helps one makes the other turn, so {they} chase each other around {where}, the "
        "*equilibrium*: there neither gains by a change."
    )
elif game.kind == "saddle":
    story.append(
        f"At {where} neither gains by a change, but it is a *saddle*: whoever is off it is drawn "
        "on, to a corner where both agree."
    )
elif not math.isnan(game.p):
    story.append(
        "Here at least one player has an action that is best whatever the other does "
        f"(*dominance*), so both end in the corner {where}."
    )
else:
    story.append("Here some actions pay the same whatever is played, and theory names no end.")
if config.learner != "naive" or (cycle and settings.prediction == "shown"):
    way = lesson.WAYS[config.learner]
    if config.rivals:
        way = f"Of the {config.learner} players: {way[0].lower()}{way[1:]}"
    story.append(way)
formula = [
    r"p &= \sigma(a_0),\; q = \sigma(a_1)",
    r"V_i &= [\,p,\,1-p\,]\,R_i\,[\,q,\,1-q\,]^{\mathsf T}",
    r"a_i &\leftarrow a_i + \eta \, \partial V_i / \partial a_i",
]
if config.learner != "naive":
    slopes = r"v_i &= \partial V_i / \partial a_i,\; a \leftarrow a + \eta \, d"
    formula[2:] = [slopes, lesson.FORMULAS[config.learner]]
heading(run, story, formula)

# --- The pictures.

crowd = f"{number(len(config.starts))} runs in the plane of p and q"
if len(config.starts) > lesson.SHOWN:
    crowd += f", {number(lesson.SHOWN)} of them drawn"
portrait = Picture(
    crowd if batch else "The play of both",
    charts.portrait(
        ("p: player 0 plays row 0", "q: player 1 plays column 0"),
        len(names),
        cloud=batch,
        names=tuple(names) if config.rivals else (),
    ),
    "After update {step}: p = {p_0}, q = {q_0}.",
    {},
    lesson.portrait(config, round_=not batch, field=field),
    hint="" if batch else "a click adds a start",
)

if view == "Payoffs":
    beside = over_steps(
        run,
        "What both earn on average",
        "expected payoff",
        [
            Line("reward_0_0", "player 0", game.means.value_0, BLUE),
            Line("reward_1_0", "player 1", game.means.value_1, VERMILION),
        ],
        charts.domain([*config.payoff_0, *config.payoff_1], (-1e7, 1e7)),
        apart=True,
    )
elif view == "Averages":
    beside = over_steps(
        run,
        "Averages: pale so far, full over whole laps",
        "average since the first lap began",
        [
            Line("so_far_0", "p so far", math.nan, SKY),
            Line("whole_0", "p, whole laps", game.means.p, BLUE),
            Line("so_far_1", "q so far", math.nan, ORANGE),
            Line("whole_1", "q, whole laps", game.means.q, VERMILION),
        ],
        lesson.averages_window(game) if cycle else (0, 1),
        apart=True,
        quiet=("so_far_0", "so_far_1") if cycle else (),
    )
elif view == "Learners":
    # Of a cloud the first run alone: a course of each would be too much.
    courses = lesson.predicted_distances(*run.legs, first=1 if batch else None).T
    beside = over_steps(
        run,
        "How far each is from where it rests",
        "distance",
        [Line(f"distance_{k}", name, courses[k]) for k, name in enumerate(names)],
        within=(1e-4, 1e2),
        also=lesson.charted_distances,
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
    state = (
        "player 0 plays row 0 with p = {p_0} and earns {reward_0_0}, player 1 column 0 with "
        "q = {q_0} and earns {reward_1_0}."
    )
    runs = min(len(config.starts) + len(config.rivals), lesson.FEW)
    (a0, a1), (v0, v1) = ((f"{{{name}_0}}", f"{{{name}_{runs}}}") for name in ("logits", "field"))
    eta = setting(config.learning_rate)
    following = f"One more update: a₀ = {a0} + {eta} × ({v0}), a₁ = {a1} + {eta} × ({v1})"
    if config.learner != "naive":
        following = f"The slopes of their rewards are {v0} and {v1}; {config.learner} players go "
        following += "their own way."
    return Readout(f"At the start {state} {following}", f"Now {state} {following}")


def picked(p: float, q: float) -> None:
    """A click: one more start there; of a cloud, its middle."""
    kept = () if batch else config.starts[-(MOST_STARTS - 1) :]
    settings.change({"starts": (*kept, lesson.logits_at(p, q))}, play=True)


# Functions of the lesson, which are the same at each run of this page: see `charted`.
also = {"Averages": lesson.charted_averages, "Learners": lesson.charted_distances}.get(view)
pictures = [portrait, beside]
player(run, pictures, readout, also=also, on_pick=picked)

# --- What the run measured, beside what theory says.

frames = run.finish()
if frames.finished:
    lives = len(names) if view == "Learners" else 0
    measured, found = lesson.findings(frames, run.recording.every, lives, *run.legs)
    verdict(
        run,
        found,
        NAMES,
        "tiny steps and orbits would have {limit}",
        laps=f"{measured.laps or ''} whole lap{'s' * (measured.laps != 1)}".strip(),
        last_lap=f"the last one {number(measured.last_lap)}" if measured.laps > 1 else "",
        learner=lambda one: names[one.which],
        far_out=lambda one: TINY if learners[names[one.which]] in lesson.FLOWING else "",
    )
    if several:
        st.caption(
            "Of several runs the line below the charts, and this table where it names none, speak "
            "of the first."
        )
    export.cost(run, len(config.starts) if batch else 1)

# --- Why it cycles, and what to try.

BOLD = {"learning_rate": 0.2, "steps": 2_400}


def why() -> list[str]:
    """The cause of the chase, with this game's numbers."""
    c0, _, c1, _ = lesson.slopes(config)
    sums = [summed((*R[0], *R[1]), f"{MINUS}{MINUS}+") for R in (config.payoff_0, config.payoff_1)]
    outward = ""
    if settings.prediction == "shown" and config.learner != "naive" and game.growth == game.growth:
        fate = "keeps its size" if game.growth == 1 else "shrinks" if game.growth < 1 else "grows"
        p, q = lesson.rest(config)
        center = "it" if (p, q) == game[1:3] else f"({short(p)}, {short(q)})"
        outward = f" A small orbit {fate} around {center}."
    return [
        f"While q is above {short(game.q)}, p {'grows' if c0 > 0 else 'falls'}; while p is "
        f"above {short(game.p)}, q {'grows' if c1 > 0 else 'falls'}. How much more row 0 is "
        f"worth to player 0 grows with q by c₀ = {sums[0]} = "
        f"**{short(c0)}**, and column 0 to player 1 with p by c₁ = {sums[1]} "
        f"= **{short(c1)}**. They have opposite signs: one player wants to match and the "
        "other to differ. Neither has a best action, so that is the whole cause of the chase."
        + outward,
        "Infinitely small steps would close every orbit: they keep the *energy*, which says "
        "how far out an orbit lies. A real step leaves the orbit, by the square of η.",
        "The notes put it down to a *general-sum* game. But a payoff that a player cannot "
        "influence changes no play: take it away, scale what is left, and the game of the "
        "notes is a zero-sum one. It is *strategically* zero-sum. Stag hunt and the battle of "
        "the sexes are general-sum as well, and nobody goes round in them.",
    ]


def told(guess: str) -> str:
    """The reply to who has guessed what larger steps do."""
    grown = lesson.grown(config, frames.columns["logits"])
    right = judged(guess, guess == "farther away")
    return (
        f"Farther away{right}: their distance, by the root of the *energy*, grew "
        f"{number(grown)} times. A larger step leaves the curve by more, by the square of the step."
    )


ending(
    run,
    pictures,
    frames,
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
    code=(lesson.State, lesson.run, lesson._look, lesson.analyse),
    more={"Why it cycles": why()} if cycle else {},
    also=also,
    of=f"The {'first of the runs' if several else 'run'} on screen",
)
