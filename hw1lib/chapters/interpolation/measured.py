"""Tables of chapter 33: what each way of training reached, and what lies on each line."""

import numpy as np
import pandas as pd

from hw1lib.chapters.interpolation.result import ACCURACY, LOSS, TEST, TRAIN, Result
from hw1lib.chapters.interpolation.styles import UNTOUCHED
from hw1lib.judging.statistics import t_interval


def end_table(result: Result) -> pd.DataFrame:
    """List every way of training with what it reached."""
    rows = []
    for end in result.ends:
        rows.append(
            {
                "network": "-".join(map(str, end.settings.widths[1:-1])),
                "trained by": result.label(end),
                "updates": f"{end.updates[-1]:,}",
                "training loss": str(t_interval(end.final(TRAIN, LOSS))),
                "test loss": str(t_interval(end.final(TEST, LOSS))),
                "test accuracy (%)": str(t_interval(100 * end.final(TEST, ACCURACY))),
                "norm": f"{t_interval(np.where(end.diverged, np.nan, end.norm)).mean:.3g}",
                "diverged": int(end.diverged.sum()),
            }
        )
    return pd.DataFrame(rows)


def line_table(result: Result) -> pd.DataFrame:
    """List every pair's barrier, what its line looks like beyond the ends, and their norms."""
    rows = []
    for name in UNTOUCHED:
        pair = result.pairs[name]
        norms = [
            f"{t_interval(np.where(pair.sound, end.norm, np.nan)).mean:.3g}" for end in pair.ends
        ]
        rows.append(
            {
                "pair": name,
                "barrier, training": str(t_interval(pair.barrier())),
                "barrier, test": str(t_interval(pair.barrier(TEST))),
                "asymmetry (decades)": str(t_interval(pair.lean)),
                "norms": " → ".join(norms),
                "distance": f"{t_interval(pair.distance).mean:.3g}",
                "n": int(pair.sound.sum()),
            }
        )
    return pd.DataFrame(rows)
