"""A conditional random field on top of a network: tags that know their neighbours [lafferty2001].

A network scores each tag at each frame, s_t(i), and one that ends there picks each tag by itself. The layer adds scores
A_ij of tag j after tag i, a_j of the first tag and z_i of the last, and makes whole taggings compete:

    s(y) = a(y_0) + Σ_t s_t(y_t) + Σ_t A(y_{t-1}, y_t) + z(y_T),        p(y | x) = exp(s(y)) / Z,   Z = Σ_y exp(s(y)).

Z sums over L^T taggings in T L² steps (forward-backward), and Viterbi finds the best in as many. Training maximises
log p(tags | x) = s(tags) − log Z, whose gradient in a score is what was observed less what the model expects:

    d/ds_t(i) = 1[tags_t = i] − p(y_t = i | x),     d/dA_ij = steps from i to j − Σ_t p(y_t = i, y_{t+1} = j | x).

Cost: b T L² multiply-adds three times over for a batch; on a CPU in machine code, eight sequences at a time (the same
kernels as those of the hidden Markov models), elsewhere in tensor operations. It fails to help where neighbours say
nothing that the network has not seen already.

Course notes: 004 §11; 002 (generative and discriminative).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from panlearn.nn import crf_autograd, crf_engine, crf_tensors
from panlearn.nn.crf_checks import check_shapes
from panlearn.nn.crf_layout import Layout, Potentials
from panlearn.sequence.tag_constraints import Allowed, allowed

REDUCTIONS = ("none", "sum", "mean", "token_mean")


class NBest(NamedTuple):
    """The best taggings of each sequence of a batch, the best first."""

    tags: list[list[list[int]]]  # of each sequence its taggings, fewer than k where there are no more
    log_probabilities: Tensor  # (b, k) log p(y | x), -inf where there are no more


class CRF(nn.Module):
    """Linear-chain conditional random field with the parameters and methods of pytorch-crf.

    Parameters
    ----------
    num_tags : int
        Tags, L.
    batch_first : bool
        Tensors are (b, t, …) instead of (t, b, …).
    constraints : str, array-like of shape (L, L), collection of pairs, or Allowed, optional
        Which tag may follow which, as `panlearn.sequence.CRF` takes it: the name of a span scheme ("BIO", "BIOES"), a
        matrix of truth values, or forbidden pairs. Forbidden taggings get probability 0, in training as well.
    tag_names : sequence, optional
        What the tags are called, for constraints that name them; by default 0, 1, …

    Attributes
    ----------
    start_transitions : Parameter of shape (L,)
        Scores of the first tag.
    transitions : Parameter of shape (L, L)
        Scores of the step from the row's to the column's tag.
    end_transitions : Parameter of shape (L,)
        Scores of the last tag.

    References
    ----------
    [lafferty2001], [rabiner1989], [viterbi1967]; notes 004 §11

    Examples
    --------
    Each frame by itself would be tagged 0, 1, 0. That a tag likes to stay outweighs the middle one in the best tagging,
    while over all taggings 1 is still a little likelier there:

    >>> import torch
    >>> from panlearn.nn import CRF
    >>> crf = CRF(2, batch_first=True)
    >>> crf.load_state_dict({"start_transitions": torch.zeros(2), "end_transitions": torch.zeros(2),
    ...                      "transitions": torch.eye(2)})
    <All keys matched successfully>
    >>> emissions = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
    >>> crf.decode(emissions)
    [[0, 0, 0]]
    >>> crf.marginals(emissions)[0, :, 0].detach().numpy().round(3)
    array([0.678, 0.467, 0.678], dtype=float32)
    """

    _allowed_start: Tensor | None
    _allowed: Tensor | None
    _allowed_end: Tensor | None

    def __init__(
        self,
        num_tags: int,
        batch_first: bool = False,
        *,
        constraints: Any = None,
        tag_names: Sequence[Any] | None = None,
    ) -> None:
        if num_tags <= 0:
            raise ValueError(f"invalid number of tags: {num_tags}; num_tags must be at least 1")
        if tag_names is not None and len(tag_names) != num_tags:
            raise ValueError(f"tag_names must name all {num_tags} tags; got {len(tag_names)} names")
        super().__init__()
        self.num_tags, self.batch_first = num_tags, batch_first
        self.start_transitions = nn.Parameter(torch.empty(num_tags))
        self.end_transitions = nn.Parameter(torch.empty(num_tags))
        self.transitions = nn.Parameter(torch.empty(num_tags, num_tags))
        self._forbid(constraints, range(num_tags) if tag_names is None else tag_names)
        self.reset_parameters()

    def _forbid(self, constraints: Any, tag_names: Sequence[Any]) -> None:
        """Keep what is allowed as masks, outside the state dict, which stays that of pytorch-crf."""
        rules = None
        if constraints is not None:
            rules = constraints if isinstance(constraints, Allowed) else allowed(constraints, list(tag_names))
        for name, k in (("_allowed_start", 0), ("_allowed", 1), ("_allowed_end", 2)):
            mask = None if rules is None else torch.as_tensor(rules[k] > -torch.inf)
            self.register_buffer(name, mask, persistent=False)

    def reset_parameters(self) -> None:
        """Draw the parameters from the uniform law between -0.1 and 0.1.

        Returns
        -------
        None
        """
        for parameter in (self.start_transitions, self.end_transitions, self.transitions):
            nn.init.uniform_(parameter, -0.1, 0.1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_tags={self.num_tags})"

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        """Log-likelihood of given tags; its negative is the loss.

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            Scores of the tags at each frame, from the network; (b, t, L) with `batch_first`. -inf forbids a tag.
        tags : Tensor of shape (t, b)
            The right tags; whatever stands at masked frames is ignored.
        mask : Tensor of shape (t, b), optional
            True (or 1) for frames that count; it may have holes. By default all do.
        reduction : {"none", "sum", "mean", "token_mean"}
            None, over sequences, their mean, or the sum divided by the number of frames.

        Returns
        -------
        Tensor
            (b,) with "none", else ().

        Raises
        ------
        ValueError
            If shapes do not fit, or a tag is none of 0 … L − 1.
        DataError
            If no tagging is allowed, or the given one is not.
        """
        if reduction not in REDUCTIONS:
            raise ValueError(f"invalid reduction: {reduction}; it must be one of {', '.join(REDUCTIONS)}")
        potentials, layout = self._read(emissions, mask, tags)
        if not layout.n_frames:
            result = _zeros(potentials)
        else:
            result = crf_autograd.log_likelihood(potentials, layout, tags if self.batch_first else tags.T)
        if reduction == "none":
            return result
        count = {"sum": 1, "mean": layout.shape[0], "token_mean": layout.n_frames}[reduction]
        return result.sum() / max(count, 1)

    def decode(self, emissions: Tensor, mask: Tensor | None = None) -> list[list[int]]:
        """Find the best tagging of each sequence (Viterbi).

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.

        Returns
        -------
        list of list of int
            Tags of the frames that count.
        """
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            return [[] for _ in range(layout.shape[0])]
        return crf_engine.best(potentials, layout)

    def log_partition(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Log of the sum of exp(score) over all taggings, log Z.

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.

        Returns
        -------
        Tensor
            (b,); 0 for a sequence without frames.
        """
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            return _zeros(potentials)
        return crf_autograd.log_partition(potentials, layout)

    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Probability of each tag at each frame, p(y_t = i | x).

        A loss may be made of them: they are differentiated exactly, which is what structured attention needs
        [kim2017].

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.

        Returns
        -------
        Tensor
            Of the shape of `emissions`; zeros at masked frames.
        """
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            return torch.zeros_like(emissions)
        ones = potentials.transitions.new_ones(layout.shape[0])
        found, _ = crf_autograd.marginals(potentials, layout, ones)
        return found if self.batch_first else found.transpose(0, 1)

    def entropy(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Entropy of the taggings in nats: 0 where one tagging is certain, n log L where all n tags are free.

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.

        Returns
        -------
        Tensor
            (b,), log Z − E[s(y)]; differentiable.
        """
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            return _zeros(potentials)
        dtype = crf_engine.working_dtype(layout.device, potentials.emissions.dtype)
        exact = Potentials(*(x.to(dtype) for x in potentials))  # the difference of two large numbers
        frames, steps = (x.masked_fill(torch.isneginf(x), 0.0) for x in crf_engine.prepare(exact, layout))
        mean = crf_autograd.mean_score(exact, layout, frames, steps)
        found = crf_autograd.log_partition(exact, layout) - mean
        return found.to(torch.promote_types(emissions.dtype, self.transitions.dtype))

    def n_best(self, emissions: Tensor, mask: Tensor | None = None, k: int = 5) -> NBest:
        """Find the k best taggings of each sequence, with their probabilities.

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.
        k : int
            Taggings of each sequence, at least 1.

        Returns
        -------
        NBest
            Taggings, best first, and log-probabilities (b, k).
        """
        if k < 1:
            raise ValueError(f"k must be an integer in the range [1, inf). Got {k!r} instead")
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            certain = emissions.new_full((layout.shape[0], k), -torch.inf)
            certain[:, 0] = 0.0
            return NBest([[[]] for _ in range(layout.shape[0])], certain)
        with torch.no_grad():
            scores = crf_engine.prepare(potentials, layout)
            tags, found = crf_engine.several_best(scores, layout, k)
            total = crf_engine.log_partition(scores, layout)
            return NBest(tags, (found - total[:, None]).to(emissions.dtype))

    def sample(
        self,
        emissions: Tensor,
        mask: Tensor | None = None,
        n_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw taggings from p(y | x).

        Parameters
        ----------
        emissions : Tensor of shape (t, b, L)
            As in `forward`.
        mask : Tensor of shape (t, b), optional
            As in `forward`.
        n_samples : int
            Taggings of each sequence.
        generator : torch.Generator, optional
            Source of random numbers.

        Returns
        -------
        Tensor
            (n_samples, t, b), or (n_samples, b, t) with `batch_first`; -1 at masked frames.
        """
        potentials, layout = self._read(emissions, mask)
        if not layout.n_frames:
            return torch.full((n_samples, *emissions.shape[:2]), -1, device=emissions.device)

        def noise(shape: tuple[int, ...]) -> Tensor:
            exponential = torch.empty(shape, dtype=scores.frames.dtype, device=layout.device)
            return -exponential.exponential_(generator=generator).log()

        with torch.no_grad():
            scores = crf_engine.prepare(potentials, layout)
            crf_engine.log_partition(scores, layout)  # says which sequence has no tagging at all
            found = crf_tensors.draw_paths(*scores, layout, n_samples, noise)
        if layout.mask is not None:
            found = found.masked_fill(~layout.mask, -1)
        return found if self.batch_first else found.transpose(1, 2)

    def _read(self, emissions: Tensor, mask: Tensor | None, tags: Tensor | None = None) -> tuple[Potentials, Layout]:
        """Check the shapes, put the batch first, and forbid what is not allowed."""
        check_shapes(self.num_tags, emissions, tags, mask)
        if not self.batch_first:
            emissions, mask = emissions.transpose(0, 1), None if mask is None else mask.T
        shape = (emissions.shape[0], emissions.shape[1])
        layout = Layout(shape, None if mask is None else mask.bool(), emissions.device)
        scores = (self.start_transitions, self.transitions, self.end_transitions)
        if self._allowed is not None:
            masks = (self._allowed_start, self._allowed, self._allowed_end)
            scores = (x.masked_fill(~mask, -torch.inf) for x, mask in zip(scores, masks))  # type: ignore[operator]
        return Potentials(emissions, *scores), layout


def _zeros(potentials: Potentials) -> Tensor:
    """Log-probabilities (b,) where there is nothing to tag; they can be differentiated like all others."""
    return potentials.emissions[:, :0].sum((1, 2)) + potentials.transitions[:0].sum()
