"""What is trusted, on disk: nobody is trusted by accident, and nothing that was said is lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from expertkit.errors import ExpertError, FormatError, IntegrityError, SignatureError
from expertkit.files import write_bytes
from expertkit.packages.vouching.trust import TrustStore, _check_owner, trust_folder
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.certificates.revocation import MAX_NUMBER, RevocationList, make_list, read_list
from expertkit.signing.keys import public_key
from expertkit.signing.statement import format_moment
from expertkit.signing.trust import EMPTY, Occasion, Trust, Verifier, remembered
from expertkit.signing.trust.state import with_pin, with_root
from tests.packages.builders import NOW
from tests.signing.certificates.builders import make_key
from tests.signing.trust.builders import DAY, NAME, Authority, about_members, make_authority, signed

ACME = make_authority()
ADDED = format_moment(NOW)


def pinned(trust: Trust, number: int) -> Trust:
    """The same with one key more."""
    key = public_key(make_key(number), publisher=f"publisher {number}")
    return with_pin(trust, key, names=(), how="by hand", added=ADDED)


def rooted(trust: Trust) -> Trust:
    """The same with a root, which needs its list."""
    return with_root(trust, ACME.certificate, needs_list=True, added=ADDED)


def list_of(
    *revoked: int, number: int = 1, at: datetime = NOW, days: int = 30, authority: Authority = ACME
) -> RevocationList:  # fmt: skip
    """An authority's list."""
    entries = dict.fromkeys(revoked, at)
    return read_list(
        make_list(authority=authority.certificate, key=authority.key, number=number, at=at, days=days, entries=entries)
    )


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    """One with a root, its list, a pin and something seen."""
    made = TrustStore(folder=tmp_path / "trust")
    made.update(lambda trust: pinned(rooted(trust), 9))
    made.add_list(list_of(17), issuer=ACME.certificate, at=NOW)
    take(made, 9)
    return made


def take(store: TrustStore, number: int, *chain: Certificate) -> None:
    """Accept what a key signed, and remember it."""
    verifier = Verifier(trust=store.read(), occasion=Occasion(at=NOW), revoked=store.revoked)
    verdict = verifier.judge([signed(number, chain=chain)], about=about_members)
    store.update(lambda trust: remembered(trust, verdict, at=NOW))


def again(store: TrustStore) -> TrustStore:
    """The same folder, looked at by a new process."""
    return TrustStore(folder=store.folder)


def test_the_folder_is_in_the_signers_home(tmp_path: Path) -> None:
    """Where no package can write."""
    assert trust_folder({"EXPERTKIT_HOME": str(tmp_path)}) == tmp_path / "trust"


def test_without_a_file_nobody_is_trusted(tmp_path: Path) -> None:
    """And looking makes none."""
    store = TrustStore(folder=tmp_path / "trust")

    assert store.read() == EMPTY
    assert store.read().is_empty
    assert not store.folder.exists()


