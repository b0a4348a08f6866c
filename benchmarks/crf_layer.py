"""The chain layer of networks against pytorch-crf: a step of training, and decoding.

Both layers get the same scores and parameters. A step is the log-likelihood and its gradient in the emissions and in
all parameters; the error is the largest difference from the gradient in float64. Rows are batches, columns frames of a
sequence; there are `TAGS` tags, and a third of the frames of a ragged batch is masked.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality

SHAPES = {"tiny": (2, 6), "small": (8, 20), "medium": (32, 50), "large": (128, 100)}
MANY = {"tiny": (2, 6), "small": (8, 20), "medium": (32, 30)}


class Step(NamedTuple):
    """What a step of training gives."""

    likelihood: float
    gradients: list[Any]


@cache
def batch(n_tags: int, ragged: bool, b: int, t: int) -> Problem:
    """Random scores and tags; X holds emissions, tags and mask."""
    import torch

    random = torch.Generator().manual_seed(0)
    emissions = torch.randn(b, t, n_tags, generator=random).requires_grad_()
    tags = torch.randint(0, n_tags, (b, t), generator=random)
    lengths = torch.randint(t // 3, t + 1, (b,), generator=random) if ragged else torch.full((b,), t)
    lengths[0] = t
    problem = Problem(np.zeros((b, t)), np.zeros(b))
    problem.batch = emissions, tags, torch.arange(t) < lengths[:, None]  # type: ignore[attr-defined]
    return problem


@cache
def layer(package: str, n_tags: int) -> Any:
    import torch

    if package == "panlearn":
        from panlearn.nn import CRF
    else:
        from torchcrf import CRF  # type: ignore[no-redef]
    torch.manual_seed(0)
    return CRF(n_tags, batch_first=True)


def training(name: str, package: str, n_tags: int) -> Contender:
    def run(problem: Any, tol: float) -> Step:
        import torch

        crf = layer(package, n_tags)
        emissions, tags, mask = problem.batch
        value = crf(emissions, tags, mask=mask)
        return Step(value.item(), list(torch.autograd.grad(value, (emissions, *crf.parameters()))))

    return Contender(name, package, run)


def decoding(name: str, package: str, n_tags: int) -> Contender:
    def run(problem: Any, tol: float) -> Any:
        emissions, _, mask = problem.batch
        return layer(package, n_tags).decode(emissions, mask=mask)

    return Contender(name, package, run)


def exact(problem: Any, n_tags: int) -> Any:
    """Layer and emissions in float64."""
    import copy

    crf = copy.deepcopy(layer("panlearn", n_tags)).double()
    return crf, problem.batch[0].detach().double().requires_grad_()


def of_gradients(n_tags: int) -> Any:
    def quality(problem: Any, step: Step) -> Quality:
        import torch

        crf, emissions = exact(problem, n_tags)
        value = crf(emissions, *problem.batch[1:])
        right = torch.autograd.grad(value, (emissions, *crf.parameters()))
        names = [name for name, _ in crf.named_parameters()]
        assert names == ["start_transitions", "end_transitions", "transitions"]
        errors = [(a - b).abs().max().item() for a, b in zip(step.gradients, right)]
        return Quality(max(errors) / len(problem.y), -step.likelihood / len(problem.y))

    return quality


def of_paths(n_tags: int) -> Any:
    def quality(problem: Any, paths: list[list[int]]) -> Quality:
        import torch

        crf, emissions = exact(problem, n_tags)
        _, tags, mask = problem.batch
        found = tags.clone()
        found[mask] = torch.tensor([tag for path in paths for tag in path])
        best = tags.clone()
        best[mask] = torch.tensor([tag for path in crf.decode(emissions, mask) for tag in path])
        with torch.no_grad():
            short = crf(emissions, best, mask) - crf(emissions, found, mask)
            return Quality(abs(short.item()), -crf(emissions, found, mask).item() / len(problem.y))

    return quality


def case(what: str, n_tags: int, ragged: bool, shapes: dict[str, tuple[int, int]]) -> Case:
    make, quality = (training, of_gradients) if what == "training" else (decoding, of_paths)
    title = f"nn.CRF: {what}, {n_tags} tags" + (", ragged" if ragged else "")
    measure = (
        "largest error of a gradient, a sequence" if what == "training" else "score below that of the best tagging"
    )

    def problem(b: int, t: int) -> Problem:
        return batch(n_tags, ragged, b, t)

    peer = make("pytorch-crf", "pytorch-crf", n_tags)
    own = make("panlearn", "panlearn", n_tags)
    return Case(title, shapes, problem, own, (peer,), quality(n_tags), 1e-4, measure)


CASES = (
    case("training", 20, False, SHAPES),
    case("training", 20, True, SHAPES),
    case("training", 100, False, MANY),
    case("decoding", 20, False, SHAPES),
    case("decoding", 100, True, MANY),
)
