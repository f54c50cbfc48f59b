"""``expert-cli cert``, as an organisation types it: a root, a team's authority, a signer, and a key that was lost."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from expertkit.signing import keys
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate, read_pem
from expertkit.signing.certificates.revocation import read_list
from tests.cli.running import run, run_json

NAME = "expert-sql"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which there is a root and Ada's key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXPERTKIT_PASSPHRASE_FILE", raising=False)
    run("cert init-root --name Acme --for expert-sql --for expert-json --no-passphrase")
    keys.create(tmp_path / "ada.key", publisher="Ada", passphrase=None)
    keys.create(tmp_path / "team.key", publisher="Team", passphrase=None)
    return tmp_path


def certificates(path: str) -> tuple[Certificate, ...]:
    """What is in a file."""
    return read_pem(Path(path).read_bytes(), what=path)


def issue_ada(more: str = "", *, output: str = "ada.pem") -> None:
    """Give Ada a certificate."""
    run(f"cert request --key ada.key --for {NAME} --output {output}.csr")
    run(f"cert issue {output}.csr --output {output} {more}")


def issue_team(more: str = "") -> None:
    """Give the team an authority."""
    run("cert request --key team.key --output team.csr")
    run(f"cert issue team.csr --intermediate --output team.pem {more}")


def test_a_root_has_a_closed_key_a_certificate_and_an_empty_list(folder: Path) -> None:
    """Three files, of which one is secret."""
    (root,) = certificates("ca/root.pem")
    found = read_list(Path("ca/root.crl").read_bytes())

    assert stat.S_IMODE((folder / "ca/root.key").stat().st_mode) == 0o600
    assert (root.subject, root.permitted, root.path_length) == ("CN=Acme", (NAME, "expert-json"), 2)
    assert (found.issuer, found.number, dict(found.entries)) == ("CN=Acme", 1, {})


@pytest.mark.parametrize("left", ["root.key", "root.pem", "root.crl", "root.pub"])
def test_a_root_is_never_overwritten(folder: Path, left: str) -> None:
    """One file of it is enough to stop, and nothing else is written."""
    for name in {"root.key", "root.pem", "root.crl", "root.pub"} - {left}:
        (folder / "ca" / name).unlink()
    before = (folder / "ca" / left).read_bytes()

    said = run("cert init-root --name Other --no-passphrase", status=5)

    assert f"ca/{left}: expected no such file, got one" in said.stderr
    assert [path.name for path in (folder / "ca").iterdir()] == [left]
    assert (folder / "ca" / left).read_bytes() == before


@pytest.mark.usefixtures("folder")
def test_a_root_has_a_passphrase_unless_told_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from the file that is named; without one and without a terminal no root is made."""
    assert "expected a passphrase" in run("cert init-root --name Safe --output safe", status=5).stderr
    assert not (folder / "safe").exists()
    (folder / "phrase").write_text("correct horse\n")
    (folder / "phrase").chmod(0o600)
    monkeypatch.setenv("EXPERTKIT_PASSPHRASE_FILE", str(folder / "phrase"))

    run("cert init-root --name Safe --output safe")
    run("cert revoke --authority safe/root.pem --key safe/root.key --list safe/root.crl")

    assert "ENCRYPTED" in (folder / "safe/root.key").read_text()


@pytest.mark.parametrize("wrong", ["--name ''", "--name Acme --for Expert", f"--name {'x' * 65}"])
def test_a_root_that_cannot_be_made_leaves_no_key(tmp_path: Path, wrong: str) -> None:
    """Names are judged first."""
    run(f"cert init-root --output {tmp_path}/new --no-passphrase {wrong}", status=11)

    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("folder")
def test_the_way_from_root_to_signer() -> None:
    """The file that is issued is the chain that is believed."""
    issue_team()
    issue_ada("--authority team.pem --key team.key --days 300")
    (root,), chain = certificates("ca/root.pem"), certificates("ada.pem")

    path = check_path(chain, root=root, name=NAME, at=datetime.now(UTC))

    assert [each.subject for each in path] == ["CN=Ada", "CN=Team", "CN=Acme"]
    assert chain[0].names == (NAME,)
    assert chain[0].not_after - chain[0].not_before == timedelta(days=300)


@pytest.mark.usefixtures("folder")
def test_the_result_is_told_as_json() -> None:
    """Facts of the certificate, and where it is."""
    asked = run_json(f"cert request --key ada.key --name 'Ada B' --for {NAME} --output a.csr")
    told = run_json("cert issue a.csr --output a.pem --for expert-json --days 9")
    (made,) = certificates("a.pem")

    assert asked == {"path": "a.csr", "subject": "CN=Ada B", "key_id": made.key_id, "names": [NAME]}
    assert told["id"] == made.id
    assert (told["subject"], told["names"], told["serial"]) == ("CN=Ada B", ["expert-json"], f"{made.serial:x}")


@pytest.mark.usefixtures("folder")
def test_what_the_authority_may_not_grant_leaves_no_file() -> None:
    """Another expert, more days than the issuer has, an authority below one that has none."""
    issue_team("--days 30 --for expert-json")
    run("cert request --key ada.key --for expert-sql --output a.csr")

    for more, message in {
        "--for expert-x": "got expert-x",
        "--days 4000": "expected at most 36",
        "--authority team.pem --key team.key --days 9": "got expert-sql",
        "--authority team.pem --key team.key --days 9 --for expert-json --intermediate": "expected a signer",
        "--key team.key": "expected its own key to issue with",
    }.items():
        assert message in run(f"cert issue a.csr --output a.pem {more}", status=5).stderr
        assert not Path("a.pem").exists()
    run("cert issue a.csr --authority team.pem --key team.key --days 9 --for expert-json --output a.pem")


