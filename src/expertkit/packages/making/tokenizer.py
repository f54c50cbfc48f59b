"""Tokenizer files that older loaders ask for and newer tokenizers no longer write.

``special_tokens_map.json`` and ``vocab.json`` are made from ``tokenizer_config.json`` and ``tokenizer.json``,
which hold the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expertkit.errors import FormatError

_SINGLE = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_SEVERAL = ("additional_special_tokens", "extra_special_tokens")


def special_tokens(config: Mapping[str, Any]) -> dict[str, Any]:
    """Content of special_tokens_map.json: the special tokens that ``config`` names, as texts."""
    single = {name: _text(config[name]) for name in _SINGLE if config.get(name) is not None}
    lists = (config.get(name) for name in _SEVERAL)
    several = next(
        ([_text(token) for token in tokens] for tokens in lists if isinstance(tokens, list) and tokens), None
    )
    return single if several is None else {**single, "additional_special_tokens": several}


def vocabulary(tokenizer: Mapping[str, Any]) -> dict[str, int]:
    """Content of vocab.json: token to id, in the order of the ids, without tokens that were added later.

    Raises:
        FormatError: the tokenizer has no vocabulary of a kind we know.
    """
    vocab = tokenizer["model"].get("vocab") if isinstance(tokenizer.get("model"), dict) else None
    if isinstance(vocab, list):
        return {str(piece[0]): index for index, piece in enumerate(vocab)}
    if isinstance(vocab, dict):
        return dict(sorted(vocab.items(), key=lambda row: row[1]))
    raise FormatError("tokenizer.json, model.vocab: expected a mapping or a list, got neither")


def _text(token: Any) -> str:
    return str(token["content"] if isinstance(token, dict) else token)
