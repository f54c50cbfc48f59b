"""The log of a project: it only grows, whatever happens to its files and however many write at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from expertkit import layout
from expertkit.errors import ExpertError, IntegrityError, PackagingError, SignatureError
from expertkit.files import sha256_bytes
from expertkit.members.signatures import Signature
from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.signing.signatures import read_detached, write_detached
from expertkit.packages.vouching import transparency
from expertkit.packages.vouching.transparency import Log, append, check_since, export, prove, read
from expertkit.signing import read_unverified, seal
from expertkit.signing.transparency import Entry, checkpoint, proof
from tests.packages.builders import NOW, make_project, sign
from tests.signing.builders import with_members
from tests.signing.transparency.builders import make_checkpoint, make_entry, make_key, make_leaves, public

LATER = NOW + timedelta(days=1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A log of three entries."""
    grow(tmp_path, 3)
    return tmp_path


def grow(project: Path, size: int) -> tuple[Entry, ...]:
    """Ask for the first ``size`` entries, and give the new ones."""
    return append(project, map(make_entry, range(size)), key=make_key(), at=NOW)


def files(project: Path) -> dict[str, bytes]:
    """What lies in releases/."""
    return {path.name: path.read_bytes() for path in (project / "releases").iterdir()}


def kill_between_the_writes(project: Path, size: int) -> None:
    """Let a process append and die, by a signal, when it has written the entries and not the checkpoint."""
    script = f"""
import os, signal
from pathlib import Path
from expertkit.files import sha256_bytes
from expertkit.members.signatures import Signature
from expertkit.packages.vouching import transparency
from tests.packages.vouching.test_transparency import grow
write = transparency.write_bytes
def write_entries_alone(path, data):
    if path.suffix == ".checkpoint":
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, data)
transparency.write_bytes = write_entries_alone
grow(Path({str(project)!r}), {size})
"""
    done = subprocess.run([sys.executable, "-c", script], env=_environment(), check=False)
    assert done.returncode == -9


def _environment() -> dict[str, str]:
    """That of this process, with the modules that it found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])}


def test_a_log_grows_by_what_is_new(project: Path) -> None:
    """Entries that are there stay where they are, and the state is signed with the time."""
    new = append(project, map(make_entry, (1, 3, 4, 3)), key=make_key(), at=LATER)

    log = read(project, key=public())

    assert [each.version for each in new] == ["1.0.3", "1.0.4"]
    assert [*log.leaves] == make_leaves(5)
    assert [each.version for each in log.entries] == [f"1.0.{number}" for number in range(5)]
    assert log.signed == make_checkpoint(make_leaves(5), at=LATER)
    assert files(project)["log.jsonl"] == b"".join(leaf + b"\n" for leaf in make_leaves(5))


def test_appending_the_same_again_changes_nothing(project: Path) -> None:
    """Not a byte, so that the earliest time stays; appending nothing makes no file."""
    before = files(project)

    again = append(project, map(make_entry, range(3)), key=make_key(), at=LATER)
    append(project / "empty", [], key=make_key(), at=NOW)

    assert (again, files(project)) == ((), before)
    assert not (project / "empty/releases").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:2],
        lambda _: [],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0].replace(b"1.0.0", b"1.0.9"), *lines[1:]],
        lambda lines: [make_leaves(9)[8] + b"\n", *lines],
        lambda lines: [*lines[:2], lines[2][:-1]],
        lambda lines: [*lines[:2], lines[2][:20]],
        lambda lines: [*lines, b"\n"],
        lambda lines: [*lines, b"{}\n"],
        lambda lines: [lines[0].replace(b":", b": "), *lines[1:]],
        lambda lines: [*lines, make_leaves(9)[8] + b"\n"],
    ],
    ids=[
        "shorter", "empty", "reordered", "edited", "earlier entry", "no line feed", "cut", "empty line", "no entry",
        "another form", "an entry that nobody signed",
    ],
)  # fmt: skip
def test_a_log_that_was_changed_is_never_continued(project: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Neither read nor appended to, and both files stay as they are."""
    path = project / layout.LOG
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    before = files(project)

    with pytest.raises(IntegrityError, match=r"log\.jsonl"):
        grow(project, 4)
    with pytest.raises(IntegrityError, match=r"log\.jsonl"):
        read(project, key=public())

    assert files(project) == before


def test_a_log_that_is_gone_is_not_an_empty_one(project: Path) -> None:
    """The checkpoint knows better."""
    (project / layout.LOG).unlink()

    with pytest.raises(IntegrityError, match="expected at least 3 entries, got 0") as refused:
        grow(project, 3)

    assert "git restore" in str(refused.value.hint)
    assert [*files(project)] == ["log.checkpoint"]


