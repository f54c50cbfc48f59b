"""A graph database to run queries on: LadybugDB in memory, one schema, one graph at a time.

Runs whatever it is given: whether a query may run, and in which process, is its caller's business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, TypeAlias

from expertkit.errors import DependencyError

Row: TypeAlias = tuple[Any, ...]

_BUFFER_POOL, _ADDRESS_SPACE = 1 << 24, 1 << 26  # bytes; what a query needs beyond the first is an error of its own
_TABLE = ("CREATE NODE TABLE ", "CREATE REL TABLE ")


class GraphDatabase:
    """The tables of a script, and the graph of one of the scripts that have the same tables.

    A graph is never committed: it is quicker to take back what was written than to write it out.

    Raises:
        DependencyError: LadybugDB is not installed.
        RuntimeError: a table cannot be made.
    """

    def __init__(self, script: Sequence[str]) -> None:
        try:
            import ladybug
        except ImportError as error:
            raise DependencyError(
                "graphs: expected ladybug, the embedded database, got no such library",
                hint="pip install 'expertkit[train]'",
            ) from error
        self.tables = tables_of(script)
        self._graph: tuple[str, ...] | None = None
        self._database = ladybug.Database(
            ":memory:",
            buffer_pool_size=_BUFFER_POOL,
            max_db_size=_ADDRESS_SPACE,
            max_num_threads=1,  # with more, the order of rows is a matter of luck
            compression=False,
            auto_checkpoint=False,
        )
        self._connection = ladybug.Connection(self._database, num_threads=1)
        for statement in self.tables:
            self._connection.execute(statement)

    def fill(self, script: Sequence[str]) -> None:
        """Make the script's graph the only one, if it is not.

        Raises:
            RuntimeError: a statement does not run.
        """
        graph = tuple(script[len(self.tables) :])
        if graph != self._graph:
            self._take_back()
            self._connection.execute("BEGIN TRANSACTION")
            for statement in graph:
                self._connection.execute(statement)
            self._graph = graph

    def read(self, query: str, *, most_rows: int) -> list[Row]:
        """The rows of a query on the graph.

        Raises:
            RuntimeError: it does not run, or has too many rows. The graph is gone then, as the engine takes
                everything back after an error.
        """
        try:
            rows = self._fetch(query, most_rows + 1)
        except BaseException:
            self._take_back()
            raise
        if len(rows) > most_rows:
            raise RuntimeError(f"too many rows: expected at most {most_rows}")
        return rows

    def close(self) -> None:
        """Free what it holds."""
        self._connection.close()
        self._database.close()

    def _fetch(self, query: str, count: int) -> list[Row]:
        """The first rows of a query, or of the last one where the text holds several."""
        result = self._connection.execute(query)
        with result[-1] if isinstance(result, list) else result as rows:
            return [tuple(row) for row in rows.get_n(count)]

    def _take_back(self) -> None:
        if self._graph is not None:
            self._graph = None
            with contextlib.suppress(RuntimeError):  # there is no transaction any more, if the engine ended it
                self._connection.execute("ROLLBACK")


def tables_of(script: Sequence[str]) -> tuple[str, ...]:
    """The statements that declare tables; they come first."""
    return tuple(statement for statement in script if statement.startswith(_TABLE))
