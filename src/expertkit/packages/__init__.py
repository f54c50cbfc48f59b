"""Where manifest, adapter, base and signature meet: an expert as a folder and as an archive.

``build`` makes a package of an accepted expert for one base, ``sign`` adds the publisher's signature,
``verify`` checks every byte of it, ``release`` collects what was signed. The byte layout is docs/packaging.md,
the signature docs/signing.md.
"""
