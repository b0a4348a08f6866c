"""Conditional random fields against CRFsuite, on English tags of parts of speech and on slots of flight queries.

Both packages get the same lists of feature strings: words two to the left and right, pairs of neighbours, beginnings
and endings of one to four letters, and the shape of the word. They stop by the same rule (gain below 1e-5 over ten
iterations), and the objective is computed here from the weights of the answer. Training runs from the strings to the
model, tagging from the strings to the labels. Where the files are missing, sentences are drawn by chance.
"""

import gzip
import os
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.sequence import AttributeEncoder, word_shape
from panlearn.sequence.crf_features import state_features, transitions
from panlearn.sequence.crf_objective import CRFObjective, CRFProblem

DATA = Path(os.environ.get("PANLEARN_DATA", Path(__file__).parents[2] / "shared" / "data"))
FILES = {"parts of speech": "ud_english_ewt/en_ewt-ud-train.conllu.gz", "slots": "atis/train.bio.gz"}
MEASURE = "penalised negative log-likelihood above panlearn's, relative"


def sentences(task: str) -> list[tuple[list[str], list[str]]]:
    """Words and labels."""
    path, found = DATA / FILES[task], []
    if not path.exists():
        rng = np.random.default_rng(0)
        words = [[f"{w:x}" for w in rng.zipf(1.3, 12) % 5000] for _ in range(5000)]
        return [(sentence, [f"T{len(w) + len(v)}" for v, w in pairwise(["", *sentence])]) for sentence in words]
    word, tag = (1, 3) if path.name.endswith("conllu.gz") else (0, 1)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        blocks = file.read().split("\n\n")
    for block in blocks:
        cells = [line.split("\t") for line in block.split("\n") if line and line[0] != "#"]
        cells = [row for row in cells if len(row) == 2 or row[0].isdigit()]  # no multiword tokens
        if cells:
            found.append(([row[word] for row in cells], [row[tag] for row in cells]))
    return found


def features(words: list[str]) -> list[list[str]]:
    """Feature strings of the tokens of a sentence."""
    low = ["<s2>", "<s1>", *(w.lower() for w in words), "</s1>", "</s2>"]
    rows = []
    for i, w in enumerate(words):
        near = low[i : i + 5]
        row = ["bias", f"word={w}", f"shape={word_shape(w)}", *(f"w[{k - 2}]={near[k]}" for k in range(5))]
        row += [f"w[{k - 2},{k - 1}]={near[k]}|{near[k + 1]}" for k in range(4)]
        row += [
            f"{side}{k}={part}" for k in range(1, min(4, len(w)) + 1) for side, part in (("p", w[:k]), ("s", w[-k:]))
        ]
        rows.append(row)
    return rows


@cache
def problem(n: int, _: int, task: str) -> Problem:
    """The first n sentences."""
    chosen = sentences(task)[:n]
    X, y = (np.empty(len(chosen), dtype=object) for _ in range(2))
    for i, (words, tags) in enumerate(chosen):
        X[i], y[i] = features(words), tags
    return Problem(X, y)


def objective(problem: Problem, model: Any) -> float:
    """The function that is minimised, from the weights by name."""
    encoder = AttributeEncoder()
    encoded = encoder.fit_transform(problem.X)
    labels = sorted({tag for tags in problem.y for tag in tags})
    number = {label: i for i, label in enumerate(labels)}
    tags = np.array([number[tag] for tags in problem.y for tag in tags], dtype=np.int32)
    kept = state_features(encoded, tags, len(labels)), transitions(tags, encoded.offsets, len(labels))
    whole = CRFProblem(encoded, tags, len(labels), *kept)
    known = encoder.names_ or []
    names = [known[a] for a in np.repeat(np.arange(encoded.n_attributes), np.diff(kept[0].indptr))]
    states, steps = model.state_features_, model.transition_features_
    own = [states.get((name, labels[k]), 0.0) for name, k in zip(names, kept[0].labels, strict=True)]
    w = np.array([*own, *(steps.get((i, j), 0.0) for i in labels for j in labels)])
    return CRFObjective(whole).objective(w, np.empty_like(w)) + float(w @ w)


def crf(package: str, **settings: Any) -> Any:
    return import_module({"panlearn": "panlearn.sequence"}.get(package, "sklearn_crfsuite")).CRF(c2=1.0, **settings)


def train(name: str, package: str) -> Contender:
    return Contender(name, package, lambda problem, _: crf(package).fit(problem.X, problem.y))


def tag(name: str, package: str) -> Contender:
    fitted = cache(lambda n: crf(package, max_iterations=20))

    def predict(problem: Problem, _: float) -> Any:
        model = fitted(len(problem.X))
        if not hasattr(model, "trained"):
            model.fit(problem.X, problem.y)
            model.trained = True
        return model.predict(problem.X)

    return Contender(name, package, predict)


def training(task: str, shapes: dict[str, tuple[int, int]]) -> Case:
    own, peer = train("panlearn", "panlearn"), train("CRFsuite", "sklearn-crfsuite")

    @cache
    def reference(n: int) -> float:
        return objective(problem(n, 0, task), own.fit(problem(n, 0, task), 0.0))

    def quality(problem: Problem, model: Any) -> Quality:
        value, best = objective(problem, model), reference(len(problem.X))
        return Quality(max(0.0, value / best - 1.0), value)

    return Case(f"CRF training, {task}", shapes, lambda n, p: problem(n, p, task), own, (peer,), quality, 5e-4, MEASURE)


def tagging(task: str, shapes: dict[str, tuple[int, int]]) -> Case:
    own, peer = tag("panlearn", "panlearn"), tag("CRFsuite", "sklearn-crfsuite")

    def quality(problem: Problem, found: Any) -> Quality:
        wrong = np.mean([a != b for tags, path in zip(problem.y, found, strict=True) for a, b in zip(tags, path)])
        return Quality(float(wrong), float(wrong))

    measure = "share of wrong labels after 20 iterations"
    return Case(f"CRF tagging, {task}", shapes, lambda n, p: problem(n, p, task), own, (peer,), quality, 0.2, measure)


CASES = (
    training("parts of speech", {"tiny": (40, 0), "small": (500, 0), "medium": (3_000, 0), "large": (12_544, 0)}),
    training("slots", {"tiny": (40, 0), "small": (500, 0), "large": (4_478, 0)}),
    tagging("parts of speech", {"tiny": (40, 0), "small": (500, 0), "medium": (3_000, 0)}),
)
