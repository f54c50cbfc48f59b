"""What is there twice, word for word or nearly.

Two entries are nearly the same if their answers are, if they hold the same numbers, and if both questions and both
contexts share most of their runs of five characters (Jaccard similarity). Candidates come from locality-sensitive
hashing of such runs (MinHash: Broder, "On the resemblance and containment of documents", 1997) and are then compared
exactly, so that a hash alone decides nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from expertkit.data.own.check import Entry, normalize

_RUN = 5
_PERMUTATIONS = 64
_FEW = 40  # so many are compared with each other
_NUMBER = re.compile(r"\d+")


def near_pairs(entries: Sequence[Entry], *, similarity: float) -> Iterator[tuple[int, int]]:
    """Pairs of positions, the earlier first, of entries that are nearly the same.

    Args:
        entries: what to compare.
        similarity: least share of common runs, 0 to 1, of question and of context.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for at, entry in enumerate(entries):
        groups[_kernel(entry)].append(at)
    for group in groups.values():
        runs = {at: (_runs(entries[at].asked[0]), _runs(entries[at].asked[1])) for at in group}
        for first, second in _candidates(group, runs, similarity):
            if all(_jaccard(*both) >= similarity for both in zip(runs[first], runs[second], strict=True)):
                yield first, second


def _kernel(entry: Entry) -> str:
    """What has to be the same: the answer, and the numbers."""
    question, context = entry.asked
    numbers = _NUMBER.findall(f"{question} {context}")
    return hashlib.sha256("\0".join([normalize(entry.answer), *numbers]).encode()).hexdigest()


def _candidates(
    group: Sequence[int], runs: dict[int, tuple[frozenset[str], frozenset[str]]], similarity: float
) -> Iterator[tuple[int, int]]:
    if len(group) <= _FEW:
        yield from combinations(group, 2)
        return
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=max(0.05, similarity - 0.1), num_perm=_PERMUTATIONS)
    for at in group:
        signature = MinHash(num_perm=_PERMUTATIONS, seed=1)
        signature.update_batch([run.encode() for part in zip("qc", runs[at], strict=True) for run in _tagged(*part)])
        yield from sorted((earlier, at) for earlier in index.query(signature))
        index.insert(at, signature)


def _tagged(tag: str, runs: frozenset[str]) -> Iterator[str]:
    return (tag + run for run in runs)


def _runs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + _RUN] for at in range(max(1, len(text) - _RUN + 1)))


def _jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / len(first | second)