def test_what_was_written_is_read(store: TrustStore) -> None:
    """Roots, pins, lists and what was seen; writing the same again leaves the file alone."""
    trust, before = store.read(), store.path.stat()

    store.update(lambda same: same)

    assert [len(each) for each in (trust.roots, trust.pins, trust.lists, trust.seen)] == [1, 1, 1, 1]
    assert again(store).read() == trust
    assert (store.path.stat().st_ino, store.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_deleting_the_file_never_trusts_anybody(store: TrustStore) -> None:
    """Neither what lies beside it nor a later change brings anybody back."""
    store.path.unlink()

    assert store.read() == EMPTY
    assert store.update(lambda trust: trust) == EMPTY
    assert again(store).read() == EMPTY
    with pytest.raises(SignatureError, match="expected a key that you trust"):
        take(store, 9)


def test_every_changed_byte_is_found_and_the_file_stays(store: TrustStore) -> None:
    """No byte is without meaning, and a damaged file is neither read nor written over."""
    good = store.path.read_bytes()

    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 1 << at % 8
        store.path.write_bytes(changed)
        with pytest.raises((IntegrityError, SignatureError)):
            store.read()
    with pytest.raises(IntegrityError, match="expected what this program wrote") as refusal:
        store.update(lambda trust: pinned(trust, 8))
    assert store.path.read_bytes() == bytes(changed)
    assert "bring trust.json back from a copy" in str(refusal.value.hint)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_file_is_damaged(store: TrustStore, kept: int) -> None:
    """An empty one too: it is not the same as none."""
    store.path.write_bytes(store.path.read_bytes()[:kept])

    with pytest.raises(IntegrityError):
        store.read()


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o027, 0o077, 0o177])
def test_files_are_their_owners_alone_under_every_umask(tmp_path: Path, umask: int) -> None:
    """The file, the indexes, and the folder where it was made."""
    store = TrustStore(folder=tmp_path / "trust")
    store.folder.mkdir(mode=0o700)
    before = os.umask(umask)
    try:
        store.update(rooted)
        store.add_list(list_of(1), issuer=ACME.certificate, at=NOW)
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o077 for path in store.folder.iterdir()}
    assert set(modes.values()) == {0}, modes
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask lets through."""
    before = os.umask(0)
    try:
        TrustStore(folder=tmp_path / "trust").update(rooted)
    finally:
        os.umask(before)

    assert (tmp_path / "trust").stat().st_mode & 0o777 == 0o700


def test_what_another_user_wrote_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the file can say whom one trusts; root may, who can do so anyway."""
    status = os.stat_result((0o100600, *(0,) * 3, 12345, *(0,) * 5))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(SignatureError, match="expected a file of yours, got one of user 12345"):
        _check_owner(tmp_path / "trust.json", status)
    for owner in (0, 1000):
        _check_owner(tmp_path / "trust.json", os.stat_result((0o100600, *(0,) * 3, owner, *(0,) * 5)))


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
def test_a_file_that_others_may_open_is_refused(store: TrustStore, bit: int) -> None:
    """Like a key; each of the six bits."""
    store.path.chmod(0o600 | bit)

    for look in (store.read, lambda: store.update(lambda trust: trust)):
        with pytest.raises(SignatureError, match=f"expected mode 0600, got {0o600 | bit:04o}"):
            look()


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("odd", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, odd: str) -> None:
    """Exit class 5, and it stays."""
    store = TrustStore(folder=tmp_path / "trust")
    store.folder.mkdir()
    if odd == "pipe":
        os.mkfifo(store.path, 0o600)
    elif odd == "folder":
        store.path.mkdir(mode=0o700)
    else:
        store.path.symlink_to("/dev/zero")

    for look in (store.read, lambda: store.update(rooted)):
        with pytest.raises(IntegrityError, match="expected a regular file, got a"):
            look()
    assert os.path.lexists(store.path)


def test_a_link_is_no_way_around_the_rules(store: TrustStore, tmp_path: Path) -> None:
    """What it leads to has to be the owner's alone, and a change replaces the link itself."""
    elsewhere = store.path.rename(tmp_path / "elsewhere.json")
    store.path.symlink_to(elsewhere)
    assert len(store.read().pins) == 1

    elsewhere.chmod(0o644)
    with pytest.raises(SignatureError, match="expected mode 0600"):
        store.read()
    elsewhere.chmod(0o600)
    store.update(lambda trust: pinned(trust, 8))
    assert not store.path.is_symlink()

    store.path.unlink()
    store.path.symlink_to(tmp_path / "nowhere")
    assert store.read() == EMPTY


def test_what_could_not_be_read_again_is_not_written(store: TrustStore) -> None:
    """A value that no file may hold leaves the one that is there."""
    before = store.path.read_bytes()

    with pytest.raises(FormatError):
        store.update(lambda trust: replace(trust, pins=(replace(trust.pins[0], names=("",)),)))

    assert store.path.read_bytes() == before


