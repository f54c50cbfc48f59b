"""``expert-cli trust``: saying whom one trusts, and what the commands that take packages make of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from expertkit.files import dump_json
from expertkit.packages.vouching.trust import TrustStore
from expertkit.signing.certificates.making import make_root
from expertkit.signing.certificates.reading import Certificate, read, to_pem
from expertkit.signing.certificates.revocation import make_list
from tests.cli.running import NAME, PAIR, enter_project, run, run_json
from tests.packages.builders import publisher, put
from tests.packages.test_legacy_signature import make_old
from tests.signing.certificates.builders import make_key
from tests.signing.trust.builders import Authority, signed

TODAY = datetime.now(UTC).replace(microsecond=0)
SIGNED, BUILT = f"build/signed/expert-mini-nano/{NAME}", f"build/packages/expert-mini-nano/{NAME}"
SCREEN = """\
file        FILE (archive, N bytes)
expert      expert-mini 1.0.0 for nano, N members intact
digest      HEX
signer      'CN=local publisher', key HEX: a root that you trust vouches for it
chain       CN=local publisher <- CN=local root of local publisher
validity    signed TIME, holds until TIME
revocation  not revoked, says list 1 of CN=local root of local publisher, good until TIME
sequence    1 of this key; nothing newer was seen
policy      signed; 1 of 1 needed; roots and keys that were added
verdict     accepted; remembered as seen
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An accepted expert in the current folder, and a signer's home that trusts nobody."""
    return enter_project(tmp_path, monkeypatch)


@pytest.fixture
def package(project: Path) -> str:
    """A package that the local root vouches for, which is trusted."""
    run("keygen --ensure")
    run(f"package {PAIR}")
    run(f"sign {PAIR}")
    return str((project / SIGNED).relative_to(project))


@pytest.fixture
def acme(project: Path) -> Authority:
    """A root that exists since yesterday; ``acme.pem`` is its certificate."""
    begin = TODAY - timedelta(days=1)
    key = make_key(100)
    certificate = read(make_root(key, name="Acme", at=begin, days=3000))
    put(project / "acme.pem", to_pem([certificate]))
    return Authority(key=key, certificate=certificate, at=TODAY)


def put_list(path: str, authority: Authority, *revoked: Certificate, number: int = 1, at: datetime = TODAY) -> str:
    """Write an authority's list, good for ten days."""
    entries = {each.serial: at for each in revoked}
    made = make_list(
        authority=authority.certificate, key=authority.key, number=number, at=at, days=10, entries=entries
    )  # fmt: skip
    put(Path(path), made)
    return path


def put_key(path: str, seed: int = 1) -> str:
    """Write a public key."""
    put(Path(path), str(publisher(seed)).encode())
    return path


def trusted() -> Any:
    """What ``trust list`` says as JSON."""
    return run_json("trust list")


@pytest.mark.usefixtures("project")
def test_nobody_is_trusted_at_first() -> None:
    """Every subcommand that looks says so, and what to do."""
    nobody = "nobody is trusted: expert-cli trust add ROOT.pem, or expert-cli trust pin PUBFILE\n"
    assert run("trust list").stdout == nobody
    assert "nobody is trusted: expert-cli trust add ROOT.pem, or" in run("trust status", status=5).stdout
    assert trusted()["roots"] == trusted()["pins"] == trusted()["seen"] == []


def test_a_root_is_added_with_its_list(acme: Authority) -> None:
    """Its fingerprint is printed for comparing; nothing is left to be done."""
    text = run(f"trust add acme.pem --list {put_list('a.crl', acme)}").stdout.splitlines()

    assert text == ["trusted: CN=Acme", f"fingerprint {acme.certificate.id}"]
    assert run("trust status").stdout.endswith("nothing needs doing\n")
    assert run("trust list").stdout == (
        f"root  {acme.certificate.id[:12]}  CN=Acme, until {acme.certificate.not_after:%Y-%m-%d}; "
        "list 1, 0 revoked\n"
    )  # fmt: skip


