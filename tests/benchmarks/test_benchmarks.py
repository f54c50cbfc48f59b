"""What the benchmarks make of what they measure; the long ones are not run here."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
import torch

from benchmarks import accuracy, answering, container, digests, loading, machine, overhead, release, traces, training
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.cold import Times, alternate, count
from benchmarks.commands import typed
from benchmarks.experts import make, write_large
from benchmarks.packing import make_lora
from benchmarks.rows import Lab, Row, at_most, reported
from benchmarks.table import render
from expertkit.adapters.tensors import stored
from expertkit.errors import ExpertError
from expertkit.files import read_json
from tests.pipeline.workspace import PROJECT, Workspace

REPORT = {
    "expert": "expert-sql",
    "base": "nano",
    "base_score": 0.01,
    "base_interval": [0.0, 0.02],
    "expert_score": 0.85,
    "expert_interval": [0.81, 0.88],
    "unseen": {"items": 20, "base_score": 0.0, "expert_score": 0.5, "interval": [0.3, 0.7]},
}


def _met(rows: list[Row]) -> list[bool | None]:
    return [row.met for row in rows]


def test_the_list_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """``--list`` measures nothing, and says what each benchmark is for."""
    assert main(["--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BENCHMARKS)
    assert all(len(line.split()) > 3 for line in lines)


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled benchmark costs a second, not ten minutes."""
    with pytest.raises(SystemExit) as refusal:
        main(["relase"])

    assert refusal.value.code == 2
    assert "release" in capsys.readouterr().err


def test_the_shortest_benchmark_is_printed_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One benchmark by name: the machine, its row with its goal, and the same in a file."""
    monkeypatch.chdir(tmp_path)

    main(["cli"])

    recorded = read_json(tmp_path / "build/bench/cli.json")
    (row,) = recorded["rows"]
    printed = capsys.readouterr().out
    assert set(recorded["machine"]) == set(machine.facts())
    assert row["goal"] == "at most 0.30 s"
    assert row["measured"] in printed
    assert recorded["machine"]["torch"] in printed


@pytest.mark.parametrize(
    ("error", "said"), [(ExpertError("a stage failed"), "a stage failed"), (OSError("disk full"), "disk full")]
)
def test_a_benchmark_that_fails_is_a_row_and_does_not_stop_the_next(
    error: Exception,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its reason stands in the table as a goal missed, and the exit status says so."""

    def fail(_lab: Lab) -> list[Row]:
        """Fail."""
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmarks.__main__.BENCHMARKS", {"bad": fail, "good": lambda _lab: [reported("size", "3")]})

    assert main([]) == 1

    printed = capsys.readouterr().out
    assert said in printed
    assert "size" in printed


def test_every_row_stands_in_the_table_with_its_goal() -> None:
    """Machine on top, then names, numbers and goals, and whether they are met."""
    rows = [at_most("long", 2.0, limit=1.0, unit="s"), at_most("short", 1.0, limit=1.0, unit="s"), reported("n", "3")]

    top, *lines = render({"cpu": "a fast one"}, {"speed": rows}).splitlines()

    shown = [line for line in lines if any(f" {row.name} " in line for row in rows)]
    assert top == "cpu: a fast one"
    assert _met(rows) == [False, True, None]
    assert ["NO" in line for line in shown] == [True, False, False]
    assert all(row.measured in line and row.goal in line for row, line in zip(rows, shown, strict=True))


def test_a_report_is_held_against_its_goals() -> None:
    """Base, expert and unseen names of one pair, each with its interval."""
    rows = accuracy.compare(REPORT)

    assert _met(rows) == [True, False, None]
    assert [row.measured for row in rows] == ["0.010 [0.000, 0.020]", "0.850 [0.810, 0.880]", "0.500 [0.300, 0.700]"]
    assert [row.goal for row in rows] == ["at most 0.20", "at least 0.90", "reported"]


def test_a_way_of_asking_is_held_against_the_plain_one() -> None:
    """Medians of rounds, so that one that was disturbed does not count, and the answers that are equal."""
    timed = answering.Timed(ours=(2.0, 1.0, 9.0), single=(11.0, 1.0, 12.0), equal=199, items=200)

    rows = answering.compare("a", timed)

    assert [row.measured for row in rows] == ["5.50", "199 of 200", "100, one call each 18"]
    assert _met(rows) == [True, None, None]


def test_the_flow_is_compared_with_what_was_typed() -> None:
    """Ratios against their goals, and the seconds they were made of."""
    seconds = {overhead.BY_HAND: 10.0, overhead.ONE: 11.0, overhead.TWO: 8.0}

    rows = overhead.compare(seconds, settings="short")

    assert [row.measured for row in rows] == ["1.10", "0.80", "10.0 s", "11.0 s", "8.0 s"]
    assert _met(rows) == [True, False, None, None, None]


def test_training_is_compared_with_a_plain_script() -> None:
    """Ratios against their goals, and the speeds they were made of."""
    rows = training.compare({training.PLAIN: 1000.0, training.OURS: 1100.0, training.PACKED: 1400.0})

    assert [row.measured for row in rows] == ["1.10", "1.40", "1,000", "1,100", "1,400"]
    assert _met(rows) == [True, False, None, None, None]


def test_digests_are_equal_only_if_all_ways_have_the_same() -> None:
    """Another digest, a missing one and a refusal each show which way gave what."""
    flow = {"a": "1" * 64, "b": "2" * 64, "c": "3" * 64, "d": None}
    typed_by_hand = {"a": "1" * 64, "b": "4" * 64, "d": None}

    rows = digests.compare({"flow": flow, "typed": typed_by_hand})

    assert _met(rows) == [True, False, False, False]
    assert [row.measured for row in rows] == [
        "1" * 12,
        f"flow {'2' * 12}, typed {'4' * 12}",
        f"flow {'3' * 12}, typed none",
        "flow none, typed none",
    ]


