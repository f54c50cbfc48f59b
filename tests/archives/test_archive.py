"""The one form of an archive: what is written is read back, and nothing else is read."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.archives import archive, tar
from expertkit.archives.gzip import Limits
from expertkit.errors import FormatError
from expertkit.members.contents import Part
from expertkit.members.names import SIGNATURE, fold
from tests.archives.builders import decode, encode, gunzipped, gzipped, member, tarred

SMALL = {"a.json": b"{}", "b/c.txt": b"x" * 700, SIGNATURE: b"s"}
NAMES = st.from_regex(r"[A-Za-z0-9]{1,8}(/[A-Za-z0-9]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: not {part.casefold() for part in name.split("/")} & {"con", "prn", "aux", "nul"}
)


def confusable(members: dict[str, bytes]) -> bool:
    """Whether some file system could not hold all of these."""
    folded = {fold(name) for name in members}
    folders = {name[:at] for name in folded for at, sign in enumerate(name) if sign == "/"}
    devices = any(part[:3] in {"com", "lpt"} for name in folded for part in name.split("/"))
    return len(folded) < len(members) or bool(folders & folded) or devices


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=5).filter(lambda m: not confusable(m)))
def test_what_was_written_is_read_back(members: dict[str, bytes]) -> None:
    """Names and bytes survive, and the order in which they came does not matter."""
    data = encode(members)

    assert decode(data) == members
    assert encode(dict(reversed(list(members.items())))) == data


def test_a_member_that_is_kept_is_small_enough_to_parse(tmp_path: Path) -> None:
    """It is refused by its header, before its bytes are put together."""
    (tmp_path / "a").write_bytes(encode({"a.json": bytes(4 << 20), "b.json": bytes((4 << 20) + 1)}))

    assert set(archive.scan(tmp_path / "a", keep=["a.json"]).kept) == {"a.json"}
    with pytest.raises(FormatError, match=r"a: member 'b\.json': expected at most 4194304 bytes, got 4194305"):
        archive.scan(tmp_path / "a", keep=["b.json"])


def test_members_are_sorted_by_the_bytes_of_their_names_and_the_signature_is_last() -> None:
    """Capitals come before small letters; signature.sig comes after z."""
    names = ["z.json", SIGNATURE, "README.md", "a.json"]

    assert list(decode(encode(dict.fromkeys(names, b"")))) == ["README.md", "a.json", "z.json", SIGNATURE]


def test_other_programs_read_it(tmp_path: Path) -> None:
    """Python's tarfile and the system's tar see the same members with the fixed attributes."""
    path = tmp_path / "small.expert"
    path.write_bytes(encode(SMALL))

    listed = subprocess.run(["tar", "-tzf", path], capture_output=True, text=True, check=True).stdout.split()
    with tarfile.open(path, "r:gz") as opened:
        facts = {(info.mode, info.mtime, info.uid, info.gid, info.uname, info.gname) for info in opened}
        contents = {info.name: opened.extractfile(info).read() for info in opened}  # type: ignore[union-attr]

    assert listed == list(SMALL)
    assert contents == SMALL
    assert facts == {(0o644, 0, 0, 0, "", "")}


def test_the_layout_is_the_specified_one() -> None:
    """Whole records of 10,240 bytes, and a gzip header without time, name and system."""
    data = encode(SMALL)

    assert data[:10].hex() == "1f8b08000000000002ff"
    assert len(gunzipped(data)) == tar.RECORD
    assert gzip.decompress(data) == gunzipped(data)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, tar.RECORD - 3 * tar.BLOCK, tar.RECORD - 3 * tar.BLOCK + 1])
def test_padding_is_right_at_the_edges(size: int) -> None:
    """Members that just fill a block or a record, and one byte more, survive."""
    assert decode(encode({"a": bytes(size)})) == {"a": bytes(size)}


@pytest.mark.parametrize("step", [1, 97])
def test_every_prefix_is_refused(step: int) -> None:
    """An archive cut anywhere is never read as a smaller one."""
    data = encode(SMALL) if step == 1 else gzipped(gunzipped(encode(SMALL)))

    for size in range(0, len(data), step):
        with pytest.raises(FormatError):
            decode(data[:size])


@pytest.mark.parametrize("extra", [b"\0", b"x", bytes(512), encode({"b": b""}), b"\x1f\x8b"])
def test_nothing_may_follow(extra: bytes) -> None:
    """Bytes after the gzip member, zeros and a second member included, are refused."""
    with pytest.raises(FormatError, match="nothing after"):
        decode(encode(SMALL) + extra)


def test_every_changed_byte_of_the_tar_layer_is_seen() -> None:
    """A flipped bit is refused, or it is in a member's data and changes that member."""
    layer = gunzipped(encode(SMALL))

    for at in range(len(layer)):
        changed = bytearray(layer)
        changed[at] ^= 1
        try:
            found = decode(gzipped(bytes(changed)))
        except FormatError:
            continue
        assert found != SMALL
        assert found.keys() == SMALL.keys()


