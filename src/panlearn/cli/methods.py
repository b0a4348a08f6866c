"""`panlearn methods` and `panlearn warmup`: what there is, and getting it ready."""

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from panlearn.cli.messages import complain, console


def methods(
    text: Annotated[str, typer.Argument(help="Words to look for in names and titles.")] = "",
    task: Annotated[str | None, typer.Option(help="binary, multiclass, regression, counts, clustering, ...")] = None,
    area: Annotated[str | None, typer.Option(help="A part of the package, as linear_model.")] = None,
) -> None:
    """List the methods: title, import path, tasks, sections of the course notes."""
    from panlearn.core.errors import DataError
    from panlearn.core.registry import TASKS, areas, discover

    if task is not None and task not in TASKS:
        raise DataError(f"no task {task!r}: choose among {', '.join(TASKS)}")
    if area is not None and area not in areas():
        raise DataError(f"no area {area!r}: choose among {', '.join(areas())}")
    words = text.lower().split()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("method", "import", "tasks", "notes"):
        table.add_column(title, overflow="fold", no_wrap=title == "import")
    for entry in discover(task=task):
        name = f"{entry.method.title} {entry.path}".lower()
        if (area is None or entry.path.split(".")[1] == area) and all(word in name for word in words):
            table.add_row(entry.method.title, entry.path, ", ".join(entry.method.tasks), "; ".join(entry.method.notes))
    if table.row_count:
        console().print(table)
    else:
        complain("no method fits: `panlearn methods` without options lists all")


def warmup() -> None:
    """Compile every kernel now, so that no later fit waits for it."""
    from panlearn.core.jit import warmup as compile_kernels

    console().print(f"kernels compiled in {compile_kernels():.1f} s")
