"""Settings in, stored results out: what decides a number, the jobs that make it, and the disk.

Knows neither networks nor figures, and imports no other folder of the library.
"""
