"""Nothing that a scenario says of the future changes the past: what it sets holds from the start of 2021 on.

At the end of 2020, where a run begins, every constant is what it is when nobody changes it, in each member its own. The
next moment it is what the scenario says. Constants that describe the start itself are apart, as the model reads them
only there: setting one assumes another 2020. A scenario that starts later leaves the years before its start alone in
the same way.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from model.definition import MODEL_FILE, variables_by_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: The end of 2020.
START: Final = 2020.0
#: Years until what a scenario sets is in force: less than any time step.
JUMP: Final = 1e-3
#: The year whose beginning is `START`: a year begins at the number of the year before.
FIRST_YEAR: Final = 2021

#: What the model's ``run`` takes for a constant.
Setting: TypeAlias = "float | pd.Series | xr.DataArray"


def from_start_on(setting: Setting, before: Setting, start: float = START) -> Setting:
    """Return a setting that leaves a constant alone until a start and holds from the next moment on.

    Parameters
    ----------
    setting
        A number, a path over years, or either by subscript.
    before
        What the constant is where nobody changes it, a path or not; dims its subscripts, and ``run`` where members
        differ in it.
    start
        The time of the start; `START` for the start of the run.

    Returns
    -------
    float, pandas.Series or xarray.DataArray
        The setting itself where it is what was there before, up to and including the start.

    Examples
    --------
    >>> import xarray as xr
    >>> from_start_on(5.0, xr.DataArray(1.0)).to_series().to_dict()
    {2020.0: 1.0, 2020.001: 5.0}
    >>> from_start_on(1.0, xr.DataArray(1.0))
    1.0
    >>> from_start_on(5.0, 1.0, 2025.0).to_series().to_dict()
    {2020.0: 1.0, 2025.0: 1.0, 2025.001: 5.0}
    """
    # Loaded here, as a command that only tells of a mistake does without it.
    import xarray as xr

    course, alone = as_array(setting), as_array(before)
    if same_until(course, alone, start):
        return setting
    own = at_year(course, start + JUMP).expand_dims(time=[start + JUMP])
    if "time" in course.dims:
        own = xr.concat([own, course.sel(time=course["time"] > start + JUMP)], "time")
    times = [year for year in _years(alone) if START < year < start]
    known = [START, *times, start] if start > START else [START]
    kept = xr.concat([at_year(alone, year).expand_dims(time=[year]) for year in known], "time")
    both = xr.broadcast(kept, own, exclude=["time"])
    return xr.concat(both, "time", coords="minimal", compat="override")


def same_until(course: xr.DataArray, other: xr.DataArray, year: float) -> bool:
    """Say whether two paths are one and the same from the start of the run to a time.

    Examples
    --------
    >>> same_until(as_array(1.0), as_array(1.0), 2025.0)
    True
    """
    times = {START, year, *(time for time in (*_years(course), *_years(other)) if START < time < year)}
    return all(bool((at_year(course, time) == at_year(other, time)).all()) for time in times)


def _years(course: xr.DataArray) -> list[float]:
    return course["time"].to_numpy().tolist() if "time" in course.dims else []


@cache
def start_constants(model_file: Path = MODEL_FILE) -> frozenset[str]:
    """Return the constants that the model reads only to set up its start, such as the debt of 2020.

    Examples
    --------
    >>> "DEBT 2020" in start_constants(), "RENT SUBSIDY" in start_constants()
    (True, False)
    """
    variables = variables_by_name(model_file).values()
    return frozenset(one.name for one in variables if one.kind == "constant" and one.only_at_start)


def as_array(setting: Setting) -> xr.DataArray:
    """Return a setting as an array, a path along ``time``.

    Examples
    --------
    >>> import pandas as pd
    >>> as_array(pd.Series({2020: 1.0, 2025: 2.0})).dims
    ('time',)
    """
    import pandas as pd
    import xarray as xr

    if isinstance(setting, pd.Series):
        years = setting.index.to_numpy(dtype=float)
        return xr.DataArray(setting.to_numpy(dtype=float), dims="time", coords={"time": years})
    return setting if isinstance(setting, xr.DataArray) else xr.DataArray(float(setting))


def at_year(course: xr.DataArray, year: float) -> xr.DataArray:
    """Read a path as the model does: linear between its years, held at its ends.

    Examples
    --------
    >>> import pandas as pd
    >>> float(at_year(as_array(pd.Series({2020: 1.0, 2025: 2.0})), 2030.0))
    2.0
    """
    if "time" not in course.dims:
        return course
    path = course.transpose("time", ...)
    values = np.apply_along_axis(lambda one: np.interp(year, path["time"].to_numpy(), one), 0, path.to_numpy())
    return path.isel(time=0, drop=True).copy(data=values)
