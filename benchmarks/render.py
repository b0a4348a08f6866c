"""docs/benchmarks.md from the stored results, the worst ratio first."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import results

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
NOTES = Path(__file__).parent / "notes"
TITLES = {
    "linear_model": "Least squares",
    "lasso": "Lasso and elastic net",
    "lasso_cv": "Lasso: cross-validation and several targets",
    "l0": "Best subset",
    "logistic": "Logistic regression",
    "glm": "Generalised linear models",
    "sgd": "Stochastic gradients, Huber, quantiles",
    "numerics": "Functions in kernels",
    "import_cost": "Imports",
}
HEAD = """\
# Benchmarks

`make bench FAMILY=linear_model` measures a family and renews this page, which is written by `benchmarks/render.py`.

Ours and the peers run **alternately in one process** with the same number of threads; a figure is the median of five
or more runs after a warm-up (three where a call takes more than 3 s). There is **no ratio unless the answers are
equally good**: each answer's error is computed from its coefficients in float64, ours has to be as small as the
peer's or within the target, and our objective as low, up to the target. Each peer runs at the loosest tolerance with
which it reaches the target, and all of a package's solvers that apply take part; "best peer" is its fastest. A peer
that takes more than five times as long as the best of the others is stopped. The ratio is the time of the peer by
ours, above 1 where ours is faster, with the least and the largest ratio of the pairs of runs. "First call" is the
first fit of a fresh process without compiled kernels, imports excluded; the extra is what it takes beyond later
calls: compiling, and loading what only a fit needs. Memory is the rise of the resident set in a later call, in a
process of its own.

Tables are sorted from the worst ratio to the best.
"""


def page(folder: Path = results.FOLDER) -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for path in sorted(folder.glob("*.json"), key=lambda path: _rank(path.stem)):
        parts.append(_family(path.stem, results.load(path.stem, folder)))
    return "\n".join(parts)


def write(path: Path = PAGE, folder: Path = results.FOLDER) -> None:
    """Write the page."""
    path.write_text(page(folder), encoding="utf-8")


def _rank(family: str) -> tuple[int, str]:
    known = list(TITLES)
    return (known.index(family) if family in known else len(known), family)


def _family(family: str, content: dict[str, Any]) -> str:
    title = f"## {TITLES.get(family, family)}\n\n{_machine(content)}\n"
    records = content["records"]
    if family == "import_cost":
        return f"{title}\n{_imports(records)}"
    pairs = comparisons(records)
    ordered = list({id(record): record for record, _ in pairs}.values())
    return (
        f"{title}\n{table(SUMMARY, map(summary, pairs))}\n"
        f"### {TITLES.get(family, family)}: every peer\n\n"
        f"{table(DETAIL, (row for record in ordered for row in _details(record)))}{_notes(family)}"
    )


def _notes(family: str) -> str:
    """What there is to say about a family's figures."""
    path = NOTES / f"{family}.md"
    return f"\n{path.read_text(encoding='utf-8')}" if path.is_file() else ""


def _machine(content: dict[str, Any]) -> str:
    here = dict(content["machine"])
    hardware = f"{here.pop('processor')}, {here.pop('cores')} cores, {here.pop('system')}"
    return f"{content['date']}; {hardware}; " + ", ".join(f"{name} {value}" for name, value in here.items()) + "."


