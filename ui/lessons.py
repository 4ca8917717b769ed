"""The lessons in their order, for the home page, the navigation and the links between pages."""

from typing import NamedTuple


class Lesson(NamedTuple):
    """One lesson: `name` is its file in core and in pages, and its address."""

    name: str
    title: str
    question: str
    promise: str  # what a learner can say afterwards
    picture: str  # what docs/<name>.png shows, for who cannot see it

    @property
    def page(self) -> str:
        """The page's file, relative to app.py."""
        return f"pages/{self.name}.py"


LESSONS = (
    Lesson(
        "gradient_descent",
        "Gradient descent",
        "How far should a step go?",
        "Five weights look for their targets. One number, the learning rate, decides whether "
        "they creep, land, bounce or run away.",
        "Charts: five weights swing around their targets, and the loss falls in waves.",
    ),
    Lesson(
        "linear_regression",
        "Linear regression",
        "Can one step size suit two directions?",
        "Two unknowns walk down a valley that is gentle along and steep across. One damping factor "
        "has to serve both, and the steep direction decides how large it may be.",
        "Charts: the path of x zigzags across a valley, then creeps along it; the loss falls.",
    ),
    Lesson(
        "sine_fit",
        "Sine fit",
        "Why does a good fit flip for ever?",
        "A wave is fitted to a thousand points, and its frequency ends up jumping between two "
        "nearly right values. Its step is longer than the valley is wide, which says how far.",
        "Charts: a wave over points; a dot leaps from wall to wall of a narrow valley; the loss "
        "goes up and down.",
    ),
    Lesson(
        "xor",
        "XOR",
        "How does a line learn to bend?",
        "No straight line parts the two classes of points. A network of four units bends one until "
        "it does, update by update, and each unit's part in it can be seen.",
        "Charts: points of two classes over a plane of two colours, parted by a bent black line; "
        "the loss falls.",
    ),
    Lesson(
        "sequences",
        "LSTM and GRU",
        "Has it listened, or learnt by heart?",
        "Two kinds of cells learn how waves go on, sample by sample, with a loss close to nothing. "
        "Then they go on by themselves, and it shows what a low loss does not say.",
        "Charts: a blue wave leaves the green one that it should follow; five curves of how fast "
        "it swings; the loss falls.",
    ),
    Lesson(
        "mnist",
        "MNIST",
        "How does a network learn to read digits?",
        "Half a million numbers learn to tell handwritten digits apart, batch by batch. Its loss "
        "cannot fall below 1.46, because a softmax is taken twice; and yet it learns to read.",
        "Charts: sixteen handwritten digits, each beside ten bars that say what the network takes "
        "it for; the loss falls, the accuracy climbs.",
    ),
    Lesson(
        "matrix_game",
        "Matrix game",
        "Why do two learners go in circles?",
        "Each improves its own play, and they chase each other around a point that neither "
        "reaches. How long a lap takes, why it drifts outward and what cures it can be said.",
        "Charts: the play of both circles outward around a point; p and q go up and down in turn.",
    ),
)


def lesson(name: str) -> Lesson:
    """The lesson of that name."""
    return next(lesson for lesson in LESSONS if lesson.name == name)


def neighbours(name: str) -> tuple[Lesson | None, Lesson | None]:
    """The lessons before and after."""
    index = LESSONS.index(lesson(name))
    before = LESSONS[index - 1] if index else None
    return before, LESSONS[index + 1] if index + 1 < len(LESSONS) else None
