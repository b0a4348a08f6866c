"""Drawing the next token: from all, or from those that are likely.

    temperature τ    p_i ∝ exp(s_i / τ)      τ < 1 keeps to the likely, τ -> 0 takes the best, τ > 1 dares more
    top_k            only the k likeliest                                                                [fan2018]
    top_p            only the likeliest whose probabilities add up to p: few where the model is sure, many where
                     it is not                                                                       [holtzman2020]

All three may be set: temperature first, then k, then p. The state is carried from token to token, so that a token costs
one step whatever was written before it; sequences that have ended leave the batch.
"""

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.generator_network import GeneratorNetwork
from panlearn.neural_network.training.truncated import kinds_of


class Sampling(NamedTuple):
    """How tokens are drawn."""

    temperature: float = 1.0  # 0 for the best token
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0


def restrict(scores: Tensor, sampling: Sampling) -> Tensor:
    """Probabilities to draw from.

    Parameters
    ----------
    scores : Tensor of shape (n, V)
        Scores of the tokens; -inf for those that may not come.
    sampling : Sampling
        Temperature and restrictions.

    Returns
    -------
    Tensor of shape (n, V), float64
        Rows sum to 1.

    Examples
    --------
    >>> scores = torch.tensor([[0.5, 0.3, 0.2]]).log()
    >>> restrict(scores, Sampling(top_k=2))[0].tolist()
    [0.625, 0.375, 0.0]
    >>> restrict(scores, Sampling(top_p=0.4))[0].tolist()
    [1.0, 0.0, 0.0]
    """
    scores = scores.double()
    if not sampling.temperature:
        return torch.zeros_like(scores).scatter_(1, scores.argmax(1, keepdim=True), 1.0)
    scores = (scores - scores.amax(1, keepdim=True)) / sampling.temperature
    if sampling.top_k is not None and sampling.top_k < scores.shape[1]:
        best = scores.topk(sampling.top_k, dim=1)
        scores = torch.full_like(scores, -torch.inf).scatter_(1, best.indices, best.values)
    chances = torch.softmax(scores, 1)
    if sampling.top_p is not None and sampling.top_p < 1:
        ordered, places = torch.sort(chances, dim=1, descending=True, stable=True)
        before = ordered.cumsum(1) - ordered  # what the likelier ones add up to
        chances = torch.zeros_like(chances).scatter_(1, places, ordered.masked_fill_(before >= sampling.top_p, 0.0))
        chances /= chances.sum(1, keepdim=True)
    return chances


def draw(chances: Tensor, random: torch.Generator) -> Tensor:
    """One token of each row, (n,)."""
    places = torch.rand(len(chances), 1, generator=random, dtype=torch.float64)
    reached = chances.cumsum(1)
    found = torch.searchsorted(reached, places * reached[:, -1:], right=True)[:, 0]
    return torch.minimum(found, (chances > 0).int().cumsum(1).argmax(1))  # rounding may reach beyond the last


def write(network: GeneratorNetwork, scores: Tensor, state: Any, length: int, sampling: Sampling) -> list[list[int]]:
    """Write texts, token by token.

    Parameters
    ----------
    network : GeneratorNetwork
        In evaluation.
    scores : Tensor of shape (n, V)
        Of the first tokens.
    state : Tensor or tuple of Tensor of shape (layers, n, H)
        Before them.
    length : int
        Most tokens of a text.
    sampling : Sampling
        How tokens are drawn.

    Returns
    -------
    list of list of int
        Tokens of each text; the mark that ends it is left out, and the unknown token is never written.
    """
    written: list[list[int]] = [[] for _ in range(len(scores))]
    alive, kinds = torch.arange(len(scores)), kinds_of(state)
    random = torch.Generator().manual_seed(sampling.seed)
    for _ in range(length):
        scores[:, 0] = -torch.inf
        tokens = draw(restrict(scores.cpu(), sampling), random)
        going = tokens != network.mark
        alive, tokens = alive[going], tokens[going]
        for i, token in zip(alive.tolist(), tokens.tolist()):
            written[i].append(token)
        if not len(alive):
            break
        kinds = tuple(kind[:, going.to(kind.device)] for kind in kinds) if not bool(going.all()) else kinds
        steps = tokens.to(scores.device)[:, None], torch.ones(len(tokens), dtype=torch.int64)
        scored, after = network.read(*steps, kinds[0] if len(kinds) == 1 else kinds)
        scores, kinds = scored.emissions[:, 0], kinds_of(after)
    return written


def write_from(
    network: GeneratorNetwork, begun: list[int], from_what: int | Tensor, length: int, sampling: Sampling
) -> list[list[int]]:
    """Write texts that begin alike.

    Parameters
    ----------
    network : GeneratorNetwork
        Trained.
    begun : list of int
        The mark, and the tokens of the prompt.
    from_what : int, or Tensor of shape (n, p)
        How many texts, or features of each.
    length : int
        Most tokens behind the prompt.
    sampling : Sampling
        How tokens are drawn.

    Returns
    -------
    list of list of int
        What stands behind the prompt, of each text.
    """
    device = network.head.weight.device
    features = from_what[:, None].to(device) if isinstance(from_what, Tensor) else None
    n = len(from_what) if isinstance(from_what, Tensor) else from_what
    with torch.no_grad():
        read = 1 if features is None else n  # without features all texts have the same beginning
        tokens = torch.tensor(begun, device=device).expand(read, -1)
        lengths = torch.full((read,), len(begun))
        scored, state = network.read(tokens, lengths, network.first_state(features), features)
        scores, kinds = scored.emissions[:, -1], kinds_of(state)
        if read < n:
            scores, kinds = scores.repeat(n, 1), tuple(kind.repeat(1, n, 1) for kind in kinds)
        return write(network, scores, kinds[0] if len(kinds) == 1 else kinds, length, sampling)


def checked_sampling(n_texts: Any, length: Any, sampling: Sampling) -> Sampling:
    """Refuse settings that are out of range."""
    for name, value in (("n_texts", n_texts), ("length", length), ("top_k", sampling.top_k)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or value < 1):
            raise DataError(f"{name} must be a whole number of at least 1, got {value!r}.")
    if not isinstance(sampling.temperature, Real) or not 0 <= sampling.temperature < math.inf:
        raise DataError(f"temperature must be a number of at least 0, got {sampling.temperature!r}.")
    if sampling.top_p is not None and not (isinstance(sampling.top_p, Real) and 0 < sampling.top_p <= 1):
        raise DataError(f"top_p must be a number above 0 and up to 1, got {sampling.top_p!r}.")
    return sampling
