"""Passphrases: from a file of one's own or the terminal, and from nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from expertkit.errors import SignatureError
from expertkit.signing import keys
from expertkit.signing.keys import passphrases
from tests.signing.keys.test_files import SECRET, make, put

VARIABLE = passphrases.VARIABLE


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is named, and there is no terminal, whoever runs the tests."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "stdin", None)


@pytest.mark.parametrize("text", [b"correct horse", b"correct horse\n", b"correct horse\r\n", b"correct horse\nmore\n"])
def test_the_first_line_of_the_file_is_the_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    """However the line ends, and whatever follows it."""
    monkeypatch.setenv(VARIABLE, str(put(tmp_path / "secret", text)))
    key = make(tmp_path / "publisher.key", passphrase=SECRET)

    keys.load(key)

    assert passphrases.choose(key) == SECRET
    assert passphrases.is_at_hand()


@pytest.mark.parametrize("text", [b"", b"\nsecond line", b"a\0b", b"x" * 1024], ids=["empty", "second", "NUL", "long"])
def test_what_programs_take_for_different_passphrases_is_none(tmp_path: Path, text: bytes) -> None:
    """OpenSSL cuts long ones and those with NUL, and an empty one hides nothing."""
    with pytest.raises(SignatureError, match="expected a passphrase of 1 to 1023 bytes"):
        passphrases.read(put(tmp_path / "secret", text))


def test_the_file_is_under_the_rule_of_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readable by others, a link, a pipe, nothing: none of them is read."""
    key = make(tmp_path / "publisher.key", passphrase=SECRET)
    put(tmp_path / "open", SECRET).chmod(0o640)
    (tmp_path / "link").symlink_to(put(tmp_path / "secret", SECRET))
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name in ("open", "link", "pipe", "missing"):
        monkeypatch.setenv(VARIABLE, str(tmp_path / name))
        with pytest.raises(SignatureError, match=rf"/{name}: expected"):
            keys.load(key)


def test_without_file_and_terminal_the_hint_names_both(tmp_path: Path) -> None:
    """Nothing waits for an answer that nobody can give."""
    key = make(tmp_path / "publisher.key", passphrase=SECRET)

    with pytest.raises(SignatureError, match="expected its passphrase, got neither") as refusal:
        keys.load(key)

    assert VARIABLE in (refusal.value.hint or "")
    assert "terminal" in (refusal.value.hint or "")
    assert not passphrases.is_at_hand()


def test_without_a_terminal_nothing_new_is_asked_for(tmp_path: Path) -> None:
    """Neither a new passphrase nor a PIN."""
    with pytest.raises(SignatureError, match="expected a passphrase, got neither a file nor a terminal"):
        passphrases.choose(tmp_path / "publisher.key")
    with pytest.raises(SignatureError, match="expected its PIN, got neither a file nor a terminal") as refusal:
        passphrases.ask_pin("token")

    assert "pin-source" in (refusal.value.hint or "")


def test_the_value_of_a_variable_is_no_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable names a file; a passphrase in it opens nothing."""
    key = make(tmp_path / "publisher.key", passphrase=SECRET)
    monkeypatch.setenv(VARIABLE, SECRET.decode())

    with pytest.raises(SignatureError, match="expected a passphrase, got no such file"):
        keys.load(key)


def on_terminal(program: str, *typed: str) -> tuple[str, str, int]:
    """What a program shows on its terminal and prints, and its exit status, where these lines are typed."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment,
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        for line in typed:
            while not shown.endswith(b": "):
                shown += os.read(ours, 1024)
            os.write(ours, line.encode() + b"\n")
            shown += b"|"
        assert process.stdout is not None
        printed = process.stdout.read().decode()
        status = process.wait(timeout=60)
    os.set_blocking(ours, False)
    with suppress(OSError):  # the other end is closed, and nothing more was shown
        shown += os.read(ours, 65536)
    os.close(ours)
    return shown.decode(), printed, status


def test_the_terminal_is_asked_and_shows_nothing(tmp_path: Path) -> None:
    """What is typed opens the key, and is not echoed."""
    key = make(tmp_path / "publisher.key", passphrase="Füße".encode())
    program = (
        f"from expertkit.signing import keys; from pathlib import Path; keys.load(Path({str(key)!r})); print('ok')"
    )

    shown, printed, _ = on_terminal(program, "Füße")

    assert printed == "ok\n"
    assert f"Passphrase of {key}: " in shown
    assert "Füße" not in shown


@pytest.mark.parametrize(("again", "expected"), [("one", "b'one'\n"), ("two", "")])
def test_a_new_passphrase_is_typed_twice(again: str, expected: str) -> None:
    """Two different lines are a mistake."""
    program = (
        "from expertkit.signing.keys import passphrases as p; from pathlib import Path; print(p.choose(Path('k')))"
    )

    shown, printed, status = on_terminal(program, "one", again)

    assert printed == expected
    assert status == (0 if expected else 1)
    assert ("expected the same twice, got two" in shown) != bool(expected)
