"""A release made again from what its package tells: the sources of then, the recipe, the data, the base.

``origin`` reads what is told, ``tree`` brings the sources back, ``rebuild`` runs the stages with them, ``outcome``
says whether the same came out, and if not, why.
"""
