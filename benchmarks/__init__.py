"""Our speed beside that of the loops people write, in the same run."""
