"""What the program says where somebody is not trusted, each provoked after a sound release."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from expertkit.packages.reading.forms import read_signatures
from expertkit.packages.vouching.trust import TrustStore
from expertkit.signing import dsse, keys
from expertkit.signing.trust import Trust
from tests.cli.running import run
from tests.containers.builders import signed
from tests.docs.guide_troubles import NAME
from tests.packages.builders import put
from tests.packages.test_legacy import files, make

_PACKAGE = Path("build/packages/expert-sql-qwen3-tiny", NAME)


def told(project: Path, *, archive: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """What is printed of each trouble.

    Args:
        project: one with packages of containers, where nobody has signed yet.
        archive: the same package as an archive that somebody signed.
        patch: sets whose home it is.
    """
    with contextlib.chdir(project):
        patch.delenv("EXPERTKIT_KEY", raising=False)
        patch.setenv("EXPERTKIT_HOME", "user")
        _prepare()
        return [
            *_of_signatures(archive), *_of_certificates(), *_of_lists(), *_of_versions(), *_of_first_use(patch),
            *_of_state(), *_of_keys(patch),
        ]  # fmt: skip


def _prepare() -> None:
    """Two roots, two keys below the first one, and a key that nobody vouches for."""
    for name in ("ada", "berta", "carla"):
        run(f"keygen --no-passphrase --output {name}.key --publisher {name.title()}")
        run(f"cert request --key {name}.key --for expert-sql --output {name}.csr")
    for authority in ("ca", "other"):
        run(f"cert init-root --name {authority} --output {authority} --no-passphrase")
    for name in ("ada", "berta"):
        run(f"cert issue {name}.csr --output {name}.crt")
    for name in ("ada", "berta", "carla"):
        run(f"sign {_PACKAGE} --key {name}.key --output {name}")


def _verify(path: Path | str, *options: str) -> str:
    return run(" ".join(["verify", str(path), *options]), status=5).output


def _of_signatures(archive: Path) -> Iterator[str]:
    yield _verify(f"ada/{NAME}")
    run("trust add ca/root.pem --list ca/root.crl")
    yield _verify(_PACKAGE)
    yield _verify(f"carla/{NAME}")
    (ada,) = read_signatures(Path("ada", NAME))
    (about_archive,) = read_signatures(archive)
    bare = Path(_PACKAGE).read_bytes()
    said = dsse.decode(ada.envelope)
    forged = replace(said, signature=said.signature[:32] + bytes(32)).encode()
    for name, made in {
        "forged": signed(bare, forged, chain=ada.chain),
        "form": signed(bare, about_archive.envelope),
        "members": signed(Path("build/packages/expert-sql-qwen3-small", _other(NAME)).read_bytes(), ada.envelope),
        "garbage": signed(bare, b"{}"),
    }.items():
        put(Path(f"{name}.expert"), made)
    yield _verify("forged.expert")
    yield _verify("form.expert", "--key build/publisher.pub")
    yield _verify("members.expert", "--key ada.pub")
    yield _verify("garbage.expert")
    yield _verify(f"carla/{NAME}", "--key carla.pub", "--at 2099-01-01")
    yield _verify(f"carla/{NAME}", "--key carla.pub", "--at 2020-01-01")
    yield _verify(make(Path(), files()))


def _of_certificates() -> Iterator[str]:
    yield _verify(f"ada/{NAME}", "--at 2030-01-01")
    yield _verify(f"ada/{NAME}", "--at 2020-01-01")
    run("cert init-root --name narrow --for expert-json --output narrow --no-passphrase")
    run("cert request --key carla.key --output all.csr")
    run("cert issue all.csr --authority narrow/root.pem --key narrow/root.key --output carla.crt")
    run(f"sign {_PACKAGE} --key carla.key --output narrowed")
    run("trust add narrow/root.pem --list narrow/root.crl")
    yield _verify(f"narrowed/{NAME}")
    shutil.copyfile("ada.crt", "carla.crt")
    yield run(f"sign {_PACKAGE} --key carla.key --output wrong", status=5).output
    Path("carla.crt").unlink()
    run("trust pin carla.pub --for expert-json")
    yield _verify(f"carla/{NAME}")


def _of_lists() -> Iterator[str]:
    run("cert issue carla.csr --authority other/root.pem --key other/root.key --output carla.crt")
    run(f"sign {_PACKAGE} --key carla.key --output other-root")
    run(f"trust remove {keys.load_public(Path('carla.pub')).id}")
    yield _verify(f"other-root/{NAME}")
    run("trust add other/root.pem")
    yield _verify(f"other-root/{NAME}")
    yield _verify(f"ada/{NAME}", f"--at {_days_from_now(100)}")
    run(f"verify ada/{NAME}")
    shutil.copyfile("ca/root.crl", "old.crl")
    run("cert revoke ada.crt")
    run("trust update ca/root.crl")
    yield _verify(f"ada/{NAME}")
    yield run("trust update old.crl", status=5).output
    (ada,) = read_signatures(Path("ada", NAME))
    put(Path("chainless.expert"), signed(_PACKAGE.read_bytes(), ada.envelope))
    yield _verify("chainless.expert", "--key ada.pub")
    run("cert init-root --name stranger --output stranger --no-passphrase")
    yield run("trust update stranger/root.crl", status=5).output


def _of_versions() -> Iterator[str]:
    run(f"sign {_PACKAGE} --key berta.key --valid-days 30 --output anew")
    run(f"verify anew/{NAME}")
    yield _verify(f"berta/{NAME}")
    _change(lambda trust: replace(trust, seen=tuple(replace(row, version="2.0.0") for row in trust.seen)))
    yield _verify(f"berta/{NAME}")
    run("trust forget expert-sql")
    run("trust rules --signatures 2")
    yield _verify(f"berta/{NAME}")
    run("trust rules --signatures 1")
    yield run("trust forget nobody", status=5).output
    yield run("trust remove nobody", status=5).output


def _of_first_use(patch: pytest.MonkeyPatch) -> Iterator[str]:
    patch.setenv("EXPERTKIT_HOME", "new")
    run("trust rules --mode first-use")
    yield _verify("chainless.expert")
    run(f"verify berta/{NAME}")
    yield _verify(f"ada/{NAME}")
    patch.setenv("EXPERTKIT_HOME", "user")


def _of_state() -> Iterator[str]:
    store = TrustStore(folder=Path("user/trust"))
    kept = store.path.read_bytes()
    value = json.loads(kept)
    value["trust"]["rules"]["signatures"] = 3
    store.path.write_text(json.dumps(value))
    yield _verify(f"berta/{NAME}")
    store.path.write_bytes(kept)
    store.path.chmod(0o644)
    yield _verify(f"berta/{NAME}")
    store.path.chmod(0o600)
    indexes = {path: path.read_bytes() for path in store.folder.glob("*.index")}
    for path, data in indexes.items():
        path.chmod(0o600)
        path.write_bytes(b"X" + data[1:])
    yield _verify(f"berta/{NAME}")
    for path in indexes:
        path.unlink()
    yield _verify(f"berta/{NAME}")


def _of_keys(patch: pytest.MonkeyPatch) -> Iterator[str]:
    patch.setenv("EXPERTKIT_HOME", "signer")
    stage = "sign --expert expert-sql --base qwen3-tiny"
    yield run(stage, status=5).output
    yield run("keygen", status=2).output
    for name, text in (("right", "secret"), ("wrong", "other")):
        put(Path(name), text.encode())
        Path(name).chmod(0o600)
    patch.setenv("EXPERTKIT_PASSPHRASE_FILE", "right")
    run("keygen")
    yield run("keygen", status=5).output
    yield run(stage, status=5).output
    run("keygen --ensure")
    run("cert init-root --name third --output third --no-passphrase")
    run("cert request --key signer/publisher.key --output new.csr")
    Path("signer/publisher.crt").unlink()
    run("cert issue new.csr --authority third/root.pem --key third/root.key --output signer/publisher.crt")
    yield run(stage, status=5).output
    patch.setenv("EXPERTKIT_PASSPHRASE_FILE", "wrong")
    yield run(stage, status=5).output
    patch.delenv("EXPERTKIT_PASSPHRASE_FILE")
    yield run(stage, status=5).output
    Path("signer/publisher.key").chmod(0o644)
    yield run(stage, status=5).output


def _change(change: Callable[[Trust], Trust]) -> None:
    TrustStore(folder=Path("user/trust")).update(change)


def _other(name: str) -> str:
    return name.replace("tiny", "small")


def _days_from_now(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"
