"""What writes into the project says where it has to be called."""

from __future__ import annotations

import pytest

from model.files import repository
from model.files.repository import RepositoryError, require_repository


def test_an_installed_copy_is_told_to_clone_the_repository(tmp_path, monkeypatch):
    require_repository("python -m analysis.pages")
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    with pytest.raises(
        RepositoryError, match=r"`python -m analysis.pages` writes into the project.*Clone the repository"
    ):
        require_repository("python -m analysis.pages")
