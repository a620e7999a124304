"""What an ensemble of the model has seen: the record to 2020, or to 2023. One model, two states of knowledge.

Apart from what reads the files, as a command looks at this before it loads what takes seconds.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from model.city import city
from model.files.repository import ROOT

#: What the calibration leaves in the pack of the city.
_CALIBRATION: Final = city().folder / "calibration"
_LATER: Final = city().folder / "later"
_DOCS: Final = ROOT / "docs"
#: Published after 2020: read for evidence 2023 only. A city without it has the record to 2020 alone.
LATER_FILE: Final = _LATER / "observed_2021_2023.csv"
#: Levers of 2021-2023 as far as they are known.
POLICIES_FILE: Final = _LATER / "policies_2021_2023.yaml"
#: Priors of dated events after 2020 that no lever explains.
EVENTS_FILE: Final = Path(__file__).parent / "events.yaml"


class Evidence(StrEnum):
    """The last year that an ensemble has seen, and the files that belong to it.

    Examples
    --------
    >>> Evidence.TO_2020.posterior.name, Evidence.TO_2023.forecast.name
    ('posterior_2020.nc', 'forecast_2023.csv')
    """

    TO_2020 = "2020"
    TO_2023 = "2023"

    @property
    def last_year(self) -> int:
        """The last year of observations."""
        return int(self)

    @property
    def posterior(self) -> Path:
        """File of the ensemble."""
        return _CALIBRATION / f"posterior_{self}.nc"

    @property
    def forecast(self) -> Path:
        """File of the forecast: quantiles of every year after the last one seen."""
        return _CALIBRATION / f"forecast_{self}.csv"

    @property
    def published(self) -> Path | None:
        """The part of the forecast that a city is judged by, in a pack that has no later record; else None."""
        return None if LATER_FILE.exists() else _CALIBRATION / "forecast.csv"

    @property
    def uncalibrated(self) -> Path:
        """A note beside an ensemble that was drawn from the priors alone."""
        return _CALIBRATION / f"not_calibrated_{self}.txt"

    @property
    def report(self) -> Path:
        """The fit report."""
        if not city().is_usual:
            return _CALIBRATION / f"report_{self}.md"
        return _DOCS / ("calibration.md" if self is Evidence.TO_2020 else f"calibration_{self}.md")

    @property
    def later_files(self) -> tuple[Path, ...]:
        """What it has read beyond the record to 2020; nothing for the first."""
        return () if self is Evidence.TO_2020 else (LATER_FILE, POLICIES_FILE)

    @property
    def is_recorded(self) -> bool:
        """Whether the city has what it reads."""
        return all(file.is_file() for file in self.later_files)

    @property
    def events(self) -> Path | None:
        """Priors of dated events; None where nothing is known of them."""
        return None if self is Evidence.TO_2020 else EVENTS_FILE

    @property
    def vintage(self) -> str:
        """What has been seen, in words."""
        return f"observations up to {self.last_year}"

    @property
    def remedy(self) -> str:
        """The command that makes the ensemble."""
        return f"python run_scenarios.py calibrate --evidence {self}{city().option}"


#: What commands take unless asked for another: the last of which the city has a record.
NEWEST: Final = max(seen for seen in Evidence if seen.is_recorded)
