"""A package is made: its members are collected and described, and ``build`` writes them."""
