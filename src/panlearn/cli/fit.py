"""`panlearn fit`: one method on a whole table, kept in a file."""

import time
from pathlib import Path
from typing import Annotated

import typer

from panlearn.cli.messages import console
from panlearn.cli.options import Data, Encoding, Seed, Target, Task, read


def fit(
    data: Data,
    method: Annotated[str, typer.Option("--method", "-m", help="Name of a method, as in `panlearn methods`.")],
    target: Target = None,
    task: Task = None,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Where to keep the model.")] = Path("model.panlearn"),
    encoding: Encoding = None,
) -> None:
    """Fit one method on a whole table and keep the model."""
    from panlearn.core.persistence import save
    from panlearn.evaluation.compare import choose_methods
    from panlearn.evaluation.cross_validation import make_pipeline
    from panlearn.evaluation.problem import pose

    table, chosen = read(data, target, encoding)
    problem = pose(table, chosen, task=task, cv=2, seed=seed)
    (entry,) = choose_methods(problem, [method])
    start = time.perf_counter()
    model = make_pipeline(entry, problem).fit(problem.table, problem.target.values)
    seconds = time.perf_counter() - start
    where = console()
    for note in problem.summary.notes:
        where.print(f"  - {note}", style="dim", markup=False, soft_wrap=True)
    certificate = getattr(model[-1], "certificate_", "")
    said = f" ({certificate})" if certificate else ""
    where.print(
        f"{entry.name} fitted on {len(problem.table):,} rows in {seconds:.2f} s{said}", markup=False, soft_wrap=True
    )
    where.print(f"model: {save(model, out)}", soft_wrap=True, markup=False)
