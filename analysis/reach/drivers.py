"""Which of the members' parameters an outcome is correlated with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

Values = npt.NDArray[np.float64]

#: Probability of naming any parameter where none matters (family-wise error rate).
FALSE_ALARM: Final = 0.05
#: Parameters whose ranks agree this closely are one and the same to every outcome, such as costs that rise together.
SAME: Final = 0.999


@dataclass(frozen=True)
class Screen:
    """The members' parameters, ranked once and compared with as many outcomes as wanted."""

    names: tuple[str, ...]
    #: Ranks of the members by each parameter, centred and of length one; zeros for one that does not vary.
    ranks: Values

    @classmethod
    def of(cls, parameters: Mapping[str, Values]) -> Screen:
        """Rank the members by each parameter.

        Examples
        --------
        >>> Screen.of({"a": np.array([3.0, 4.0]), "b": np.array([1.0, 1.0])}).names
        ('a', 'b')
        """
        return cls(tuple(parameters), np.array([_ranks(values) for values in parameters.values()]))

    def correlations(self, outcome: Values) -> dict[str, float]:
        """Return Spearman's rank correlation of an outcome with each parameter; zero where either does not vary.

        Examples
        --------
        >>> Screen.of({"a": np.array([3.0, 4.0, 5.0])}).correlations(np.array([9.0, 2.0, 1.0]))
        {'a': -1.0}
        """
        if not self.names:
            return {}
        # Rounded, so that a correlation of one is one on any machine.
        return dict(zip(self.names, map(float, np.round(self.ranks @ _ranks(outcome), 12)), strict=True))

    def strongest(self, correlations: Mapping[str, float], count: int, among: Sequence[str]) -> list[str]:
        """Return at most `count` parameters whose rank correlation is largest and significant.

        With hundreds of parameters the largest of their correlations is large by chance, so each must pass a test
        whose level is `FALSE_ALARM` divided by their number (Bonferroni). Of parameters that rise and fall together
        only the first is named.

        Examples
        --------
        >>> line = np.arange(50.0)
        >>> screen = Screen.of({"a": line**2, "b": line**3, "c": np.ones(50)})
        >>> screen.strongest(screen.correlations(line), 3, ["a", "b", "c"])
        ['a']
        """
        members = self.ranks.shape[1] if self.names else 0
        if not among or members < 4:
            return []
        limit = stats.norm.isf(FALSE_ALARM / 2 / len(among)) / np.sqrt(members - 1)
        index = {name: number for number, name in enumerate(self.names)}
        strongest: list[str] = []
        for name in sorted(among, key=lambda name: -abs(correlations[name])):
            if len(strongest) == count or abs(correlations[name]) <= limit:
                break
            taken = [self.ranks[index[other]] for other in strongest]
            if all(abs(float(ranks @ self.ranks[index[name]])) < SAME for ranks in taken):
                strongest.append(name)
        return strongest


def _ranks(values: Values) -> Values:
    ranks = stats.rankdata(values)
    apart = ranks - ranks.mean()
    length = np.sqrt((apart**2).sum())
    return np.asarray(apart / length if length else apart, dtype=float)
