"""What two experts differ in is shown, however long it is, however small, and with little memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expertkit.adapters.tensors import encode
from expertkit.errors import FormatError
from expertkit.files import dump_json
from expertkit.packages.difference import diff, render
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.reading.unpack import unpack
from tests.archives.builders import member, tarred
from tests.manifest.builders import raw_base, raw_manifest
from tests.packages.builders import make_project, pack, put

DIGEST = "0123456789abcdef" * 4


def compare(folder: Path, first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """The lines for two manifests."""
    put(folder / "a.json", raw_manifest(**first))
    put(folder / "b.json", raw_manifest(**second))
    found = diff(*(open_expert(folder / name, compatible=True) for name in ("a.json", "b.json")))
    return render(found)[:-1]


def shown(line: str) -> list[str]:
    """The two sides of a line."""
    return line.partition(": ")[2].split(" -> ")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"{'a' * 200}b{'c' * 200}", f"{'a' * 200}d{'c' * 200}"),
        ("a" * 100, "a" * 101),
        ("a" * 100, "a" * 300),
        (f"{'a' * 78}b", f"{'a' * 78}c"),
        (["x"] * 40, ["x"] * 41),
        ({"a": "x" * 90, "b": 1}, "x" * 90),
        (DIGEST, f"{DIGEST[:-1]}0"),
        (1, 1.0),
        (1, True),
        (0.1, 0.1 + 2**-55),
        ([1, 2], [1, 2.0]),
        (None, "nothing"),
        ("…", f"{'…' * 90}"),
    ],
)
def test_the_two_sides_of_a_difference_are_two_texts(tmp_path: Path, first: object, second: object) -> None:
    """The part that differs is in both."""
    lines = compare(tmp_path, {"x": first}, {"x": second})

    assert len(lines) == 1
    before, after = shown(lines[0])
    assert before != after
    assert max(map(len, (before, after))) <= 82
    assert shown(compare(tmp_path, {"x": second}, {"x": first})[0]) == [after, before]


def test_a_digest_is_shown_whole(tmp_path: Path) -> None:
    """On both sides, and alone."""
    both = compare(tmp_path, {"x": DIGEST}, {"x": DIGEST[::-1]})
    alone = compare(tmp_path, {}, {"x": DIGEST})

    assert both == [f'manifest    /x: "{DIGEST}" -> "{DIGEST[::-1]}"']
    assert alone == [f'manifest    /x: nothing -> "{DIGEST}"']


def legacy(path: Path, data: bytes) -> Path:
    """Another program's package of an adapter."""
    members = {"manifest.json": dump_json(raw_manifest()), "adapter_model.safetensors": data}
    path.write_bytes(gzip.compress(tarred(*(member(name, each) for name, each in members.items())), compresslevel=1))
    return path


def test_members_and_norms_that_are_equal_are_not_shown_as_two(tmp_path: Path) -> None:
    """The sizes of members that differ in their bytes alone, the norms of numbers in another order."""
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    sorts = {"a": numbers, "b": numbers[::-1], "c": numbers + np.float32(1e-6)}
    paths = {name: legacy(tmp_path / f"{name}.expert", encode({"t": each}, "float32")) for name, each in sorts.items()}
    opened = {name: open_expert(path, compatible=True) for name, path in paths.items()}

    turned = render(diff(opened["a"], opened["b"]))
    moved = render(diff(opened["a"], opened["c"]))

    size = len(encode({"t": numbers}, "float32"))
    assert f"member      adapter_model.safetensors: other bytes, {size} as before" in turned
    assert "tensor      tiny: t: norm 7.416 as before, apart 7.348" in turned
    assert any("norm 7.4161985 -> 7.4162" in line for line in moved)


def test_comparing_takes_little_more_memory_than_the_adapters(tmp_path: Path) -> None:
    """Two packages with 8 MiB of numbers each."""
    size = 1 << 23
    for seed, name in enumerate(("a", "b")):
        numbers = np.random.default_rng(seed).integers(0, 4, (1, size // 2)).astype(np.float32)
        legacy(tmp_path / f"{name}.expert", encode({"t": numbers}, "bfloat16"))
    first, second = (open_expert(tmp_path / f"{name}.expert", compatible=True) for name in ("a", "b"))
    tracemalloc.start()

    found = diff(first, second)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["tensors"]["tiny"]["changed"]
    assert peak < 2.7 * size


def test_a_folder_has_no_adapter_above_the_limit(tmp_path: Path) -> None:
    """A file of a terabyte is not read."""
    folder = tmp_path / "expert-sql"
    put(folder / "manifest.json", raw_manifest(base_models=[raw_base("tiny")]))
    put(folder / "tests/test_cases.json", [])
    weights = folder / "weights/tiny/adapter_model.safetensors"
    put(weights, b"")
    with weights.open("r+b") as file:
        file.truncate(1 << 40)
    opened = open_expert(folder, compatible=True)

    with pytest.raises(FormatError, match="expected at most"):
        diff(opened, opened)


def test_the_values_stay_what_they_are(tmp_path: Path) -> None:
    """What is shortened for people is whole as JSON."""
    put(tmp_path / "a.json", raw_manifest(x="a" * 200))
    put(tmp_path / "b.json", raw_manifest(x="b" * 200))

    found = diff(*(open_expert(tmp_path / name, compatible=True) for name in ("a.json", "b.json")))

    assert json.loads(json.dumps(found))["manifest"] == [{"place": "/x", "first": "a" * 200, "second": "b" * 200}]


def test_an_unpacked_package_is_compared_with_the_packed_one(tmp_path: Path) -> None:
    """Its tensors lie flat there; with one of them changed, that is seen."""
    package = pack(make_project(tmp_path))
    opened = open_expert(package)
    assert opened.package
    unpack(package, tmp_path / "unpacked", contents=opened.package.contents)
    folder = open_expert(tmp_path / "unpacked", compatible=True)
    assert diff(opened, folder)["tensors"] == {}

    tensors = tmp_path / "unpacked/adapter_model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-4] + b"\0\0\0\x3f")

    assert diff(opened, folder)["tensors"]["nano"]["changed"]
