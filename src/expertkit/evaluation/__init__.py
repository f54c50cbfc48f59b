"""Answers graded against gold, and the experts compared by their grades."""