@pytest.mark.usefixtures("folder")
def test_files_that_are_there_are_not_overwritten() -> None:
    """Requests and certificates."""
    issue_ada()
    before = Path("ada.pem").read_bytes()

    run("cert request --key ada.key --output ada.pem.csr", status=5)
    run("cert issue ada.pem.csr --output ada.pem", status=5)

    assert Path("ada.pem").read_bytes() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("issue ada.pem.csr --output x.pem --path-length 1", 2),
        ("issue ada.pem --output x.pem", 11),
        ("issue ada.pem.csr --authority ada.pem.csr --output x.pem", 11),
        ("issue ada.pem.csr --authority ada.pem --key ada.key --output x.pem", 5),
        ("issue missing.csr --output x.pem", 2),
        ("request --key missing.key --name Ada --output x.pem", 5),
        ("request --key missing.key --output x.pem", 2),
        ("request --key ada.key --for Expert --output x.pem", 11),
        ("revoke ada.pem --first", 5),
        ("revoke ada.pem --list missing.crl", 1),
        ("revoke ada.pem --list ada.pem", 11),
        ("revoke ada.pem.csr", 11),
        ("show ada.key", 11),
        ("show ca", 2),
    ],
)
def test_what_makes_no_sense_is_one_line_and_writes_nothing(command: str, status: int) -> None:
    """The usual exit statuses, and no traceback."""
    issue_ada()
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    said = run(f"cert {command}", status=status)

    assert "Error: " in said.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert not Path("x.pem").exists()


@pytest.mark.usefixtures("folder")
def test_revoking_adds_to_the_list_and_renews_it() -> None:
    """The number rises each time; what was revoked stays so from when it was."""
    issue_ada()
    issue_ada(output="other.pem")
    serials = [certificates(path)[0].serial for path in ("ada.pem", "other.pem")]

    first = run_json("cert revoke ada.pem")
    when = read_list(Path("ca/root.crl").read_bytes()).entries[serials[0]]
    run("cert revoke")
    last = run_json("cert revoke ada.pem other.pem --days 3")

    found = read_list(Path("ca/root.crl").read_bytes())
    assert (first["number"], first["revoked"], first["entries"]) == (2, [f"{serials[0]:x}"], 1)
    assert (last["number"], found.number) == (4, 4)
    assert found.entries.keys() == set(serials)
    assert found.entries[serials[0]] == when
    assert found.next_update - found.this_update == timedelta(days=3)


@pytest.mark.usefixtures("folder")
def test_only_the_issuer_revokes() -> None:
    """A certificate of the team is not the root's to list, nor the other way round."""
    issue_team()
    issue_ada("--authority team.pem --key team.key --days 9")
    before = Path("ca/root.crl").read_bytes()

    assert "expected one issued by CN=Acme" in run("cert revoke ada.pem", status=5).stderr
    assert "another" in run("cert revoke --authority team.pem --key team.key", status=5).stderr
    assert "expected its own key" in run("cert revoke --key team.key", status=5).stderr
    run("cert revoke ada.pem --authority team.pem --key team.key --list team.crl --first")

    assert Path("ca/root.crl").read_bytes() == before
    assert read_list(Path("team.crl").read_bytes()).number == 1


@pytest.mark.usefixtures("folder")
def test_revoking_at_once_loses_nobody() -> None:
    """Each call sees what the one before it wrote."""
    for place in range(6):
        issue_ada(output=f"{place}.pem")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(_revoke, range(6)))

    found = read_list(Path("ca/root.crl").read_bytes())
    assert (found.number, len(found.entries)) == (7, 6)


@pytest.mark.usefixtures("folder")
def test_everything_can_be_shown() -> None:
    """Certificates, a request and a list, for people and for programs; nothing is judged."""
    issue_team()
    issue_ada("--authority team.pem --key team.key --days 9")
    run("cert revoke team.pem")

    shown = run_json("cert show ada.pem")["certificates"]
    asked = run_json("cert show ada.pem.csr")["request"]
    listed = run_json("cert show ca/root.crl")["list"]

    assert [each["subject"] for each in shown] == ["CN=Ada", "CN=Team"]
    assert (shown[0]["names"], shown[0]["purposes"], shown[0]["usages"]) == (
        [NAME],
        ["codeSigning"],
        ["digitalSignature"],
    )
    assert (asked["subject"], asked["names"], asked["key_id"]) == ("CN=Ada", [NAME], shown[0]["key_id"])
    assert (listed["number"], list(listed["revoked"])) == (2, [shown[1]["serial"]])
    for file, line in {
        "ada.pem": "not after",
        "ada.pem.csr": "names         expert-sql",
        "ca/root.crl": "number        2",
    }.items():
        text = run(f"cert show {file}").stdout
        assert line in text
        assert len(text.splitlines()) < 50


@pytest.mark.usefixtures("folder")
def test_der_is_shown_as_well() -> None:
    """What OpenSSL writes by default for other programs."""
    issue_ada()
    for name, kind in (("ada.pem", "certificates"), ("ada.pem.csr", "request"), ("ca/root.crl", "list")):
        body = "".join(Path(name).read_text().splitlines()[1:-1])
        Path("x.der").write_bytes(base64.b64decode(body))

        told = run_json("cert show x.der")

        assert told[kind] == run_json(f"cert show {name}")[kind]


def _revoke(place: int) -> None:
    """One call in a process of its own."""
    program = "from expertkit.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", program, "cert", "revoke", f"{place}.pem"], check=True, capture_output=True)
