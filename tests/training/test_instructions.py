"""The same instructions on every processor that has them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expertkit import instructions
from expertkit.instructions import COMMON, OF_NUMPY, chosen_instructions, deciding_maker, use_common_instructions


def _processor(monkeypatch: pytest.MonkeyPatch, file: Path, flags: str) -> None:
    file.write_text(f"processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: avx2 fma\nflags\t\t: fpu {flags} sse\n")
    monkeypatch.setattr(instructions, "_PROCESSORS", file)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


def test_avx2_is_chosen_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever more it can do, and unless a person has chosen."""
    _processor(monkeypatch, tmp_path / "cpuinfo", "avx2 fma avx512f")
    environment = {"MKL_CBWR": "COMPATIBLE"}

    use_common_instructions(environment)

    assert environment == COMMON | OF_NUMPY | {"MKL_CBWR": "COMPATIBLE"}
    assert chosen_instructions(environment) == COMMON | {"MKL_CBWR": "COMPATIBLE"}


def test_the_maker_is_told_where_it_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MKL computes alike on all of them only where it is asked to; of other machines nothing is told."""
    _processor(monkeypatch, tmp_path / "cpuinfo", "avx2 fma")

    assert deciding_maker({"MKL_CBWR": "AVX2"}) == "AuthenticAMD"
    assert deciding_maker({"MKL_CBWR": "COMPATIBLE"}) is None
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert deciding_maker({}) is None


@pytest.mark.parametrize("flags", ["sse4_2", "avx2", "avx512f fma"])
def test_nothing_is_chosen_for_a_processor_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str) -> None:
    """Torch would die of an illegal instruction."""
    _processor(monkeypatch, tmp_path / "cpuinfo", flags)
    environment: dict[str, str] = {}

    use_common_instructions(environment)

    assert environment == {}


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
def test_nothing_is_chosen_for_another_kind_of_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str
) -> None:
    """The names mean nothing there."""
    _processor(monkeypatch, tmp_path / "cpuinfo", "avx2 fma")
    monkeypatch.setattr("platform.machine", lambda: machine)
    environment: dict[str, str] = {}

    use_common_instructions(environment)

    assert environment == {}


@pytest.mark.skipif(not instructions._has_avx2(), reason="this processor has no AVX2")
def test_a_command_computes_with_what_was_chosen() -> None:
    """The variables are set before torch reads them."""
    code = (
        "import sys; from expertkit.cli.main import main; main(['--version'], standalone_mode=False);"
        "assert 'torch' not in sys.modules; import torch; print(torch.backends.cpu.get_cpu_capability())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split()[-1] == "AVX2"