def _pin_some(folder: Path, numbers: range) -> None:
    for number in numbers:
        TrustStore(folder=folder).update(lambda trust, number=number: pinned(trust, number))  # type: ignore[misc]


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each change is made of the newest value."""
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_pin_some, args=(tmp_path, range(at, at + 12))) for at in (1, 101)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()

    assert [job.exitcode for job in jobs] == [0, 0]
    assert len(TrustStore(folder=tmp_path).read().pins) == 24


def _killed_at(folder: Path, step: int) -> None:
    """Take a newer list in, and die at one of the steps that change the disk."""
    steps = iter(range(100))
    for name in ("replace", "fsync", "fchmod", "unlink"):
        real = getattr(os, name)

        def die(*given: object, real: object = real, **named: object) -> object:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)  # type: ignore[operator]

        setattr(os, name, die)
    TrustStore(folder=folder).add_list(list_of(17, 18, number=2), issuer=ACME.certificate, at=NOW)
    os._exit(0)


def test_whoever_is_killed_between_two_steps_leaves_the_old_or_the_new(store: TrustStore) -> None:
    """At every step: what is there can be read, and a revoked certificate stays one."""
    context, step, codes, numbers = multiprocessing.get_context("fork"), 0, [], set()
    good = {path: path.read_bytes() for path in store.folder.iterdir()}
    while not codes or codes[-1] != 0:
        for path in store.folder.iterdir():
            path.unlink()
        for path, data in good.items():
            write_bytes(path, data, mode=0o600)
        job = context.Process(target=_killed_at, args=(store.folder, step))
        job.start()
        job.join()
        codes.append(job.exitcode)
        found = again(store)
        (known,) = found.read().lists
        numbers.add(known.number)
        assert found.revoked(known, 17) == NOW
        assert (found.revoked(known, 18) is None) == (known.number == "1")
        assert len(found.update(lambda trust: pinned(trust, 8)).pins) == 2
        step += 1

    assert set(codes[:-1]) == {-signal.SIGKILL}
    assert len(codes) > 5
    assert numbers == {"1", "2"}


def test_a_list_is_kept_and_asked(store: TrustStore) -> None:
    """By a new process as well; the index of the list before it stays an hour, for whoever read before."""
    store.add_list(list_of(17, 18, number=2), issuer=ACME.certificate, at=NOW)

    (known,) = again(store).read().lists

    assert (known.number, known.entries) == ("2", 2)
    assert [store.revoked(known, serial) for serial in (17, 18, 19)] == [NOW, NOW, None]
    older = next(path for path in store.folder.glob("*.index") if path.stem != known.index)
    os.utime(older, (0, 0))
    store.update(lambda trust: trust)
    assert [path.name for path in store.folder.glob("*.index")] == [f"{known.index}.index"]


@pytest.mark.parametrize("number", [2**53, MAX_NUMBER])
def test_a_list_may_have_any_number_that_a_list_can_have(store: TrustStore, number: int) -> None:
    """Beyond what JSON's integers hold."""
    store.add_list(list_of(number=number), issuer=ACME.certificate, at=NOW)

    assert again(store).read().lists[0].number == str(number)
    with pytest.raises(SignatureError, match="newer than number"):
        store.add_list(list_of(number=9), issuer=ACME.certificate, at=NOW)


@pytest.mark.parametrize(
    ("found", "match"),
    [
        (list_of(number=2), "newer than number 3"),
        (list_of(number=3, at=NOW - DAY), "newer than number 3"),
        (list_of(number=3), "newer than number 3"),
        (list_of(number=4, at=NOW - DAY), "made after"),
        (list_of(number=4, at=NOW - 40 * DAY), "was to be renewed"),
        (list_of(number=4, at=NOW + DAY), "future"),
        (list_of(number=4, authority=make_authority(101)), "revocation list of CN=Acme"),
        (list_of(number=4, authority=make_authority(102, name="Other")), "expected one of CN=Acme, got another"),
        (replace(list_of(number=4), signature=bytes(64)), "signature"),
    ],
    ids=["older", "older of its number", "other of its number", "made before", "stale", "future", "twin", "other",
         "forged"],
)  # fmt: skip
def test_a_list_that_does_not_hold_changes_nothing(store: TrustStore, found: RevocationList, match: str) -> None:
    """Nobody brings a certificate back by an older list, or by a list of one's own."""
    store.add_list(list_of(17, number=3), issuer=ACME.certificate, at=NOW)
    before = {path: path.read_bytes() for path in store.folder.iterdir()}

    with pytest.raises(SignatureError, match=match):
        store.add_list(found, issuer=ACME.certificate, at=NOW)

    assert {path: path.read_bytes() for path in store.folder.iterdir()} == before


