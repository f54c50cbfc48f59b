"""Own data from its files to the items of each part: read, checked, compared, split, limited."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from expertkit.data.items import Item
from expertkit.data.own.check import Entry, UnusableError, make_entry
from expertkit.data.own.columns import Columns, choose_columns
from expertkit.data.own.duplicates import near_pairs
from expertkit.data.own.rows import read_rows
from expertkit.data.split import PARTS, Part, part_of
from expertkit.errors import ConfigError, Problem
from expertkit.recipes import DataConfig
from expertkit.recipes.own_data import DataFile, OwnData

_SHOWN = 5
_HINT = "expert-cli data validate says what became of every row; nothing was written"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that is not used, and why."""

    place: str
    problem: str


@dataclass(slots=True, kw_only=True)
class Account:
    """What became of the rows."""

    columns: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """By file: which column is what."""
    rows: int = 0
    """Rows that were read."""
    bad: int = 0
    """Of them, those that cannot be used."""
    first_bad: list[BadRow] = field(default_factory=list)
    duplicates: int = 0
    """Rows that are another one word for word, but for case and spaces."""
    near_duplicates: int = 0
    """Rows that are nearly another one."""
    contradictions: int = 0
    """Rows that ask what an earlier one asks, and have another answer."""
    not_needed: int = 0
    """Usable rows beyond a weight, or beyond what is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Own data, ready to be written."""

    parts: Mapping[str, tuple[Item, ...]]
    """Train, dev and test."""
    account: Account


def collect(project: Path, config: DataConfig, own: OwnData, *, needs_json: bool) -> Collected:
    """The items of every part.

    Args:
        project: root of the project.
        config: how many items, and what is put up with.
        own: the files and what is asked of them.
        needs_json: whether the grader asks for JSON documents.

    Raises:
        ConfigError: too many rows are bad, columns are missing, parts share items or have none.
        FormatError: a file is not of its format at all.
        PackagingError: the hub has no such data set.
    """
    account = Account()
    limits: dict[Part, int] = {"train": config.train, "dev": config.dev, "test": config.test}
    try:
        drawn = _read_all(project, own, account, needs_json=needs_json)
        entries = list(_enough(drawn, own, limits) if own.streaming else drawn)
        _check_bad(account, config.max_bad_share)
        _check_any(entries, account)
        if own.deduplicate:
            entries = _without_duplicates(entries, account, similarity=config.similarity)
        parts = _split(entries, own)
        account.contradictions = _count_contradictions(entries)
        parts = {part: _choose(found, own, limit=limits[part], seed=config.seed) for part, found in parts.items()}
        account.not_needed = len(entries) - sum(map(len, parts.values()))
        _check_parts(parts, own)
        _check_leaks(parts, similarity=config.similarity)
    except ConfigError as error:
        raise ConfigError(error.problems, hint=_HINT) from None
    return Collected(parts={part: _items(part, found) for part, found in parts.items()}, account=account)


def to_json(account: Account) -> dict[str, Any]:
    """The account as JSON values."""
    return asdict(account)


def _read_all(project: Path, own: OwnData, account: Account, *, needs_json: bool) -> Iterator[Entry]:
    for file in sorted(own.files, key=lambda file: file.part is None):  # a stream may end before the last file
        yield from _read(project, file, own, account, needs_json=needs_json)


def _read(project: Path, file: DataFile, own: OwnData, account: Account, *, needs_json: bool) -> Iterator[Entry]:
    columns: Columns | None = None
    for row in read_rows(file, project):
        account.rows += 1
        try:
            if columns is None and row.values is not None:
                columns = _columns(row.values, file, own)
                account.columns[file.place] = asdict(columns)
            yield make_entry(row, columns, own, task=file.task, needs_json=needs_json)
        except UnusableError as error:
            account.bad += 1
            if len(account.first_bad) < _SHOWN:
                account.first_bad.append(BadRow(place=row.place, problem=str(error)))


def _columns(there: Mapping[str, Any], file: DataFile, own: OwnData) -> Columns:
    chosen = choose_columns(there.keys(), own.columns, file=file.place)
    if isinstance(chosen, Columns):
        return chosen
    raise ConfigError(chosen)


def _enough(entries: Iterable[Entry], own: OwnData, limits: Mapping[Part, int]) -> Iterator[Entry]:
    """Entries of a stream until every part has its number of different ones, or enough were looked at."""
    counts = dict.fromkeys(limits, 0)
    seen: set[tuple[str, str]] = set()
    given = _given(own)
    for number, entry in enumerate(entries, start=1):
        part = _part(entry, given)
        if entry.asked not in seen:
            seen.add(entry.asked)
            counts[part] += 1
            yield entry
        if all(counts[name] >= limit for name, limit in limits.items()) or number == own.most_rows:
            return


def _check_any(entries: Sequence[Entry], account: Account) -> None:
    """Where no row can be used, the rows say why."""
    if not entries:
        raise ConfigError(_tell(account) or [Problem(file="data", place="", expected="rows", got="none")])


def _tell(account: Account) -> list[Problem]:
    return [Problem(file=row.place, place="", expected="a usable row", got=row.problem) for row in account.first_bad]


def _check_bad(account: Account, most: float) -> None:
    if account.rows and account.bad / account.rows > most:
        problems = _tell(account)
        more = f"{account.bad} of {account.rows} ({account.bad / account.rows:.1%}), the first {len(problems)} above"
        problems.append(
            Problem(file="params.yaml", place="data.max_bad_share", expected=f"at most {most:.1%} bad rows", got=more)
        )
        raise ConfigError(problems)