def best_peers(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The fastest peer of each package among those that reached the target; a single run does not make a best."""
    best: dict[str, dict[str, Any]] = {}
    for peer in sorted(record["peers"], key=lambda peer: (len(peer["seconds"]) < 2, peer["median"] or math.inf)):
        if peer["verdict"] in ("equal", "not equal"):
            best.setdefault(peer["package"], peer)
    return list(best.values())


Comparison = tuple[dict[str, Any], dict[str, Any] | None]  # a record with one of its best peers


def comparisons(records: Iterable[dict[str, Any]]) -> list[Comparison]:
    """Unequal answers first, then ratios from the least up, then cases that no peer solved."""
    pairs: list[Comparison] = [(record, peer) for record in records for peer in best_peers(record) or [None]]
    return sorted(pairs, key=_rank_of)


def _rank_of(pair: Comparison) -> float:
    peer = pair[1]
    if peer is None:
        return math.inf
    return peer["ratio"]["median"] if peer["ratio"] else -1.0


SUMMARY = (
    "case",
    "rows × columns",
    "threads",
    "ours",
    "best peer",
    "its time",
    "ratio",
    "our first call (extra)",
    "memory, ours and the peer's",
)


def summary(pair: Comparison) -> tuple[str, ...]:
    """A comparison as a row of the first table."""
    record, peer = pair
    ours = record["ours"]
    first, other = ours.get("first_call"), (peer or {}).get("first_call")
    return (
        record["case"],
        f"{record['rows']:,} × {record['columns']:,}",
        str(record["threads"]),
        _time(ours["median"], record),
        f"{peer['name']} {peer['version']}" if peer else "none reached the target",
        _time(peer["median"], record) if peer else "",
        _ratio(record, peer) if peer else "",
        f"{duration(first['cold'])} ({duration(first['compile'])})" if first else "",
        f"{_megabytes(first['peak_bytes'])}, {_megabytes(other['peak_bytes'])}" if first and other else "",
    )


def _ratio(record: dict[str, Any], peer: dict[str, Any]) -> str:
    if not peer["ratio"]:
        ours = record["ours"]
        return (
            f"not equal: error {_short(ours['error'])} to {_short(peer['error'])}, "
            f"objective {ours['objective']:.6g} to {peer['objective']:.6g}"
        )
    r = peer["ratio"]
    spread = f" ({r['least']:.3g}-{r['largest']:.3g})" if len(peer["seconds"]) > 1 else " (one run)"
    return f"**{r['median']:.3g}**{spread}"


DETAIL = (
    "case",
    "rows × columns",
    "threads",
    "solver",
    "tolerance",
    "median",
    "least",
    "runs",
    "error",
    "objective",
    "ratio",
)


def _details(record: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    place = (record["case"], f"{record['rows']:,} × {record['columns']:,}", str(record["threads"]))
    for row in (record["ours"], *record["peers"]):
        measured = row["median"] is not None
        yield (
            *place,
            f"{row['name']} {row['version']}",
            _short(row["tol"]) if row["tol"] else "",
            _time(row["median"], record) if measured else "",
            _time(row["least"], record) if measured else "",
            str(len(row["seconds"])) if measured else "",
            _short(row["error"]) if measured else "",
            f"{row['objective']:.6g}" if measured else "",
            f"{row['ratio']['median']:.3g}" if row["ratio"] else row["verdict"],
        )


def _imports(records: list[dict[str, Any]]) -> str:
    head = ("statement", "beyond", "its time", "both", "extra", "pairs of runs", "loads torch or matplotlib")
    rows = (
        (
            f"`{record['name']}`",
            f"`{record['base']}`",
            duration(record["base_seconds"]),
            duration(record["seconds"]),
            f"**{duration(record['extra_seconds'])}**",
            str(record["repeats"]),
            ", ".join({"torch", "matplotlib"} & {*record["loaded"]}) or "no",
        )
        for record in records
    )
    return table(head, rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def duration(seconds: float) -> str:
    """Seconds with three digits and a fitting unit.

    >>> duration(0.00153), duration(12.3), duration(0)
    ('1.53 ms', '12.3 s', '0 ns')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _time(seconds: float, record: dict[str, Any]) -> str:
    return f"{duration(seconds / record['rows'])} a value" if record["per_row"] else duration(seconds)


def _digits(x: float) -> str:
    return f"{x:.0f}" if abs(x) >= 100 else f"{x:.3g}"


def _short(x: float | None) -> str:
    return "" if x is None else f"{x:.1e}".replace("e-0", "e-").replace("e+0", "e+")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 5e6 else "< 5 MB"
