"""`panlearn compare`: the main job, from a file to a leaderboard, a model and a report."""

import contextlib
import shlex
import threading
import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from panlearn.cli.messages import STOPPED, complain, console
from panlearn.cli.options import Encoding, Seed, Target, Task, read

if TYPE_CHECKING:
    from panlearn.evaluation.comparison import Comparison


def compare(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Argument(help="CSV, TSV, Parquet or JSON lines, also gzipped. Without it: bundled wine data."),
    ] = None,
    target: Target = None,
    task: Task = None,
    metric: Annotated[str | None, typer.Option(help="The score that ranks, as roc_auc or mae.")] = None,
    methods: Annotated[str | None, typer.Option(help="Names of methods, separated by commas.")] = None,
    cv: Annotated[int, typer.Option(help="Number of folds.")] = 5,
    seed: Seed = 0,
    n_jobs: Annotated[int, typer.Option(help="Processes that run folds side by side; -1 for all cores.")] = 1,
    time_budget: Annotated[float | None, typer.Option(help="Seconds; cheap methods go first.")] = None,
    group: Annotated[str | None, typer.Option(help="Column whose equal rows stay in one fold.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times: the past predicts the future.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for report, model and leaderboard.")] = Path("panlearn-results"),
    encoding: Encoding = None,
) -> None:
    """Compare every suitable method on a table: leaderboard, best model, report."""
    from panlearn.evaluation import compare as run

    start = clock.perf_counter()
    warm = _warm_kernels()
    table, chosen = read(data, target, encoding)
    _check_folder(out)
    names = None if methods is None else [name.strip() for name in methods.split(",") if name.strip()]
    with _Bar() as bar:
        bar.update_to("compiling kernels (once)", 0, 1)
        warm.join()
        comparison = run(
            table,
            chosen,
            methods=names,
            cv=cv,
            seed=seed,
            time_budget=time_budget,
            n_jobs=n_jobs,
            metric=metric,
            task=task,
            group=group,
            time=time,
            progress=bar.update_to,
        )
    code = _tell_and_write(comparison._replace(command=_command_line(context)), out)
    console().print(f"total: {clock.perf_counter() - start:.1f} s")
    if code:
        raise typer.Exit(code)


def _command_line(context: typer.Context) -> str:
    """The command as it was given, for the report; files by the names the user gave them."""
    words = ["panlearn", "compare"]
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            option = [] if parameter.param_type_name == "argument" else [max(parameter.opts, key=len)]
            words += [*option, str(context.params[parameter.name or ""])]
    return shlex.join(words)


def _tell_and_write(comparison: "Comparison", out: Path) -> int:
    """Write the files, print the leaderboard and where the files are; the exit code."""
    from panlearn.cli.leaderboard import print_leaderboard, write_leaderboard

    out.mkdir(parents=True, exist_ok=True)
    write_leaderboard(comparison, out)
    print_leaderboard(comparison, console())
    try:
        _write_model_and_report(comparison, out)
    except KeyboardInterrupt:
        complain(f"stopped by Ctrl-C; the leaderboard is in {out / 'leaderboard.csv'}")
        return STOPPED
    if comparison.ended_by == "Ctrl-C":
        complain(f"stopped by Ctrl-C; the partial leaderboard is in {out / 'leaderboard.csv'}")
        return STOPPED
    return 0 if any(not row.error for row in comparison.rows) or comparison.partial else 1


def _write_model_and_report(comparison: "Comparison", out: Path) -> None:
    from panlearn.core.errors import PanlearnError
    from panlearn.core.persistence import save
    from panlearn.evaluation import save_comparison
    from panlearn.report import write_report

    save_comparison(comparison, out / "comparison.zip")
    (out / "model.panlearn").unlink(missing_ok=True)  # of an earlier run
    if comparison.best is not None:
        try:
            console().print(f"model: {save(comparison.best, out / 'model.panlearn')}", soft_wrap=True, markup=False)
        except PanlearnError as wrong:
            complain(f"the model was not saved: {wrong}")
    report = write_report(comparison, out / "report.html")
    console().print(f"report: {report.resolve()}", soft_wrap=True, markup=False)


def _check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written before the work is done, not after."""
    from panlearn.core.errors import DataError

    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as wrong:
        raise DataError(f"cannot write to {out} ({wrong.strerror}): choose another folder with --out") from None


def _warm_kernels() -> threading.Thread:
    """Compile kernels while the data are read; a method that cannot be compiled gets its own line later."""
    from panlearn.core.jit import warmup

    def warm() -> None:
        with contextlib.suppress(Exception):
            warmup()

    thread = threading.Thread(target=warm, daemon=True)
    thread.start()
    return thread


class _Bar:
    """A progress bar on standard error, or nothing where that is no terminal."""

    def __enter__(self) -> "_Bar":
        where = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=where, transient=True, disable=not where.is_terminal)
        self.task = self.progress.add_task("", total=None)
        self.progress.start()
        return self

    def update_to(self, what: str, done: int, total: int) -> None:
        """Show what is being done, and how far it is."""
        self.progress.update(self.task, description=what, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
