"""Figures that answer to controls: live, on a page without a kernel, and in print.

Imports what draws and what names the marks of outputs, and nothing that trains.
"""
