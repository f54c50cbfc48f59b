"""A row made into a question with its answer, or the reason why it is none."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expertkit import strict_json
from expertkit.data.documents import find_fault, parse_document
from expertkit.data.own.columns import Columns
from expertkit.data.own.rows import Row
from expertkit.errors import FormatError
from expertkit.recipes.own_data import HeldOut, OwnData


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One usable row."""

    place: str
    part: HeldOut | None
    """The part that its file is for; None where it goes by its own text."""
    category: str
    group: str
    """Entries of one group are no independent witnesses; an empty one stands alone."""
    question: str
    context: str
    answer: str

    @property
    def asked(self) -> tuple[str, str]:
        """Question and context, however they are spaced and written."""
        return normalize(self.question), normalize(self.context)


class UnusableError(ValueError):
    """A row is no question with an answer; the message says why."""


def make_entry(row: Row, columns: Columns | None, own: OwnData, *, task: str | None, needs_json: bool) -> Entry:
    """The entry of a row.

    Args:
        row: with its values.
        columns: which of them are what; None where no row has had any yet.
        own: what an entry has to be.
        task: what all rows of the file teach, if that is said.
        needs_json: whether the grader asks for JSON documents.

    Raises:
        UnusableError: the row cannot be used.
    """
    if row.values is None or columns is None:
        raise UnusableError(row.problem)
    question, answer = (_required(row.values, name) for name in (columns.instruction, columns.response))
    context = _text(row.values.get(columns.input)) if columns.input else ""
    category = _text(row.values.get(columns.category)) if columns.category else ""
    group = _text(row.values.get(columns.group)) if columns.group else ""
    _check_length(len(question) + len(context) + len(answer), own)
    if own.validate_json or own.validate_schema or needs_json:
        has_schema = own.validate_schema or (needs_json and context)
        _check_document(answer, context if has_schema else None, is_graded=needs_json)
    return Entry(
        place=row.place, part=row.part, category=task or category or "all", group=group,
        question=question, context=context, answer=answer,
    )  # fmt: skip


def normalize(text: str) -> str:
    """One spelling for texts that differ in case, in spaces, or in how Unicode writes the same signs (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _required(values: Mapping[str, Any], name: str) -> str:
    text = _text(values.get(name)).strip()
    if not text:
        raise UnusableError(f"{name}: expected a text, got {'nothing' if name in values else 'no such column'}")
    return text


def _text(value: Any) -> str:
    """Texts as they are; other values as JSON writes them."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _check_length(length: int, own: OwnData) -> None:
    if length < own.min_length:
        raise UnusableError(f"expected at least {own.min_length} characters, got {length}")
    if own.max_length is not None and length > own.max_length:
        raise UnusableError(f"expected at most {own.max_length} characters, got {length}")


def _check_document(answer: str, schema: str | None, *, is_graded: bool) -> None:
    """Return if the answer is a document that its schema, if there is one, allows; read as a grader would read it."""
    try:
        value = parse_document(answer) if is_graded else strict_json.loads(answer.encode(), file="answer")
    except (FormatError, ValueError) as error:
        raise UnusableError(str(error)) from error
    try:
        fault = None if schema is None else find_fault(schema, value)
    except ValueError as error:
        raise UnusableError(f"the context is {error}") from error
    if fault is not None:
        raise UnusableError(f"answer: {fault}")
