"""A base model is its files' bytes, wherever they lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from expertkit.bases import check, fingerprint
from expertkit.errors import CompatibilityError
from tests.bases.builders import FILES, local, make_base

COVERED = [*FILES, "model.safetensors.index.json", "model-00001-of-00002.safetensors", "chat_template.jinja"]


def test_the_fingerprint_is_the_digest_of_sorted_names_sizes_and_hashes(tmp_path: Path) -> None:
    """Anyone can compute it from the definition: SHA-256 of RFC 8785 JSON of ``[name, size, sha256]`` rows."""
    folder = make_base(tmp_path / "base")

    found = fingerprint(folder)

    rows = [[name, len(FILES[name]), hashlib.sha256(FILES[name]).hexdigest()] for name in sorted(FILES)]
    assert found == hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("name", COVERED)
def test_every_covered_file_counts(tmp_path: Path, name: str) -> None:
    """A byte more in any file that decides answers is another model."""
    folder = make_base(tmp_path / "base")
    before = fingerprint(folder)

    with (folder / name).open("ab") as file:
        file.write(b" ")

    assert fingerprint(folder) != before


@pytest.mark.parametrize(
    "name", ["README.md", "generation_config.json", "pytorch_model.bin", ".gitattributes", "sub/config.json"]
)
def test_other_files_do_not_count(tmp_path: Path, name: str) -> None:
    """Texts about a model and formats that are not loaded do not make it another one."""
    folder = make_base(tmp_path / "base")
    before = fingerprint(folder)

    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")

    assert fingerprint(folder) == before


def test_links_count_as_what_they_point_to(tmp_path: Path) -> None:
    """Hub caches are made of links; the same model in a folder has the same fingerprint."""
    folder = make_base(tmp_path / "base")
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in FILES:
        (linked / name).symlink_to(folder / name)

    assert fingerprint(linked) == fingerprint(folder)


@pytest.mark.parametrize(("gone", "left"), [("config.json", "model.safetensors"), ("model.safetensors", "config.json")])
def test_a_folder_without_model_is_refused(tmp_path: Path, gone: str, left: str) -> None:
    """An empty or half-copied folder has no fingerprint."""
    folder = make_base(tmp_path / "base")
    (folder / gone).unlink()

    with pytest.raises(CompatibilityError, match=f"expected config.json and .*, got {left}"):
        fingerprint(folder)


def test_the_pinned_model_passes_and_another_is_named(tmp_path: Path) -> None:
    """A base that changed under an expert stops the line with both fingerprints."""
    folder = make_base(tmp_path / "base")
    found = fingerprint(folder)

    assert check(local("base"), folder) == found
    assert check(local("base", fingerprint=found), folder) == found
    with pytest.raises(
        CompatibilityError, match=f"'tiny', .*: expected fingerprint {'0' * 64}, got {found}"
    ) as refusal:
        check(local("base", fingerprint="0" * 64), folder)

    assert refusal.value.exit_code == 4
    assert "configs/base_models/tiny.yaml" in (refusal.value.hint or "")
