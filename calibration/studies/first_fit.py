"""First parameter values by least squares: the history run against the targets of `calibration.fit.likelihood`.

``python -m calibration.studies.first_fit`` prints fitted values beside those of ``model/jinan.mdl``; ``--write`` puts
them there. It is a first fit, not a calibration: one best point, no distribution. It uses no random number and no
clock, and starts from the first judgement of each value, not from the model's present one, so that fitting twice
changes nothing.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from calibration.fit.likelihood import Array, Target, run_history, targets
from calibration.studies.fit_parameters import FirstFitError, Space, lowest, read_space
from model import MODEL_FILE, load_model
from model.engine import CompiledModel
from model.engine.errors import UserError
from model.files.atomic import replaced

#: Step of the differences behind the Jacobian, in units of the fitted scale.
DIFFERENCE: Final = 1e-4


def fit(model: CompiledModel, space: Space, sought: tuple[Target, ...], rounds: int = 60) -> dict[str, Array]:
    """Fit the parameters by robust least squares, the whole Jacobian as one batch of runs.

    Parameters
    ----------
    model
        The city model.
    space
        What may move and how far.
    sought
        What to meet.
    rounds
        Most evaluations of the Jacobian.

    Returns
    -------
    dict of str to numpy.ndarray
        Rounded values by name.
    """
    low = space.vector([lowest(p, v) for p, v in zip(space.parameters, space.variables, strict=True)])
    high = space.vector([float(v.high or 0) for v in space.variables])
    # The solver wants a start strictly inside.
    room = 1e-6 * (high - low)
    judged = np.clip(space.vector([p.judged for p in space.parameters]), low + room, high - room)
    spread = np.repeat([p.spread for p in space.parameters], space.sizes)

    def residuals(points: Array) -> Array:
        history = run_history(model, space.changes(points))
        parts = [target.residuals(history) for target in sought]
        return np.concatenate([*parts, (points - judged) / spread], axis=1)

    def jacobian(point: Array) -> Array:
        steps = np.where(point + DIFFERENCE < high, DIFFERENCE, -DIFFERENCE)
        moved = residuals(np.vstack([point, point + np.diag(steps)]))
        return np.asarray(((moved[1:] - moved[0]) / steps[:, None]).T)

    # A soft loss keeps one cell that the model cannot meet from bending everything else.
    found = least_squares(
        lambda point: residuals(point[None])[0],
        judged,
        jacobian,
        bounds=(low, high),
        x_scale=spread,
        loss="soft_l1",
        max_nfev=rounds,
    )
    fitted = space.values(found.x[None])
    return {p.name: np.array([float(f"{v:.{p.digits}g}") for v in fitted[p.name][0]]) for p in space.parameters}


def number_line(values: Array) -> str:
    """Print values as a line of the model file.

    Examples
    --------
    >>> number_line(np.array([0.0205, 10030.0]))
    '0.0205,10030'
    """
    return ",".join(f"{value:.10g}" for value in values)


def replace_numbers(text: str, fitted: dict[str, Array]) -> str:
    r"""Put fitted values into the model's text; nothing but their number lines changes.

    Raises
    ------
    FirstFitError
        If a constant has not exactly one number line.

    Examples
    --------
    >>> replace_numbers("A RATE=\n\t0.1\n\t~\t1/Year", {"A RATE": np.array([0.25])})
    'A RATE=\n\t0.25\n\t~\t1/Year'
    """
    for name, values in fitted.items():
        pattern = re.compile(rf"^({re.escape(name)}(?:\[[^\]]*\])?=\n\t)[-+.,\deE]+$", re.MULTILINE)
        text, count = pattern.subn(rf"\g<1>{number_line(values)}", text)
        if count != 1:
            message = f"expected one number line of {name}, found {count}"
            raise FirstFitError(message)
    return text


def write_fitted(path: Path, before: bytes, fitted: dict[str, Array]) -> None:
    """Write fitted values into the model file, whole or not at all.

    Parameters
    ----------
    path
        The model file.
    before
        What the file held when the fit began.
    fitted
        Values by name.

    Raises
    ------
    FirstFitError
        If the file has changed since, or lacks a number line.
    """
    new = replace_numbers(before.decode("utf-8"), fitted).encode("utf-8")
    if path.read_bytes() != before:
        message = f"{path.name} changed while the fit was running; nothing written"
        raise FirstFitError(message)
    with replaced(path) as partial:
        partial.write_bytes(new)


def comparison(space: Space, fitted: dict[str, Array], text: str) -> str:
    """Print fitted values beside those in the model's text, marking what lies at an end of its range."""
    lines = []
    for parameter, variable in zip(space.parameters, space.variables, strict=True):
        values = fitted[parameter.name]
        low, high = lowest(parameter, variable), float(variable.high or 0)
        near = 0.01 * (np.abs(values) if parameter.relative else high - low)
        bound = (values - low < near) | (high - values < near)
        mark = f"   at an end of its range: {bound.sum()} of {bound.size}" if bound.any() else ""
        present = re.search(rf"^{re.escape(parameter.name)}(?:\[[^\]]*\])?=\n\t(.*)$", text, re.MULTILINE)
        lines.append(f"{parameter.name} [{variable.unit}]{mark}")
        lines.append(f"  fitted {number_line(values)}")
        lines.append(f"  model  {present[1] if present else ''}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Fit, print, and write if asked.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if done, 2 if the data or the model cannot be used.

    Examples
    --------
    >>> main(["--model", "no such file.mdl"])
    2
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.studies.first_fit", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the fitted values into the model file")
    parser.add_argument("--model", type=Path, default=MODEL_FILE, help="model file (default: model/jinan.mdl)")
    options = parser.parse_args(arguments)
    path: Path = options.model
    try:
        before = path.read_bytes()
        space = read_space(path)
        model = load_model(path=path)
        fitted = fit(model, space, targets(model))
        sys.stdout.write(comparison(space, fitted, before.decode("utf-8")))
        if options.write:
            write_fitted(path, before, fitted)
    except (UserError, OSError) as error:
        sys.stderr.write(f"first fit: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
