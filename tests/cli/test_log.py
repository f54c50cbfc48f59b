"""``expert-cli log`` as a person types it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from expertkit.cli.log import append_promoted
from expertkit.packages.releasing.promotion import Promotion, plan_promotion, promote
from expertkit.signing import keys
from expertkit.signing.statement import parse_moment
from expertkit.signing.trust import Verifier
from tests.cli.running import NAME, PAIR, enter_project, run, run_json

PACKAGE = f"dist/{NAME}"
PUBLISHER = Path("build/publisher.pub")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed package of an accepted expert in dist/ of the current folder."""
    enter_project(tmp_path, monkeypatch)
    run("keygen --ensure")
    run(f"package {PAIR}")
    run(f"sign {PAIR}")
    run("release")
    (tmp_path / "params.yaml").write_text("experts: [expert-mini]\n")
    return tmp_path


def plan(project: Path) -> Promotion:
    """Everything in dist/, to be promoted now."""
    at = parse_moment(run_json(f"verify {PACKAGE} --key {PUBLISHER}")["created"])
    return plan_promotion(project, (), verifier=Verifier.of_key(keys.load_public(PUBLISHER), at=at))


def test_from_package_to_proof(project: Path) -> None:
    """Append, show, check, prove: the proof alone shows when the signature was in the log."""
    appended = run_json(f"log append {PACKAGE}")
    shown = run_json("log show")
    checked = run_json("log check")
    proved = run_json(f"log prove {PACKAGE} --output kept/mini.proof")
    shutil.rmtree(project / "releases")

    proven = run_json(f"log check-proof {PACKAGE} kept/mini.proof --key build/publisher.pub")

    assert appended["appended"] == [shown["entries"][0]["envelope"]] == [proven["envelope"]]
    assert appended["checkpoint"] == shown["checkpoint"] == checked["checkpoint"] == proved["checkpoint"]
    assert (proved["index"], checked["checkpoint"]["size"], proven["valid"]) == (0, 1, True)
    assert proven["time"] == appended["checkpoint"]["time"]
    assert checked["vkey"].startswith(f"{checked['checkpoint']['origin']}+")


@pytest.mark.usefixtures("project")
def test_people_read_lines() -> None:
    """What each command prints without --json names the expert, the log and the time."""
    assert "expert-mini 1.0.0 for nano, archive, signed by key" in run(f"log append {PACKAGE}").stdout
    assert "1 entries, root" in run(f"log append {PACKAGE}").stdout
    assert "expert-mini" in run("log show").stdout
    assert "log expertkit.log/" in run("log check").stdout
    assert "proof of entry 0 of 1" in run(f"log prove {PACKAGE} --output mini.proof").stdout
    assert "in the log at 20" in run(f"log check-proof {PACKAGE} mini.proof").stdout
    assert "served: log expertkit.log/" in run("log export served").stdout


def test_a_kept_checkpoint_shows_what_became_of_the_log(project: Path) -> None:
    """The same log passes; one that was started anew, with the same key, exits with 5."""
    run(f"log append {PACKAGE}")
    shutil.copy(project / "releases/log.checkpoint", project / "kept")
    assert "kept: the first 1 entries are the same" in run("log check --since kept").stdout

    shutil.rmtree(project / "releases")
    run(f"sign {PACKAGE} --output again --valid-days 30")
    run(f"log append again/{NAME}")

    assert "consistency proof" in run("log check --since kept", status=5).stderr


def test_an_edited_log_exits_with_5(project: Path) -> None:
    """With a hint that brings it back."""
    run(f"log append {PACKAGE}")
    path = project / "releases/log.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1.0.0", b"1.0.1"))

    message = run("log check", status=5).stderr

    assert "releases/log.jsonl: expected the 1 entries with root" in message
    assert "Hint: git restore releases/log.jsonl" in message
    assert "1.0.1" in run("log show").stdout


