"""``decompose`` with a size of one's own, and ``osd report`` about what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit import osd
from tests.cli.running import PAIR, enter_project, run, run_json
from tests.packages.builders import WEIGHTS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose expert was trained at rank 4."""
    return enter_project(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("options", "point"),
    [
        ("--budget-bytes 900", "rdq rank 4 900 bytes"),
        ("--bits-per-parameter 48", "rdq rank 4 48 bits"),
        ("--density 0.5", "f16 fro rank 4 density 0.5"),
        ("--rank 2 --density 0.4 --codec int8 --score mag", "int8 mag rank 2 density 0.4"),
        ("--density 0.5 --alpha 0.25", "f16 fro rank 4 factor alpha 0.25 density 0.5"),
        ("--budget-bytes 900 --codec f16", "f16 fro rank 4 900 bytes"),
        ("--budget-bytes 900 --score fro", "rdq rank 4 900 bytes"),
    ],
)
def test_a_size_or_a_density_is_asked_for(project: Path, options: str, point: str) -> None:
    """The codec is rdq for a size and f16 for a density, unless it is said; the file is as small as wanted."""
    found = run_json(f"decompose {PAIR} {options}")

    data = (project / WEIGHTS / osd.NAME).read_bytes()
    assert found["point"] == point
    assert found["adapter_bytes"] == len(data)
    assert osd.decode(data).settings.codec == point.split(maxsplit=1)[0]
    if "bytes" in options:
        assert len(data) <= 900


@pytest.mark.parametrize(
    ("options", "remark"),
    [("--density 0", "nothing of the update is left"), ("--budget-bytes 99999", "more bytes are of no use")],
)
def test_a_file_that_is_not_what_one_may_think_is_told(project: Path, options: str, remark: str) -> None:
    """It holds nothing, or all there is."""
    shown = run(f"decompose {PAIR} {options}").stdout

    assert shown.rstrip().endswith(remark)
    assert (project / WEIGHTS / osd.NAME).is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--rank 4", "expected one of --density, --budget-bytes, --bits-per-parameter, got none"),
        ("--density 0.5 --budget-bytes 9", "--bits-per-parameter, got --density and --budget-bytes"),
        ("--alpha 2", "alpha: expected 0..1, got 2.0; expected one of --density, --budget-bytes, --bits-per-parameter"),
        ("--density 0.5 --codec rdq", "expected --budget-bytes or --bits-per-parameter with rdq"),
        ("--budget-bytes 900 --score mag", "score: expected fro or fisher with rdq, got 'mag'"),
        ("--bits-per-parameter nan", "expected --bits-per-parameter above 0, got nan"),
        ("--density 1.5", "1.5 is not in the range 0<=x<=1"),
        ("--density nan", "density: expected 0..1, got nan"),
        ("--budget-bytes 0", "0 is not in the range x>=1"),
        ("--bits-per-parameter 0", "0.0 is not in the range"),
        ("--density 0.5 --alpha 2 --codec zip", "alpha: expected 0..1, got 2.0; codec: expected one of f32, f16, int8"),
        ("--budget-bytes 900 --alpha 0.5", "expected f32, f16 or int8 with an alpha below 1"),
    ],
)
def test_what_does_not_go_together_is_said(project: Path, options: str, message: str) -> None:
    """All at once where there is more, and nothing is written."""
    before = {path: path.read_bytes() for path in (project / WEIGHTS).iterdir()}

    said = run(f"decompose {PAIR} {options}", status=2).stderr

    assert message in " ".join(said.replace("│", " ").split())
    assert {path: path.read_bytes() for path in (project / WEIGHTS).iterdir()} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--budget-bytes 10", "expected a budget of at least "),
        ("--rank 9 --density 0.5", "rank: expected at most 4, as it was trained, got 9"),
        ("--density 0.5 --score fisher", "score: expected mag or fro, got fisher, which is calibrated"),
    ],
)
def test_what_cannot_be_had_names_what_can(project: Path, options: str, message: str) -> None:
    """An impossible budget, a rank that was not trained, a score without its calibration; what was there stays."""
    before = {path: path.read_bytes() for path in (project / WEIGHTS).iterdir()}

    result = run(f"decompose {PAIR} {options}", status=12 if "budget" in options else 11)

    assert message in " ".join(result.stderr.split())
    assert {path: path.read_bytes() for path in (project / WEIGHTS).iterdir()} == before


def test_a_report_says_what_was_kept(project: Path) -> None:
    """For a person the mean of each kind of module; as JSON each module; of a whole adapter how to compress it."""
    whole = run(f"osd report {PAIR}", status=11).stderr
    run(f"decompose {PAIR} --density 0.5")

    shown = run(f"osd report {PAIR}").stdout
    told = run_json(f"osd report {PAIR}")

    assert "expert-cli decompose --help says how to compress it" in " ".join(whole.split())
    assert "f16, rank 4, " in shown
    assert f"{(project / WEIGHTS / osd.NAME).stat().st_size:,}: " in shown
    assert f"error   {told['error']['relative']:.4f} of the norm of the update" in shown
    assert {row["module"].rpartition(".")[2] for row in told["modules"]} <= set(shown.split())
