"""The members of an ensemble as bytes: single precision, as their file keeps them, and factors not multiplied out."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.fit.ensemble import read_members, read_stored
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name


@dataclass(frozen=True)
class Draws:
    """What the page needs to make the members of one evidence again, to the last bit."""

    #: By constant, in the order of the bytes: how many numbers a member has, and whether they are factors.
    constants: tuple[dict[str, Any], ...]
    members: int
    #: Numbers constant by constant, element by element, member by member: four bytes each, the lowest first.
    content: bytes

    def for_json(self) -> dict[str, Any]:
        """Return the same as a table for the page."""
        return {"constants": list(self.constants), "members": self.members}


def draws(evidence: Evidence, members: int) -> Draws:
    """Return the first members of an ensemble.

    Raises
    ------
    EnsembleError
        As `calibration.fit.ensemble.read_members`.
    """
    # Checked as everywhere; what is kept is the file as it stands, a quarter of the size.
    checked, stored = read_members(members, evidence), read_stored(evidence)
    constants, parts = [], []
    for name in checked.data_vars:
        array = stored[name].isel(member=slice(members))
        factor = array.attrs["role"] == "factor"
        own = array.transpose(*(dim for dim in checked[name].dims if dim in array.dims and dim != "member"), "member")
        elements = own.size // members
        default = variables_by_name()[str(name)].default
        assert default is not None
        constants.append({"name": str(name), "drawn": elements, "elements": int(default.size), "factor": factor})
        parts.append(np.ascontiguousarray(own.to_numpy().reshape(elements, members), dtype="<f4"))
    return Draws(tuple(constants), members, np.concatenate(parts).tobytes())


def packed(content: bytes) -> str:
    """Return bytes as text, compressed; the same bytes always give the same text."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
