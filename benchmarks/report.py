"""The whole quick report, from an empty store."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def report() -> None:
    """Time `make report` in the quick profile from an empty store, with its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        watched = (
            "import resource, subprocess, sys;"
            "subprocess.run(sys.argv[1:], check=True, stdout=2);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        environment = {**os.environ, "HW1_RESULTS": str(Path(folder, "results"))}
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", watched, "make", "report", "PROFILE=quick"],
            check=True,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds = time.perf_counter() - started
    print("make report, quick profile, empty store")
    # kibibytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    print(f"  {seconds:.0f} s (wanted: under 600 s)")
    print(f"  largest process {int(done.stdout) * unit / 2**30:.1f} GiB (wanted: under 4 GiB)")
