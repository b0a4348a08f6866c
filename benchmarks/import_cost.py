"""What an import costs beyond scikit-learn's own, in fresh interpreters, and what it leaves unloaded."""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
PAIRS = {
    "import panlearn": ("import sklearn", "import sklearn, panlearn"),
    "import panlearn.linear_model": (
        "import sklearn.linear_model",
        "import sklearn.linear_model, panlearn.linear_model",
    ),
}
HEAVY = ("torch", "matplotlib", "numba", "pandas")


def environment(**extra: str) -> dict[str, str]:
    """Variables for a child of this process, which finds the same packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **extra}


def measure(repeats: int = 15) -> list[dict[str, Any]]:
    """Median times of both imports of each pair, run alternately, and of the differences."""
    rows = []
    for name, (base, both) in PAIRS.items():
        for code in (base, both):
            interpreter(code)  # fills the disk cache
        pairs = [(interpreter(base), interpreter(both)) for _ in range(repeats)]
        listing = f"{both}; import sys; print(*(m for m in {HEAVY} if m in sys.modules))"
        loaded = subprocess.run(
            [sys.executable, "-c", listing], env=environment(), capture_output=True, text=True, check=True
        )
        rows.append(
            {
                "name": name,
                "base": base,
                "base_seconds": median(a for a, _ in pairs),
                "seconds": median(b for _, b in pairs),
                "extra_seconds": median(b - a for a, b in pairs),
                "repeats": repeats,
                "loaded": loaded.stdout.split(),
            }
        )
    return rows


def interpreter(code: str) -> float:
    """Seconds that an interpreter lives to run the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment(), cwd=ROOT, check=True)
    return time.perf_counter() - start