def test_a_checkpoint_that_is_gone_is_made_for_the_same_entries_alone(project: Path) -> None:
    """Without it nothing vouches for the entries but whoever asks for them."""
    before = files(project)
    (project / layout.CHECKPOINT).unlink()

    with pytest.raises(IntegrityError, match="got 1 more"):
        grow(project, 2)
    grow(project, 3)

    assert files(project) == before


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff"])
def test_a_damaged_checkpoint_is_refused(project: Path, damage: bytes) -> None:
    """It is not taken for none."""
    (project / layout.CHECKPOINT).write_bytes(damage)

    with pytest.raises(IntegrityError, match=r"log\.checkpoint"):
        grow(project, 4)
    with pytest.raises(IntegrityError, match=r"log\.checkpoint"):
        transparency.read_unverified(project)

    assert files(project)["log.checkpoint"] == damage


def test_a_log_has_one_key(project: Path) -> None:
    """Another one neither continues nor checks it."""
    before = files(project)

    with pytest.raises(SignatureError, match=r"log\.checkpoint: checkpoint: expected log expertkit\.log/"):
        append(project, [make_entry(3)], key=make_key(2), at=NOW)
    with pytest.raises(SignatureError):
        read(project, key=public(2))

    assert files(project) == before


def test_a_checkpoint_without_a_time_is_refused(project: Path) -> None:
    """The log's own cosignature belongs to it."""
    path = project / layout.CHECKPOINT
    path.write_bytes(checkpoint.sign(checkpoint.read_unverified(path.read_bytes()), make_key()))

    with pytest.raises(SignatureError, match="expected a time"):
        read(project, key=public())


def test_whoever_was_killed_between_the_writes_appends_again(project: Path) -> None:
    """The same entries are signed then; nobody else's request signs what was left, and nothing is there twice."""
    kill_between_the_writes(project, 5)
    assert files(project)["log.jsonl"].count(b"\n") == 5
    assert checkpoint.read_unverified(files(project)["log.checkpoint"]).size == 3

    with pytest.raises(IntegrityError, match=r"got 2 more\nexpert-mini 1\.0\.3 for nano.*\nexpert-mini 1\.0\.4"):
        append(project, [make_entry(6)], key=make_key(), at=NOW)
    with pytest.raises(IntegrityError):
        read(project, key=public())
    recovered = grow(project, 6)

    assert [each.version for each in recovered] == ["1.0.3", "1.0.4", "1.0.5"]
    assert [*read(project, key=public()).leaves] == make_leaves(6)


def test_the_first_append_recovers_too(tmp_path: Path) -> None:
    """Where there is no checkpoint yet."""
    kill_between_the_writes(tmp_path, 2)

    grow(tmp_path, 2)

    assert [*read(tmp_path, key=public()).leaves] == make_leaves(2)


def test_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four of them, each with entries of its own, one at a time: every entry is there once and signed."""
    script = """
import sys
from pathlib import Path
from expertkit.packages.vouching.transparency import append
from tests.signing.builders import with_members
from tests.signing.transparency.builders import NOW, make_entry, make_key
for number in range(int(sys.argv[2]), 40, 4):
    append(Path(sys.argv[1]), [make_entry(number)], key=make_key(), at=NOW)
"""
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(number)], env=_environment())
        for number in range(4)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0, 0]

    log = read(tmp_path, key=public())

    assert sorted(log.leaves) == sorted(make_leaves(40))
    assert log.state.size == 40


def test_a_reader_who_kept_a_checkpoint_sees_whether_the_log_only_grew(project: Path) -> None:
    """Any earlier state of the same log passes; one of a fork, a later one, or another log's does not."""
    log = read(project, key=public())

    def check(leaves: list[bytes], *, seed: int = 1) -> int:
        return check_since(log, make_checkpoint(leaves, seed=seed), key=public()).size

    assert [check(make_leaves(size)) for size in range(4)] == [0, 1, 2, 3]
    for fork in (make_leaves(4), [*make_leaves(2), b"{}"], [b"{}"], make_leaves(3)[::-1]):
        with pytest.raises(SignatureError, match="consistency proof"):
            check(fork)
    with pytest.raises(SignatureError, match="expected log"):
        check(make_leaves(3), seed=2)


