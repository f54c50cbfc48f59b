"""A hub of one model or data set on this computer, speaking as much of the hub's protocol as a download needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal
from urllib.parse import urlsplit


@contextmanager
def serve(folder: Path, *, repo: str, revision: str, kind: Literal["models", "datasets"] = "models") -> Iterator[str]:
    """Serve the files of a folder as the model or data set ``repo`` at ``revision``; gives the hub's address."""
    names = sorted(path.name for path in folder.iterdir())
    tree = [
        {"type": "file", "path": name, "size": (folder / name).stat().st_size, "oid": _etag(folder / name)}
        for name in names
    ]
    info = {"id": repo, "sha": revision, "siblings": [{"rfilename": name} for name in names]}
    root = repo if kind == "models" else f"datasets/{repo}"
    answers = {
        f"/api/{kind}/{repo}": json.dumps(info).encode(),
        f"/api/{kind}/{repo}/revision/{revision}": json.dumps(info).encode(),
        f"/api/{kind}/{repo}/tree/{revision}": json.dumps(tree).encode(),
        **{f"/{root}/resolve/{revision}/{name}": (folder / name).read_bytes() for name in names},
    }

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self.wfile.write(self._answer())

        def log_message(self, *_words: object) -> None:
            """Keep the test's output clean."""

        def _answer(self) -> bytes:
            body = answers.get(urlsplit(self.path).path)
            self.send_response(404 if body is None else 200)
            if body is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", revision)
            self.send_header("ETag", f'"{hashlib.sha1(body or b"", usedforsecurity=False).hexdigest()}"')
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            return body or b""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
