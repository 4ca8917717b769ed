"""Games that have a name: payoffs and starts that show their play, as fields of a Config."""

from typing import Any

_TO_ONE_CORNER = ((0.0, 0.0), (2.0, 1.0), (1.0, 3.0))
# On both sides of what parts those that end in one corner from those that end in the other.
_TO_TWO_CORNERS = ((-1.0, 1.5), (1.5, -0.6), (0.2, 1.2), (-1.5, -0.5), (1.2, 1.6))

GAMES: dict[str, dict[str, Any]] = {
    "matching pennies": {
        "payoff_0": ((1.0, -1.0), (-1.0, 1.0)),
        "payoff_1": ((-1.0, 1.0), (1.0, -1.0)),
        "starts": ((1.0, 0.0),),
    },
    "prisoner's dilemma": {
        "payoff_0": ((3.0, 0.0), (5.0, 1.0)),
        "payoff_1": ((3.0, 5.0), (0.0, 1.0)),
        "starts": _TO_ONE_CORNER,
    },
    "stag hunt": {
        "payoff_0": ((4.0, 1.0), (3.0, 3.0)),
        "payoff_1": ((4.0, 3.0), (1.0, 3.0)),
        "starts": _TO_TWO_CORNERS,
    },
    "battle of the sexes": {
        "payoff_0": ((3.0, 0.0), (0.0, 2.0)),
        "payoff_1": ((2.0, 0.0), (0.0, 3.0)),
        "starts": _TO_TWO_CORNERS,
    },
}