def test_a_package_is_proven_by_its_own_signature(tmp_path: Path) -> None:
    """From signing to a proof that needs neither log nor project; before it is in the log, there is no proof."""
    package = sign(make_project(tmp_path))
    grow(tmp_path, 2)
    with pytest.raises(SignatureError, match="expected its signature in the log, got none"):
        prove(read(tmp_path, key=public()), package, key=public())
    (entry,) = transparency.entries_by(package, public())

    append(tmp_path, [entry], key=make_key(), at=LATER)
    made = prove(read(tmp_path, key=public()), package, key=public())

    assert (entry.name, entry.version, entry.base, entry.form) == ("expert-mini", "1.0.0", "nano", "archive")
    assert transparency.check_proof(package, proof.decode(made.encode()), key=public()) == (entry, LATER)
    with pytest.raises(SignatureError, match="inclusion proof"):
        transparency.check_proof(package, proof.make(_hashes(tmp_path), 0, checkpoint=made.checkpoint), key=public())


def test_signatures_of_others_do_not_count(tmp_path: Path) -> None:
    """Neither one by another key nor one that only names this key, wherever they lie; the own one does there."""
    package = sign(make_project(tmp_path))
    own = read_signatures(package)[0].envelope
    said = read_unverified(own)
    others = seal(replace(said, key=public(2).id), make_key(2)), seal(replace(said, sequence=2), make_key(2))
    write_detached(package, [Signature(envelope=each) for each in others])

    (entry,) = transparency.entries_by(package, public())

    assert len((*read_signatures(package), *read_detached(package))) == 3
    assert entry.envelope == sha256_bytes(own)
    assert [each.envelope for each in transparency.entries_by(package, public(2))] == [sha256_bytes(others[0])]
    with pytest.raises(SignatureError, match="expected a signature by key"):
        transparency.entries_by(package, public(3))


def test_an_unsigned_package_has_no_entry(tmp_path: Path) -> None:
    """The error says what signs it."""
    make_project(tmp_path)
    sign(tmp_path)
    (unsigned,) = (tmp_path / "build/packages/expert-mini-nano").glob("*.expert")

    with pytest.raises(SignatureError, match="expected a signature") as refused:
        transparency.entries_by(unsigned, public())

    assert str(refused.value.hint).endswith(f"expert-cli sign {unsigned}")


def test_an_exported_log_proves_every_entry(project: Path, tmp_path: Path) -> None:
    """Entries, checkpoint and a proof for each; a second export replaces them and leaves other files alone."""
    served = tmp_path / "served"
    export(read(project, key=public()), served)
    (served / "index.html").write_text("mine")
    grow(project, 5)

    export(read(project, key=public()), served)

    assert sorted(path.name for path in served.iterdir()) == ["checkpoint", "index.html", "log.jsonl", "proofs"]
    leaves = (served / "log.jsonl").read_bytes().splitlines()
    assert Log(leaves=tuple(leaves), signed=(served / "checkpoint").read_bytes()) == read(project, key=public())
    for number, leaf in enumerate(leaves):
        found = proof.decode((served / f"proofs/{make_entry(number).envelope}.proof").read_bytes())
        assert proof.check(found, leaf=leaf, log=public()) == NOW


def test_without_a_log_there_is_nothing_to_read(tmp_path: Path) -> None:
    """The error says what makes one."""
    with pytest.raises(PackagingError) as refused:
        read(tmp_path, key=public())

    assert isinstance(refused.value, ExpertError)
    assert refused.value.hint == "expert-cli log append PACKAGE"


def _hashes(project: Path) -> tuple[bytes, ...]:
    return read(project, key=public()).hashes


def test_the_signature_of_another_package_beside_it_is_no_entry_of_this_one(tmp_path: Path) -> None:
    """Else a proof of what was logged would vouch for what was not."""
    package = sign(make_project(tmp_path))
    (own,) = read_signatures(package)
    said = read_unverified(own.envelope)
    other = seal(with_members(said, replace(said.members[0], size=1), *said.members[1:]), make_key())
    write_detached(package, [Signature(envelope=other)])

    assert [each.envelope for each in transparency.entries_by(package, public())] == [sha256_bytes(own.envelope)]


def test_a_witness_signs_no_fork(project: Path, tmp_path: Path) -> None:
    """What he saw before is how the log has to begin, wherever the log is now."""
    seen = tmp_path / "seen"
    transparency.witness(project, key=public(), witness_key=make_key(2), seen=seen, at=NOW)
    for name in (layout.LOG, layout.CHECKPOINT):
        (project / name).unlink()
    append(project, map(make_entry, range(5, 9)), key=make_key(), at=LATER)

    with pytest.raises(SignatureError):
        transparency.witness(project, key=public(), witness_key=make_key(2), seen=seen, at=LATER)
