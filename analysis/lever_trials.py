"""By how much candidates for the levers reach targets in every member of an ensemble, in batches of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import xarray as xr

from analysis.effort import RAMP, Measure, Values, settings
from analysis.target_table import ROUNDING
from scenarios import Target

#: Runs in one call of the engine: enough to keep every processor busy, few enough to hold in memory.
BATCH: Final = 2800


class City(Protocol):
    """What can be run: the compiled model, or a stand-in with a known answer."""

    def run(self, changes: Mapping[str, Any], /, *, outputs: Any, final_time: float) -> xr.Dataset:
        """Return results with dims ``run`` and ``time``."""


@dataclass
class Trials:
    """Candidates for the levers run with one and the same set of members, so that differences are the levers'."""

    city: City
    measures: Sequence[Measure]
    members: xr.Dataset
    targets: Sequence[Target]
    ramp: float = RAMP
    #: Called with the number of candidates after each batch.
    progress: Callable[[int], None] = lambda _: None
    #: Candidates run so far.
    count: int = field(default=0, init=False)

    def margins(self, shares: Values) -> Values:
        """Return the margins of candidates.

        Parameters
        ----------
        shares
            Axes candidate, lever.

        Returns
        -------
        numpy.ndarray
            Axes candidate, target, member; in the plan's unit, not negative where the target is reached.

        Raises
        ------
        NonFiniteError
            If a run ends in a value that is not finite.

        Examples
        --------
        >>> Trials(city, measures, members, targets).margins(np.zeros((1, len(measures))))  # doctest: +SKIP
        """
        outputs = list(dict.fromkeys(str(target.variable) for target in self.targets))
        last = float(max(target.year for target in self.targets))
        members = self.members.sizes["member"]
        step = max(1, BATCH // members)
        found = []
        for first in range(0, len(shares), step):
            part = shares[first : first + step]
            run = self.city.run(
                settings(self.measures, part, self.members, self.ramp), outputs=outputs, final_time=last
            )
            columns = [
                target.margin(run[target.variable].sel(time=target.year)).to_numpy().reshape(len(part), members)
                for target in self.targets
            ]
            found.append(np.stack(columns, axis=1))
            self.count += len(part)
            self.progress(len(part))
        return np.concatenate(found)


def needed(probability: float, members: int) -> int:
    """Return how many of the members have to reach a target for at least a probability.

    Examples
    --------
    >>> needed(0.8, 200), needed(0.8, 7)
    (160, 6)
    """
    return max(1, int(np.ceil(probability * members - ROUNDING)))


def assured(margins: Values, probability: float) -> Values:
    """Return the margin that at least a share of members has; along the last axis.

    It is not negative exactly where the target is reached with that probability, and unlike the probability itself it
    says how far a candidate is from that.

    Examples
    --------
    >>> float(assured(np.array([-1.0, 0.5, 1.0, 2.0]), 0.75))
    0.5
    """
    members = margins.shape[-1]
    place = members - needed(probability, members)
    return np.asarray(np.partition(margins, place, axis=-1)[..., place])
