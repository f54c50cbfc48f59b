"""Every number the product claims, measured on the machine at hand: ``python -m benchmarks [NAME]``.

One module per benchmark, each with a function ``measure`` that gives rows: what was measured, and its goal.
Everything that is measured runs in copies of this project in a temporary folder, with this Python's programs.
"""