def test_the_same_list_again_is_fine(store: TrustStore) -> None:
    """Whoever updates every day gets no error."""
    before = store.path.read_bytes()

    store.add_list(list_of(17), issuer=ACME.certificate, at=NOW)

    assert store.path.read_bytes() == before


def _damages(path: Path) -> Iterator[None]:
    """An index that says nothing any more, in each of several ways."""
    good = path.read_bytes()
    for data in (
        b"",
        good[:4],
        good[:11279],
        good[:-1],
        bytes([good[0] ^ 1]) + good[1:],
        good[:-1] + bytes([good[-1] ^ 1]),
    ):
        path.write_bytes(data)
        yield
    path.unlink()
    yield
    path.mkdir()
    yield


def test_a_damaged_index_is_never_taken_for_not_revoked(store: TrustStore) -> None:
    """Missing, empty, cut off, changed or no file: exit class 5, with the command that helps."""
    (known,) = store.read().lists

    for number, _ in enumerate(_damages(store.folder / f"{known.index}.index")):
        with pytest.raises(ExpertError) as refusal:
            again(store).revoked(known, 17)
        assert refusal.value.exit_code == 5, number
        assert "update" in str(refusal.value.hint)


def test_nothing_below_a_root_is_accepted_while_its_index_is_missing(store: TrustStore) -> None:
    """And what is asked for then makes it anew."""
    chain = ACME.issue(1)
    take(store, 1, *chain)
    (index,) = store.folder.glob("*.index")
    index.unlink()

    with pytest.raises(
        SignatureError, match="the index of the revocation list of CN=Acme, got no such file"
    ) as refusal:
        take(again(store), 1, *chain)
    assert refusal.value.hint == "expert-cli trust update LIST"
    store.add_list(list_of(17), issuer=ACME.certificate, at=NOW)
    take(again(store), 1, *chain)


def test_a_list_of_a_hundred_thousand_is_asked_in_no_time(tmp_path: Path) -> None:
    """One bucket is read and not the list."""
    store = TrustStore(folder=tmp_path)
    serials = range(10**40, 10**40 + 100_000)
    (known,) = store.add_list(list_of(*serials), issuer=ACME.certificate, at=NOW).lists
    fresh = again(store)

    begin = time.perf_counter()
    first = fresh.revoked(known, serials[4711])
    opened = time.perf_counter() - begin
    spans = []
    for serial in (*serials[::5000], *range(1, 20)):
        begin = time.perf_counter()
        found = fresh.revoked(known, serial)
        spans.append(time.perf_counter() - begin)
        assert found == (NOW if serial in serials else None)

    print(f"first {1e3 * opened:.2f} ms, then {1e3 * sorted(spans)[len(spans) // 2]:.3f} ms")  # noqa: T201  # what was measured
    assert first == NOW
    assert sorted(spans)[len(spans) // 2] < 0.005
    assert opened < 0.05


def test_what_is_remembered_survives(store: TrustStore) -> None:
    """An older package is refused by the next process."""
    (row,) = again(store).read().seen

    assert (row.name, row.version, dict(row.sequences)) == (NAME, "1.0.0", {"archive": 1})
    with pytest.raises(SignatureError, match=r"expected at least 1\.0\.0"):
        Verifier(trust=again(store).read(), occasion=Occasion(at=NOW), revoked=store.revoked).judge(
            [signed(9, version="0.9.0")], about=about_members
        )


def test_the_hint_of_a_damaged_file_names_the_command(store: TrustStore) -> None:
    """Whom one trusts can be said again."""
    store.path.write_bytes(b"{}")

    with pytest.raises(IntegrityError) as refusal:
        store.read()

    assert "expert-cli trust add" in str(refusal.value.hint)


def test_a_list_of_the_same_number_never_takes_the_place_of_another(store: TrustStore) -> None:
    """A certificate that was revoked does not come back by a list that was numbered again."""
    store.add_list(list_of(17, number=2), issuer=ACME.certificate, at=NOW)

    with pytest.raises(SignatureError, match="newer than number 2"):
        store.add_list(list_of(number=2, at=NOW + DAY), issuer=ACME.certificate, at=NOW + DAY)

    assert store.revoked(store.read().lists[0], 17) == NOW
