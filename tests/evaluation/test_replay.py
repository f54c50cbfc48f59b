"""A finished package that is asked again gives its recorded answers, or says which it does not."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from expertkit import layout
from expertkit.adapters import Factors, Lora
from expertkit.cli.main import main
from expertkit.data.domain import domain
from expertkit.data.templates import TEMPLATES
from expertkit.errors import IntegrityError, PackagingError
from expertkit.evaluation.exam import Exam
from expertkit.evaluation.recording import record
from expertkit.evaluation.replay import replay, replay_stage
from expertkit.files import read_json
from expertkit.packages.names import REPLAY
from expertkit.packages.releasing.release import release
from expertkit.packages.weights import write_adapter
from expertkit.recorded import dump_recorded, parse_recorded
from expertkit.runtime.loading import attach, load_base
from tests.packages.builders import RECIPE, WEIGHTS, judge, make_project, pack, publisher, put, sign, verifier

COUNT = 5
RECORDED = layout.EVALUATE / RECIPE.key / REPLAY


@dataclass(frozen=True, slots=True, kw_only=True)
class _NoGrader:
    """Nothing is graded here."""

    metrics: tuple[str, ...] = ("rows",)

    def grade_all(self, _items: Any, _answers: Any) -> list[Any]:
        """No grades."""
        return []


def lora() -> Lora:
    """An adapter that makes an untaught base talk."""
    rng = np.random.default_rng(4)
    factors = Factors(a=rng.normal(size=(4, 32)).astype(np.float32), b=rng.normal(size=(64, 4)).astype(np.float32))
    wide = Factors(a=rng.normal(size=(4, 64)).astype(np.float32), b=9 * rng.normal(size=(32, 4)).astype(np.float32))
    named = {"q_proj": factors, "o_proj": wide}
    modules = {f"model.layers.{at}.self_attn.{name}": each for at in range(2) for name, each in named.items()}
    return Lora(rank=4, alpha=8, modules=modules)


@pytest.fixture(scope="module")
def made(nano_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose expert was evaluated, for a base that can answer."""
    project = make_project(tmp_path_factory.mktemp("replay") / "project")
    shutil.rmtree(project / "models/nano")
    shutil.copytree(nano_base, project / "models/nano")
    write_adapter(project / WEIGHTS, lora(), base="nano")
    judge(project)
    model, tokenizer = load_base(nano_base)
    items = tuple(domain("sql").generate("test", count=COUNT, seed=1))
    exam = Exam(items={"test": items}, examples=(), grader=_NoGrader(), template=TEMPLATES["chatml"])
    answers = record(attach(model, lora(), base="nano"), tokenizer, exam, RECIPE)
    assert len({answer.tokens for answer in answers}) > 1
    put(project / RECORDED, dump_recorded(answers))
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "project"))


def change(project: Path, at: int) -> None:
    """Let one answer have been recorded with another last token."""
    answers = list(parse_recorded((project / RECORDED).read_bytes(), file=""))
    answers[at] = replace(answers[at], answer="changed", tokens=(*answers[at].tokens[:-1], 7))
    put(project / RECORDED, dump_recorded(answers))


def test_a_package_gives_its_recorded_answers(project: Path) -> None:
    """Its own adapter, on its base; the stage leaves which package it was, and the release asks for that."""
    signed = sign(project)

    with pytest.raises(PackagingError, match="to have been asked"):
        release(project, verifier=verifier())
    found = replay_stage(project, RECIPE)

    assert found.to_json() == read_json(project / layout.REPLAY / RECIPE.key / layout.REPLAYED)
    assert (found.describe(), found.items) == ("5 of 5 answers are the recorded ones", COUNT)  # type: ignore[union-attr]
    assert replay(signed, folder=project / "models/nano", count=2).items == 2
    assert release(project, verifier=verifier())[0].package


def test_another_answer_is_told_with_what_was_expected(project: Path) -> None:
    """Item, recorded answer and the one that came; answers that are not compared do not count."""
    change(project, COUNT - 1)
    package = pack(project)

    with pytest.raises(IntegrityError) as refusal:
        replay(package, folder=project / "models/nano")

    assert "got 1 others of 5" in str(refusal.value)
    assert "expected 'changed', got '" in str(refusal.value)
    assert replay(package, folder=project / "models/nano", count=COUNT - 1).items == COUNT - 1


def test_a_package_without_recorded_answers_stays_valid_and_cannot_be_asked(project: Path) -> None:
    """It is packed, signed and released as ever; asking it says what is missing."""
    (project / RECORDED).unlink()
    signed = sign(project)

    assert release(project, verifier=verifier())[0].package
    with pytest.raises(PackagingError, match=r"expected recorded answers in replay\.jsonl, got none"):
        replay(signed, folder=project / "models/nano")


def test_verify_asks_the_base_that_the_package_is_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In models/ or in another folder; another base, a missing one and too large a number are refused."""
    signed = sign(project)
    monkeypatch.chdir(project)
    put(Path("publisher.pub"), str(publisher()).encode())
    shutil.move("models/nano", "elsewhere")

    def verify(*more: str) -> tuple[int, str]:
        at = ["--at", "2026-02-01", "--key", "publisher.pub"]
        done = CliRunner().invoke(main, ["verify", str(signed), *at, *more])
        return done.exit_code, done.stdout

    status, said = verify("--replay", "5", "--base-folder", "elsewhere", "--json")
    assert (status, json.loads(said)["replayed"]) == (0, COUNT)
    assert verify("--replay", "5")[0] == 4
    assert verify("--replay", "6", "--base-folder", "elsewhere")[0] == 12
    put(Path("elsewhere/config.json"), {**read_json(Path("elsewhere/config.json")), "note": 1})
    assert verify("--replay", "5", "--base-folder", "elsewhere")[0] == 4
    assert verify("--base-folder", "elsewhere")[0] == 2
