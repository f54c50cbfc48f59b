"""``python -m benchmarks [NAME]``: measure, print one table, write build/bench/<name>.json.

Exit status: 0 when every goal is met, 1 when one is missed or could not be measured.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from inspect import getdoc
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory

from benchmarks import (
    accuracy,
    answering,
    cli,
    container,
    digests,
    kills,
    machine,
    osd,
    overhead,
    packing,
    release,
    scores,
    training,
    trust,
)
from benchmarks.commands import say
from benchmarks.rows import Lab, Row
from benchmarks.table import render
from expertkit.errors import ExpertError
from expertkit.files import write_json
from expertkit.layout import TRAIN

BENCHMARKS: dict[str, Callable[[Lab], list[Row]]] = {
    "cli": cli.measure,
    "packing": packing.measure,
    "container": container.measure,
    "trust": trust.measure,
    "osd": osd.measure,
    "scores": scores.measure,
    "training": training.measure,
    "release": release.measure,
    "accuracy": accuracy.measure,
    "answering": answering.measure,
    "digests": digests.measure,
    "overhead": overhead.measure,
    "kills": kills.measure,
}
"""In the order they run: what one has released, the next ones look at."""

RESULTS = Path("build/bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are asked for and give the exit status."""
    options = _parse(arguments)
    if options.list:
        print("\n".join(f"{name:10} {describe(name)}" for name in BENCHMARKS))
        return 0
    facts = machine.facts()
    with TemporaryDirectory(prefix="expertkit-bench-", ignore_cleanup_errors=True) as scratch:
        lab = Lab(scratch=Path(scratch), is_full=options.full, adapters=options.adapters)
        results = {name: _measure(name, lab, facts) for name in options.names}
    print(render(facts, results))
    return int(any(row.met is False for rows in results.values() for row in rows))


def describe(name: str) -> str:
    """What a benchmark measures, in a line."""
    return (getdoc(BENCHMARKS[name]) or "").partition("\n")[0].replace("``", "")


def _parse(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure every number the product claims.")
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    parser.add_argument("--list", action="store_true", help="say what there is to measure, and stop")
    parser.add_argument(
        "--full", action="store_true", help="use the project's own settings where the nano ones would do"
    )
    parser.add_argument(
        "--adapters", type=Path, default=TRAIN, metavar="FOLDER", help=f"where osd finds trained adapters ({TRAIN})"
    )
    options = parser.parse_args(arguments)
    options.names = [options.name] if options.name else list(BENCHMARKS)
    return options


def _measure(name: str, lab: Lab, facts: Mapping[str, str]) -> list[Row]:
    """The rows of one benchmark, kept in a file of its own; one that fails does not stop the others."""
    say(f"== {name}: {describe(name)}")
    try:
        rows = BENCHMARKS[name](lab)
    except (ExpertError, OSError, SubprocessError) as error:
        rows = [Row(name=f"{name} could be measured", measured=str(error), goal="yes", met=False)]
    result = {"benchmark": name, "machine": dict(facts), "rows": [asdict(row) for row in rows]}
    write_json(RESULTS / f"{name}.json", result)
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
