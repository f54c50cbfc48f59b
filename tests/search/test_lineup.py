"""Which adapters can be searched, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit import layout
from expertkit.errors import ConfigError, PackagingError
from expertkit.packages.weights import read_trained, write_adapter
from expertkit.search.lineup import line_up
from expertkit.search.stage import do_trials, on_grid
from tests.adapters.builders import random_ia3
from tests.packages.builders import put
from tests.search.builders import SEARCHED, SMALL, make_project

OTHER = replace(SEARCHED, expert="expert-other")
GRID = b"ranks: [2, 4]\ncodecs: [f16]\nkept: [0.3, 0.5]\n"


@pytest.fixture
def project(nano_base: Path, tmp_path: Path) -> Path:
    """One trained expert, and a grid of four."""
    make_project(tmp_path, nano_base)
    put(tmp_path / layout.SEARCHES / "four.yaml", GRID)
    return tmp_path


def test_what_is_missing_becomes_less(project: Path) -> None:
    """A trial that anybody has done is not missing any more; another grid has other files."""
    found = line_up(project, [SEARCHED], grid="four")
    (search,) = found.searches
    keys = search.missing()
    recipe = on_grid(SEARCHED, replace(SMALL, ranks=(2, 4), codecs=("f16",), kept=(0.3, 0.5)))

    do_trials(project, recipe, read_trained(project, recipe.expert, recipe.base), keys[:3])

    assert (search.pair, search.folder, found.left_out) == (SEARCHED.key, layout.SEARCHED / "four" / SEARCHED.key, ())
    assert len(keys) == 4
    assert search.missing() == keys[3:]


def test_who_cannot_be_searched_is_left_out_with_a_reason(project: Path) -> None:
    """Nobody trained the one, and the other has no singular vectors."""
    odd = replace(SEARCHED, base="other")
    folder = project / layout.TRAIN / odd.key
    folder.mkdir()
    write_adapter(folder, random_ia3(), base="other")

    found = line_up(project, [OTHER, SEARCHED, odd], grid="four")

    assert [search.pair for search in found.searches] == [SEARCHED.key]
    assert found.left_out == (
        "expert-other on nano: left out, as it is not trained",
        "expert-mini on other: left out, as ia3 has no singular vectors",
    )


def test_nothing_to_search_is_an_error_with_the_command_that_helps(project: Path) -> None:
    """And the reason of each."""
    with pytest.raises(PackagingError, match=r"expected a trained adapter .*\nexpert-other on nano: .*trained") as none:
        line_up(project, [OTHER], grid="four")

    assert none.value.hint == "make run"


def test_a_grid_that_is_not_there_is_named(project: Path) -> None:
    """With the one that was probably meant."""
    with pytest.raises(ConfigError, match=r"configs/search/fuor.yaml: expected a file .*did you mean 'four'"):
        line_up(project, [SEARCHED], grid="fuor")
