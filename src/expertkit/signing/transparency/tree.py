"""The Merkle tree of RFC 9162 section 2.1 with SHA-256: its root, proofs of it, and the algorithms that check them.

A proof binds neither the size of its tree nor the meaning of its root: both come from a signed checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from expertkit.errors import SignatureError

HASH_SIZE = 32
"""Bytes of a hash."""
EMPTY = sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves."""
    return _levels(leaf_hashes)[-1][0] if leaf_hashes else EMPTY


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root, nearest the leaf first.

    Raises:
        ValueError: there is no leaf ``index``.
    """
    if not 0 <= index < len(leaf_hashes):
        raise ValueError(f"expected a leaf from 0 to {len(leaf_hashes) - 1}, got {index}")
    siblings = ((level, (index >> height) ^ 1) for height, level in enumerate(_levels(leaf_hashes)))
    return tuple(level[at] for level, at in siblings if at < len(level))


def consistency_proof(leaf_hashes: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """The hashes that lead from the root over the first leaves to the root over all.

    Raises:
        ValueError: there are fewer than ``first`` leaves.
    """
    if not 0 <= first <= len(leaf_hashes):
        raise ValueError(f"expected a size from 0 to {len(leaf_hashes)}, got {first}")
    if first in {0, len(leaf_hashes)}:
        return ()
    levels, node = _levels(leaf_hashes), first - 1
    height = _trailing_ones(node)
    node >>= height
    proof = [levels[height][node]] if node else []
    for level in levels[height:-1]:
        sibling = node ^ 1
        proof += level[sibling : sibling + 1]
        node >>= 1
    return tuple(proof)


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if a leaf is in a tree (RFC 9162 section 2.1.3.2).

    Args:
        leaf: hash of the leaf.
        index: its place, from 0.
        size: leaves of the tree.
        proof: what ``inclusion_proof`` gave.
        root: of the tree.

    Raises:
        SignatureError: the proof does not show it.
    """
    _check_sizes(leaf, root, *proof)
    if not 0 <= index < size:
        raise SignatureError(f"inclusion proof: expected a leaf from 0 to {size - 1}, got {index}")
    node, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise SignatureError(f"inclusion proof: expected fewer than {len(proof)} hashes for {size} leaves")
        if node & 1 or node == last:
            found = node_hash(each, found)
            node, last = _raised(node, last)
        else:
            found = node_hash(found, each)
        node, last = node >> 1, last >> 1
    if last or found != root:
        raise SignatureError(f"inclusion proof: expected one for root {root.hex()[:12]}, got one for another tree")


def check_consistency(first: int, second: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Return if a tree begins with all leaves of an earlier one (RFC 9162 section 2.1.4.2).

    Args:
        first: leaves of the earlier tree.
        second: leaves of the later one.
        root1: of the earlier tree.
        root2: of the later one.
        proof: what ``consistency_proof`` gave.

    Raises:
        SignatureError: the proof does not show it.
    """
    _check_sizes(root1, root2, *proof)
    if not 0 <= first <= second:
        raise SignatureError(f"consistency proof: expected at least {first} leaves, got {second}")
    if first in {0, second}:
        _check_trivial(root1, root2 if first == second else root1, empty=first == 0, proof=proof)
        return
    is_whole = first & (first - 1) == 0
    path = [root1, *proof] if is_whole else [*proof]
    if not proof:
        raise SignatureError("consistency proof: expected hashes, got none")
    height = _trailing_ones(first - 1)
    node, last = (first - 1) >> height, (second - 1) >> height
    earlier = later = path[0]
    for each in path[1:]:
        if last == 0:
            raise SignatureError(f"consistency proof: expected fewer than {len(proof)} hashes for {second} leaves")
        if node & 1 or node == last:
            earlier, later = node_hash(each, earlier), node_hash(each, later)
            node, last = _raised(node, last)
        else:
            later = node_hash(later, each)
        node, last = node >> 1, last >> 1
    if last or (earlier, later) != (root1, root2):
        raise SignatureError(
            f"consistency proof: expected one from root {root1.hex()[:12]} to {root2.hex()[:12]}, "
            "got one for other trees"
        )


def _levels(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """All nodes, leaves first, the root last; the last node of an odd level stands in the next one too."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[2 * len(pairs) :])
    return levels


def _raised(node: int, last: int) -> tuple[int, int]:
    """Both nodes, past the levels on which the first one is alone."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _trailing_ones(number: int) -> int:
    return (number ^ (number + 1)).bit_length() - 1


def _check_trivial(root1: bytes, root2: bytes, *, empty: bool, proof: Sequence[bytes]) -> None:
    """An empty tree is the beginning of every other, and a tree that of itself: there is nothing to prove it with."""
    if proof:
        raise SignatureError(f"consistency proof: expected no hashes, got {len(proof)}")
    wanted = EMPTY if empty else root1
    if (root1, root2) != (wanted, wanted):
        raise SignatureError(f"consistency proof: expected root {wanted.hex()[:12]}, got another")


def _check_sizes(*hashes: bytes) -> None:
    """Hashes of other sizes could be cut apart in several ways."""
    odd = [len(each) for each in hashes if len(each) != HASH_SIZE]
    if odd:
        raise SignatureError(f"proof: expected hashes of {HASH_SIZE} bytes, got {odd[0]}")
