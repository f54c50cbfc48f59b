"""A base model is found in a folder or in the hub's cache, or the way to get it is named."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from expertkit.bases import BaseModel, fingerprint, locate
from expertkit.errors import CompatibilityError
from tests.bases.builders import FILES, local, make_base
from tests.hub import serve
from tests.recipes.builders import write

REVISION = "0123456789" * 4
HUB = BaseModel(name="tiny", path=None, hub="Org/Tiny", revision=REVISION, fingerprint=None)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and a hub that nobody answers at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


def snapshot(cache: Path) -> Path:
    """Where the cache keeps the hub model."""
    return cache / "models--Org--Tiny" / "snapshots" / REVISION


def test_a_folder_is_found_from_the_project_or_absolutely(tmp_path: Path) -> None:
    """Where the project lies does not matter."""
    folder = make_base(tmp_path / "project/models/tiny")

    assert locate(local("models/tiny"), tmp_path / "project") == folder
    assert locate(local(str(folder)), tmp_path) == folder


def test_a_missing_folder_names_the_command_that_makes_it(tmp_path: Path) -> None:
    """The base is named, the exit status is 4."""
    with pytest.raises(CompatibilityError, match="'tiny', models/tiny: expected a folder with the model") as refusal:
        locate(local("models/tiny"), tmp_path)

    assert refusal.value.exit_code == 4
    assert (refusal.value.hint or "").startswith("expert-cli base build tiny")


def test_a_cached_hub_model_is_used_without_network(cache: Path, tmp_path: Path) -> None:
    """The cache is asked first; the same files in a folder are the same model."""
    folder = make_base(snapshot(cache))

    found = locate(HUB, tmp_path)

    assert found.resolve() == folder.resolve()
    assert fingerprint(found) == fingerprint(make_base(tmp_path / "copy"))


def test_without_network_a_hub_model_is_one_clear_error(cache: Path, tmp_path: Path) -> None:
    """Id, commit and the command for a computer with network are named."""
    with pytest.raises(CompatibilityError) as refusal:
        locate(HUB, tmp_path)

    assert f"expected Org/Tiny at {REVISION}, got no copy in the cache, and none from the hub (" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.hint == f"hf download Org/Tiny --revision {REVISION}, where there is a network"
    assert not cache.exists()


@pytest.mark.parametrize("gone", ["model.safetensors", "tokenizer.json"])
def test_a_download_that_was_cut_short_is_not_taken_for_the_model(cache: Path, tmp_path: Path, gone: str) -> None:
    """The folder of a snapshot exists before its files do."""
    (make_base(snapshot(cache)) / gone).unlink()

    with pytest.raises(CompatibilityError, match="and none from the hub"):
        locate(HUB, tmp_path)


def test_a_shard_that_is_missing_makes_the_copy_incomplete(cache: Path, tmp_path: Path) -> None:
    """The index names every file of the weights."""
    index = make_base(snapshot(cache)) / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}')

    with pytest.raises(CompatibilityError, match="and none from the hub"):
        locate(HUB, tmp_path)


def test_the_offline_switch_is_named_as_the_reason(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forbids the network hears that this is why."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(CompatibilityError, match="HF_HUB_OFFLINE forbids to fetch it"):
        locate(HUB, tmp_path)

    assert not cache.exists()


def fingerprint_of_hub_model(project: Path, *, endpoint: str) -> subprocess.CompletedProcess[str]:
    """What a person gets who asks for the hub model's fingerprint."""
    write(
        project / "configs/base_models/tiny.yaml",
        f"name: tiny\nsource: {{hub: Org/Tiny, revision: '{REVISION}'}}\nfingerprint: null\n",
    )
    program = "from expertkit.cli.main import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return subprocess.run(
        [sys.executable, "-c", program, "base", "fingerprint", "tiny"],
        cwd=project, env=environment | {"HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(project / "hub")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_hub_model_is_fetched_once(tmp_path: Path) -> None:
    """Weights and texts arrive, what could be code or a pickle does not, and then no network is needed."""
    folder = make_base(tmp_path / "published")
    wanted = fingerprint(folder)
    for name in ("modeling.py", "pytorch_model.bin"):
        (folder / name).write_bytes(b"x")

    with serve(folder, repo="Org/Tiny", revision=REVISION) as endpoint:
        fetched = fingerprint_of_hub_model(tmp_path, endpoint=endpoint)
    again = fingerprint_of_hub_model(tmp_path, endpoint=endpoint)

    assert (fetched.stdout, again.stdout) == (f"{wanted}\n", f"{wanted}\n"), fetched.stderr + again.stderr
    assert sorted(path.name for path in snapshot(tmp_path / "hub").iterdir()) == sorted(FILES)


def test_a_commit_that_the_hub_does_not_have_is_one_clear_error(tmp_path: Path) -> None:
    """A revision that was deleted or mistyped is named, with exit status 4."""
    with serve(make_base(tmp_path / "published"), repo="Org/Tiny", revision="f" * 40) as endpoint:
        refused = fingerprint_of_hub_model(tmp_path, endpoint=endpoint)

    error, hint = refused.stderr.splitlines()
    assert error.startswith(f"Error: base model 'tiny': expected Org/Tiny at {REVISION}, got no copy in the cache")
    assert "404" in error
    assert hint.startswith("Hint: hf download Org/Tiny")
    assert (refused.returncode, refused.stdout) == (4, "")
