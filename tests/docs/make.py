"""Writes the pages that the code says itself: ``python -m tests.docs.make`` from the project's root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from expertkit.files import write_bytes
from tests.docs import commands, fields, sections

ROOT = Path(__file__).resolve().parents[2]
PAGES: Mapping[Path, Callable[[], str]] = {
    Path("docs/cli.md"): commands.render,
    Path("docs/manifest-fields.md"): fields.render,
    Path("docs/recipes.md"): sections.render,
    Path("docs/schema/manifest-1.0.schema.json"): partial(fields.render_schema, "1.0"),
    Path("docs/schema/manifest-2.0.schema.json"): partial(fields.render_schema, "2.0"),
}
"""Each page, and what makes it."""


def main() -> None:
    """Replace them all."""
    for page, render in PAGES.items():
        (ROOT / page).parent.mkdir(exist_ok=True)
        write_bytes(ROOT / page, render().encode())


if __name__ == "__main__":
    main()
