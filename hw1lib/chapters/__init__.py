"""The report's chapters, a package for each: what is computed, found, judged and drawn.

A chapter imports every folder above, but no other chapter; the summary alone imports the others.
"""
