"""Honest numbers for two arms that answered the same items: differences, intervals, p-values, power.

Items of one schema or database are no independent witnesses: where they come in groups, whole groups are resampled.
"""

from expertkit.evaluation.statistics.bootstrap import bca_interval
from expertkit.evaluation.statistics.comparison import Difference, compare
from expertkit.evaluation.statistics.families import holm
from expertkit.evaluation.statistics.margins import NonInferiority, non_inferiority
from expertkit.evaluation.statistics.power import detectable_difference
from expertkit.evaluation.statistics.shares import mcnemar, wilson_interval

__all__ = [
    "Difference",
    "NonInferiority",
    "bca_interval",
    "compare",
    "detectable_difference",
    "holm",
    "mcnemar",
    "non_inferiority",
    "wilson_interval",
]
