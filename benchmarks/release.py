"""How long a release takes: everything, nothing, and one expert with another training recipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import traces
from benchmarks.commands import run, say
from benchmarks.projects import Released, released
from benchmarks.rows import Lab, Row, at_most, equal, reported
from expertkit.errors import ExpertError
from expertkit.files import read_json
from tests.pipeline.workspace import RELEASE, STAGES, Workspace

_MINUTES = 10.0
_SECONDS_AGAIN = 10.0
_SECONDS_PER_MINUTE = 60.0


def measure(lab: Lab) -> list[Row]:
    """The release line with the project's own settings: at first, again, and after a change."""
    first = released(lab.scratch, is_nano=False)
    params = first.workspace.params()
    pairs = f"{len(params['experts'])} experts x {len(params['bases'])} bases"
    minutes = first.seconds / _SECONDS_PER_MINUTE
    return [
        at_most(f"make run after installation, {pairs}", minutes, limit=_MINUTES, unit="min"),
        equal("its exit status", str(first.status), expected="0"),
        *_again(first),
        *_after_a_change(first.workspace),
    ]


def compare_stages(ran: set[str], expected: set[str], *, expert: str) -> Row:
    """The stages that ran against those that had to."""
    wrong = [f"{stage} in vain" for stage in sorted(ran - expected)]
    wrong += [f"{stage} not run" for stage in sorted(expected - ran)]
    return Row(
        name=f"stages run after {expert}'s training recipe changed",
        measured=", ".join(wrong) or f"its {len(expected)}",
        goal="only its own",
        met=not wrong,
    )


def _again(first: Released) -> list[Row]:
    say("the same again, nothing changed")
    before = traces.look(first.workspace.root)
    done = run(first.workspace, *RELEASE)
    if done.status != first.status:
        raise ExpertError(f"the same again: expected exit status {first.status}, got {done.status}")
    started = traces.started(first.workspace.root, before=before)
    return [
        at_most("the same again, nothing changed", done.seconds, limit=_SECONDS_AGAIN, unit="s"),
        equal("started by that", ", ".join(started) or "nothing", expected="nothing"),
    ]


def _after_a_change(workspace: Workspace) -> list[Row]:
    expert, bases = workspace.params()["experts"][0], workspace.params()["bases"]
    say(f"another training recipe for {expert}")
    before = traces.look(workspace.root)
    with _another_recipe(workspace, expert, bases[0]):
        done = run(workspace, *RELEASE)
    ran = traces.stages(workspace.root, before=before)
    expected = {"recipes", "release", *(f"{stage}@{expert}-{base}" for stage in STAGES for base in bases)}
    minutes = f"{done.seconds / _SECONDS_PER_MINUTE:.2f} min"
    return [compare_stages(ran, expected, expert=expert), reported("make run after that change", minutes)]


@contextmanager
def _another_recipe(workspace: Workspace, expert: str, base: str) -> Iterator[None]:
    """Another seed for an expert's training, for as long as the block runs."""
    params = workspace.root / "params.yaml"
    kept = params.read_bytes()
    overrides = workspace.params()["overrides"]
    own = overrides.get(expert, {})
    seed = read_json(workspace.root / f"build/recipes/{expert}-{base}.json")["train"]["seed"]
    workspace.override({**overrides, expert: {**own, "train": {**own.get("train", {}), "seed": seed + 1}}})
    try:
        yield
    finally:
        params.write_bytes(kept)
