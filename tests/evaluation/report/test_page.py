"""The page for people: complete, harmless and the same each time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from expertkit.evaluation.gate import Thresholds
from expertkit.evaluation.report.comparison import Comparison
from expertkit.evaluation.report.data import summarize
from expertkit.evaluation.report.page import render_page, visible
from tests.evaluation.report.builders import COMPARISON, THRESHOLDS, make_arm, with_others

HOSTILE = "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202e\x1b[2J {{ 7 * 7 }}"
_ABOUT = {"expert": "expert-sql", "base": "tiny", "version": "1.0.0"}
_DIGESTS = {"adapter_digest": "1" * 64, "data_digest": "2" * 64, "test_digest": "3" * 64}
_VOID = {"meta", "line", "path"}


def metrics_of(comparison: Comparison, thresholds: Thresholds = THRESHOLDS) -> Mapping[str, Any]:
    """What metrics.json says of a comparison."""
    return {**_ABOUT, **_DIGESTS, **summarize(comparison, thresholds)}


def page_of(comparison: Comparison, thresholds: Thresholds = THRESHOLDS) -> str:
    """The page of a comparison after a short training."""
    curve = [(1, 6.0), (10, 2.0), (20, 0.5)]
    return render_page(metrics_of(comparison, thresholds), comparison, curve, fingerprint="f" * 64)


class Seen(HTMLParser):
    """The elements of a page, its attributes and its words, and whether everything that opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.elements.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """An element ends, and it is the innermost one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """Everything that a person reads."""
        return " ".join(" ".join(self.words).split())


def test_the_page_is_whole() -> None:
    """Everything that opens is closed, whichever arms there are."""
    for comparison in (COMPARISON, with_others(), replace(COMPARISON, ambiguous={"test-9": "no reason"})):
        assert Seen(page_of(comparison)).open == []


def test_the_verdict_stands_before_all_figures() -> None:
    """With each of its reasons."""
    page = page_of(with_others(before=60), replace(THRESHOLDS, max_forgetting=0.1, min_accuracy=0.99))

    text = Seen(page).text
    found = [text.index(word) for word in ("Refused", "accuracy: expected", "previous: expected", "Right answers")]
    assert found == sorted(found)
    assert "0.25" in text[text.index("general ability: expected") : text.index("Right answers")]


def test_an_underpowered_comparison_is_called_so() -> None:
    """With the base too: no verdict is drawn from what could not have been told."""
    few = replace(COMPARISON, base=make_arm([False, True, True]), expert=make_arm([True, True, True]))

    assert re.search(r"under-powered: 3 items can tell differences of 0\.\d+", Seen(page_of(few)).text)
    assert "under-powered: 60 items can tell margins" in Seen(page_of(with_others(before=60))).text


def test_everyone_is_on_the_page() -> None:
    """All arms, digests and the prompt as it is put."""
    text = Seen(page_of(with_others())).text

    words = ["version 0.9.0", "as trained", "unseen", "q0? c0", "<|im_start|>user", "gold0<|im_end|>", "step 20"]
    assert [word for word in (*words[:2], *words[3:], *_DIGESTS.values(), "f" * 64) if word not in text] == []


def test_what_the_base_knows_and_the_expert_does_not_stands_first() -> None:
    """Then what neither knows; at most forty in all, and it is said how many there are."""
    misses = re.findall(r"<summary><code>(test-\d+)</code>", page_of(COMPARISON))
    many = replace(COMPARISON, base=make_arm([False] * 60), expert=make_arm([False] * 60))

    assert misses == ["test-58", "test-59", "test-55", "test-56", "test-57"]
    assert page_of(many).count("<summary>") == 40
    assert "60 of 60, of which these are the first 40" in Seen(page_of(many)).text


@pytest.mark.parametrize("field", ["question", "context", "answer", "form", "id"])
def test_nothing_that_others_wrote_is_more_than_text(field: str) -> None:
    """Items and answers bring no element, no attribute and no sign that nobody sees; a reader finds them as written."""
    harmless, arm = Seen(page_of(COMPARISON)), COMPARISON.expert
    items = tuple(replace(item, **{field: HOSTILE}) for item in arm.items)
    hostile = replace(
        COMPARISON, expert=replace(arm, items=items), base=make_arm([False] * 58 + [True] * 2, answer=HOSTILE)
    )

    page = page_of(hostile)

    seen = Seen(page)
    assert set(seen.elements) == set(harmless.elements)
    assert {name for name, _ in seen.attributes} == {name for name, _ in harmless.attributes}
    assert "<script>alert(1)</script>" in seen.text
    assert "49" not in seen.text.replace("{{ 7 * 7 }}", "").split("alert(2)")[1][:40]
    assert not {"\u202e", "\x1b"} & set(page)


def test_the_page_needs_nothing_beside_it() -> None:
    """No script, no address, no file; its own policy forbids all but its style."""
    seen = Seen(page_of(with_others()))

    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & set(seen.elements)
    assert not {"src", "href", "onload", "action"} & {name for name, _ in seen.attributes}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in seen.attributes
    assert "url(" not in page_of(COMPARISON)


def test_the_same_comparison_gives_the_same_bytes() -> None:
    """No clock, no path, no order of chance."""
    assert page_of(with_others()) == page_of(with_others())


def test_a_training_without_a_curve_leaves_its_place_empty() -> None:
    """One point draws no line."""
    page = render_page(metrics_of(COMPARISON), COMPARISON, [(1, 2.0)], fingerprint="f" * 64)

    assert "<svg" not in page


def test_long_texts_are_cut_and_lines_stay_lines() -> None:
    """It is said how much is left out."""
    assert visible("a\n\tb\r") == "a\n    b\\r"
    assert visible("x" * 2_005).endswith("x\n… and 5 characters more")