def test_a_root_is_added_before_its_list_or_without_one(acme: Authority) -> None:
    """What is missing is said until it is there; --without-list asks for none."""
    first = run("trust add acme.pem").stdout
    wanting = run_json("trust status", status=5)["wanting"]
    bare = run_json("trust add acme.pem --without-list")

    assert "nothing is accepted before its revocation list is here: expert-cli trust update LIST" in first
    assert wanting == ["CN=Acme: its revocation list is missing: expert-cli trust update LIST"]
    assert bare == {"root": acme.certificate.id, "subject": "CN=Acme"}
    assert [root["needs_list"] for root in trusted()["roots"]] == [False]
    run("trust status")
    run(f"trust add acme.pem --without-list --list {put_list('a.crl', acme)}", status=2)


def test_a_root_whose_list_does_not_hold_is_not_added(acme: Authority) -> None:
    """All or nothing."""
    other = Authority(key=make_key(101), certificate=read(make_root(make_key(101), name="Acme", at=TODAY, days=9)))
    stale = put_list("b.crl", acme, at=TODAY - timedelta(days=11))

    for path in (put_list("a.crl", other), stale):
        run(f"trust add acme.pem --list {path}", status=5)
        assert trusted()["roots"] == trusted()["lists"] == []


def test_what_is_no_root_is_not_added(acme: Authority) -> None:
    """A signer's certificate, several at once, and no certificate."""
    chain = (*acme.issue(1, days=10), acme.certificate)
    put(Path("signer.pem"), to_pem(chain[:1]))
    put(Path("both.pem"), to_pem(chain))
    put(Path("none.pem"), b"none")

    assert "expert-cli trust pin takes a single key" in run("trust add signer.pem", status=5).stderr
    run("trust add both.pem", status=2)
    run("trust add none.pem", status=11)
    run("trust add nowhere.pem", status=2)
    assert trusted()["roots"] == []


@pytest.mark.usefixtures("project")
def test_a_key_is_pinned_and_removed() -> None:
    """For some experts or for all; by the beginning of its fingerprint."""
    put_key("a.pub")
    text = run("trust pin a.pub --for expert-mini --for expert-other").stdout.splitlines()
    pinned = run_json("trust pin a.pub")

    assert text == ["trusted: 'mini publisher' for expert-mini, expert-other", f"fingerprint {publisher().id}"]
    assert pinned == {"key": publisher().id, "publisher": "mini publisher", "names": []}
    assert f"key   {publisher().id[:12]}  'mini publisher', for any expert; added " in run("trust list").stdout
    assert run_json(f"trust remove {publisher().id[:8]}") == {"removed": publisher().id[:8]}
    assert trusted()["pins"] == []
    assert "expected one of none" in run(f"trust remove {publisher().id}", status=5).stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201])
def test_a_name_that_no_expert_has_does_not_damage_what_is_there(name: str) -> None:
    """It is refused before anything is written."""
    put_key("a.pub")
    run("trust pin a.pub")

    run(f"trust pin a.pub --for '{name}'", status=11)

    assert [pin["names"] for pin in trusted()["pins"]] == [[]]


def test_lists_are_updated(acme: Authority) -> None:
    """Several at once, with the certificate of an authority below a root."""
    run("trust add acme.pem")
    team = acme.team(50)
    put(Path("team.pem"), to_pem([team.certificate]))
    first, second = put_list("a.crl", acme), put_list("b.crl", team, number=7)

    assert "authority that you trust" in run(f"trust update {second}", status=5).stderr
    rows = run_json(f"trust update {first} {second} team.pem")["lists"]
    text = run(f"trust update {first}").stdout

    assert [(row["issuer"], row["number"], row["entries"]) for row in rows] == [("CN=Acme", 1, 0), ("CN=Team 50", 7, 0)]
    assert text == f"list 1 of CN=Acme: 0 revoked, until {TODAY + timedelta(days=10):%Y-%m-%d}\n"
    older = put_list("c.crl", acme, number=0, at=TODAY - timedelta(hours=1))
    assert "newer than number 1" in run(f"trust update {older}", status=5).stderr
    run("trust update acme.pem acme.pem")
    run("trust update", status=2)