def test_a_stage_in_vain_and_a_stage_left_out_are_named() -> None:
    """Only an exact match meets the goal."""
    expected = {"recipes", "train@a-b"}

    right = release.compare_stages({"train@a-b", "recipes"}, expected, expert="a")
    wrong = release.compare_stages({"recipes", "train@c-b"}, expected, expert="a")

    assert (right.met, right.measured) == (True, "its 2")
    assert (wrong.met, wrong.measured) == (False, "train@c-b in vain, train@a-b not run")


def test_only_what_was_written_since_counts_as_started(tmp_path: Path) -> None:
    """A log from before is no trace; a stage that DVC left alone did not run."""
    logs = tmp_path / traces.LOGS
    logs.mkdir(parents=True)
    for name in ("old", "new", "skipped"):
        (logs / f"{name}.log").write_text(f"Running stage '{name}':\n> a command\n")
    before = traces.look(tmp_path)
    untouched = traces.started(tmp_path, before=before)

    (logs / "skipped.log").write_text("Stage 'skipped' didn't change, skipping\n")
    os.utime(logs / "new.log", ns=(0, 1))
    os.utime(logs / "skipped.log", ns=(0, 1))

    assert untouched == []
    assert traces.started(tmp_path, before=before) == ["a stage"]
    assert traces.stages(tmp_path, before=before) == {"new"}


def test_a_server_and_a_tracked_run_leave_traces(tmp_path: Path) -> None:
    """Files that were not there before count too."""
    before = traces.look(tmp_path)

    (tmp_path / ".work/prefect").mkdir(parents=True)
    (tmp_path / ".work/prefect/prefect.db").touch()
    (tmp_path / "mlflow.db").touch()

    assert traces.started(tmp_path, before=before) == ["a server or flow", "a tracked run"]


def test_the_typed_commands_are_those_of_every_stage(tmp_path: Path) -> None:
    """Every stage of dvc.yaml but the frozen ones, once for each expert and base, in the order of the line."""
    project = Workspace(root=PROJECT, home=tmp_path)
    experts, bases = project.params()["experts"], project.params()["bases"]

    commands = list(typed(project))

    assert commands[0] == ("expert-cli", "recipes")
    assert commands[-1][:2] == ("expert-cli", "release")
    assert len(commands) == len(set(commands)) == 2 + len(experts) + 7 * len(experts) * len(bases)
    assert not any("$" in word for command in commands for word in command)


def test_containers_are_held_against_archive_and_library() -> None:
    """Milliseconds and ratios against their goals, hot and cold apart; a file that stayed in memory is no cold one."""
    names = [name for name in vars(loading) if name.isupper()]
    hot = {getattr(loading, name): 0.004 for name in names} | {loading.ARCHIVE: 0.05}
    cold = {**hot, loading.OPEN: 0.006}

    read = container.compare(Times(hot=hot, cold=cold, left=3))
    loaded = container.compare_load(Times(hot=hot, cold=cold, left=3))

    assert [row.measured for row in read if row.name.startswith("opened")] == ["4.00 ms", "6.00 ms"]
    assert _met(read) == [True, False, *[True] * 6, *[None] * 4, True, None, None, False]
    assert [row.measured for row in loaded if row.met is not None] == ["12.50", "12.50"]


def test_every_way_to_read_an_expert_gives_the_same_numbers(tmp_path: Path) -> None:
    """Both codecs, the archive in both ways, and what would go to a device."""
    expert = make(tmp_path, make_lora(layers=1))
    first = loading.read_first(expert, "auto")

    ways = [
        first,
        loading.read_first(expert, "raw"),
        loading.read_layers(expert, "raw"),
        loading.read_all(expert, "auto")[1],
        loading.read_archive(expert),
        loading.read_archive_once(expert),
    ]
    tensors = loading.read_to("cpu", expert)
    times = alternate({**loading.ways(expert), **loading.ways_to("cpu", expert)}, rounds=1)

    assert len(first) == 14
    assert all(
        {name: bytes(way[name].data) for name in way} == {name: bytes(first[name].data) for name in first}
        for way in ways
    )
    assert all(
        bytes(first[name].data) == tensor.view(torch.uint8).numpy().tobytes() for name, tensor in tensors.items()
    )
    assert set(times.hot) == set(times.cold) == {*loading.ways(expert), loading.OURS, loading.THEIRS}
    assert all(seconds > 0 for seconds in times.hot.values())


def test_a_file_that_was_read_is_in_memory(tmp_path: Path) -> None:
    """All of its pages, the last one too."""
    path = tmp_path / "file"
    path.write_bytes(bytes(2 * mmap.PAGESIZE + 1))
    path.read_bytes()

    assert count(path) == 3


def test_a_large_adapter_has_about_the_size_that_is_asked_for(tmp_path: Path) -> None:
    """It is a sound file of 28 layers."""
    path = tmp_path / "large.safetensors"

    write_large(path, size=5_000_000)

    data = path.read_bytes()
    assert 4_500_000 < len(data) < 5_500_000
    assert len(stored(data)) == 2 * 7 * 28


def test_the_machine_is_described() -> None:
    """Everything that explains a number has a value."""
    facts = machine.facts()

    assert list(facts) == ["cpu", "cores", "memory", "python", "torch", "gpu", "load"]
    assert all(facts.values())
