"""The leading option by weight of effort and the value of information in sentences, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from analysis.information.study import Study
from analysis.information.value import Worth
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import count_in_words
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import say_from
from calibration.fit.evidence import Evidence

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)


def utility_words(study: Study, language: str) -> str:
    """Return the definition of the utility."""
    listed = say("list", language).join(
        say("target", language, title=target.title[language], year=target.year) for target in study.targets
    )
    utility = say(study.kind, language, count=len(study.targets), listed=listed)
    return utility + say("gap", language) + say("effort", language)


def basis_words(study: Study, language: str) -> str:
    """Return how many members and how many resamples of them the numbers rest on."""
    members, resamples = study.gain.sizes["member"], len(study.worth.resampled)
    return say("basis", language, members=members, resamples=resamples)


def choice_sentences(study: Study, language: str) -> list[str]:
    """Return that no scenario is recommended, the weights at which the leader changes, ties, and assumptions."""
    choice = study.choice
    names = [study.title(option, language) for option in range(len(study.scenarios))]
    sentences = [say("no order", language, unit=say(f"unit {study.kind}", language))]
    first = names[choice.leaders[0][1]]
    sentences.append(say("first" if choice.flips else "leads", language, first=first))
    sentences += [
        say(
            "flip",
            language,
            weight=digits(flip.weight),
            low=digits(flip.low),
            high=digits(flip.high),
            before=names[flip.before],
            after=names[flip.after],
            resamples=len(study.worth.resampled),
        )
        for flip in choice.flips
    ]
    last = choice.leaders[-1][1]
    if list(study.efforts.values())[last] == 0:
        sentences.append(say("nothing", language, title=names[last]))
    ties = [
        say("tie", language, title=name, ranges=ranges_words(ranges, language))
        for name, ranges in zip(names, choice.ties, strict=True)
        if ranges
    ]
    listed = say("list", language).join(ties)
    sentences.append(say("ties", language, listed=listed) if ties else say("no ties", language))
    sentences.append(say("assumed", language, kind=say(f"assumed {study.kind}", language), options=len(names)))
    return sentences


def worth_sentences(study: Study, language: str) -> list[str]:
    """Return the value of perfect information, and of each statistic, as a function of the weight."""
    worth = study.worth
    last = digits(worth.weights[-1])
    if not any(each.value > 0 for each in worth.perfect):
        return [say("no value", language, last=last)]
    unit, members = say(f"unit {study.kind}", language), study.gain.sizes["member"]

    def at_highest(worths: Sequence[Worth]) -> dict[str, object]:
        index = highest(worths)
        largest, perfect = worths[index], worth.perfect[index].value
        return {
            "at": digits(worth.weights[index]),
            "value": f"{largest.value:.3f}",
            "error": f"{largest.error:.3f}",
            "changed": count_in_words(round(largest.changed * members), members, language),
            "share": 100 * largest.value / perfect if perfect else 0.0,
            "unit": unit,
        }

    ends = {"start": f"{worth.perfect[0].value:.3f}", "end": f"{worth.perfect[-1].value:.3f}", "last": last}
    sentences = [say("perfect", language, **at_highest(worth.perfect), **ends)]
    titles = {name: study.statistics[name].title[language] for name in worth.partial}
    ranges = {name: distinguishable_ranges(worth.weights, each) for name, each in worth.partial.items()}
    clear = [name for name in ranges if ranges[name]]
    for name in sorted(clear, key=lambda name: -max(each.value for each in worth.partial[name])):
        numbers = at_highest(worth.partial[name])
        at_weights = ranges_words(ranges[name], language)
        sentences.append(say("partial", language, name=titles[name], ranges=at_weights, **numbers))
    rest = [title for name, title in titles.items() if name not in clear]
    if rest:
        sentences.append(say("rest", language, last=last, names=say("list", language).join(rest)))
    return sentences


def verdict(study: Study, evidence: Evidence) -> list[str]:
    """Return which option leads up to which weight, what knowing everything is worth, and the best single statistic."""
    language, choice, worth = screen_language(), study.choice, study.worth
    titles = [study.title(option, language) for _, option in choice.leaders]
    unit, members = say(f"unit {study.kind}", language), study.gain.sizes["member"]
    lines = [say("verdict leads", language, first=titles[0], count=len(study.scenarios))]
    if choice.flips:
        flip = choice.flips[0]
        ends = {name: digits(end) for name, end in (("weight", flip.weight), ("low", flip.low), ("high", flip.high))}
        lines = [say("verdict flips", language, first=titles[0], second=titles[1], unit=unit, **ends)]
    chain = say("arrow", language).join(titles[2:])
    lines.append(say("verdict chain" if chain else "verdict no order", language, titles=chain))
    at = highest(worth.perfect)
    perfect = worth.perfect[at]
    if perfect.value > 0:
        changed = count_in_words(round(perfect.changed * members), members, language)
        numbers = {"value": f"{perfect.value:.3f}", "error": f"{perfect.error:.3f}", "at": digits(worth.weights[at])}
        lines.append(say("verdict perfect", language, unit=unit, changed=changed, **numbers))
    else:
        lines.append(say("no value", language, last=digits(worth.weights[-1])))
    clear = {name: own[highest(own)] for name, own in worth.partial.items() if own[highest(own)].distinguishable}
    if clear and perfect.value > 0:
        name = max(clear, key=lambda name: clear[name].value)
        value = clear[name].value
        share = 100 * value / worth.perfect[highest(worth.partial[name])].value
        title = study.statistics[name].title
        lines.append(say("verdict partial", language, name=title, value=f"{value:.3f}", unit=unit, share=share))
    else:
        lines.append(say("verdict nothing", language))
    known, kind = members_in_words(evidence, language), say(f"kind {study.kind}", language)
    basis = {"members": f"{members:,}", "resamples": len(worth.resampled), "known": known, "kind": kind}
    return [*lines, say("verdict basis", language, **basis)]


def highest(worths: Sequence[Worth]) -> int:
    """Return the index of the largest value among those distinguishable from zero, or among all where none is."""
    clear = [index for index, each in enumerate(worths) if each.distinguishable]
    return max(clear or range(len(worths)), key=lambda index: worths[index].value)


def distinguishable_ranges(weights: Sequence[float], worths: Sequence[Worth]) -> tuple[tuple[float, float], ...]:
    """Return the ranges of weights in which a value can be distinguished from zero.

    Examples
    --------
    >>> distinguishable_ranges((0.0, 0.1, 0.2), [Worth(1.0, 0.1, 0.5), Worth(1.0, 0.1, 0.5), Worth(0.0, 0.1, 0.0)])
    ((0.0, 0.1),)
    """
    runs = groupby(zip(weights, worths, strict=True), key=lambda pair: pair[1].distinguishable)
    ranges = [[weight for weight, _ in run] for distinguishable, run in runs if distinguishable]
    return tuple((run[0], run[-1]) for run in ranges)


def ranges_words(ranges: Sequence[tuple[float, float]], language: str) -> str:
    """Return ranges of weights in words.

    Examples
    --------
    >>> ranges_words([(0.0, 0.05), (0.1, float("inf"))], "en")
    '0 to 0.05, from 0.1'
    """
    return say("list", language).join(
        say("open", language, low=digits(low))
        if np.isinf(high)
        else digits(low)
        if digits(low) == digits(high)
        else say("range", language, low=digits(low), high=digits(high))
        for low, high in ranges
    )


def digits(weight: float) -> str:
    """Return a weight with two significant digits.

    Examples
    --------
    >>> digits(0.01234), digits(0.0), digits(12.34)
    ('0.012', '0', '12')
    """
    return np.format_float_positional(weight, precision=2, fractional=False, trim="-") if weight else "0"
