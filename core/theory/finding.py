"""A quantity of which theory speaks, beside the same one measured on a run."""

import math
from typing import NamedTuple


class Finding(NamedTuple):
    """What theory foretells of a run and what the run shows; nan where one of them says nothing."""

    quantity: str  # the lesson's name for it
    predicted: float
    measured: float
    which: int = 0  # of the direction or the run, where there are several
    needed: int | None = 0  # updates that a run must have to show it; None: no number is enough
    coarse: bool = False  # its frames are too far apart to show it
    floor: float = 0.0  # what is predicted below it is lost in rounding
    limit: float = math.nan  # what theory says of a limit that this run is not near
    kinds: tuple[str | None, str] | None = None  # both as kinds that have a name, not as numbers

    def shown(self, steps: int) -> bool:
        """Whether a run of so many updates is long enough."""
        return self.needed is not None and self.needed <= steps