@pytest.mark.usefixtures("project")
def test_rules_are_shown_and_changed() -> None:
    """Each alone; what is not named stays."""
    shown = run("trust rules").stdout.splitlines()
    run("trust rules --mode first-use")
    changed = run_json("trust rules --signatures 2 --stale-load refuse --stale-install warn")
    text = run("trust rules").stdout.splitlines()

    assert shown == [
        "trusted: only roots and keys that were added; 1 signature needed",
        "stale revocation list: refuse where packages come in, warn where experts load",
    ]
    assert changed == {"mode": "first use", "signatures": 2, "stale_install": "warn", "stale_load": "refuse"}
    assert text[0] == "trusted: also the first key seen of an expert; 2 signatures needed"
    for wrong in ("--signatures 0", "--signatures 17", "--mode all", "--stale-load ignore"):
        run(f"trust rules {wrong}", status=2)


def test_what_was_seen_is_listed_and_forgotten(package: str) -> None:
    """By the expert's name."""
    run(f"verify {package}")
    listed = run("trust list").stdout

    assert re.search(r"^seen  expert-mini 1\.0\.0 for nano, by key [0-9a-f]{12}: archive 1$", listed, re.MULTILINE)
    assert "expected one of expert-mini" in run("trust forget expert-other", status=5).stderr
    assert run_json("trust forget expert-mini") == {"forgotten": "expert-mini"}
    assert trusted()["seen"] == []


