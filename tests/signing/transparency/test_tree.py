"""The Merkle tree: published vectors, the definition of RFC 9162 followed word for word, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import SignatureError
from expertkit.signing.transparency.tree import (
    EMPTY,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)

REFERENCE = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
"""The leaves of the reference tests of Certificate Transparency."""
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots over the first one to eight of them, from the same tests."""
LARGEST = 64
HASHES = [leaf_hash(b"leaf %d" % number) for number in range(LARGEST)]


def split(size: int) -> int:
    """The largest power of two below ``size``."""
    power = 1
    while 2 * power < size:
        power *= 2
    return power


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1 over hashes of leaves, as it is defined."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1; PROOF is it of the whole tree."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def refuses(check: Callable[[], None]) -> bool:
    """Whether a check refuses, as all of them do."""
    try:
        check()
    except SignatureError:
        return True
    return False


def test_the_roots_of_the_reference_tests() -> None:
    """Those of the empty tree and of one to eight leaves are the published ones."""
    leaves = [leaf_hash(leaf) for leaf in REFERENCE]

    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [root(leaves[: size + 1]).hex() for size in range(8)] == REFERENCE_ROOTS


def test_the_proofs_of_the_reference_tests() -> None:
    """Two inclusion proofs and two consistency proofs are the published ones."""
    leaves = [leaf_hash(leaf) for leaf in REFERENCE]

    assert [each.hex() for each in inclusion_proof(leaves, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [each.hex() for each in inclusion_proof(leaves[:3], 2)] == [REFERENCE_ROOTS[1]]
    assert [each.hex() for each in consistency_proof(leaves, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert consistency_proof(leaves, 1) == inclusion_proof(leaves, 0)


def test_root_and_inclusion_follow_the_definition() -> None:
    """For every leaf of every tree of up to 64 leaves, and each proof is accepted."""
    for size in range(LARGEST + 1):
        leaves = HASHES[:size]
        found = root(leaves)
        assert found == mth(leaves)
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert [*proof] == path(index, leaves)
            check_inclusion(leaves[index], index, size, proof, found)


def test_consistency_follows_the_definition() -> None:
    """For every pair of sizes up to 64, and each proof is accepted."""
    roots = [root(HASHES[:size]) for size in range(LARGEST + 1)]
    for second in range(LARGEST + 1):
        for first in range(second + 1):
            proof = consistency_proof(HASHES[:second], first)
            assert [*proof] == (subproof(first, HASHES[:second]) if first else [])
            check_consistency(first, second, roots[first], roots[second], proof)


def test_a_leaf_is_proven_at_its_own_place_alone() -> None:
    """A proof of one leaf shows neither another leaf nor another place in a tree of that size."""
    for size in range(1, 18):
        leaves = HASHES[:size]
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            accepted = [
                (leaf, place)
                for leaf in range(size)
                for place in range(-1, size + 1)
                if not refuses(lambda: check_inclusion(leaves[leaf], place, size, proof, root(leaves)))  # noqa: B023
            ]
            assert accepted == [(index, index)]


@given(data=st.data(), size=st.integers(1, 40))
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    """One bit of leaf, root or a hash, a hash too many, too few, twice or cut."""
    index = data.draw(st.integers(0, size - 1))
    leaves = HASHES[:size]
    parts = [leaves[index], root(leaves), *inclusion_proof(leaves, index)]
    leaf, found, *proof = data.draw(changed(parts, fixed=2))

    with pytest.raises(SignatureError):
        check_inclusion(leaf, index, size, proof, found)


@given(data=st.data(), second=st.integers(2, 40))
def test_a_changed_consistency_proof_is_refused(data: st.DataObject, second: int) -> None:
    """One bit of either root or a hash, a hash too many, too few, twice or cut."""
    first = data.draw(st.integers(1, second - 1))
    parts = [root(HASHES[:first]), root(HASHES[:second]), *consistency_proof(HASHES[:second], first)]
    root1, root2, *proof = data.draw(changed(parts, fixed=2))

    with pytest.raises(SignatureError):
        check_consistency(first, second, root1, root2, proof)


@given(data=st.data(), common=st.integers(0, 20), more=st.integers(1, 20))
def test_a_fork_has_no_proof(data: st.DataObject, common: int, more: int) -> None:
    """Of two logs that went different ways after a common beginning, neither's proofs lead from one to the other."""
    ours = HASHES[: common + more]
    theirs = [*HASHES[:common], *(leaf_hash(b"other %d" % number) for number in range(data.draw(st.integers(1, 20))))]
    first = data.draw(st.integers(common + 1, len(ours)))
    second = len(theirs)
    honest = [consistency_proof(theirs, min(first, second)), consistency_proof(ours, first)]

    for proof in honest:
        with pytest.raises(SignatureError):
            check_consistency(first, second, root(ours[:first]), root(theirs), proof)


@pytest.mark.parametrize(
    ("first", "second", "root1", "root2", "proof"),
    [
        (0, 0, EMPTY, HASHES[0], []),
        (0, 0, HASHES[0], EMPTY, []),
        (0, 1, HASHES[0], HASHES[0], []),
        (0, 1, EMPTY, HASHES[0], [HASHES[0]]),
        (1, 1, HASHES[0], HASHES[1], []),
        (1, 1, HASHES[0], HASHES[0], [HASHES[0]]),
        (2, 1, HASHES[0], HASHES[0], []),
        (-1, 1, HASHES[0], HASHES[0], []),
        (1, 2, HASHES[0], node_hash(HASHES[0], HASHES[1]), []),
    ],
)
def test_sizes_that_need_no_proof_have_their_one_answer(
    first: int, second: int, root1: bytes, root2: bytes, proof: list[bytes]
) -> None:
    """An empty tree has the empty root, the same size the same root, and neither has hashes; a tree never shrinks."""
    with pytest.raises(SignatureError):
        check_consistency(first, second, root1, root2, proof)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    """Asking for one is the caller's mistake."""
    with pytest.raises(ValueError, match="expected a leaf from 0 to 2, got 3"):
        inclusion_proof(HASHES[:3], 3)
    with pytest.raises(ValueError, match="expected a size from 0 to 3, got 4"):
        consistency_proof(HASHES[:3], 4)


@st.composite
def changed(draw: st.DrawFn, parts: list[bytes], *, fixed: int) -> list[bytes]:
    """The parts with one change; the first ``fixed`` of them stay where they are."""
    at = draw(st.integers(0, len(parts) - 1))
    kind = draw(st.sampled_from(["bit", "cut", "longer", "more"] + ["less", "twice"] * (at >= fixed)))
    part = parts[at]
    match kind:
        case "bit":
            bit = draw(st.integers(0, 8 * len(part) - 1))
            whole = int.from_bytes(part, "big") ^ (1 << bit)
            return [*parts[:at], whole.to_bytes(len(part), "big"), *parts[at + 1 :]]
        case "cut":
            return [*parts[:at], part[:-1], *parts[at + 1 :]]
        case "longer":
            return [*parts[:at], part + b"\0", *parts[at + 1 :]]
        case "less":
            return [*parts[:at], *parts[at + 1 :]]
        case "twice":
            return [*parts[: at + 1], part, *parts[at + 1 :]]
        case _:
            return [*parts, draw(st.binary(min_size=32, max_size=32))]


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_none(at: int, size: int) -> None:
    """Two halves of one could stand for what lies below it."""
    parts = [HASHES[0], root(HASHES[:3]), *inclusion_proof(HASHES[:3], 0)]
    parts[at] = bytes(size)
    leaf, found, *proof = parts
    roots = [root(HASHES[:2]), root(HASHES[:3]), *consistency_proof(HASHES[:3], 2)]
    roots[at] = bytes(size)
    root1, root2, *between = roots

    with pytest.raises(SignatureError, match="32 bytes"):
        check_inclusion(leaf, 0, 3, proof, found)
    with pytest.raises(SignatureError, match="32 bytes"):
        check_consistency(2, 3, root1, root2, between)


def test_a_proof_that_is_too_long_and_sizes_that_shrink_are_called_what_they_are() -> None:
    """More hashes than there are levels; a later tree with fewer leaves."""
    proof = [*inclusion_proof(HASHES[:3], 0), HASHES[5]]
    between = [*consistency_proof(HASHES[:3], 2), HASHES[5]]

    with pytest.raises(SignatureError, match="inclusion proof: expected fewer than 3 hashes for 3 leaves"):
        check_inclusion(HASHES[0], 0, 3, proof, root(HASHES[:3]))
    with pytest.raises(SignatureError, match="consistency proof: expected fewer than 2 hashes for 3 leaves"):
        check_consistency(2, 3, root(HASHES[:2]), root(HASHES[:3]), between)
    with pytest.raises(SignatureError, match="consistency proof: expected at least 3 leaves, got 2"):
        check_consistency(3, 2, root(HASHES[:3]), root(HASHES[:2]), [])