def test_nobody_else_s_package_is_appended(project: Path) -> None:
    """What the key did not sign, or was changed since, exits with 5; there is no log then."""
    run("keygen --output other/publisher.key --name other --no-passphrase")
    run(f"log append {PACKAGE} --key other/publisher.key", status=5)
    (project / "damaged.expert").write_bytes((project / PACKAGE).read_bytes() + b"x")
    run("log append damaged.expert", status=5)

    assert not (project / "releases").exists()


def test_a_proof_is_about_one_package(project: Path) -> None:
    """Another signature of the same content is not proven by it, nor a log of another key."""
    run(f"log append {PACKAGE}")
    run(f"log prove {PACKAGE} --output mini.proof")
    run(f"sign {PACKAGE} --output again --valid-days 30")
    run("keygen --output other/publisher.key --name other --no-passphrase")

    assert "inclusion proof" in run(f"log check-proof again/{NAME} mini.proof", status=5).stderr
    stranger = run(f"log check-proof {PACKAGE} mini.proof --key other/publisher.pub", status=5).stderr
    assert "expected a signature by key" in stranger
    (project / "cut.proof").write_bytes((project / "mini.proof").read_bytes()[:100])
    run(f"log check-proof {PACKAGE} cut.proof", status=11)


def test_an_exported_proof_is_the_one_that_prove_writes(project: Path) -> None:
    """Whoever is served the folder needs nothing else."""
    entry = run_json(f"log append {PACKAGE}")["appended"][0]
    run(f"log prove {PACKAGE} --output mini.proof")

    run("log export served")

    assert (project / f"served/proofs/{entry}.proof").read_bytes() == (project / "mini.proof").read_bytes()
    run(f"log check-proof {PACKAGE} served/proofs/{entry}.proof")


def test_what_was_promoted_is_appended(project: Path) -> None:
    """With the publisher's key at hand; a second time changes nothing."""
    planned = plan(project)
    promote(project, planned)

    append_promoted(planned, key=PUBLISHER)
    before = (project / "releases/log.checkpoint").read_bytes()
    append_promoted(planned, key=PUBLISHER)

    assert run_json("log check")["checkpoint"]["size"] == 1
    assert (project / "releases/log.checkpoint").read_bytes() == before


def test_without_the_key_a_promotion_says_what_appends(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with the command to run where the key is; another key is no key either."""
    planned = plan(project)
    promote(project, planned)
    (project / "home").rename(project / "safe")

    append_promoted(planned, key=PUBLISHER)
    missing = capsys.readouterr()
    run("keygen --output home/publisher.key --name other --no-passphrase")
    append_promoted(planned, key=PUBLISHER)
    foreign = capsys.readouterr()

    assert missing.out == foreign.out == ""
    assert missing.err == foreign.err
    assert (
        "nothing appended without the publisher's private key; expert-cli log append releases/packages/" in missing.err
    )
    assert not (project / "releases/log.jsonl").exists()


def test_what_a_witness_saw_before_the_key_was_revoked_goes_on_counting(project: Path) -> None:
    """Whoever trusts the witness takes it, with a warning; whoever does not, refuses it as ever."""
    run("keygen --output witness.key --publisher Witness --no-passphrase")
    run(f"log append {PACKAGE}")
    run("log witness --signing-key witness.key")
    run(f"log prove {PACKAGE} --output {PACKAGE}.proof")
    run("log check")
    time.sleep(1.1)  # certificates and proofs count in seconds
    root = project / "home/local-root"
    authority = f"--authority {root}/root.pem --key {root}/root.key --list {root}/root.crl"
    run(f"cert revoke {project}/home/publisher.crt {authority} --days 30")
    run(f"trust update {root}/root.crl")

    refused = run(f"verify {PACKAGE}", status=5)
    run("trust pin witness.pub --witness")
    accepted = run_json(f"verify {PACKAGE}")

    assert "revoked" in refused.output
    assert "a witness saw this signature before" in accepted["warnings"][0]
    assert "a witness of logs" in run("trust list").stdout
    run("trust remove " + keys.load_public(Path("witness.pub")).id[:12])
    run(f"verify {PACKAGE}", status=5)
