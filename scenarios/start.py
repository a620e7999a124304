"""Nothing that a scenario says of the future changes the past: what it sets holds from the start of 2021 on.

At the end of 2020, where a run begins, every constant is what it is when nobody changes it, in each member its own. The
next moment it is what the scenario says. Constants that describe the start itself are apart, as the model reads them
only there: setting one assumes another 2020.
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

#: What the model's ``run`` takes for a constant.
Setting: TypeAlias = "float | pd.Series | xr.DataArray"


def from_start_on(setting: Setting, before: xr.DataArray) -> Setting:
    """Return a setting that leaves a constant alone at the start and holds from the next moment on.

    Parameters
    ----------
    setting
        A number, a path over years, or either by subscript.
    before
        What the constant is where nobody changes it; dims its subscripts, and ``run`` where members differ in it.

    Returns
    -------
    float, pandas.Series or xarray.DataArray
        The setting itself where it begins with what was there before.

    Examples
    --------
    >>> import xarray as xr
    >>> from_start_on(5.0, xr.DataArray(1.0)).to_series().to_dict()
    {2020.0: 1.0, 2020.001: 5.0}
    >>> from_start_on(1.0, xr.DataArray(1.0))
    1.0
    """
    # Loaded here, as a command that only tells of a mistake does without it.
    import xarray as xr

    course = as_array(setting)
    if bool((_at(course, START) == before).all()):
        return setting
    own = _at(course, START + JUMP).expand_dims(time=[START + JUMP])
    if "time" in course.dims:
        own = xr.concat([own, course.sel(time=course["time"] > START + JUMP)], "time")
    both = xr.broadcast(before.expand_dims(time=[START]), own, exclude=["time"])
    return xr.concat(both, "time", coords="minimal", compat="override")


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


def _at(course: xr.DataArray, year: float) -> xr.DataArray:
    """Read a path as the model does: linear between its years, held at its ends."""
    if "time" not in course.dims:
        return course
    path = course.transpose("time", ...)
    values = np.apply_along_axis(lambda one: np.interp(year, path["time"].to_numpy(), one), 0, path.to_numpy())
    return path.isel(time=0, drop=True).copy(data=values)
