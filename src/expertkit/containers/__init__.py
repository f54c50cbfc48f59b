"""Containers as bytes: named sections in one file that is mapped, checked in parts and read in any order.

Knows nothing of experts: a section is opaque bytes, the metadata too. No manifest, no tensors, no keys. The byte
layout is docs/format.md.

    with open("x.expert", "wb") as file:
        write(file, metadata=b"{}", sections=[Draft(kind=kinds.GRAMMAR, name="grammar.gbnf", ...)])
    container = Container(Held(data))
    container.read(container.entries[0])
"""
