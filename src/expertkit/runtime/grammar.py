"""Answers held to a grammar: of the tokens that leave the answer the beginning of a sentence, the likeliest.

A likeliest token that the grammar admits is taken as it is, so that an answer that is a sentence anyway is the same
with a grammar and without. An answer that is cut may be none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from expertkit.errors import DependencyError, FormatError
from expertkit.runtime.gbnf import to_lark
from expertkit.runtime.generation import Answer, Choose
from expertkit.runtime.spelling import Spelling, read_spelling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Flags = np.ndarray[Any, np.dtype[np.bool_]]
"""(vocabulary,)"""

_OPTIONS = '%llguidance {"no_forcing": true}\n'  # or where only one text can follow, only one way to cut it is admitted
_SILENT, _NO_TEXT = -1, -2  # in place of a text: a token that writes nothing, and one that is no text


def open_grammar(grammar: str, tokenizer: PreTrainedTokenizerBase, *, end: int) -> Choose:
    """The likeliest tokens of those that a grammar admits.

    Args:
        grammar: in GBNF; ``root`` is what an answer has to be.
        tokenizer: of the model that answers.
        end: the token that ends an answer; it is admitted where the answer is a whole sentence.

    Raises:
        FormatError: it is no grammar, or one that takes the engine too long.
        CompatibilityError: the tokens do not stand for bytes.
        DependencyError: the engine is not installed.
    """
    return _Held(Engine(grammar, read_spelling(tokenizer)), end).choose


class Engine:
    """A compiled grammar that knows each token by what it writes.

    Those texts, each once, are the tokens of the engine below: a token that writes another text after a joint is two
    of them, and two that write the same text are one.
    """

    def __init__(self, grammar: str, spelling: Spelling) -> None:
        texts = sorted({text for text in (*spelling.plain, *spelling.joined) if text})
        numbers = {text: at for at, text in enumerate(texts)} | {b"": _SILENT, None: _NO_TEXT}
        self.plain = np.array([numbers[text] for text in spelling.plain])
        """The number of the text that each token writes."""
        self.joined = np.array([numbers[text] for text in spelling.joined])
        """The same after a joint."""
        self.joins = spelling.joins
        self._start = _compile(to_lark(grammar), texts)

    def begin(self) -> Text:
        """A new text, of which nothing is written."""
        return Text(self, self._start.deep_copy())


class Text:
    """A text on its way, and where in the grammar it is."""

    def __init__(self, engine: Engine, matcher: Any) -> None:
        self._engine = engine
        self._matcher = matcher
        self._is_joined = False

    def is_whole(self) -> bool:
        """Whether it is a sentence as it is."""
        return bool(self._matcher.is_accepting())

    def take(self, token: int) -> bool:
        """Go on with a token if it is text and admitted; whether it is."""
        number = int(self._numbers[token]) if token < len(self._numbers) else _NO_TEXT
        is_admitted = number == _SILENT or (number != _NO_TEXT and self._matcher.try_consume_tokens([number]) == 1)
        self._is_joined = self._engine.joins[token] if is_admitted else self._is_joined
        return is_admitted

    def admitted(self) -> Flags:
        """Of each token, whether it writes something that is admitted, or is a joint before something that is.

        Raises:
            FormatError: the engine has given up.
        """
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        if self._matcher.is_error():
            raise FormatError(f"grammar: expected one that can be followed, got {self._matcher.get_error()}")
        after_joint = _written(bits, self._engine.joined)
        if self._is_joined:
            return after_joint
        return _written(bits, self._engine.plain) | (self.silent() & bool(after_joint.any()))

    def silent(self) -> Flags:
        """Of each token, whether it writes nothing."""
        return np.asarray(self._numbers == _SILENT)

    @property
    def _numbers(self) -> np.ndarray[Any, Any]:
        return self._engine.joined if self._is_joined else self._engine.plain


def _written(bits: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> Flags:
    written: Flags = (numbers >= 0) & bits.astype(bool)[numbers]
    return written


class _Held:
    """Where each of the answers that are being written is in the grammar."""

    def __init__(self, engine: Engine, end: int) -> None:
        self._engine = engine
        self._end = end
        self._texts: dict[int, Text] = {}

    def choose(self, logits: torch.Tensor, answers: Sequence[Answer]) -> list[int]:
        """The next token of each answer."""
        likeliest = logits.argmax(dim=-1).tolist()
        return [self._next(answer, *each) for answer, *each in zip(answers, likeliest, logits, strict=True)]

    def _next(self, answer: Answer, likeliest: int, logits: torch.Tensor) -> int:
        if not answer.tokens:
            self._texts[answer.prompt] = self._engine.begin()
        text = self._texts[answer.prompt]
        if text.is_whole() if likeliest == self._end else text.take(likeliest):
            return likeliest
        forced = self._likeliest_admitted(text, logits)
        text.take(forced)
        return forced

    def _likeliest_admitted(self, text: Text, logits: torch.Tensor) -> int:
        """Something that writes, or the end; a token that writes nothing only where a joint stands in the way."""
        admitted = text.admitted()
        admitted[self._end] = text.is_whole()
        admitted = admitted if admitted.any() else text.silent()
        allowed = np.flatnonzero(admitted)
        return int(allowed[int(logits[torch.from_numpy(allowed)].argmax())]) if len(allowed) else self._end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    """What the engine asks of a tokenizer; it never has it cut a text into tokens."""

    tokens: Sequence[bytes]
    eos_token_id: int
    bos_token_id: None = None

    @property
    def special_token_ids(self) -> list[int]:
        return [self.eos_token_id]

    def __call__(self, _text: bytes) -> list[int]:
        return []


def _compile(lark: str, texts: Sequence[bytes]) -> Any:
    try:
        from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
    except ImportError as error:
        raise DependencyError(
            "grammar: expected llguidance, the engine, got no such library", hint="pip install 'expertkit[train]'"
        ) from error
    vocabulary = _Vocabulary(tokens=[*texts, b"<end>"], eos_token_id=len(texts))
    matcher = LLMatcher(
        LLTokenizer(TokenizerWrapper(vocabulary), slices=[]), LLMatcher.grammar_from_lark(_OPTIONS + lark)
    )
    if matcher.is_error():
        raise FormatError(f"grammar: expected rules that the engine can follow, got {matcher.get_error()}")
    return matcher
