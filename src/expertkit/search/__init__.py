"""How small an adapter may be and still be as good.

``grid`` has the ways to compress that a recipe asks for; ``trials`` does each of them, for its bytes and its exact
error; ``front`` keeps those that no other beats in both; ``choice`` asks some of them the dev items and finds the
fewest bytes within a tolerance of the whole adapter; ``stage`` is all of it, and ``outcome`` writes it down.
"""
