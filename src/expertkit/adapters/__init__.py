"""Adapters as arrays and as bytes: values, PEFT's two files, exact singular value decomposition.

Reads and writes no files and knows no torch: the training code hands numpy arrays in, and
whoever stores an adapter takes bytes out.

    lora = Lora(rank=16, alpha=32.0, modules={"model.layers.0.self_attn.q_proj": factors})
    tensors, config = encode_tensors(lora), encode_config(lora, base="qwen3-tiny")
"""

from expertkit.adapters.comparison import measure_tensors
from expertkit.adapters.fit import check_fit, check_part
from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.lora import Factors, Lora
from expertkit.adapters.peft import (
    CONFIG,
    TENSORS,
    Adapter,
    check_config,
    decode,
    describe,
    encode_config,
    encode_tensors,
    learnt,
    to_tensors,
)
from expertkit.adapters.sameness import identity, is_same
from expertkit.adapters.settings import describe_as
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.adapters.svd import Decomposition, decompose
from expertkit.adapters.tensors import Shape, StreamCheck

__all__ = [
    "CONFIG",
    "TENSORS",
    "Adapter",
    "Decomposition",
    "Factors",
    "Ia3",
    "Lora",
    "Shape",
    "SoftPrompt",
    "StreamCheck",
    "check_config",
    "check_fit",
    "check_part",
    "decode",
    "decompose",
    "describe",
    "describe_as",
    "encode_config",
    "encode_tensors",
    "identity",
    "is_same",
    "learnt",
    "measure_tensors",
    "to_tensors",
]
