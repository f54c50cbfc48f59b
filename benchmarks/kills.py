"""Whether a training that is killed again and again learns what it would have learnt."""

from __future__ import annotations

from benchmarks.commands import say
from benchmarks.rows import Lab, Row, equal, reported
from expertkit.training.base import build_base
from tests.conftest import NANO
from tests.training.kills import KINDS, train_killed, train_whole

_KILLS = 20


def measure(lab: Lab) -> list[Row]:
    """A training of each kind of adapter, killed with SIGKILL at twenty random steps, against an undisturbed one."""
    base = lab.scratch / "kills" / "nano"
    build_base(NANO, base, scratch=lab.scratch / "kills" / "scratch", measure=lambda _step, _values: None)
    rows = []
    for kind in KINDS:
        say(f"  > {kind}, {_KILLS} kills")
        whole = train_whole(base, base.with_name(f"{kind}-whole"), kind)
        killed, reached = train_killed(base, base.with_name(f"{kind}-killed"), kind, kills=_KILLS, seed=20)
        rows.append(equal(f"{kind}: bytes after {_KILLS} kills", _same(killed, whole), expected="equal"))
        rows.append(reported(f"{kind}: killed after steps", " ".join(map(str, reached))))
    return rows


def _same(killed: bytes, whole: bytes) -> str:
    return "equal" if killed == whole else "different"
