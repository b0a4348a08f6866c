"""The first call of a fresh process that has no compiled kernels, and the memory of a later one.

Run as a program, it fits one contender three times and prints seconds and bytes as JSON. Imports and the making of the
data come before the clock. What the first call takes beyond the later ones is compiling (or, of a peer, loading).
"""

import json
import subprocess
import sys
import tempfile
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

import panlearn
from benchmarks.cases import Case
from benchmarks.import_cost import environment
from panlearn.evaluation.measurement import measure

ROOT = Path(__file__).parents[1]


def first_call(family: str, case: str, size: str, contender: str, tol: float, threads: int) -> dict[str, float]:
    """Measure a contender in a process of its own with an empty kernel cache.

    Returns
    -------
    dict
        `cold` and `warm` seconds, `compile` their difference, `peak_bytes` the rise of memory in a later call.
    """
    arguments = json.dumps([family, case, size, contender, tol, threads])
    with tempfile.TemporaryDirectory() as empty:
        result = subprocess.run(
            [sys.executable, "-m", "benchmarks.cold", arguments],
            env=environment(XDG_CACHE_HOME=empty, NUMBA_CACHE_DIR=empty),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise RuntimeError(f"the process that measures the first call failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def fit_three_times(family: str, case: str, size: str, contender: str, tol: float, threads: int) -> dict[str, Any]:
    """The measurement itself, in this process."""
    cases: tuple[Case, ...] = import_module(f"benchmarks.{family}").CASES
    chosen = next(c for c in cases if c.name == case)
    fit = next(c.fit for c in (chosen.ours, *chosen.peers) if c.name == contender)
    problem = chosen.problem(*chosen.shapes[size])
    with warnings.catch_warnings(), threadpool_limits(threads), panlearn.threads(threads):
        warnings.simplefilter("ignore")
        cold, *later = [measure(lambda: fit(problem, tol)) for _ in range(3)]
    warm = min(call.seconds for call in later)
    return {
        "cold": float(f"{cold.seconds:.4g}"),
        "warm": float(f"{warm:.4g}"),
        "compile": float(f"{max(0.0, cold.seconds - warm):.4g}"),
        "peak_bytes": max(call.peak_bytes for call in later),
    }


if __name__ == "__main__":
    print(json.dumps(fit_three_times(*json.loads(sys.argv[1]))))
