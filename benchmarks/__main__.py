"""`python -m benchmarks FAMILY`: measure a family, store the results, renew docs/benchmarks.md."""

import os
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import import_cost, render, results
from benchmarks.cases import SIZES, Case
from benchmarks.cold import first_call
from benchmarks.harness import Options, run_case

FAMILIES = ("linear_model", "numerics", "import_cost")
Size = StrEnum("Size", SIZES)
Family = StrEnum("Family", (*FAMILIES, "page"))
console = Console()


def main(
    family: Annotated[Family, typer.Argument(help="what to measure; `page` only writes docs/benchmarks.md")],
    size: Annotated[list[Size] | None, typer.Option(help="all but tiny by default; may be repeated")] = None,
    case: Annotated[str, typer.Option(help="only cases whose name contains this")] = "",
    threads: Annotated[int | None, typer.Option(min=1, help="all cores by default")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="runs of each, after a warm-up")] = 5,
    cap: Annotated[float, typer.Option(min=0.1, help="seconds after which a peer is stopped")] = 60.0,
    cold: Annotated[bool, typer.Option(help="measure the first call and memory in fresh processes")] = True,
    store: Annotated[bool, typer.Option(help="store the results; tiny ones never are")] = True,
) -> None:
    """Compare panlearn with its peers at equal quality."""
    if family == "import_cost":
        records = import_cost.measure(max(repeats, 15))
        console.print(*(f"{r['name']}: {render.duration(r['extra_seconds'])} extra" for r in records), sep="\n")
        if store:
            results.add(family, records)
    elif family != "page":
        sizes = size or [name for name in SIZES if name != "tiny"]
        options = Options(threads or len(os.sched_getaffinity(0)), repeats, cap)
        records = []
        for record in measured(family, [str(name) for name in sizes], case, options, cold):
            records.append(record)
            if store and record["size"] != "tiny":
                results.add(family, [record])
        show(records)
    if store:
        render.write()


def measured(family: str, sizes: list[str], name: str, options: Options, cold: bool) -> Iterator[dict[str, Any]]:
    """One record after the other, so that Ctrl-C keeps those that are finished."""
    cases: tuple[Case, ...] = import_module(f"benchmarks.{family}").CASES
    for wanted in sizes:
        for case in cases:
            if wanted not in case.shapes or name not in case.name:
                continue
            with console.status(f"{case.name}, {wanted}"):
                record = run_case(case, wanted, options)
                if cold:
                    record["cold"] = first_calls(family, case, record)
            console.print(f"{case.name}, {wanted}: {line(record)}", markup=False, highlight=False)
            yield record


def first_calls(family: str, case: Case, record: dict[str, Any]) -> dict[str, dict[str, float]]:
    """First call and memory of ours and of the best peer."""
    place = (family, case.name, record["size"])
    found = {"ours": first_call(*place, case.ours.name, case.target, record["threads"])}
    if peer := render.best_peer(record):
        found["peer"] = first_call(*place, peer["name"], peer["tol"] or case.target, record["threads"])
    return found


def line(record: dict[str, Any]) -> str:
    """A record in a line."""
    _, _, _, ours, name, theirs, ratio, first, memory = render.summary(record)
    return f"ours {ours}, {name} {theirs}, ratio {ratio.replace('**', '')}; first call {first}; memory {memory}"


def show(records: list[dict[str, Any]]) -> None:
    """The table of the page, on the terminal."""
    table = Table(*render.SUMMARY)
    for record in sorted(records, key=render.worst_first):
        table.add_row(*(cell.replace("**", "") for cell in render.summary(record)))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
