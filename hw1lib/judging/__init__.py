"""From arrays to conclusions: intervals, trends, verdicts and their audit.

Knows arrays only, and imports no other folder of the library.
"""
