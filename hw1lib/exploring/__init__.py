"""Figures that answer to controls: live, on a page without a kernel, and in print.

Imports what draws and where results lie, and nothing that trains.
"""
