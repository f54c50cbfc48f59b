"""The repository says nothing about the computers it was written on, and sends nobody to a place unasked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.make import ROOT

HOSTS = {
    "": ("src/expertkit/signing/keys/pkcs11_uri.py", "tests/signing/keys/"),
    "a": ("tests/signing/certificates/",),
    "download.pytorch.org": ("README.md",),
    "expert-sql": ("tests/signing/certificates/",),
    "host": ("tests/signing/keys/",),
    "in-toto.io": ("docs/signing.md", "src/expertkit/signing/statement.py", "tests/"),
    "json-schema.org": ("docs/schema/", "src/expertkit/fields/json_schema.py"),
    "keepachangelog.com": ("CHANGELOG.md",),
    "model_signing": ("src/expertkit/signing/model_signing.py",),
    "semver.org": ("CHANGELOG.md",),
}
"""Every host that is named, and the files or folders that may name it."""

_PATHS_NEVER = re.compile(r"(?<![\w.~*})/-])/(?:root|work|opt|Users)/")
_PATHS = re.compile(r"(?<![\w.~*})/-])/(?:home|root|work|tmp|opt|mnt|Users)\b")
_ANCHORED = (".gitignore", ".dvcignore")
"""Files whose paths begin with a slash and mean their own folder."""
_ADDRESS = re.compile(r"(?:https?|file|ftp|git|ssh)://([^/\s\"'`)>:]*)")
_RESERVED = re.compile(r"localhost|127\.0\.0\.1|(?:.+\.)?example(?:\.(?:com|org|net))?|.+\.(?:invalid|test)")
_REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|anaconda\.org|npmjs\.org|index-url\s*[=:]|index_url\s*=")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every text file that is or would be committed, by its name."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    found = {name: text for name in listed if (text := read_text(ROOT / name)) is not None}
    assert len(found) > 100
    return found


def test_no_path_of_a_computer(texts: dict[str, str]) -> None:
    """Sources and documents name no absolute path of anybody's; tests may make some up, but none of ours."""
    rules = {name: _PATHS_NEVER if name.startswith("tests/") else _PATHS for name in texts}

    found = {name: rules[name].findall(text) for name, text in texts.items() if not name.endswith(_ANCHORED)}

    assert {name: paths for name, paths in found.items() if paths} == {}


def test_no_registry(texts: dict[str, str]) -> None:
    """Where packages come from is the choice of whoever installs."""
    found = {name: _REGISTRY.findall(text) for name, text in texts.items()}

    assert {name: words for name, words in found.items() if words} == {}


def test_hosts_are_known(texts: dict[str, str]) -> None:
    """Every address leads to a host that is named here with its place, or to one reserved for examples."""
    named = {(host, name) for name, text in texts.items() for host in _ADDRESS.findall(text)}

    unknown = {
        (host, name)
        for host, name in named
        if not _RESERVED.fullmatch(host) and not name.startswith(HOSTS.get(host, ()))
    }

    assert unknown == set()


@pytest.mark.parametrize("around", ["{}/x", "see {}/me", "({})", '"{}"'])
def test_a_path_of_a_computer_is_seen(around: str) -> None:
    """The rule for sources sees a path in the middle of a text."""
    folders = [Path("/", name) for name in ("home", "work", "tmp")]

    assert all(_PATHS.search(around.format(folder)) for folder in folders)


@pytest.mark.parametrize("path", [".dvc/tmp/rwlock", "{folder}/work/x", "~/work", "src/home/x", "*/tmp"])
def test_a_relative_path_is_none_of_a_computer(path: str) -> None:
    """A folder of that name further down is nobody's secret."""
    assert not _PATHS.search(path)


def read_text(path: Path) -> str | None:
    """A file's text, or None where it is gone, or no text."""
    try:
        data = path.read_bytes() if path.is_file() else b"\0"
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None
