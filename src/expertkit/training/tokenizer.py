"""The embedded tokenizer: byte-level BPE in which a word is the same token wherever it stands.

Text is cut into words and numbers, each with the space before it, and the runs between them. A word
that follows something else than a space gets a joint and a space in front, which decoding takes away
again: ``price`` after a space, a quote or a bracket is one and the same token. Copying a name is then
copying its tokens, also for names the tokenizer has never seen. Any UTF-8 text survives a round trip:
the joint is no letter of the byte alphabet.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from expertkit.data import words
from expertkit.data.curriculum import passages
from expertkit.data.domain import domain

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_JOINT = "↔"
_SPACE = "Ġ"  # how the byte alphabet writes a space
_JOINED = Regex(r"(?<![A-ZĠ])(?<![a-z])(?=[A-Z]?[a-z])|(?<=[a-z])(?=[A-Z][a-z])|(?<![0-9Ġ])(?=[0-9])")
_PIECES = Regex(r"Ġ?[A-Z]?[a-z]+|Ġ?[0-9]{1,2}|(?:(?!Ġ(?:[A-Z]?[a-z]|[0-9]))[^A-Za-z0-9]|[A-Z](?![a-z]))+")
_SAMPLE = 12_000
_EMPHASIS = 300  # enough repetitions for a word to become whole before any rarer piece does


def train_tokenizer(*, vocabulary: int, seed: int, domains: Sequence[str]) -> Tokenizer:
    """Train byte-level BPE on the curriculum's text, with the generators' words whole.

    Args:
        vocabulary: number of tokens, the 256 bytes and the special ones included.
        seed: of the text it is trained on.
        domains: whose text and words these are.
    """
    tokenizer = Tokenizer(models.BPE())
    join = normalizers.Replace(_JOINED, _JOINT + _SPACE)
    tokenizer.normalizer = normalizers.Sequence([normalizers.ByteLevel(), join])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(_PIECES, behavior="isolated")
    apart = [decoders.Replace(_JOINT + _SPACE, ""), decoders.Replace(_JOINT, "")]
    tokenizer.decoder = decoders.Sequence([decoders.Fuse(), *apart, decoders.ByteLevel()])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=[*sorted(pre_tokenizers.ByteLevel.alphabet()), _JOINT],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_text(seed, domains), trainer)
    return tokenizer


def _text(seed: int, domains: Sequence[str]) -> Iterator[str]:
    rng = random.Random(f"tokenizer {seed}")
    seen = [name for name in sorted(vars(words)) if name.isupper() and not name.startswith("UNSEEN")]
    known = [word for name in seen for word in getattr(words, name)]
    known += [word for name in domains for word in domain(name).KEYWORDS]
    known += [str(number) for number in range(10, 100)]
    for _ in range(_EMPHASIS):
        yield " ".join(rng.sample(known, k=len(known)))
    for passage in passages(seed, _SAMPLE, domains=domains):
        yield f"{passage.prompt}\n{passage.text}"
    for name in domains:
        for item in domain(name).generate("train", count=6000, seed=seed):
            yield item.answer