def _without_duplicates(entries: Sequence[Entry], account: Account, *, similarity: float) -> list[Entry]:
    """The first of those that are the same, of parts that are split by us or of one part."""
    seen: set[object] = set()
    kept = []
    for entry in entries:
        key = (entry.part, *entry.asked, " ".join(entry.answer.split()))
        if key not in seen:
            seen.add(key)
            kept.append(entry)
    account.duplicates = len(entries) - len(kept)
    again = {later for first, later in near_pairs(kept, similarity=similarity) if kept[first].part == kept[later].part}
    account.near_duplicates = len(again)
    return [entry for at, entry in enumerate(kept) if at not in again]


def _split(entries: Sequence[Entry], own: OwnData) -> dict[Part, list[Entry]]:
    given = _given(own) | {entry.part for entry in entries if entry.part}
    parts: dict[Part, list[Entry]] = {part: [] for part in PARTS}
    for entry in entries:
        parts[_part(entry, given)].append(entry)
    return parts


def _given(own: OwnData) -> frozenset[Part]:
    """The parts that have files of their own."""
    return frozenset(file.part for file in own.files if file.part)


def _part(entry: Entry, given: frozenset[Part]) -> Part:
    """That of the file; else that of the group, or of what is asked, but none that has a file of its own."""
    drawn = part_of(entry.group or "\0".join(entry.asked))
    return entry.part or ("train" if drawn in given else drawn)


def _count_contradictions(entries: Iterable[Entry]) -> int:
    answers: dict[tuple[str, str], str] = {}
    return sum(answers.setdefault(entry.asked, entry.answer) != entry.answer for entry in entries)


def _choose(entries: Sequence[Entry], own: OwnData, *, limit: int, seed: int) -> list[Entry]:
    """So many entries, in their order: of a weighted task's own file its share, and of all at most ``limit``."""
    weights: dict[tuple[str | None, Part | None], float] = {(file.task, file.part): file.weight for file in own.files}
    by_task: dict[tuple[str | None, Part | None], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_task[entry.category, entry.part].append(entry)
    kept = [
        entry
        for file, found in by_task.items()
        for entry in _lowest(found, math.ceil(len(found) * weights.get(file, 1.0)), rank=_rank(seed))
    ]
    chosen = {id(entry) for entry in _lowest(kept, limit, rank=_rank(seed))}
    return [entry for entry in entries if id(entry) in chosen]


def _rank(seed: int) -> Callable[[Entry], bytes]:
    """An order that has to do with nothing but the seed."""
    return lambda entry: hashlib.sha256("\0".join([str(seed), *entry.asked, entry.answer]).encode()).digest()


def _lowest(entries: Sequence[Entry], count: int, *, rank: Callable[[Entry], bytes]) -> list[Entry]:
    return list(entries) if len(entries) <= count else sorted(entries, key=rank)[:count]


def _check_parts(parts: Mapping[Part, Sequence[Entry]], own: OwnData) -> None:
    file = own.files[0].place
    problems = [
        Problem(file=file, place="", expected=f"items for the part {part}", got="none")
        for part, found in parts.items()
        if not found
    ]
    if problems:
        raise ConfigError(problems)


def _check_leaks(parts: Mapping[Part, Sequence[Entry]], *, similarity: float) -> None:
    """Refuse parts that share what they ask, or nearly, or a group.

    Raises:
        ConfigError: the first few that do.
    """
    listed = [(part, entry) for part, found in parts.items() for entry in found]
    leaks = {
        **_shared(listed, lambda entry: entry.group, called="the group {0.group!r}"),
        **_near(listed, similarity),
        **_shared(listed, lambda entry: entry.asked, called="the question"),
    }
    if leaks:
        problems = [
            Problem(file=listed[later][1].place, place="", expected=f"nothing that {listed[first][0]} has", got=got)
            for (first, later), got in list(leaks.items())[:_SHOWN]
        ]
        rest = Problem(file="data", place="", expected="parts without common items", got=f"{len(leaks)} in common")
        raise ConfigError([*problems, rest])


def _shared(
    listed: Sequence[tuple[Part, Entry]], what: Callable[[Entry], Hashable], *, called: str
) -> dict[tuple[int, int], str]:
    """Entries with something, unless it is empty, that an earlier part has as well, each after the first one."""
    first_at: dict[Hashable, int] = {}
    found: dict[tuple[int, int], str] = {}
    for at, (part, entry) in enumerate(listed):
        first = first_at.setdefault(what(entry), at) if what(entry) else at
        if listed[first][0] != part:
            found[first, at] = f"{called.format(entry)} of {listed[first][1].place}"
    return found


def _near(listed: Sequence[tuple[Part, Entry]], similarity: float) -> dict[tuple[int, int], str]:
    pairs = near_pairs([entry for _, entry in listed], similarity=similarity)
    return {
        (first, later): f"nearly the question of {listed[first][1].place}"
        for first, later in pairs
        if listed[first][0] != listed[later][0] and listed[first][1].asked != listed[later][1].asked
    }


def _items(part: Part, entries: Sequence[Entry]) -> tuple[Item, ...]:
    return tuple(
        Item(
            id=f"{part}-{number:05}",
            form=entry.category,
            group=hashlib.sha256((entry.group or f"{part} {number}").encode()).hexdigest()[:16],
            question=entry.question,
            context=entry.context,
            answer=entry.answer,
        )
        for number, entry in enumerate(entries)
    )
