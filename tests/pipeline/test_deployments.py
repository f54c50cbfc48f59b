"""What prefect.yaml deploys, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.errors import ConfigError, ExpertError
from flows.deployments import read_deployments, to_prefect
from tasks import server
from tests.pipeline.workspace import PROJECT


def test_the_night_runs_by_itself_and_a_release_does_not() -> None:
    """As modules, with a time zone, so that the hour is the one on the wall."""
    found = {each.name: each for each in map(to_prefect, read_deployments(PROJECT))}

    (schedule,) = found["nightly"].schedules or []
    assert found["release"].schedules == []
    assert found["release"].entrypoint == "flows.release.release"
    assert schedule.schedule.model_dump(include={"cron", "timezone"}) == {
        "cron": "0 3 * * *",
        "timezone": "Europe/Berlin",
    }


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """A path as an entrypoint, a cron of four fields, a place that has no time."""
    (tmp_path / "prefect.yaml").write_text(
        "deployments:\n"
        "- {name: a, entrypoint: 'flows/release.py:release'}\n"
        "- {name: b, entrypoint: flows.nightly.nightly, schedules: [{cron: 0 3 * *}]}\n"
        "- {name: c, entrypoint: flows.nightly.nightly, schedules: [{cron: 0 3 * * *, interval: 9}]}\n"
    )
    with pytest.raises(ConfigError) as wrong:
        read_deployments(tmp_path)
    (tmp_path / "prefect.yaml").write_text(
        "deployments: [{name: d, entrypoint: flows.nightly.nightly, schedules: [{interval: 9, timezone: Bielefeld}]}]\n"
    )

    with pytest.raises(ConfigError, match=r"timezone: expected a time zone .*Bielefeld"):
        read_deployments(tmp_path)

    assert len(wrong.value.problems) == 3


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one that a person asked for is not replaced by another one in silence; nobody is served without one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")

    with pytest.raises(ExpertError, match="9/api, got no answer"), server.running():
        pass

    assert server.address() is None