def test_the_screen_of_a_package_that_is_accepted(package: str) -> None:
    """Line by line; numbers, times and digests are left out."""
    shown = run(f"verify {package}").stdout
    for pattern, name in (
        (re.escape(package), "FILE"), (r"[0-9a-f]{64}", "HEX"), (r"(?<=key )[0-9a-f]{12}", "HEX"),
        (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"), (r"[\d,]+(?= (bytes|members))", "N"),
    ):  # fmt: skip
        shown = re.sub(pattern, name, shown)

    assert shown == SCREEN


def test_json_says_the_same(package: str) -> None:
    """Accepted, by whom, by what, and whether it is remembered."""
    found = run_json(f"verify {package}")

    assert (found["verdict"], found["valid"], found["kept"]) == ("accepted", True, True)
    assert found["policy"] == {"level": "signed", "mode": "listed", "signatures": 1}
    (signer,) = found["signers"]
    assert (signer["who"], signer["trusted_by"], signer["sequence"]) == ("CN=local publisher", "root", 1)
    assert len(signer["lists"]) == 1


def test_a_refusal_has_its_reasons_as_json_too(package: str) -> None:
    """And its hint, with exit status 5 and the message on stderr."""
    run("keygen --output other.key --no-passphrase")
    run(f"sign {package} --key other.key --output theirs")
    result = run(f"verify theirs/{NAME} --json", status=5)
    refused = json.loads(result.stdout)

    assert (refused["verdict"], refused["valid"], refused["file"]) == ("refused", False, f"theirs/{NAME}")
    assert len(refused["reasons"]) == 1
    assert "expected a key that you trust" in refused["reasons"][0]
    assert refused["hint"].startswith("expert-cli trust pin")
    assert result.stderr.splitlines()[-2:] == [f"Error: {refused['reasons'][0]}", f"Hint: {refused['hint']}"]
    damaged = Path("damaged.expert")
    damaged.write_bytes(Path(package).read_bytes()[:-9])
    assert run_json(f"verify {damaged}", status=5)["verdict"] == "refused"


def test_without_any_trust_it_is_said_what_to_do(package: str, project: Path) -> None:
    """By every command that takes a package, before the package is read."""
    (project / "home/trust/trust.json").unlink()

    for command in (f"verify {package}", f"unpack {package} new", f"convert {package} --output new"):
        told = run(command, status=5).stderr
        assert "expected somebody that you trust, got nobody" in told
        assert "Hint: expert-cli trust add ROOT.pem, expert-cli trust pin PUBFILE, or --key PUBFILE this once" in told
    assert not (project / "new").exists()
    assert run_json(f"verify {package} --key build/publisher.pub")["kept"] is False
    assert not (project / "home/trust/trust.json").exists()


def test_a_damaged_trust_is_never_none(package: str, project: Path) -> None:
    """Nor is it replaced by a new one."""
    path = project / "home/trust/trust.json"
    path.write_bytes(path.read_bytes()[:-2])
    before = path.read_bytes()

    for command in (f"verify {package}", f"verify {package} --key build/publisher.pub", "trust list", "trust rules",
                    f"trust pin {put_key('a.pub')}", "trust status", f"unpack {package} new"):  # fmt: skip
        assert "expected what this program wrote" in run(command, status=5).stderr
    assert path.read_bytes() == before


def test_another_day_remembers_nothing(package: str) -> None:
    """--at judges, and that is all."""
    tomorrow = TODAY + timedelta(days=1)

    found = run_json(f"verify {package} --at {tomorrow:%Y-%m-%d}")

    assert found["kept"] is False
    assert trusted()["seen"] == []
    assert "not remembered as seen" in run(f"verify {package} --at {tomorrow:%Y-%m-%d}").stdout


def test_an_older_package_is_refused_unless_it_is_meant(package: str, project: Path) -> None:
    """Of two versions the newer was seen; --allow-older takes the other once, forgetting does for good."""
    run(f"verify {package}")
    TrustStore(folder=project / "home/trust").update(
        lambda trust: replace(trust, seen=tuple(replace(row, version="2.0.0") for row in trust.seen))
    )

    for command in (f"verify {package}", f"unpack {package} new"):
        refused = run(command, status=5).stderr
        assert "expected at least 2.0.0, which was seen, got 1.0.0" in refused
        assert "Hint: expert-cli trust forget expert-mini, or --allow-older this one time" in refused
    run(f"verify {package} --allow-older")
    run(f"unpack {package} new --allow-older")
    run(f"verify {package}", status=5)
    run("trust forget expert-mini")
    run(f"verify {package}")


def test_two_of_three_have_to_sign(package: str) -> None:
    """Sign --add keeps what is there; the second key makes it two."""
    run("keygen --output other.key --name other --no-passphrase")
    run("trust pin other.pub")
    run("trust rules --signatures 2")
    assert "expected 2 by different keys that you trust, got 1" in run(f"verify {package}", status=5).stderr

    run(f"sign {package} --key other.key --output both --add")
    run(f"sign {package} --key other.key --output alone")

    assert run_json(f"verify both/{NAME}")["policy"]["signatures"] == 2
    assert [each["trusted_by"] for each in run_json(f"verify both/{NAME}")["signers"]] in (
        ["root", "pin"], ["pin", "root"],
    )  # fmt: skip
    assert "got 1" in run(f"verify alone/{NAME}", status=5).stderr


def test_a_signature_beside_the_package_is_found_or_named(package: str, project: Path) -> None:
    """PACKAGE.sig, or --signature FILE; another one is refused, and nothing else is written."""
    run("verify " + BUILT, status=5)
    made = run_json(f"sign {BUILT} --detached")
    found = run_json(f"verify {BUILT}")

    assert made == {"package": BUILT, "signature": f"{BUILT}.sig"}
    assert found["content_digest"] == run_json(f"verify {package}")["content_digest"]
    elsewhere = Path(f"{BUILT}.sig").rename(project / "theirs.sig")
    run(f"verify {BUILT}", status=5)
    run(f"verify {BUILT} --signature {elsewhere}")
    put(Path("wrong.sig"), signed(1).envelope)
    assert "expected" in run(f"verify {BUILT} --signature wrong.sig", status=5).stderr
    put(Path("wrong.sig"), b"{}")
    assert "wrong.sig: envelope" in run(f"verify {BUILT} --signature wrong.sig", status=5).stderr
    run(f"verify {BUILT} --signature nowhere.sig", status=2)
    run(f"sign {BUILT} --detached --output x", status=2)


@pytest.mark.usefixtures("package")
def test_unsigned_is_said_aloud() -> None:
    """By the two commands that have it; it needs no trust and goes with nothing that asks for some."""
    warning = f"Warning: {BUILT}: taken unsigned, nobody was asked who vouches for it"
    run(f"unpack {BUILT} new", status=5)

    assert warning in run(f"unpack {BUILT} new --unsigned").stderr.splitlines()
    assert warning in run(f"convert {BUILT} --output converted --unsigned").stderr.splitlines()
    for more in ("--allow-older", "--key build/publisher.pub"):
        run(f"unpack {BUILT} new2 --unsigned {more}", status=2)
    run(f"convert {BUILT} --unsigned --trusted-key build/publisher.pub", status=2)


def test_a_legacy_package_is_taken_unsigned_alone(package: str, project: Path, tmp_path: Path) -> None:
    """And only where both flags say so."""
    assert package
    old = make_old(tmp_path / "old")

    assert "got a legacy package" in run(f"unpack {old} new --compatible", status=5).stderr
    run(f"unpack {old} new --unsigned", status=11)
    run(f"unpack {old} new --compatible --unsigned")
    assert not (project / "new/training_args.bin").exists()


def test_what_is_written_is_what_this_program_reads(package: str, project: Path) -> None:
    """The file is JSON with its own digest, and nothing of a package's choice but names."""
    run(f"verify {package}")
    value = json.loads((project / "home/trust/trust.json").read_bytes())

    assert dump_json(value) == (project / "home/trust/trust.json").read_bytes()
    assert value["trust"]["trust"] == 1


@pytest.mark.usefixtures("package")
def test_a_private_key_given_for_a_public_one_is_not_shown(package: str) -> None:
    """The error says where the public half lies, and nothing of what it read."""
    told = run(f"verify {package} --key home/publisher.key", status=11).output

    assert "got a private key, whose public half lies beside it as .pub" in told
    assert "BEGIN" not in told
    assert Path("home/publisher.key").read_text().splitlines()[1][:20] not in told


@pytest.mark.usefixtures("package")
def test_nothing_is_removed_by_a_few_letters() -> None:
    """An empty variable of a script removes nobody; what is removed is named."""
    root = trusted()["roots"][0]["id"]
    for id_ in ("''", root[:7]):
        run(f"trust remove {id_}", status=5)

    assert "no longer trusted: root" in run(f"trust remove {root[:8]}").stdout
    assert trusted()["roots"] == []


def test_an_index_that_is_gone_needs_doing_something(package: str, project: Path) -> None:
    """While every package is refused, status does not say that all is well."""
    (index,) = (project / "home/trust").glob("*.index")
    index.unlink()

    run(f"verify {package}", status=5)
    assert "expected the index of the revocation list of CN=local root" in run("trust status", status=5).stdout


def test_a_batch_that_is_converted_learns_one_key_of_an_expert(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In mode first-use the second publisher of the same expert is refused, and nothing of his is written."""
    run("trust rules --mode first-use")
    run(f"package {PAIR}")
    for place, who in enumerate(("alice", "mallory")):
        monkeypatch.setenv("EXPERTKIT_HOME", str(project / who))
        run("keygen --ensure")
        run(f"sign {BUILT} --output batch")
        Path("batch", NAME).rename(f"batch/{place}-{who}.expert")
        Path("batch", f"{NAME}.sha256").unlink()
    monkeypatch.setenv("EXPERTKIT_HOME", str(project / "home"))

    refused = run("convert batch --output converted", status=5)

    assert "was signed with key" in refused.output
    assert [path.name for path in Path("converted").glob("*.expert")] == ["0-alice.expert"]


@pytest.mark.parametrize("key", ["pkcs11:token=none;object=key", "PKCS11:token=none"])
def test_a_key_in_a_device_is_never_made_as_a_file(project: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """The variable names a device: no file of such a name, and no key."""
    monkeypatch.setenv("EXPERTKIT_KEY", key)

    assert run_status("keygen --ensure") != 0
    assert run_status("keygen --no-passphrase") == 2
    assert not list(project.rglob("*pkcs11*")) + list(project.rglob("*PKCS11*")) + list(project.rglob("*.key"))


def run_status(command: str) -> int:
    """The exit status of a command."""
    return CliRunner().invoke(main, command.split()).exit_code


@pytest.mark.usefixtures("project")
def test_lists_that_hold_are_taken_and_the_others_are_told(acme: Authority) -> None:
    """What is no list is named with the commands that take such files."""
    run("trust add acme.pem")
    put_list("good.crl", acme)
    put_key("key.pub")

    told = run("trust update key.pub good.crl", status=11)

    assert "list 1 of CN=Acme: 0 revoked" in told.stdout
    assert "key.pub: revocation list: expected" in told.stderr
    assert "public keys for trust pin" in told.stderr
    assert run_json("trust status")["wanting"] == []
