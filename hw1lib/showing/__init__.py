"""Figures and tables, and the numbers that a figure drew.

Knows arrays only, and imports no other folder of the library.
"""
