"""Games that have a name: payoffs as fields of a Config."""

from typing import Any

GAMES: dict[str, dict[str, Any]] = {
    "matching pennies": {
        "payoff_0": ((1.0, -1.0), (-1.0, 1.0)),
        "payoff_1": ((-1.0, 1.0), (1.0, -1.0)),
    },
    "prisoner's dilemma": {
        "payoff_0": ((3.0, 0.0), (5.0, 1.0)),
        "payoff_1": ((3.0, 5.0), (0.0, 1.0)),
    },
    "stag hunt": {
        "payoff_0": ((4.0, 1.0), (3.0, 3.0)),
        "payoff_1": ((4.0, 3.0), (1.0, 3.0)),
    },
    "battle of the sexes": {
        "payoff_0": ((3.0, 0.0), (0.0, 2.0)),
        "payoff_1": ((2.0, 0.0), (0.0, 3.0)),
    },
}
