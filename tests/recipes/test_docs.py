"""docs/recipes.md says what the code declares."""

from __future__ import annotations

from expertkit.fields import declared
from expertkit.recipes.base_models import BaseConfig
from expertkit.recipes.params import ParamsFile
from tests.docs import sections


def test_every_setting_has_its_row() -> None:
    """The table is not left empty by a page that changed its form; its words are compared with the other pages'."""
    assert len(list(sections.rows())) > 25


def test_every_key_of_the_files_is_explained() -> None:
    """params.yaml and the descriptions of base models have a row for each key."""
    page = sections.PAGE.read_text(encoding="utf-8")

    missing = [key for kind in (ParamsFile, BaseConfig) for key in declared(kind) if f"| `{key}` |" not in page]

    assert missing == []
