"""Data that an expert brings: rows of files, saved data sets and the hub, made into items that can be trusted.

``rows`` reads, ``columns`` says what is what, ``check`` refuses, ``duplicates`` compares, ``collection`` joins them.
"""
