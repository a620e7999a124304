"""What a chart shows, in a sentence that is made from the numbers in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.charts.panels import FUNDED
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import element_name, say_from, unit_size

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
#: A relative difference that is smaller rounds to nothing.
FELT: Final = 0.005
#: A share of spending from which all of it is funded, rounded to whole percents.
IN_FULL: Final = 0.995


def circle(run: xr.Dataset, baseline: xr.Dataset | None, years: tuple[int, int], language: str) -> str:
    """Say in how many districts settling pays, where readiness rises, and what differs from the baseline, if any."""
    net = _median(run["gain of a settled person"] - run["cost of a settled person"])
    ready = _median(run["district readiness"])
    first, last = (ready.sel(time=year) for year in years)
    told = say(
        "circle",
        language,
        first=years[0],
        last=years[1],
        gain_first=_districts(net.sel(time=years[0]) > 0, language),
        gain_last=_districts(net.sel(time=years[1]) > 0, language),
        moved=_moved(last, first, ("rises", "falls", "stays"), language),
    )
    if baseline is None:
        return told
    other = _median(baseline["district readiness"]).sel(time=years[1])
    # In the first year of a run stands what flows in its first step.
    settled = [
        each["settled by district"].isel(time=slice(1, None)).sum(["District", "time"]) for each in (run, baseline)
    ]
    people, others = (float(_median(each)) for each in settled)
    return told + say(
        "circle against baseline",
        language,
        start=f"{float(run['time'][1]):.0f}",
        last=years[1],
        more=_change(others, people, ("more", "fewer", "as many"), language),
        moved=_moved(last, other, ("higher", "lower", "alike"), language),
    )


def district_map(values: xr.DataArray, name: str, language: str) -> str:
    """Say where medians by district are highest and lowest at the end, and where they have risen most."""
    first, last = values.isel(time=0), values.isel(time=-1)
    change = last - first
    highest, lowest, riser = (str(each.item()) for each in (last.idxmax(), last.idxmin(), change.idxmax()))
    alike = int((last.round(1) == last.max().round(1)).sum())
    top = short_name(highest, language)
    return say(
        name,
        language,
        first=f"{float(first['time']):.0f}",
        last=f"{float(last['time']):.0f}",
        top=top if alike == 1 else say("and others", language, first=top, count=str(alike), others=str(alike - 1)),
        high=float(last.max()),
        bottom=short_name(lowest, language),
        low=float(last.min()),
        riser=short_name(riser, language),
        rise=float(change.max()),
        falling=_shrinking(int((change < -FELT * first).sum()), language),
    )


def comparison(panels: Mapping[str, Mapping[str, xr.DataArray]], titles: Mapping[str, str], language: str) -> str:
    """Say between which scenarios each quantity lies at the end, from series by its words (`quantity [unit]`)."""
    told = []
    for label, series in panels.items():
        ends = {name: float(_median(one)[-1]) for name, one in series.items()}
        lowest, highest = min(ends, key=lambda name: ends[name]), max(ends, key=lambda name: ends[name])
        gaps = {"last": _years(next(iter(series.values())))[1], "label": label, "low": _short(ends[lowest])}
        if len(ends) == 1:
            told.append(say("alone", language, **gaps))
        else:
            names = {"bottom": titles[lowest], "top": titles[highest], "high": _short(ends[highest])}
            told.append(say("between", language, **gaps, **names))
    return _sentence(told, language)


def course(panels: Mapping[str, xr.DataArray], language: str) -> str:
    """Say from where to where each quantity goes, by its words."""
    told = []
    for label, series in panels.items():
        first, last = _years(series)
        ends = _median(series).to_numpy()
        before, after = float(ends[0]), float(ends[-1])
        steady = abs(after - before) < FELT * abs(before)
        gaps = {"first": first, "last": last, "before": _short(before), "after": _short(after)}
        kind = "steady" if steady else "rising" if after > before else "falling"
        told.append(say(kind, language, label=label, **gaps))
    return _sentence(told, language)


def elders(share: xr.DataArray, years: tuple[int, ...], language: str) -> str:
    """Say how the share of residents of 60 and over grows, from that of each member."""
    ends = [100 * float(_median(share).sel(time=year)) for year in (years[0], years[-1])]
    return say("elders", language, first=years[0], last=years[-1], before=ends[0], after=ends[1])


def places(need: xr.DataArray, capacity: xr.DataArray, language: str) -> str:
    """Say at which level of school, and when, places are shortest, from numbers by service in an axis' unit."""
    short = _median(need) - _median(capacity)
    worst = short.argmax(...)
    at = short.isel(worst)
    # Stated as tables do it: the median of the members' shortages, not the difference of two medians.
    most = float(_median(need - capacity).isel(worst))
    gaps = {"level": element_name(str(at["Service"].item()), language), "year": f"{float(at['time']):.0f}"}
    return say("places short" if most > 0 else "places enough", language, **gaps, short=abs(most))


