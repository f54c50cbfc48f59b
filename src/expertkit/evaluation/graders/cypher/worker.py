"""The process that runs queries which nobody vouches for: it can compute, and nothing else.

It reads requests from its standard input and answers each with a line of JSON. Once the engine is loaded it can open no
file and no connection and write to no file, and its memory is limited, so that a query that finds a hole in the
engine finds nothing behind it. A query that takes too long is ended with the process; whoever asked starts another.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import IO, Any

from expertkit.data.cypher.engine import GraphDatabase, tables_of
from expertkit.errors import DependencyError

_MEMORY = 2 << 30  # bytes of addresses; the engine reserves a quarter of them and uses few
_MOST_ROWS = 10_000
_PATIENCE = 10  # how many times as long as it may compute a query may take, for computers that are busy
_WARM_UP = ("CREATE NODE TABLE warm (id SERIAL PRIMARY KEY, up STRING);", "CREATE (:warm {up: 'yes'});")


def main() -> None:
    """Answer requests until there are no more."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what the engine may print is no reply
    try:
        _run(_open(None, _WARM_UP), "MATCH (a:warm) RETURN a.up, COUNT(*) ORDER BY a.up", limit_s=60)
    except DependencyError as error:
        _send(replies, {"error": str(error)})
        return
    _shut_in()
    _send(replies, {"ready": True})
    _answer(sys.stdin.buffer, replies)


def _shut_in() -> None:
    """Give up, for good, what computing does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(limit, (0, 0))


def _answer(requests: IO[bytes], replies: IO[str]) -> None:
    database: GraphDatabase | None = None
    for line in requests:
        request = json.loads(line)
        database = _open(database, request["script"])
        _send(replies, _run(database, request["query"], limit_s=request["limit_s"]))


def _open(database: GraphDatabase | None, script: Sequence[str]) -> GraphDatabase:
    """The database with the script's graph, a new one where the tables are others."""
    if database is None or database.tables != tables_of(script):
        if database is not None:
            database.close()
        database = GraphDatabase(script)
    database.fill(script)
    return database


def _run(database: GraphDatabase, query: str, *, limit_s: float) -> dict[str, Any]:
    """The rows of a query or what is wrong with it; the process ends if it takes too long."""
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    signal.setitimer(signal.ITIMER_REAL, limit_s * _PATIENCE)
    try:
        rows = database.read(query, most_rows=_MOST_ROWS)
        return {"rows": [[_encode(cell) for cell in row] for row in rows]}
    except (RuntimeError, ValueError, LookupError, ArithmeticError, TypeError, MemoryError) as error:
        return {"error": (str(error).splitlines() or [type(error).__name__])[0]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _encode(cell: Any) -> Any:
    """A JSON value of its own for every kind of cell; lists, nodes and dates as their text in a list."""
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return [repr(cell)]


def _send(replies: IO[str], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


if __name__ == "__main__":
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)  # they end the process, whatever they did where it was started
    main()
