"""Rows of own data, whatever they lie in, each with the place where a person finds it.

A line that cannot be read is a row with a problem; a file that cannot be opened is an error.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit import strict_json
from expertkit.errors import DependencyError, FormatError, IntegrityError, PackagingError
from expertkit.files import sha256_file
from expertkit.recipes.own_data import DataFile, HeldOut, held_out, parse_hub

_LONGEST_LINE, _LARGEST_ARRAY = 8 << 20, 1 << 30
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stands at one place: values by column, or why there are none."""

    place: str
    """``<file>:<line>``; of what has no lines ``<file>#<row>``, both from 1."""
    part: HeldOut | None = None
    values: Mapping[str, Any] | None = None
    problem: str = ""


def read_rows(file: DataFile, project: Path) -> Iterator[Row]:
    """The rows of a file, saved data set or data set of the hub, in order, one at a time.

    Raises:
        FormatError: it is not of its format at all.
        IntegrityError: it was changed after the recipe was resolved.
        PackagingError: the hub has no such data set, or is not reached.
    """
    path = project / file.place
    if file.digest is not None and file.format != "arrow" and sha256_file(path) != file.digest:
        message = f"{file.place}: expected the file that the recipe was resolved with, got another one"
        raise IntegrityError(message, hint="expert-cli recipes")
    match file.format:
        case "jsonl" if _is_array(path):
            yield from _read_array(path, file)
        case "jsonl":
            yield from _read_lines(path, file)
        case "csv":
            yield from _read_table(path, file)
        case "parquet":
            yield from _read_parquet(path, file)
        case "arrow":
            yield from _read_saved(path, file)
        case _:
            yield from _read_hub(file)


def _read_lines(path: Path, file: DataFile) -> Iterator[Row]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if text:
                yield _parse(text, place=f"{file.place}:{number}", part=file.part)


def _is_array(path: Path) -> bool:
    """Whether a file called ``.json`` is one array, and not JSON lines."""
    if path.suffix != ".json":
        return False
    with path.open("rb") as file:
        return file.read(4096).removeprefix(_BOM).lstrip().startswith(b"[")


def _read_array(path: Path, file: DataFile) -> Iterator[Row]:
    data = path.read_bytes().removeprefix(_BOM)
    for number, value in enumerate(strict_json.loads(data, file=file.place, max_bytes=_LARGEST_ARRAY), start=1):
        yield _of_object(value, place=f"{file.place}#{number}", part=file.part)


def _parse(line: bytes, *, place: str, part: HeldOut | None) -> Row:
    try:
        value = strict_json.loads(line, file="row", max_bytes=_LONGEST_LINE)
    except FormatError as error:
        return Row(place=place, part=part, problem=str(error))
    return _of_object(value, place=place, part=part)


def _of_object(value: Any, *, place: str, part: HeldOut | None) -> Row:
    if not isinstance(value, dict):
        return Row(place=place, part=part, problem=f"expected a JSON object, got a {type(value).__name__}")
    return Row(place=place, part=part, values=value)


def _read_table(path: Path, file: DataFile) -> Iterator[Row]:
    """A table whose first line names the columns; a row that goes over several lines stands at the last of them."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        table = csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
        try:
            columns = next(table, [])
        except csv.Error as error:
            raise FormatError(f"{file.place}: expected a first line with the names of columns, got {error}") from error
        if len(set(columns)) < len(columns) or not all(columns):
            raise FormatError(f"{file.place}: expected a different name for each column, got {', '.join(columns)}")
        while True:
            try:
                cells = next(table, None)
            except csv.Error as error:
                yield Row(place=f"{file.place}:{table.line_num}", part=file.part, problem=f"expected CSV, got {error}")
                continue
            if cells is None:
                return
            if cells:
                yield _row_of(cells, columns, place=f"{file.place}:{table.line_num}", part=file.part)


def _row_of(cells: list[str], columns: list[str], *, place: str, part: HeldOut | None) -> Row:
    if len(cells) != len(columns):
        return Row(place=place, part=part, problem=f"expected {len(columns)} cells, got {len(cells)}")
    if any("\ud800" <= sign <= "\udfff" for cell in cells for sign in cell):
        return Row(place=place, part=part, problem="expected UTF-8, got other bytes")
    return Row(place=place, part=part, values=dict(zip(columns, cells, strict=True)))


def _read_parquet(path: Path, file: DataFile) -> Iterator[Row]:
    library = _library()
    library.logging.set_verbosity(library.logging.CRITICAL)  # what it would say, the error says
    try:
        found = library.load_dataset("parquet", data_files=str(path), split="train", streaming=True)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise _unreadable(file.place, file, error) from error
    yield from _read_dataset(found, file, file.part)


def _read_saved(path: Path, file: DataFile) -> Iterator[Row]:
    datasets = _library()
    found = datasets.load_from_disk(str(path))
    for name, split in found.items() if isinstance(found, dict) else [(None, found)]:
        yield from _read_dataset(split, file, file.part or held_out(name or ""), name=name)


def _read_hub(file: DataFile) -> Iterator[Row]:
    datasets = _library()
    asked = parse_hub(file.place)
    if asked is None:
        raise FormatError(f"{file.place}: expected a data set's id on the hub, got none")
    try:
        found = datasets.load_dataset(
            asked["name"], asked["config"], split=asked["split"], revision=asked["revision"], streaming=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        hint = "look for its name, split and config on the hub; HF_HUB_OFFLINE=1 forbids fetching"
        raise PackagingError(f"{file.place}: expected a data set of the hub, got {error}", hint=hint) from error
    for name, split in found.items() if isinstance(found, dict) else [(None, found)]:
        yield from _read_dataset(split, file, file.part or held_out(name or ""), name=name)


def _read_dataset(rows: Any, file: DataFile, part: HeldOut | None, *, name: str | None = None) -> Iterator[Row]:
    where = f"{file.place}/{name}" if name else file.place
    try:
        for number, values in enumerate(rows, start=1):
            yield Row(place=f"{where}#{number}", part=part, values=values)
    except (OSError, ValueError) as error:
        raise _unreadable(where, file, error) from error


def _unreadable(where: str, file: DataFile, error: Exception) -> FormatError:
    return FormatError(f"{where}: expected a readable {file.format} data set, got {error}")


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        message = "datasets: expected the library that reads Parquet, saved data sets and the hub, got none"
        raise DependencyError(message, hint="pip install 'expertkit[train]'") from error
    datasets.disable_progress_bars()
    return datasets