def bottlenecks(districts: Mapping[str, int], last: str, language: str) -> str:
    """Say what binds in most districts in the last year, from the number of districts by what binds there."""
    most = max(districts.values())
    if not most:
        return say("no bottleneck", language, last=last)
    names = say("between names", language).join(name for name, count in districts.items() if count == most)
    return say("bottlenecks", language, last=last, names=names, count=str(most))


def contributions(largest: Mapping[str, Mapping[int, tuple[str, str]]], language: str) -> str:
    """Say what contributes most to each quantity in each year, from the lever and its part, as both are written."""
    told = []
    for label, years in largest.items():
        parts = [
            say("contribution of a year", language, year=str(year), lever=lever, change=change)
            for year, (lever, change) in years.items()
        ]
        named = label[:1].lower() + label[1:]
        told.append(say("contributions", language, label=named, parts=say("between years", language).join(parts)))
    return _sentence(told, language)


def land(supplied: xr.DataArray, built: xr.DataArray, boundary: xr.DataArray, language: str) -> str:
    """Say where land comes from, and how much of what the boundary allows is built up at the end."""
    parts = _median(supplied).isel(time=slice(1, None)).sum("time")
    dim = str(parts.dims[0])
    first, last = _years(built)
    share = float(_median(built)[-1] / _median(boundary).max())
    gaps = {"total": float(parts.sum()), "source": element_name(str(parts.idxmax(dim).item()), language)}
    return say("land", language, first=int(first) + 1, last=last, share=100 * share, **gaps)


def account(changes: Mapping[str, xr.DataArray], language: str) -> str:
    """Say by how much each rate changes in all and by which cause most, from yearly changes in points."""
    told = []
    for label, change in changes.items():
        dim = next(str(dim) for dim in change.dims if dim not in ("time", "member"))
        parts = _median(change.sum("time"))
        cause = str(abs(parts).idxmax(dim).item())
        gaps = {"total": float(_median(change.sum([dim, "time"]))), "part": float(parts.sel({dim: cause}))}
        told.append(say("account", language, label=label, cause=element_name(cause, language), **gaps))
    return _sentence(told, language)


def short_name(district: str, language: str) -> str:
    """Return a district's name without what the model counts with it.

    Examples
    --------
    >>> short_name("Licheng", "zh"), short_name("Licheng", "en")
    ('历城区', 'Licheng')
    """
    return element_name(district, language).partition("（")[0].partition(" and ")[0]


def settlement(waiting: xr.DataArray, registering: xr.DataArray, language: str) -> str:
    """Say how many people wait and register at the beginning and the end, from numbers by origin (dim ``Mover``)."""
    stock, flow = (
        _median(each.sum("Mover")) / unit_size("thousand people", language) for each in (waiting, registering)
    )
    first, last = (float(stock["time"][end]) for end in (0, -1))
    most = str(_median(waiting).isel(time=-1).idxmax("Mover").item())
    return say(
        "settlement",
        language,
        first=f"{first:.0f}",
        last=f"{last:.0f}",
        stock_first=float(stock[0]),
        stock_last=float(stock[-1]),
        flow_first=float(flow[0]),
        flow_last=float(flow[-1]),
        origin=element_name(most, language),
    )


