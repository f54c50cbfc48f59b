"""A package that is altered, signed again by a stranger, revoked or rolled back is refused, whatever takes it in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from expertkit.errors import IntegrityError, SignatureError
from expertkit.members.contents import Form
from tests.trust.conditions import CONDITIONS, FORMS, Place, constrained, differences
from tests.trust.matrix import Cell, Tried, attempt, cells, snapshot, try_all
from tests.trust.paths import PATHS
from tests.trust.places import make_place

_ROWS = list(product(FORMS, CONDITIONS))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Form, Place]:
    """A good package in each form."""
    folder = tmp_path_factory.mktemp("places")
    return {form: make_place(folder / form, form) for form in FORMS}


@pytest.fixture(scope="module")
def tried(places: Mapping[Form, Place], tmp_path_factory: pytest.TempPathFactory) -> Mapping[Cell, Tried]:
    """What came of every cell."""
    return try_all(places, tmp_path_factory.mktemp("matrix"))


@pytest.mark.parametrize(("form", "condition"), _ROWS)
def test_verification_refuses_what_is_wrong_in_one_thing(
    places: Mapping[Form, Place], tmp_path: Path, form: Form, condition: str
) -> None:
    """The good package holds, the other one differs from it in this condition alone, and does not."""
    place = places[form].copy(tmp_path / "place")
    expected = CONDITIONS[condition].of(form)
    place.look()

    expected.spoil(place)

    assert differences(place, places[form]) == expected.differs
    before, after = snapshot(places[form]), snapshot(place)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    names = {str(path.relative_to(place.folder)) for path in (place.package, place.released)}
    may_differ = {*names, *(f"{name}.sha256" for name in names)}
    assert {name for name in changed if not name.startswith("home/trust")} <= may_differ
    with pytest.raises((SignatureError, IntegrityError), match=expected.said) as refused:
        place.look()
    assert len(refused.value.lines) == 1
    assert expected.helps in str(refused.value.hint)


@pytest.mark.parametrize("cell", cells(), ids=str)
def test_every_path_refuses(tried: Mapping[Cell, Tried], cell: Cell) -> None:
    """Exit status 5, one sentence that says why, one hint that helps, and nothing is written."""
    ended = tried[cell].ended
    expected = CONDITIONS[cell.condition].of(cell.form)
    said = [line for line in ended.errors.splitlines() if line.startswith("Error: ")]
    hints = [line for line in ended.errors.splitlines() if line.startswith("Hint: ")]

    assert ended.status == SignatureError.exit_code, ended
    assert len(said) == len(hints) == 1, ended.errors
    assert re.search(expected.said, said[0])
    assert expected.helps in hints[0]
    assert "Traceback" not in ended.errors + ended.output
    assert tried[cell].after == tried[cell].before


@pytest.mark.parametrize(("form", "path"), list(product(FORMS, PATHS)))
def test_every_path_takes_the_good_package(places: Mapping[Form, Place], tmp_path: Path, form: Form, path: str) -> None:
    """The same command succeeds where nothing is wrong, so that no refusal above is for another reason."""
    place = places[form].copy(tmp_path / "place")

    done = attempt(place, *PATHS[path].words)

    assert done.ended.status == 0, done.ended
    assert PATHS[path].says in done.ended.output
    assert path == "package" or done.after != done.before


@pytest.mark.parametrize("form", FORMS)
def test_an_authority_that_may_speak_for_the_expert_is_believed(
    places: Mapping[Form, Place], tmp_path: Path, form: Form
) -> None:
    """The chain of the broken name constraint holds where the constraint names the expert; its list is missing yet."""
    place = places[form].copy(tmp_path / "place")

    place.put(place.resigned(chain=constrained(place, "expert-mini")))

    with pytest.raises(SignatureError, match="revocation: expected a list of CN=team, got none"):
        place.look()
