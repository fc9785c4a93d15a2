"""Settings in, stored results out: what decides a number, the jobs that make it, and the disk.

Knows neither networks nor figures; of the other folders it imports `training.run` alone.
"""
