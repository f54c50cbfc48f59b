"""Checkpoints: what a log signs, and the time that a cosignature adds."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.transparency import Checkpoint, NoteKey, checkpoint, note
from expertkit.signing.transparency.tree import EMPTY
from tests.signing.transparency.builders import NOW, make_checkpoint, make_key, make_leaves, public

ORIGIN = checkpoint.origin_of(public())
SIGNED = make_checkpoint(make_leaves(3))


def test_a_checkpoint_survives_its_bytes() -> None:
    """Size, root and time are those that were signed."""
    state = checkpoint.check(SIGNED, origin=ORIGIN, log=public())

    assert (state.origin, state.size) == (f"expertkit.log/{public().id[:16]}", 3)
    assert str(state).encode() == SIGNED.partition(b"\n\n")[0] + b"\n"
    assert checkpoint.read_unverified(SIGNED) == state
    assert checkpoint.check_time(SIGNED, cosigners={ORIGIN: public()}) == NOW
    assert checkpoint.read_time_unverified(SIGNED) == NOW


def test_a_cosignature_is_over_header_time_and_text() -> None:
    """Its line holds the time and a signature of exactly these bytes, by the key of the fourth algorithm."""
    text = SIGNED.partition(b"\n\n")[0] + b"\n"
    timed = NoteKey(name=ORIGIN, key=public(), algorithm=note.TIMED)

    line = base64.b64decode(SIGNED.decode().splitlines()[-1].split(" ")[2])

    assert (line[:4], int.from_bytes(line[4:12], "big")) == (timed.id, 1769860800)
    public().verify(line[12:], b"cosignature/v1\ntime 1769860800\n" + text)


def test_every_changed_byte_is_refused() -> None:
    """Of text, signature and cosignature: none of the neighbours of a checkpoint passes."""
    passed = []
    for at in range(len(SIGNED)):
        changed = bytearray(SIGNED)
        changed[at] ^= 1
        try:
            checkpoint.check(bytes(changed), origin=ORIGIN, log=public())
            checkpoint.check_time(bytes(changed), cosigners={ORIGIN: public()})
        except (FormatError, SignatureError):
            continue
        passed.append(at)

    assert passed == []


def test_another_log_or_key_is_refused() -> None:
    """The name alone does not make a checkpoint that of a log, nor the key under another name."""
    with pytest.raises(SignatureError, match=r"expected log expertkit\.log/"):
        checkpoint.check(SIGNED, origin=checkpoint.origin_of(public(2)), log=public())
    with pytest.raises(SignatureError, match="got none"):
        checkpoint.check(SIGNED, origin=ORIGIN, log=public(2))


def test_the_earliest_trusted_time_counts() -> None:
    """Whoever is not trusted changes nothing, however early he claims to have been."""
    later = checkpoint.cosign(SIGNED, name="witness", key=make_key(2), at=NOW + timedelta(hours=1))
    earlier = checkpoint.cosign(later, name="stranger", key=make_key(3), at=NOW - timedelta(days=9))

    def time(**cosigners: int) -> datetime:
        return checkpoint.check_time(earlier, cosigners={name: public(seed) for name, seed in cosigners.items()})

    assert time(witness=2) == NOW + timedelta(hours=1)
    assert time(witness=2, stranger=3) == NOW - timedelta(days=9)
    with pytest.raises(SignatureError, match="expected a time from witness, got none"):
        time(witness=3)
    with pytest.raises(SignatureError, match="expected a time from nobody"):
        time()


def test_a_false_time_is_refused() -> None:
    """A line in a trusted key's name that the key did not make is no missing line."""
    good = note.decode(SIGNED)
    timed = NoteKey(name="witness", key=public(2), algorithm=note.TIMED)
    for made in (b"short", (1).to_bytes(8, "big") + bytes(64), bytes(8) + bytes(64), b"\xff" * 72):
        line = note.Signature(name="witness", id=timed.id, signature=made)
        forged = note.Note(text=good.text, signatures=(*good.signatures, line)).encode()
        with pytest.raises(SignatureError):
            checkpoint.check_time(forged, cosigners={"witness": public(2)})


@pytest.mark.parametrize("seconds", [0, checkpoint.LAST_TIME + 1, (1 << 64) - 1])
def test_a_time_that_is_none_is_refused_though_it_was_signed(seconds: int) -> None:
    """Zero stands for none, and no date is as late as the others."""
    good = note.decode(SIGNED)
    timed = NoteKey(name="witness", key=public(2), algorithm=note.TIMED)
    made = seconds.to_bytes(8, "big") + make_key(2).sign(checkpoint._timed(good.text, seconds))
    line = note.Signature(name="witness", id=timed.id, signature=made)
    forged = note.Note(text=good.text, signatures=(*good.signatures, line)).encode()

    with pytest.raises(SignatureError, match="expected a time and a signature of witness"):
        checkpoint.check_time(forged, cosigners={"witness": public(2)})


def test_a_key_cosigns_once() -> None:
    """A second time of one key would leave open which counts."""
    with pytest.raises(FormatError, match="different keys"):
        checkpoint.cosign(SIGNED, name=ORIGIN, key=make_key(), at=NOW)


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)])
def test_no_time_is_not_a_time(at: datetime) -> None:
    """Zero stands for none, and is never signed."""
    signed = checkpoint.sign(checkpoint.read_unverified(SIGNED), make_key())

    with pytest.raises(ValueError, match="expected a time after 1970"):
        checkpoint.cosign(signed, name=ORIGIN, key=make_key(), at=at)
    assert checkpoint.read_time_unverified(signed) is None


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"log\n03\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n٣\n{ROOT}\n",
        f"log\n{2**53}\n{ROOT}\n",
        f"log\n0\n{ROOT}\n",
        f"a log\n3\n{ROOT}\n",
        f"\n3\n{ROOT}\n",
        "log\n3\n",
        f"log\n3\n{ROOT[:-4]}\n",
        f"log\n3\n{ROOT[:-2]}B=\n",
        f"log\n3\n{ROOT}\nextension\n",
    ],
)
def test_another_form_of_the_text_is_refused(text: str) -> None:
    """Three lines: a name, a decimal number, the base64 of 32 bytes; nothing else, however it is signed."""
    log = NoteKey(name="log", key=public())
    line = note.Signature(name="log", id=log.id, signature=make_key().sign(text.encode()))
    data = note.Note(text=text, signatures=(line,)).encode()

    with pytest.raises(FormatError):
        checkpoint.check(data, origin="log", log=public())


def test_the_empty_log_has_the_empty_root() -> None:
    """And no other."""
    assert str(Checkpoint(origin="log", size=0, root=EMPTY)).startswith("log\n0\n47DEQpj8HBSa")
    with pytest.raises(FormatError, match="root of 0 leaves"):
        Checkpoint(origin="log", size=0, root=bytes(32))
