"""The vector in docs/transparency.md is what this code makes."""

from __future__ import annotations

import re

import pytest

from expertkit.signing.transparency import proof, tree
from tests.docs.make import ROOT
from tests.signing.transparency.builders import NOW, make_checkpoint, make_leaves, public

PAGE = (ROOT / "docs/transparency.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def hashes(size: int) -> list[bytes]:
    """Those of the first leaves of the vector."""
    return [tree.leaf_hash(leaf) for leaf in make_leaves(size)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
def test_the_page_has_the_root(size: int) -> None:
    """Of a log of that many entries."""
    assert f"\n| {size} | `{tree.root(hashes(size)).hex()}` |\n" in PAGE


def test_the_page_has_entry_consistency_and_proof() -> None:
    """Byte for byte, and what it shows is accepted."""
    entry, consistency, shown = BLOCKS

    assert entry.encode() == make_leaves(1)[0] + b"\n"
    found = [bytes.fromhex(line) for line in consistency.splitlines()]
    tree.check_consistency(3, 7, tree.root(hashes(3)), tree.root(hashes(7)), found)
    made = proof.make(hashes(3), 1, checkpoint=make_checkpoint(make_leaves(3)))
    assert shown.encode() == made.encode()
    assert proof.check(proof.decode(shown.encode()), leaf=make_leaves(2)[1], log=public()) == NOW