LIMITS = Limits(package=1000, total=200_000, member=100, members=3, ratio=200)


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (encode({"a": bytes(100)}), True),
        (encode({"a": bytes(101)}), False),
        (encode(dict.fromkeys("abc", b"")), True),
        (encode(dict.fromkeys("abcd", b"")), False),
        (encode({"a": b"a"}).ljust(1001, b"\0"), False),
    ],
    ids=["a member at its limit", "a member over it", "members at their limit", "one member too many", "a large file"],
)
def test_limits_hold_exactly(data: bytes, *, accepted: bool) -> None:
    """At a limit an archive is read, one over it is refused."""
    if accepted:
        assert decode(data, limits=LIMITS)
        return

    with pytest.raises(FormatError, match="at most"):
        decode(data, limits=LIMITS)


MANY = encode({f"m{index}": bytes(1000) for index in range(40)})
LAYER = len(gunzipped(MANY))


@pytest.mark.parametrize(
    ("limit", "least"),
    [("package", len(MANY)), ("total", LAYER), ("ratio", -(-LAYER // len(MANY))), ("free", LAYER)],
)
def test_bytes_are_limited_exactly(limit: str, least: int) -> None:
    """In all, compressed, plain, and plain for each compressed one: many small members add up."""
    other = {"free": 0} if limit == "ratio" else {"ratio": 1} if limit == "free" else {}

    assert len(decode(MANY, limits=Limits(**other, **{limit: least}))) == 40

    with pytest.raises(FormatError, match=r"less data|at most"):
        decode(MANY, limits=Limits(**other, **{limit: least - 1}))


def test_the_limits_are_those_of_the_guide() -> None:
    """2 GiB packed, 4 GiB plain, 1 GiB a member, 4,096 members, 200 to one after 16 MiB."""
    gib = 2**30
    assert Limits() == Limits(package=2 * gib, total=4 * gib, member=gib, members=4096, ratio=200, free=2**24)


def test_a_writer_refuses_what_a_reader_would() -> None:
    """Names and order are checked before anything wrong is written."""
    for parts in ([part("b"), part("a")], [part("a"), part("a")], [part("A"), part("a")], [part("../a")]):
        with pytest.raises(FormatError):
            archive.write(io.BytesIO(), parts)


def test_a_part_must_have_its_size() -> None:
    """A size that its chunks do not have is the caller's mistake."""
    with pytest.raises(ValueError, match="expected 5 bytes"):
        archive.write(io.BytesIO(), [Part(name="a", size=5, chunks=[b"1234"])])


def part(name: str) -> Part:
    """An empty member."""
    return Part(name=name, size=0, chunks=[])


def test_a_scan_finds_sizes_hashes_and_what_is_to_be_kept(tmp_path: Path) -> None:
    """The signature counts as a member but not as content."""
    path = tmp_path / "small.expert"
    path.write_bytes(encode(SMALL))
    unsigned = tmp_path / "unsigned.expert"
    unsigned.write_bytes(encode({name: data for name, data in SMALL.items() if name != SIGNATURE}))

    found = archive.scan(path, keep=["a.json", "missing"])

    assert found.kept == {"a.json": b"{}"}
    assert found.members["b/c.txt"][0] == 700
    assert found.heads["b/c.txt"] == b"x" * 16
    assert found.content_digest == archive.scan(unsigned).content_digest


def test_an_unread_member_is_skipped() -> None:
    """Whoever iterates may leave chunks unread and still get the next member."""
    names = [each.name for each in archive.read(io.BytesIO(encode(SMALL)))]

    assert names == list(SMALL)


def test_a_member_that_is_wrong_is_named_with_its_place() -> None:
    """The offset is that of the header in the tar layer."""
    with pytest.raises(FormatError, match="symbolic link") as refusal:
        decode(gzipped(tarred(member("a"), _typed(member("b"), b"2"))))

    assert refusal.value.offset == tar.BLOCK


def _typed(data: bytes, kind: bytes) -> bytes:
    """A member of another type, its checksum made right again."""
    block = data[:148] + b" " * 8 + kind + data[157:512]
    return block[:148] + b"%06o\0 " % sum(block) + block[156:] + data[512:]
