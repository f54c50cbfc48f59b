"""Packages as releases: ``dist/``, what was promoted, who is examined in a night."""
