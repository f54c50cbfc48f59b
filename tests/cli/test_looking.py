"""``expert-cli inspect`` and ``diff`` show what is in experts and between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from tests.manifest.builders import raw_manifest
from tests.packages.builders import RECIPE, decompose_adapter, judge, make_project, pack, publisher, sign, train
from tests.recipes.builders import write


def ask(*arguments: object) -> dict[str, object]:
    """What a command prints with ``--json``."""
    done = CliRunner().invoke(main, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def show(*arguments: object) -> str:
    """What a command prints for a person."""
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_a_manifest_is_shown_with_its_bases(tmp_path: Path) -> None:
    """Without a package there is nothing about members."""
    write(tmp_path / "manifest.json", json.dumps(raw_manifest(invented=1)))

    facts = ask("inspect", tmp_path / "manifest.json")
    page = show("inspect", tmp_path / "manifest.json")

    assert (facts["kind"], facts["name"], facts["schema"]) == ("manifest", "expert-sql", "2.0")
    assert page.splitlines()[:4] == [
        "expert-sql 1.0.0  (manifest, schema 2.0, MIT)",
        "  Writes queries.",
        "base        tiny  chatml",
        "  adapter   lora of rank 2 on q_proj, v_proj",
    ]
    assert "warning     " in page
    assert "/invented: expected a known key" in page


def test_a_signed_package_is_shown_with_everything_in_it(tmp_path: Path) -> None:
    """Evaluation, members, digest, and a signature that is not said to be checked."""
    package = sign(make_project(tmp_path))

    facts = ask("inspect", package)
    page = show("inspect", package)

    assert facts["kind"] == "archive"
    assert facts["signatures"] == [{
        "publisher": "mini publisher", "created": "2026-01-31T12:00:00Z", "expires": "2027-01-31T12:00:00Z",
        "key": publisher().id, "sequence": 1, "chain": [],
    }]  # fmt: skip
    assert "signature   'mini publisher', key " in page
    assert "not checked, which expert-cli verify does" in page
    assert "evaluation  accepted: base 0.000, expert 0.900, p 1.0e-09" in page
    assert "adapter_model.safetensors" in page
    assert str(facts["content_digest"]) in page


def test_two_trainings_differ_in_tensors_members_and_scores(tmp_path: Path) -> None:
    """Norms of both sides and of the difference, for each tensor."""
    first = pack(make_project(tmp_path / "a"))
    other = make_project(tmp_path / "b")
    train(other, seed=2)
    decompose_adapter(other, RECIPE)
    judge(other, expert_score=0.95)
    second = pack(other)

    found = ask("diff", first, second)
    page = show("diff", first, second)

    tensors = found["tensors"]["nano"]["changed"]  # type: ignore[index]
    assert len(tensors) == 4
    assert all(min(norms) > 0 for norms in tensors.values())
    assert set(found["members"]["changed"]) == {  # type: ignore[index]
        "README.md", "adapter_model.safetensors", "evaluation.json", "manifest.json",
    }  # fmt: skip
    assert found["evaluation"] == {"expert_score": [0.9, 0.95]}
    assert "evaluation  expert_score: 0.9 -> 0.95" in page
    assert "manifest    /quality_metrics/benchmark_score: 0.9 -> 0.95" in page


def test_an_expert_does_not_differ_from_itself(tmp_path: Path) -> None:
    """Signed or not: the signature is a member, and the only one."""
    project = make_project(tmp_path)
    package = pack(project)

    signed = ask("diff", package, sign(project))

    assert show("diff", package, package) == "no difference\n"
    assert signed["members"] == {"only_first": [], "only_second": ["signature.sig"], "changed": {}}
    assert (signed["manifest"], signed["tensors"], signed["evaluation"]) == ([], {}, {})


@pytest.mark.parametrize("command", ["inspect", "diff"])
def test_what_is_not_there_is_a_wrong_command_line(command: str) -> None:
    """Exit status 2, as for every path."""
    done = CliRunner().invoke(main, [command, "nowhere", "nowhere"][: 2 if command == "inspect" else 3])

    assert done.exit_code == 2
    assert "nowhere: expected a manifest, an expert's folder or a package, got no such file" in done.stderr


def test_absent_null_true_and_one_are_different_things(tmp_path: Path) -> None:
    """A side that lacks a value has no key; what cannot be compared is said."""
    write(tmp_path / "a.json", json.dumps(raw_manifest(author=None, a=True)))
    write(tmp_path / "b.json", json.dumps(raw_manifest(a=1)))

    found = ask("diff", tmp_path / "a.json", tmp_path / "b.json")

    assert found["manifest"] == [{"place": "/author", "first": None}, {"place": "/a", "first": True, "second": 1}]
    assert found["members"] is found["tensors"] is found["evaluation"] is None
    page = show("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert "manifest    /author: null -> nothing" in page
    assert "not compared, as not both have any: members, tensors, evaluation" in page


def test_a_package_is_unpacked_into_a_new_folder(tmp_path: Path) -> None:
    """Every member, and a folder that is there is left alone."""
    package = pack(make_project(tmp_path / "project"))

    made = ask("unpack", package, tmp_path / "new", "--unsigned")
    again = CliRunner().invoke(main, ["unpack", str(package), str(tmp_path / "new"), "--unsigned"])

    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert made["members"] == len(files) == len(ask("inspect", package)["members"])  # type: ignore[arg-type]
    assert again.exit_code == 12
