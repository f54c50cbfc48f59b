"""From schema 1.0 to 2.0: one base model becomes a list of one; everything else stays where it is, byte for byte."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from expertkit import strict_json
from expertkit.errors import FormatError, ManifestError, Problem
from expertkit.manifest.parse import load

_TEMPLATE = "chatml"
"""How an expert of schema 1.0, which does not say it, is asked."""
_DECODER = json.JSONDecoder()
_SIGN = re.compile(r"[^ \t\r\n]")


def migrate_text(data: bytes, *, file: str) -> bytes:
    """The same manifest in schema 2.0, written as it was; one that is there already is given back as it is.

    ``base_models`` stands where ``base_model`` stood, takes ``adapters`` in and names the prompt template;
    ``schema_version`` follows ``version`` where there was none. All other bytes stay.

    Raises:
        FormatError: the text is not strict JSON, repeats a comment, or would be too long or too deep.
        ManifestError: it is no manifest, or would be none; all problems at once.
    """
    if load(data, file=file, compatible=True).manifest.schema_version == "2.0":
        return data
    raw = strict_json.loads(data, file=file)  # a comment that is there again would be lost
    wanted = migrate(raw, file=file)
    migrated = _rewritten(data.decode()).encode()
    try:
        found = load(migrated, file=f"{file} in schema 2.0", compatible=True).manifest.raw
    except (FormatError, ManifestError) as error:
        error.hint = "nothing was written; it has to be changed before it can be migrated"
        raise
    if json.dumps(found) != json.dumps(wanted):
        raise FormatError(f"{file}: expected the same in schema 2.0, got something else")
    return migrated


def migrate(raw: Mapping[str, Any], *, file: str) -> dict[str, Any]:
    """The value of a manifest in schema 2.0, from that of a valid one of either schema.

    Raises:
        ManifestError: something of ``base_model`` is in the way of what has to stand there.
    """
    if raw.get("schema_version", "1.0") == "2.0":
        return dict(raw)
    taken = [key for key in ("prompt_template", "adapters") if key in raw["base_model"]]
    if taken:
        wanted = "nothing of that name in schema 1.0, where schema 2.0 has it"
        raise ManifestError(
            [Problem(file=file, place=f"/base_model/{key}", expected=wanted, got="a value") for key in taken]
        )
    return dict(_migrated(raw))


def _migrated(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if key == "base_model":
            yield "base_models", [{**value, "prompt_template": _TEMPLATE, "adapters": raw["adapters"]}]
        elif key == "schema_version":
            yield key, "2.0"
        elif key != "adapters":
            yield key, value
        if key == "version" and "schema_version" not in raw:
            yield "schema_version", "2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A member of an object as it is written, with the space around it."""

    before: str
    key: str
    colon: str
    value: str
    after: str = ""
    """Up to the comma; of the last one nothing."""

    def __str__(self) -> str:
        return f"{self.before}{self.key}{self.colon}{self.value}{self.after}"


def _rewritten(text: str) -> str:
    """The text of a manifest of schema 1.0 with only the migrated members written anew."""
    opening, members, closing = _split(text)
    return f"{opening}{','.join(map(str, _rewritten_members(members)))}{closing}"


def _rewritten_members(members: Mapping[str, _Member]) -> Iterator[_Member]:
    first, second = itertools.islice(members.values(), 2)
    version = _Member(before=second.before, key='"schema_version"', colon=first.colon, value='"2.0"')
    for key, member in members.items():
        if key == "base_model":
            entry = _entry(members, before=second.before, colon=first.colon)
            yield replace(member, key='"base_models"', value=entry)
        elif key == "schema_version":
            yield replace(member, value=version.value)
        elif key != "adapters":
            yield member
        if key == "version" and "schema_version" not in members:
            yield version


def _entry(members: Mapping[str, _Member], *, before: str, colon: str) -> str:
    """The list of the one base: what was said of it, its template, its adapters; each on a line if members are."""
    _opening, own, _closing = _split(members["base_model"].value)
    template = _Member(before="", key='"prompt_template"', colon=colon, value=json.dumps(_TEMPLATE))
    indent = before.rpartition("\n")[2] if "\n" in before else ""
    said = [_indented(each, indent) for each in own.values()]
    said += [_indented(each, indent * 2) for each in (template, members["adapters"])]
    if "\n" not in before:
        return f"[{{{f',{before}'.join(said)}}}]"
    end = "\r\n" if "\r\n" in before else "\n"
    list_end, entry, inner = (end + indent * depth for depth in (1, 2, 3))
    return f"[{entry}{{{inner}{f',{inner}'.join(said)}{entry}}}{list_end}]"


def _indented(member: _Member, indent: str) -> str:
    """A member with its later lines further in; JSON has no line feed inside of a text."""
    return f"{member.key}{member.colon}{member.value}".replace("\n", f"\n{indent}")


def _split(text: str) -> tuple[str, dict[str, _Member], str]:
    """An object's text up to its first brace, its members by their keys, and the rest."""
    opened = text.index("{") + 1
    members: dict[str, _Member] = {}
    at = opened
    while True:
        start = _past_space(text, at)
        key, key_end = _DECODER.raw_decode(text, start)
        value_start = _past_space(text, text.index(":", key_end) + 1)
        _value, end = _DECODER.raw_decode(text, value_start)
        comma = _past_space(text, end)
        is_last = text[comma] == "}"
        members[key] = _Member(
            before=text[at:start], key=text[start:key_end], colon=text[key_end:value_start],
            value=text[value_start:end], after="" if is_last else text[end:comma],
        )  # fmt: skip
        if is_last:
            return text[:opened], members, text[end:]
        at = comma + 1


def _past_space(text: str, at: int) -> int:
    """Where the next sign stands."""
    found = _SIGN.search(text, at)
    return found.start() if found else len(text)
