"""``export``: a package for other tools, in one of several ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit import osd
from expertkit.adapters import encode_tensors
from tests.cli.running import NAME, PAIR, enter_project, run, run_json
from tests.packages.builders import compress

PACKED = f"build/packages/expert-mini-nano/{NAME}"
FOLDER = NAME.removesuffix(".expert")


def test_a_compressed_adapter_is_exported_as_peft_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoded, beside its config, into a folder named like the package, which is there once."""
    data = compress(enter_project(tmp_path, monkeypatch))
    run(f"package {PAIR}")

    told = run_json(f"export {PACKED} --peft --unsigned --output out")
    again = run(f"export {PACKED} --peft --unsigned --output out", status=12)

    tensors = (tmp_path / "out" / FOLDER / "adapter_model.safetensors").read_bytes()
    assert tensors == encode_tensors(osd.decode(data).to_lora())
    assert told == {
        "package": PACKED, "path": f"out/{FOLDER}", "carrier": "adapter_model.osd", "bytes": len(tensors),
    }  # fmt: skip
    assert "expected no such folder yet" in again.stderr


def test_only_what_somebody_vouches_for_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless nobody is to be asked."""
    enter_project(tmp_path, monkeypatch)
    run(f"package {PAIR}")

    run(f"export {PACKED} --peft --output out", status=5)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "expected one of --peft, --merged and --oms"),
        ("--peft --oms --key k", "expected one of --peft, --merged and --oms"),
        ("--oms", "expected --key with --oms, and only then"),
        ("--peft --merged", "expected one of --peft, --merged and --oms"),
        ("--oms --key k --base-folder .", "expected --base-folder with --peft or --merged"),
        ("--peft --key k", "expected --key with --oms, and only then"),
    ],
)
def test_what_is_wanted_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, message: str
) -> None:  # fmt: skip
    """Nothing is read before that."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.expert").write_bytes(b"")

    assert message in run(f"export a.expert {options}", status=2).stderr


def test_inspection_and_difference_know_compressed_adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told codec, bytes and rank, and what the numbers differ in."""
    project = enter_project(tmp_path, monkeypatch)
    run(f"package {PAIR} --output before")
    size = len(compress(project, settings=osd.Settings(rank=4, codec="f16", density=0.5)))
    run(f"package {PAIR} --output after")

    shown = run(f"inspect after/{NAME}").stdout
    apart = run(f"diff before/{NAME} after/{NAME}").stdout

    assert f"  osd       f16, {size:,} bytes, 50.0% of rank 4 kept by fro\n" in shown
    assert "member      adapter_model.osd: only in the second\n" in apart
    assert "tensor      nano: base_model.model.model.layers.0.mlp.down_proj.lora_A.weight: norm " in apart
