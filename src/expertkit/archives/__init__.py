"""Archives as bytes: named members in a tar.gz of exactly one form, and what other programs made of it.

Knows nothing of experts: no manifest, no tensors, no keys. The byte layout is docs/packaging.md, sections 6 to 9.
"""
