"""Where archive, manifest, adapter, base and signature meet: an expert as one file.

``making`` packs an accepted expert for one base, ``sign`` adds the publisher's signature, ``release`` collects what was
signed; ``reading`` checks what is there, whoever made it, and ``verify`` who vouches for it. The byte layout is
docs/packaging.md, the signature docs/signing.md.
"""
