"""How a link says how long a run of a lesson is, where that is not `steps`."""

# The field, and how many steps one of it is with the settings that a page opens with.
LENGTHS = {"xor": ("epochs", 16), "sequences": ("epochs", 1), "mnist": ("epochs", 23)}
# The fewest steps that a page lets a run have, where that is more than one.
LEAST = {"matrix_game": 100}
# What else makes a run short whose steps take long.
SMALL = {"sequences": {"hidden": "4", "length": "20", "sequences": "9"}}


def length(name: str) -> str:
    """The field that says how long a run of the lesson is."""
    return LENGTHS.get(name, ("steps", 1))[0]


def few(name: str, steps: int = 200) -> dict[str, str]:
    """The settings of a run of the lesson with so many steps at least, and not many more."""
    field, each = LENGTHS.get(name, ("steps", 1))
    return {field: str(-(-(steps + LEAST.get(name, 0)) // each)), **SMALL.get(name, {})}
