"""What the release line leaves behind, searched for the keys that it made and signed with."""

from __future__ import annotations

import pytest

from expertkit.signing import keys
from tests.pipeline.conftest import Released
from tests.trust.secrets import SQLITE, encodings, found_in, leaks

pytestmark = pytest.mark.line


@pytest.mark.parametrize("name", ["publisher.key", "local-root/root.key"])
def test_the_line_leaves_no_private_key_behind(released: Released, name: str) -> None:
    """Packages, caches of DVC, stores of MLflow and Prefect, logs and output: only the key's own file holds it."""
    workspace = released.workspace
    path = workspace.home / "publisher" / name
    wanted = encodings(keys.load(path))
    files = [each for each in workspace.root.rglob("*") if each.is_file() and not each.is_symlink()]

    assert any(".dvc/cache" in str(each) for each in files)
    assert any(each.read_bytes()[: len(SQLITE)] == SQLITE for each in files if each.suffix == ".db")
    assert found_in(released.output.encode(), wanted) == []
    assert list(leaks([workspace.root, workspace.home], wanted, but=[path])) == []
    assert list(leaks([path.parent], wanted, but=[])) == [f"{path}: base64, pem"]
