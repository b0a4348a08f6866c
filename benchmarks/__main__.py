"""`python -m benchmarks FAMILY`: measure a family, store the results, renew docs/benchmarks.md."""

from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import joblib
import typer
from rich.console import Console

from benchmarks import import_cost, render, results
from benchmarks.cases import SIZES, Case
from benchmarks.cold import first_call
from benchmarks.harness import Options, run_case


class Family(StrEnum):
    linear_model = "linear_model"
    lasso = "lasso"
    lasso_cv = "lasso_cv"
    l0 = "l0"
    logistic = "logistic"
    glm = "glm"
    sgd = "sgd"
    svm = "svm"
    linear_svm = "linear_svm"
    transductive = "transductive"
    tree = "tree"
    c45 = "c45"
    forest = "forest"
    adaboost = "adaboost"
    boosting = "boosting"
    kmeans = "kmeans"
    hierarchical = "hierarchical"
    mixture = "mixture"
    pca = "pca"
    discriminant = "discriminant"
    naive_bayes = "naive_bayes"
    neighbours = "neighbours"
    mlp = "mlp"
    neural_network = "neural_network"
    optimizer_step = "optimizer_step"
    hmm = "hmm"
    crf = "crf"
    crf_layer = "crf_layer"
    recurrent = "recurrent"
    tree_lstm = "tree_lstm"
    ctc = "ctc"
    numerics = "numerics"
    import_cost = "import_cost"
    page = "page"


Size = StrEnum("Size", SIZES)
console = Console(highlight=False, soft_wrap=True)


def main(
    family: Annotated[Family, typer.Argument(help="what to measure; `page` only writes docs/benchmarks.md")],
    size: Annotated[list[Size] | None, typer.Option(help="all but tiny by default; may be repeated")] = None,
    case: Annotated[str, typer.Option(help="only cases whose name contains this")] = "",
    threads: Annotated[int | None, typer.Option(min=1, help="all cores by default")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="runs of each, after a warm-up")] = 5,
    cap: Annotated[float, typer.Option(min=0.1, help="seconds after which a peer is stopped")] = 60.0,
    cold: Annotated[bool, typer.Option(help="measure the first call and memory in fresh processes")] = True,
    store: Annotated[bool, typer.Option(help="store the results; tiny sizes or fewer than 5 repeats never are")] = True,
) -> None:
    """Compare panlearn with its peers at equal quality."""
    store = store and repeats >= 5
    if family == "import_cost":
        records = import_cost.measure(max(repeats, 15))
        console.print(*(f"{r['name']}: {render.duration(r['extra_seconds'])} extra" for r in records), sep="\n")
        if store:
            results.add(family, records)
    elif family != "page":
        sizes = size or [name for name in SIZES if name != "tiny"]
        options = Options(threads or joblib.cpu_count(), repeats, cap)
        records = []
        for record in measured(family, [str(name) for name in sizes], case, options, cold):
            records.append(record)
            if store and record["size"] != "tiny":
                results.add(family, [record])
                render.write()  # after each: Ctrl-C keeps what is finished
        if not records:
            raise typer.BadParameter(f"no case of {family} has {case!r} in its name and one of the sizes {sizes}")
        console.rule("from the best ratio to the worst")
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
                    add_first_calls(family, case, record)
            show([record])
            yield record


def add_first_calls(family: str, case: Case, record: dict[str, Any]) -> None:
    """Add first call and memory to ours and to the best peer of each package."""
    for row in (record["ours"], *render.best_peers(record)):
        tol = row["tol"] or case.target
        row["first_call"] = first_call(family, case.name, record["size"], row["name"], tol, record["threads"])


def show(records: list[dict[str, Any]]) -> None:
    """The comparisons on the terminal, the worst last, where the eye is."""
    for pair in reversed(render.comparisons(records)):
        case, shape, threads, ours, name, theirs, ratio, first, memory = render.summary(pair)
        console.print(f"[bold]{case}[/], {shape}, {threads} threads")
        console.print(f"  ours {ours}, {name} {theirs}, ratio {ratio.replace('**', '')}".replace(" , ratio ", ""))
        if first:
            console.print(f"  our first call {first}; memory {memory}")


if __name__ == "__main__":
    typer.run(main)
