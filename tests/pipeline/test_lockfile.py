"""dvc.lock, whole, half written and lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import lockfile

ENTRY = "  data@expert-sql:\n    cmd: expert-cli data build\n    outs:\n    - path: build/data\n      md5: abc\n"
WHOLE = f"schema: '2.0'\nstages:\n{ENTRY}{ENTRY.replace('data', 'train')}".encode()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_prefix_is_refused_or_holds_whole_entries() -> None:
    """Cut anywhere, the file never yields a stage with less than was written about it, but for its last output."""
    entries = lockfile.parse(WHOLE)

    for end in range(len(WHOLE)):
        try:
            found = lockfile.parse(WHOLE[:end])
        except ValueError:
            continue
        assert all(found[stage]["cmd"] == entries[stage]["cmd"] for stage in found)
        assert all(found[stage]["outs"] for stage in found)


def test_a_broken_file_is_replaced_by_the_last_whole_one() -> None:
    """What a killed DVC left half written is put right."""
    lockfile.FILE.write_bytes(WHOLE)
    lockfile.keep()
    lockfile.FILE.write_bytes(WHOLE[:100])

    lockfile.repair()

    assert lockfile.FILE.read_bytes() == WHOLE


def test_a_broken_file_is_not_kept() -> None:
    """A copy is taken of a whole file only."""
    lockfile.FILE.write_bytes(WHOLE)
    lockfile.keep()
    lockfile.FILE.write_bytes(WHOLE[:100])

    lockfile.keep()

    assert lockfile.COPY.read_bytes() == WHOLE


def test_without_a_copy_a_broken_file_is_removed() -> None:
    """DVC then begins a new one, and restores what it remembers from its cache."""
    lockfile.FILE.write_bytes(b"")

    lockfile.repair()

    assert not lockfile.FILE.exists()


def test_a_whole_file_is_left_alone() -> None:
    """Repairing what is not broken changes nothing, even if the copy is older."""
    lockfile.FILE.write_bytes(WHOLE)
    lockfile.keep()
    newer = WHOLE.replace(b"abc", b"def")
    lockfile.FILE.write_bytes(newer)

    lockfile.repair()

    assert lockfile.FILE.read_bytes() == newer


def test_the_key_changes_with_what_was_written() -> None:
    """Two results of one stage are two, one result is one."""
    first, again = lockfile.parse(WHOLE)["data@expert-sql"], lockfile.parse(WHOLE)["data@expert-sql"]
    other = lockfile.parse(WHOLE.replace(b"abc", b"def"))["data@expert-sql"]

    assert lockfile.key(first) == lockfile.key(again)
    assert lockfile.key(first) != lockfile.key(other)
