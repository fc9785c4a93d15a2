"""Copies of the chapters' notebooks that hold only what trying needs."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = {"parameters", "setup", "run", "guess", "try-intro", "try"}  # cells that trying needs


def short(notebook, folder, profile="smoke"):
    """Copy a notebook with the cells that its last one needs."""
    nb = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    nb["cells"] = [cell for cell in nb["cells"] if cell["id"] in KEPT]
    for cell in nb["cells"]:
        text = "".join(cell["source"])
        if cell["id"] == "parameters":
            text = re.sub(r'^profile: str = "\w+"', f'profile: str = "{profile}"', text)
        cell["source"] = text
        cell["metadata"].pop("jupyter", None)
    (folder / f"{notebook}.ipynb").write_text(json.dumps(nb), encoding="utf-8")
