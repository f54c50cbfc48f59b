"""What was released, as it stands on record, and which of it is the released version now."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from expertkit.errors import ConfigError
from expertkit.files import dump_json
from expertkit.recipes.champions import read_champions
from expertkit.recipes.releases import Released, read_releases
from tests.recipes.builders import PARAMS, make_project, write


def _released(version: str, base: str, *, expert: str = "expert-sql", digest: str = "") -> Released:
    file = f"{expert}-{base}.v{version}.expert"
    content = digest or f"{sum(map(ord, file)):064x}"
    return Released(expert=expert, version=version, base=base, content_digest=content, file=file)


ROWS = (_released("1.0.0", "small"), _released("1.0.0", "tiny"), _released("1.1.0", "tiny"))


def _record(project: Path, *rows: Released) -> Path:
    write(project / "releases/releases.json", dump_json({"releases": [asdict(row) for row in rows]}).decode())
    return project


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Row by row; no file means that nothing was released."""
    assert read_releases(tmp_path) == ()
    assert read_releases(_record(tmp_path, *ROWS)) == ROWS


def test_every_problem_of_the_record_is_told_at_once(tmp_path: Path) -> None:
    """A wrong digest and a misspelt key, each with its place."""
    row = {**asdict(ROWS[0]), "content_digest": "12", "bases": "x"}
    write(tmp_path / "releases/releases.json", dump_json({"releases": [row]}).decode())

    with pytest.raises(ConfigError) as wrong:
        read_releases(tmp_path)

    assert {"/releases/0/content_digest", "/releases/0/bases"} <= {each.place for each in wrong.value.problems}


def test_a_version_with_two_digests_is_a_problem(tmp_path: Path) -> None:
    """Two people who promoted side by side find out when the files are merged."""
    with pytest.raises(ConfigError, match=r"expert-sql 1\.0\.0 for tiny with 2 digests"):
        read_releases(_record(tmp_path, ROWS[1], _released("1.0.0", "tiny", digest="a" * 64)))


def test_what_is_no_json_is_an_error(tmp_path: Path) -> None:
    """With the file's name."""
    write(tmp_path / "releases/releases.json", "{")

    with pytest.raises(ConfigError, match=r"releases\.json: expected JSON"):
        read_releases(tmp_path)


def test_the_champions_are_what_params_names(tmp_path: Path) -> None:
    """Of each expert one version, for every base it was promoted for; without ``previous`` there are none."""
    project = _record(make_project(tmp_path), *ROWS)
    without = read_champions(project)
    write(project / "params.yaml", f"{PARAMS}previous: {{expert-sql: 1.0.0}}\n")

    assert without == ()
    assert read_champions(project) == ROWS[:2]


def test_a_version_that_was_never_promoted_is_a_problem(tmp_path: Path) -> None:
    """With those that were."""
    project = _record(make_project(tmp_path), *ROWS)
    write(project / "params.yaml", f"{PARAMS}previous: {{expert-sql: 1.0.1}}\n")

    with pytest.raises(ConfigError, match=r"previous\.expert-sql: .*did you mean '1\.[01]\.[01]'"):
        read_champions(project)
