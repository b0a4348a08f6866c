"""The stored results: one JSON file a family, with the machine they were measured on."""

import json
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib

from benchmarks.harness import version_of

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "scikit-learn", "statsmodels", "numba")
KEY = ("case", "size", "threads")


def machine() -> dict[str, Any]:
    """Processor, cores, and versions; nothing that names the computer or its user."""
    return {
        "processor": _processor(),
        "cores": joblib.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: version_of(package) for package in PACKAGES if version_of(package)},
    }


def load(family: str, folder: Path = FOLDER) -> dict[str, Any]:
    """What is stored of a family; no records if nothing is."""
    path = folder / f"{family}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"records": []}


def add(family: str, records: list[dict[str, Any]], folder: Path = FOLDER) -> None:
    """Store records in place of older ones of the same case, size and threads.

    Records of another machine, or of other versions, are dropped: one page compares what was measured alike.
    """
    here, stored = machine(), load(family, folder)
    old = stored["records"] if stored.get("machine") == here else []
    new = {_key(record) for record in records}
    content = {
        "family": family,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": here,
        "records": [*(record for record in old if _key(record) not in new), *records],
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{family}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _key(record: dict[str, Any]) -> tuple:
    return tuple(record.get(part) for part in KEY) if "case" in record else (record["name"],)


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()
