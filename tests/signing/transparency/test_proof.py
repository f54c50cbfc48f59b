"""Proofs: a file that shows an entry in a log at a time, and none of its neighbours does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.transparency import Proof, checkpoint, proof, tree
from tests.signing.transparency.builders import NOW, make_checkpoint, make_key, make_leaves, public

LEAVES = make_leaves(7)
HASHES = [tree.leaf_hash(leaf) for leaf in LEAVES]
GOOD = proof.make(HASHES, 4, checkpoint=make_checkpoint(LEAVES))
DATA = GOOD.encode()


def test_a_proof_proves_a_time() -> None:
    """For each entry, read from its own bytes, that of the log's cosignature."""
    for index, leaf in enumerate(LEAVES):
        made = proof.make(HASHES, index, checkpoint=GOOD.checkpoint)

        again = proof.decode(made.encode())

        assert again == made
        assert proof.check(again, leaf=leaf, log=public()) == NOW


def test_the_file_has_the_published_form() -> None:
    """A header, the index, the hashes, an empty line and the checkpoint."""
    header, index, *hashes = DATA.decode().partition("\n\n")[0].split("\n")

    assert (header, index, len(hashes)) == ("c2sp.org/tlog-proof@v1", "index 4", 3)
    assert DATA.endswith(b"\n\n" + GOOD.checkpoint)


@given(at=st.integers(0, len(DATA) - 1), flip=st.integers(1, 255))
def test_every_changed_byte_is_refused(at: int, flip: int) -> None:
    """In the header, the index, a hash, the checkpoint or a signature."""
    changed = bytearray(DATA)
    changed[at] ^= flip

    with pytest.raises((FormatError, SignatureError)):
        proof.check(proof.decode(bytes(changed)), leaf=LEAVES[4], log=public())


def test_a_proof_that_is_too_long_is_not_looked_into() -> None:
    """With how long it may be."""
    with pytest.raises(FormatError, match=f"proof: expected at most {proof.MAX_SIZE} bytes"):
        proof.decode(DATA + bytes(proof.MAX_SIZE))


@pytest.mark.parametrize("size", range(len(DATA)))
def test_every_beginning_of_a_proof_is_refused(size: int) -> None:
    """A file that was cut proves nothing, even where all that is missing is the time."""
    with pytest.raises((FormatError, SignatureError)):
        proof.check(proof.decode(DATA[:size]), leaf=LEAVES[4], log=public())


@pytest.mark.parametrize(
    "wrong",
    [
        replace(GOOD, index=5),
        replace(GOOD, hashes=GOOD.hashes[:-1]),
        replace(GOOD, hashes=(*GOOD.hashes, bytes(32))),
        replace(GOOD, checkpoint=make_checkpoint(LEAVES[:6])),
        replace(GOOD, checkpoint=make_checkpoint([*LEAVES, b"{}"])),
        replace(GOOD, checkpoint=make_checkpoint(LEAVES, seed=2)),
    ],
    ids=["index", "hash less", "hash more", "smaller log", "larger log", "another log"],
)
def test_a_wrong_proof_is_refused(wrong: Proof) -> None:
    """Of another place, tree, size or log."""
    with pytest.raises(SignatureError):
        proof.check(wrong, leaf=LEAVES[4], log=public())


def test_another_entry_is_not_proven() -> None:
    """The proof is about one leaf."""
    with pytest.raises(SignatureError, match="inclusion proof"):
        proof.check(GOOD, leaf=LEAVES[3], log=public())


def test_a_node_is_no_leaf() -> None:
    """The bytes below an inner node, taken for a leaf, have another hash."""
    inner = replace(GOOD, index=2, hashes=GOOD.hashes[1:])

    with pytest.raises(SignatureError):
        proof.check(inner, leaf=HASHES[4] + HASHES[5], log=public())


def test_who_tells_the_time_is_for_the_reader() -> None:
    """A witness that he trusts, and then the log's own word does not count."""
    hour = timedelta(hours=1)
    seen = checkpoint.cosign(GOOD.checkpoint, name="witness", key=make_key(2), at=NOW + hour)
    witnessed = replace(GOOD, checkpoint=seen)

    time = proof.check(witnessed, leaf=LEAVES[4], log=public(), cosigners={"witness": public(2)})

    assert time == NOW + hour
    assert proof.check(witnessed, leaf=LEAVES[4], log=public()) == NOW
    with pytest.raises(SignatureError, match="expected a time from witness, got none"):
        proof.check(GOOD, leaf=LEAVES[4], log=public(), cosigners={"witness": public(2)})


@pytest.mark.parametrize(
    "data",
    [
        DATA.replace(b"@v1", b"@v2"),
        DATA.replace(b"index 4", b"index 04"),
        DATA.replace(b"index 4", b"index -4"),
        DATA.replace(b"index 4", b"index\t4"),
        DATA.replace(b"index 4\n", b""),
        DATA.replace(b"index 4\n", b"extra AAAA\nindex 4\n"),
        DATA.replace(b"index 4\n", b"index 4\n" + b"\n"),
        DATA.replace(b"index 4\n", b"index 4\nAAAA\n"),
        DATA.replace(b"index 4\n", b"index 4\n" + (b"A" * 43 + b"=\n") * 65),
        DATA.replace(b"\n", b"\r\n"),
        DATA + b"\n",
        b"\xff" + DATA,
        DATA + b" " * proof.MAX_SIZE,
    ],
)
def test_another_byte_form_is_refused(data: bytes) -> None:
    """A proof is written in one way."""
    with pytest.raises(FormatError):
        proof.decode(data)
