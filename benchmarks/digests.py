"""Whether three ways to make a release come to the same packages."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.commands import must, say, type_all
from benchmarks.projects import digests, released
from benchmarks.rows import Lab, Row

_SHOWN = 12
Digests = Mapping[str, str | None]


def measure(lab: Lab) -> list[Row]:
    """Content digests from the flow, from ``dvc repro --force`` and from typed commands."""
    first = released(lab.scratch, is_nano=not lab.is_full)
    say("dvc alone")
    must(first.workspace, "dvc", "repro", "--force")
    by_dvc = digests(first.workspace)
    say("typed commands")
    first.workspace.clean()
    type_all(first.workspace)
    return compare({"flow": first.digests, "dvc repro --force": by_dvc, "typed": digests(first.workspace)})


def compare(found: Mapping[str, Digests]) -> list[Row]:
    """One row per package.

    Args:
        found: digests by the way they were made.
    """
    packages = sorted({package for of_one_way in found.values() for package in of_one_way})
    return [_row(package, {way: of_one_way.get(package) for way, of_one_way in found.items()}) for package in packages]


def _row(package: str, by_way: Digests) -> Row:
    shown = {way: (digest or "none")[:_SHOWN] for way, digest in by_way.items()}
    is_one = len(set(by_way.values())) == 1 and None not in by_way.values()
    different = ", ".join(f"{way} {digest}" for way, digest in shown.items())
    return Row(
        name=f"content digest of {package}: {', '.join(by_way)}",
        measured=next(iter(shown.values())) if is_one else different,
        goal="equal",
        met=is_one,
    )
