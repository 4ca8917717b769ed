"""XOR: a small network bends the line between two classes of points."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

from core import xor as lesson
from core.ranges import Range
from core.rasters import LARGEST
from core.recording import shared
from ui import charts
from ui.controls import Settings
from ui.luck import luck
from ui.network import gallery, network
from ui.page import WATCH, Guess, Try, ending, heading, judged
from ui.painted import Level, Mesh, Raster, field, warped
from ui.pictures import Line, over_steps
from ui.player.player import Picture, Readout, player
from ui.readout import batch
from ui.steering import Run
from ui.theme import BLUE, VERMILION, number, short
from ui.verdict import Name, autopsy, verdict
from ui.workings import inside, loop, own_points, parameters, precision

DRAWN = 400  # points that train, and a quarter as many that test: more would hide the plane
# The sliders' part of what Config allows.
COUNTS, BATCHES, EPOCHS = (Range(1, most, whole=True) for most in (10_000, 2_500, 2_000))
MOST_ADDED, MOST_HELD = 100, 20  # that travel in a link
WINDOW = ("left", "right", "low", "high")
MESH = Mesh("grid", lesson.ALONG)
LINE = Level("line", lesson.LINE_CELLS, LARGEST / 2)
SIDES = WINDOW[:2], WINDOW[2:]
PLANE = Raster("field", "p of class 1", lesson.CELLS, *SIDES, (0, 1), "diverging", True, level=LINE)
LIMITED = ("least", "most")
UNIT = Raster("unit", "unit", lesson.UNIT_CELLS, *SIDES, LIMITED, "diverging", True, legend=False)
# The notes' steps are a fifth of these: their line is straight for ten seconds of play.
OPENING: dict[str, Any] = {"learning_rate": 0.5, "epochs": 40}
SPIRAL = {"data": "spiral", "noise": 0.05, "hidden": 16, "layers": 2}
PRESETS: dict[str, dict[str, Any]] = {
    "as in the notes": {"test_share": 0.0},
    "a fifth of the points tests": {},
    "longer steps": OPENING,
    "with momentum": {"momentum": 0.9, "epochs": 40},
    "without a bend": {"activation": "linear"},
    "without a bend, but with xy": {"activation": "linear", "features": ("x", "y", "xy")},
    "two units, and a bad start": {"hidden": 2},
    "much noise": {"noise": 0.3},
    "circle": {"data": "circle", "hidden": 8, "activation": "relu"},
    "moons": {"data": "moons", "hidden": 8, "momentum": 0.9},
    "spiral": SPIRAL | {"optimiser": "adam", "learning_rate": 0.01},
    "blobs": {"data": "blobs", "noise": 0.3, "hidden": 1, "epochs": 40},
    "edge of stability": lesson.AT_THE_EDGE,
}
SURE = (-5, 0, 5, 10, 15, 20, 40, 80, 120)  # logits
SEEDS, ALLOWED_SEEDS = 50, Range(0, 99, whole=True)
TABLE = "table"  # points of one's own that do not fit into a link
CLASSES = ("class 0", "class 1")
OUTPUT = "probability"
STRAIGHT = "a straight one"
UNITS = {
    f"unit {k} of layer {layer}": f"unit_{layer}_{k}"
    for layer in range(1, int(lesson.RANGES["layers"].high) + 1)
    for k in range(1, lesson.FIELDS + 1)
}
NAMES = {  # of the findings
    "parameters": Name("Numbers to learn", note="weights and biases"),
    "accuracy": Name("Accuracy, points that train"),
    "test_accuracy": Name("Accuracy, points that test"),
    "loss": Name("Loss, points that train"),
    "sharpness": Name("Sharpness: the largest curvature of the loss"),
}
LIMITS = {  # what theory's limit is
    "accuracy": "of new points the best bent line would get {limit} right: noise hides the others",
    "loss": "the least of any straight line is {limit}",
    "sharpness": "(2 + 2β)/η less the weight decay = {limit}: from there on updates of all points "
    "at once are unstable",
}
LIMITS["test_accuracy"] = LIMITS["accuracy"]

# --- The controls.

settings = Settings(lesson, PRESETS, OPENING)
with settings.sidebar():
    settings.log_slider(
        "learning_rate",
        "Learning rate η",
        Range(1e-4, 10),
        explain="How far to move for a gradient of 1. The gradient is the slope of the loss.",
    )
    settings.momentum()
    settings.choice(
        "data", "Points", lesson.DATA, explain="What they lie on; *own* are those that you add."
    )
    settings.slider(
        "noise", "Noise", Range(0, 1), explain="Standard deviation of what is added to x and y."
    )
    settings.slider(
        "hidden", "Units a layer", lesson.RANGES["hidden"], explain="How many bends there can be."
    )
    settings.choice(
        "activation",
        "Activation",
        lesson.ACTIVATIONS,
        explain="How a unit bends its sum; *linear* not at all.",
    )
    click = settings.choice(
        "click",
        "A click adds a point of",
        CLASSES,
        default=CLASSES[0],
        explain="In the plane: it trains from the start on.",
    )
    with settings.more():
        tests = settings.toggle(
            "tests", "Points that test", default=True, explain="Draw them too, hollow."
        )
        flat = settings.toggle(
            "flat", "Two colours only", default=False, explain="Draw to which class a place goes."
        )
        settings.several(
            "features",
            "Inputs",
            lesson.FEATURES,
            explain="What the network is told of a point.",
            most=len(lesson.FEATURES),
        )
        of_gradient = "What is made of the gradient: plain steps, or steps of an even size."
        settings.choice("optimiser", "Optimiser", lesson.OPTIMISERS, explain=of_gradient)
        of_loss = "*bce_with_logits* takes the sum before the sigmoid, *bce* what comes after."
        settings.choice("loss", "Loss", lesson.LOSSES, explain=of_loss)
        pull = "The part of each number that is added to its gradient, and so pulls it to 0."
        settings.slider("weight_decay", "Weight decay", Range(0, 0.1), step=0.001, explain=pull)
        for name, label, allowed, explain in (
            ("layers", "Layers", lesson.RANGES["layers"], "Of units, one after the other."),
            ("samples", "Points drawn", COUNTS, "How many, those that test among them."),
            ("test_share", "Test share", Range(0, 0.9), "Part of the points that tests only."),
            ("batch_size", "Batch size", BATCHES, "Points that an update looks at."),
            ("epochs", "Epochs", EPOCHS, "How often to go through all points that train."),
            ("seed", "Seed", ALLOWED_SEEDS, "Of points, first numbers and orders."),
        ):
            settings.slider(name, label, allowed, explain=explain)
        settings.rows(
            "extra_points",
            "Points of your own",
            (float, float, int),
            explain="x, y, class: 0 or 1, with semicolons between the points.",
            most=MOST_ADDED,
        )
        settings.rows(
            "held",
            "Numbers held",
            (str, int, float),
            explain="Name, index, value, as linear1.bias, 0, 0.5: set to it after each update.",
            most=MOST_HELD,
        )
        most = Range(1, lesson.FIELDS, whole=True)
        bends = "In the view *Bent plane*."
        across = settings.slider("across", "Unit across", most, default=1, explain=bends)
        up = settings.slider("up", "Unit up", most, default=2, explain=bends)
        large = settings.choice(
            "large",
            "Drawn in the plane",
            (OUTPUT, *UNITS),
            default=OUTPUT,
            explain="What the network says, or one of its units. A click on a node sets it.",
        )
        settings.device()
    settings.keep("extra_points", TABLE, "data", lesson.OWN)
view = settings.view("Accuracy", "Units", "Network", "Bent plane", "Sharpness")

# --- What theory says of these settings, in words.

run = Run(settings, lesson.frame_with_sharpness if view == "Sharpness" else None)
config = run.config
prediction = lesson.predict(config)
straight, least = config.activation == "linear", short(prediction.line_loss)
held = not straight and config.hidden > 1  # against the best line: one unit levels off, it does not

story = [
    "The network gives each place of the plane a *probability* p of class 1, from 0, blue, to 1, "
    f"orange. Along the line drawn there it is one half; training {'bends' if held else 'moves'} "
    "that line."
]
if config.data == "xor":
    story.append(
        "Class 1, the triangles, is where exactly one of x and y is 1. (The notes say *either*, "
        "and mean that.)"
    )
if settings.prediction != "shown":
    story.append(WATCH)
elif straight:
    story.append(
        "Here no unit bends, so all of it is one straight line in its inputs: at best its *loss*, "
        f"what it is wrong by, falls to {least}."
    )
elif held:
    story.append(f"The best straight line would have a *loss*, what it is wrong by, of {least}.")
else:
    story.append(
        "Here all goes through one unit, so the line stays as it is in its inputs, straight. But "
        "the unit bends p: away from the line it levels off, and the *loss*, what it is wrong by, "
        "can fall further than without a bend."
    )
heading(
    run,
    story,
    [
        r"h &= s(W_1 x + b_1)" if config.layers == 1 else r"h_k &= s(W_k h_{k-1} + b_k)",
        r"p &= \sigma(w \cdot h + b)",
        r"L &= \textstyle -\frac{1}{n} \sum \log(p \text{ or } 1 - p)",
    ],
)

# --- The pictures.

low, high = lesson.UNIT_LIMITS[config.activation]
here = lesson.window(config)._asdict()
of_units = {"least": low, "most": high}
names = lesson.unit_names(config)
shown = UNITS.get(large, OUTPUT)
raster = PLANE
if shown in names:
    raster = UNIT._replace(name=shown, label=large, legend=True)
raster = raster._replace(bands=2 * flat)
plane = Picture(
    f"The plane as {large} sees it" if shown in names else "The plane; along the line p = 1/2",
    field(raster, ("x", "y"), None, (*WINDOW, *of_units), pick=True, classes=True),
    "After update {step}: loss {loss}, accuracy {train_accuracy}.",
    here | of_units,
    {"points": lesson.drawn(config, DRAWN, tests)},
)
both = config.sizes[1] > 0
line = prediction.line_loss
loss = over_steps(
    run,
    f"The loss; green: the best straight line's, {least}" if held else "The loss",
    "loss",
    [Line("loss", "train", line if straight else math.nan, BLUE)]
    + [Line("test_loss", "test", math.nan, VERMILION)] * both,
    (0.0, 0.9),
    targets=(line,) if held else (),
    apart=True,
)
accuracy = over_steps(
    run,
    "The part of the points that is on its own side",
    "accuracy",
    [Line("train_accuracy", "train", math.nan, BLUE)]
    + [Line("test_accuracy", "test", math.nan, VERMILION)] * both,
    (0.0, 1.05),
    apart=True,
)


def readout(config: lesson.Config) -> Readout:
    """What the last update, or those of the last frame, did to the whole."""
    share = f"by {batch(config)} of the points"
    told = f"What just happened: update {{step}}, in epoch {{epoch}}, {share}. The"
    if run.recording.every > 1:
        told = "What happened since the frame before, up to update {step} in epoch {epoch}: the"
    return Readout(
        "Before the first update the loss is {loss} and the accuracy {train_accuracy}.",
        f"{told} loss of all went from {{before_loss}} to {{loss}}, the accuracy from "
        "{before_train_accuracy} to {train_accuracy}.",
        {"epoch": [str(epoch) for epoch in range(config.epochs + 1)]},
    )


layers = [
    [name for name in names if name.startswith(f"unit_{layer}_")]
    for layer in range(1, config.layers + 1)
]
first = f"the first {lesson.FIELDS} of {config.hidden} units a layer"
few = config.hidden <= lesson.FIELDS
node_at = None
also, pictures = lesson.counted, [plane, loss, accuracy]
if view == "Units":
    title = "What each unit makes of the plane" if few else first[0].upper() + first[1:]
    title += f"; blue {short(low)}, orange {short(high)}"
    values = here | of_units
    units = Picture(title, gallery(layers, UNIT), "The units after update {step}.", values)
    pictures = [plane, units]
elif view == "Network":
    made = network(lesson.parameter_shapes(config), config.features, layers, PLANE, UNIT)
    node_at = made.node_at
    title = "The network; weights above 0 are orange" + ("" if few else f"; {first}")
    inputs = lesson.input_pictures(config).values()
    drawing = made.picture(title, here | of_units, inputs, run.step_name)
    pictures = [plane, drawing]
elif view == "Bent plane":
    also = lesson.bent(across - 1, up - 1)
    left, right = charts.domain([(low, high)], (low, high), air=0.08)
    bent = Picture(
        f"The same plane and points, as units {across} and {up} see them",
        warped(MESH, (f"unit {across}", f"unit {up}")),
        "The grid after update {step}.",
        {"left": left, "right": right, "low": left, "high": right},
    )
    pictures = [plane, bent]
elif view == "Sharpness":
    also = lesson.last_sharpness
    sharp = over_steps(
        run,
        "The largest curvature λ of the loss; dashed: "
        + ("(2 + 2β)/η" if config.momentum else "2/η")
        + (" less the weight decay" if config.weight_decay else ""),
        "λ",
        [Line("curvature", "λ", lesson.edges(*run.legs))],
        lesson.curvature_window(*run.legs),
    )
    pictures = [plane, sharp, loss]


def add(x: float, y: float) -> None:
    """A click in the plane: one more point."""
    if len(config.extra_points) < MOST_ADDED:
        point = round(x, 3), round(y, 3), CLASSES.index(click)
        settings.change({"extra_points": (*config.extra_points, point)}, play=True)


def enlarge(x: float, y: float) -> None:
    """A click in the drawing of the network: its node, or that of its line, in the plane."""
    node = node_at(x, y) if node_at else None
    if node and (node.name in names or node.name == PLANE.name):
        title = next((title for title, name in UNITS.items() if name == node.name), OUTPUT)
        settings.change({"large": title})


picks = [add if picture is plane else enlarge for picture in pictures]
player(run, pictures, readout, also=also, on_pick=picks)

# --- What the run measured, beside what theory says.

frames = run.finish()
found = lesson.findings(frames, *run.legs)
verdict(run, found, NAMES, LIMITS)
if len(frames.steps) and not math.isfinite(frames.columns["loss"][-1]):
    slower = settings.slower("learning_rate")
    why = "A step that is too long for the curvature makes the numbers of the network grow."
    autopsy(run, run.since, [why], "Use {}", slower)


def told(guess: str) -> str:
    """The reply to who has guessed what a network without a bend does."""
    final = frames.columns["loss"][-1]
    return (
        f"A straight one{judged(guess, guess == STRAIGHT)}. It ends at a loss of {number(final)}; "
        f"the best straight line's is {number(prediction.line_loss)}. Layers without a bend are "
        "one line, however many."
    )


def lucky() -> None:
    """Many seeds with these settings, all of which the page can show, as a run of their own."""
    first = replace(config, seed=min(config.seed, int(ALLOWED_SEEDS.high) + 1 - SEEDS))
    course = ((0, lesson.Seeds(first, SEEDS)),)
    seeds = shared(lesson.run_seeds, course, frame=lesson.frame_seeds, resumable=lesson.from_start)
    known = (
        f"With the notes' settings at least {lesson.NOTES_SOLVED:.0%} of seeds get more than "
        f"{lesson.SOLVED} of their points right, and about {lesson.NOTES_PERFECT:.0%} all of them: "
        "of 200 that were tried."
    )
    luck(run, seeds, SEEDS, lesson.SOLVED, known if lesson.like_notes(config) else "")


workings = {
    "How lucky was that": lucky,
    "The loop": partial(loop, run, lesson.update_after),
    "Parameters": partial(parameters, run, lesson.parameter_shapes(config), config.held),
    "Your points": partial(own_points, run, lesson.read_points, TABLE, MOST_ADDED),
    "Inside": lambda: inside(lesson.inside(config)),
    "Precision": lambda: precision(lesson.precision(SURE)),
}
ending(
    run,
    pictures,
    frames,
    Guess(
        "straight",
        "**No bend.** The notes' four units, but none bends its sum. What becomes of the line?",
        ("one that bends later", STRAIGHT, "none at all"),
        PRESETS["without a bend"],
        told,
    ),
    Try(
        "**Give it the product.** Still no bend, but the network is also told x times y. Why is "
        "that enough?",
        "Add xy",
        PRESETS["without a bend, but with xy"],
    ),
    Try(
        "**Too few units.** Two can part the classes, in principle. From this start they do not "
        "find how.",
        "Two units",
        PRESETS["two units, and a bad start"],
    ),
    Try(
        "**Momentum.** With the notes' shorter steps there is a long wait on "
        "a slope that is nearly flat. Momentum crosses it sooner.",
        "Momentum 0.9",
        PRESETS["with momentum"],
    ),
    Try(
        "**A spiral** needs more bends: two layers of sixteen units, and Adam.",
        "Wind it up",
        PRESETS["spiral"],
    ),
    Try(
        "**The edge of stability.** All points at once, and a long step: the curvature climbs to "
        "2/η and stays near it.",
        "Go to the edge",
        PRESETS["edge of stability"] | {"view": "Sharpness"},
    ),
    code=(lesson.State, lesson.SimpleClassifier, lesson.run, lesson.predict),
    workings=workings,
    also=also,
)