def housing(price: xr.DataArray, months: xr.DataArray, land: xr.DataArray, language: str) -> str:
    """Say where price, unsold homes in months of sales, and land income go."""
    price, months, land = map(_median, (price, months, land))
    peak = int(months.argmax("time"))
    verbs = ("higher", "lower", "the same")
    return say(
        "housing",
        language,
        first=f"{float(price['time'][0]):.0f}",
        last=f"{float(price['time'][-1]):.0f}",
        price=_change(float(price[0]), float(price[-1]), verbs, language),
        land=_change(float(land[0]), float(land[-1]), verbs, language),
        falling=int((np.diff(price) < 0).sum()),
        count=price.sizes["time"] - 1,
        months_first=float(months[0]),
        months_last=float(months[-1]),
        peak=float(months[peak]),
        peak_year=f"{float(months['time'][peak]):.0f}",
    )


def accounts(debt: xr.DataArray, ceiling: xr.DataArray, funded: xr.Dataset, language: str) -> str:
    """Say how near debt comes to its ceiling, and what of planned spending is not funded."""
    share = 100 * _median(debt / ceiling)
    peak = int(share.argmax("time"))
    capital, other = (_median(funded[name]) for name in FUNDED)
    told = say(
        "debt",
        language,
        first=f"{float(share['time'][0]):.0f}",
        last=f"{float(share['time'][-1]):.0f}",
        share_first=float(share[0]),
        share_last=float(share[-1]),
        peak=float(share[peak]),
        peak_year=f"{float(share['time'][peak]):.0f}",
    )
    if float(capital.min()) < IN_FULL:
        told += say("funded in part", language, **_worst(capital))
    else:
        told += say("funded in full", language)
    if float(other.min()) < IN_FULL:
        told += say("other spending cut", language, **_worst(other))
    return told


def _short(value: float) -> str:
    """A number in as many digits as a title bears.

    Examples
    --------
    >>> _short(73.464), _short(991.52), _short(2.614)
    ('73.5', '992', '2.61')
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _years(series: xr.DataArray) -> tuple[str, str]:
    """The first and the last year of a series."""
    return f"{float(series['time'][0]):.0f}", f"{float(series['time'][-1]):.0f}"


def _sentence(parts: Sequence[str], language: str) -> str:
    return say("between parts", language).join(parts) + say("end of sentence", language)


def _worst(funded: xr.DataArray) -> dict[str, Any]:
    """The year in which the least is funded, and how much in percent."""
    worst = int(funded.argmin("time"))
    return {"year": f"{float(funded['time'][worst]):.0f}", "percent": 100 * float(funded[worst])}


def _median(series: xr.DataArray) -> xr.DataArray:
    return quantile(series, 0.5)


def _districts(held: xr.DataArray, language: str) -> str:
    count, every = int(held.sum()), held.size
    if count == 0:
        return say("none of them", language)
    if count == every:
        return say("all of them", language, all=every)
    return say("some of them", language, count=count, all=str(every))


def _moved(values: xr.DataArray, others: xr.DataArray, words: tuple[str, str, str], language: str) -> str:
    """Say in how many districts values lie above others, below them, and at about them; nowhere is not said."""
    up, down = int((values > others * (1 + FELT)).sum()), int((values < others * (1 - FELT)).sum())
    above, below, level = words
    counts = (up, down, values.size - up - down)
    single = next((word for word, count in zip(words, counts, strict=True) if count == values.size), None)
    if single:
        return say(f"{single} everywhere", language)
    if not up or not down:
        return say(f"{above if up else below} in some", language, **({"up": up} if up else {"down": down}))
    both = f"{above} and {below}" if not counts[2] else f"{above} {below} and {level}"
    return say(both, language, up=up, down=down)


def _shrinking(count: int, language: str) -> str:
    """Say how many districts shrink, if any."""
    if not count:
        return ""
    return say("one shrinks" if count == 1 else "some shrink", language, count=count)


def _change(first: float, last: float, words: tuple[str, str, str], language: str) -> str:
    """How much more, or less, a number has become, in one of three sentences."""
    change = last / first - 1
    if abs(change) < FELT:
        return say(words[2], language)
    return say(words[0] if change > 0 else words[1], language, percent=100 * abs(change))
