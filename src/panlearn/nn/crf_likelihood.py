"""Log Z of a batch, or the log-likelihood of given tags, and its gradient: observed less expected.

    log p(y | x) = s(y) − log Z            d/ds_t(i) = [y_t = i] − p(y_t = i | x)

What the value needs gives the gradient as well but for a product with the weights of the sequences, so that an
`Evaluation` keeps it from one to the other.

Course notes: 004 §11.
"""

import torch
from torch import Tensor

from panlearn.nn import crf_engine, crf_gold
from panlearn.nn.crf_batch import Batch
from panlearn.nn.crf_checks import check_allowed, check_tags
from panlearn.nn.crf_layout import Layout, Potentials


class Evaluation:
    """A batch at one point.

    Parameters
    ----------
    layout : Layout
        Frames that count.
    tags : Tensor of shape (b, t), optional
        Tags whose log-likelihood is wanted; without them it is log Z.
    """

    def __init__(self, layout: Layout, tags: Tensor | None) -> None:
        self.layout, self.tags = layout, tags

    def value(self, potentials: Potentials) -> Tensor:
        """Log-likelihood or log Z (b,), in the type of emissions and parameters."""
        total = (self._by_kernels if crf_engine.serves(self.layout.device) else self._by_tensors)(potentials)
        if self.tags is not None:
            check_allowed(total)
        return total.to(torch.promote_types(potentials.emissions.dtype, potentials.transitions.dtype))

    def gradients(self, potentials: Potentials, g: Tensor) -> tuple[Tensor, ...]:
        """Gradients of Σ g value in the potentials, each in its own type."""
        if crf_engine.serves(self.layout.device):
            weight = g.detach().double().contiguous().numpy()
            arrays = self.batch.gradients(self.expected, self.tags, weight, self._pairs(potentials, g).numpy())
            found = torch.from_numpy(arrays[0]).view(potentials.emissions.shape), *map(torch.from_numpy, arrays[1:])
        else:
            frames, pairs = self.frames * g[:, None, None].to(self.frames.dtype), self._pairs(potentials, g)
            if self.tags is not None:
                right = self.layout.gather(self.tags).long()
                frames, pairs = crf_gold.less_observed(frames, pairs, right, self.layout, g)
                frames, pairs = -frames, -pairs
            start, end = (x.sum(0) for x in self.layout.outermost(frames))
            found = frames, start, pairs, end
        return tuple(x.to(potential.dtype) for x, potential in zip(found, potentials))

    def _pairs(self, potentials: Potentials, g: Tensor) -> Tensor:
        """Expected steps, of sequences times their weights: known already where all weights are the same."""
        if len(g) == 1 or g.stride(0) == 0 or bool((g == g[0]).all()):
            return self.pairs * g[0].to(self.pairs.dtype)
        return crf_engine.sums(crf_engine.prepare(potentials, self.layout), self.layout, g).pairs

    def _by_kernels(self, potentials: Potentials) -> Tensor:
        self.batch = Batch(potentials, self.layout)
        right = None if self.tags is None else self.batch.score(self.tags)
        if self.tags is not None and right is None:
            check_tags(self.batch.shape[1], self.layout.gather(self.tags))
        self.expected = self.batch.expected()
        self.pairs = torch.from_numpy(self.expected.pairs)
        total = self.expected.log_likelihood
        return torch.from_numpy(total if right is None else right - total)

    def _by_tensors(self, potentials: Potentials) -> Tensor:
        scores = crf_engine.prepare(potentials, self.layout)
        total, self.frames, self.pairs = crf_engine.sums(scores, self.layout)
        if self.tags is None:
            return total
        right = self.layout.gather(self.tags)
        check_tags(len(self.pairs), right)
        return crf_gold.score(*scores, right.long(), self.layout) - total
