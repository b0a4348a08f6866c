"""What a trained tagger answers: tags, their probabilities, the best taggings, likelihoods, scores.

    predict               the best tagging: tag by tag, or the best path of the chain (Viterbi)
    predict_proba         p(y_t = l | x): softmax, or marginals of the chain (forward-backward)
    predict_n_best        the k best taggings with their probabilities; of a chain
    log_likelihood        log p(y | x) of given tags
    score, span_score     share of tokens that are right; F1 of spans by conlleval's rules

Sequences are visited in the order of their lengths, so that hardly anything is padding; a sequence without tokens has
no tags. Course note: 004 §11.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.sequence_estimator import SequenceEstimator
from panlearn.neural_network.sequence_outputs import length_batches
from panlearn.neural_network.step_objective import BEHIND, Scored, losses
from panlearn.neural_network.training.rows import Rows
from panlearn.neural_network.training.truncated import Memory
from panlearn.sequence.metrics import f1_score
from panlearn.sequence.tag_codes import tag_lists


class Answers(NamedTuple):
    """Scores of some sequences."""

    indices: list[int]  # which sequences
    scored: Scored


def answers(
    module: nn.Module, rows: Rows, device: torch.device, memory: Memory | None = None, size: int = 1
) -> Iterator[Answers]:
    """Scores of all sequences that have tokens, some at a time.

    Parameters
    ----------
    module : Module
        Set to evaluation while it answers.
    rows : Rows
        Ragged ones.
    device : torch.device
        Where the module is.
    memory : Memory, optional
        The module's, if it carries states from batch to batch; then `size` sequences are asked at a time, in order.
    size : int
        That number.

    Yields
    ------
    Answers
        Each sequence once.
    """
    lengths: Any = rows.lengths()
    present = lengths.nonzero().flatten()
    batches = length_batches(lengths[present]) if memory is None else torch.arange(len(present)).split(size)
    training = module.training
    module.eval()
    try:
        with nullcontext() if memory is None else memory.apart():
            for chosen in batches:
                chosen = present[chosen]
                with torch.no_grad():
                    scored = module(*(t.to(device) for t in rows.take(chosen))).float()
                yield Answers(chosen.tolist(), scored)
    finally:
        module.train(training)


def best_codes(scored: Scored) -> list[list[int]]:
    """Best tagging of each sequence of a batch."""
    if scored.chain is not None:
        return scored.chain.decode(scored.emissions, scored.mask)
    codes = scored.emissions.argmax(2).tolist()
    return [row[:n] for row, n in zip(codes, scored.lengths.tolist())]


def probabilities(scored: Scored) -> list[np.ndarray]:
    """Probabilities of the tags, (T_i, L) of each sequence of a batch."""
    if scored.chain is not None:
        found = scored.chain.marginals(scored.emissions, scored.mask)
    else:
        found = torch.softmax(scored.emissions, 2)
    return [row[:n].numpy().copy() for row, n in zip(found.cpu(), scored.lengths.tolist())]


def are_spans(classes: Sequence[Any]) -> bool:
    """Whether tags are O, B-x, I-x and the like.

    Examples
    --------
    >>> are_spans(["O", "B-city", "I-city"]), are_spans(["NOUN", "VERB"])
    (True, False)
    """
    signs = [tag[:1] if isinstance(tag, str) and (tag == "O" or tag[1:2] == "-") else "?" for tag in classes]
    return set(signs) <= set("OBIESLU") and bool(set(signs) - {"O"})


class TaggerPredictions(SequenceEstimator):
    """Answers of a tagger; base of `SequenceTagger`."""

    classes_: list[Any]

    def predict(self, X: Any) -> np.ndarray:
        """Best tags.

        Parameters
        ----------
        X : list of sequences
            As in `fit`; of any lengths.

        Returns
        -------
        ndarray of shape (n,) of list
            A list of tags for each sequence.
        """
        paths = self._answered(X, best_codes, [])
        return _objects([[self.classes_[k] for k in path] for path in paths])

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """Probabilities of the tags.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.

        Returns
        -------
        list of ndarray of shape (T_i, L)
            p(y_t = l | x), columns in the order of `classes_`; rows sum to 1.
        """
        return self._answered(X, probabilities, np.zeros((0, len(self.classes_)), np.float32))

    def predict_n_best(self, X: Any, k: int = 5) -> list[list[tuple[list[Any], float]]]:
        """The k best taggings of each sequence.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        k : int, default=5
            Taggings of a sequence, fewer where there are no more.

        Returns
        -------
        list of list of tuple
            Pairs of tags and probability, the best first.

        Raises
        ------
        DataError
            If there is no chain.
        """
        check_is_fitted(self, "module_")
        if self.module_.chain is None:
            raise DataError('predict_n_best needs a chain over the tags: fit with output="crf".')

        def several(scored: Scored) -> list:
            assert scored.chain is not None
            best = scored.chain.n_best(scored.emissions, scored.mask, k)
            chances = best.log_probabilities.exp().tolist()
            return [list(zip(tags, each)) for tags, each in zip(best.tags, chances)]

        found = self._answered(X, several, [([], 1.0)])
        return [[([self.classes_[c] for c in path], chance) for path, chance in pairs] for pairs in found]

    def log_likelihood(self, X: Any, y: Any) -> np.ndarray:
        """Log-probability of given tags.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        y : list of sequences
            Tags, all of them in `classes_`.

        Returns
        -------
        ndarray of shape (n,)
            log p(y | x), in nats.
        """
        rows, device = self._fitted_rows(X)
        target = self._checked(rows, self._target(y, reset=False))
        found = np.zeros(len(rows))
        for indices, scored in self._scored(self.module_, rows, device):
            with torch.no_grad():
                found[indices] = -losses(scored, target[indices].to(device)).cpu().numpy()
        return found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of tokens with the right tag.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        y : list of sequences
            Tags; those not met in training count as missed.
        sample_weight : array-like of shape (n,), optional
            Weights of the sequences.

        Returns
        -------
        float
            Accuracy.
        """
        true, paths = self._pairs(X, y)
        weight = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        right = [sum(a == b for a, b in zip(own, path, strict=True)) for own, path in zip(true, paths)]
        return float(weight @ np.array(right) / max(weight @ np.array([len(own) for own in true]), 1e-300))

    def span_score(self, X: Any, y: Any, *, average: str | None = "micro") -> Any:
        """F1 of spans by conlleval's rules.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        y : list of sequences of str
            Tags such as O, B-x, I-x.
        average : {"micro", "macro", "weighted", None}, default="micro"
            How types of spans are put together.

        Returns
        -------
        float or ndarray
            F1.
        """
        true, paths = self._pairs(X, y)
        return f1_score(true, paths, average=average)

    def _pairs(self, X: Any, y: Any) -> tuple[list[list[Any]], list[list[Any]]]:
        """Right tags and best ones."""
        true, paths = [list(tags) for tags in tag_lists(y)], list(self.predict(X))
        if len(true) != len(paths):
            raise DataError(f"X and y must hold as many sequences: X has {len(paths)}, y {len(true)}.")
        odd = next((i for i, (a, b) in enumerate(zip(true, paths)) if len(a) != len(b)), None)
        if odd is not None:
            raise DataError(f"sequence {odd} has {len(paths[odd])} tokens but {len(true[odd])} tags in y.")
        return true, paths

    def _fitted_rows(self, X: Any) -> tuple[Rows, torch.device]:
        """Rows, and where the network is."""
        check_is_fitted(self, "module_")
        device = next((p.device for p in self.module_.parameters()), torch.device("cpu"))
        return self._rows(X, reset=False), device

    def _scored(self, module: Any, rows: Rows, device: torch.device) -> Iterator[Answers]:
        """Scores of all sequences; in their order where batches go on where those before ended."""
        network, own = module.network, module.network.memory
        if self._stateful and own is None:
            network.truncate(self._truncation())
        try:
            memory = network.memory if self._stateful else None
            yield from answers(module, rows, device, memory, self._size(len(rows)))
        finally:
            network.memory = own

    def _answered(self, X: Any, answer: Callable[[Scored], Sequence[Any]], nothing: Any) -> list[Any]:
        """An answer for each sequence, `nothing` for those without tokens."""
        rows, device = self._fitted_rows(X)
        found = [nothing] * len(rows)
        for indices, scored in self._scored(self.module_, rows, device):
            with torch.no_grad():
                for i, each in zip(indices, answer(scored)):
                    found[i] = each
        return found

    def _checked(self, rows: Rows, target: torch.Tensor) -> torch.Tensor:
        """Targets, of which there must be one a token."""
        lengths: Any = rows.lengths()
        if len(target) != len(rows):
            raise DataError(f"X and y must hold as many sequences: X has {len(rows)}, y {len(target)}.")
        own = (target != BEHIND).sum(1)
        if bool((own != lengths).any()):
            i = int((own != lengths).nonzero()[0])
            raise DataError(
                f"sequence {i} has {int(lengths[i])} tokens but {int(own[i])} tags in y: give each token one tag."
            )
        return target


def _objects(lists: list) -> np.ndarray:
    """Lists as an array of objects."""
    found = np.empty(len(lists), dtype=object)
    found[:] = lists
    return found
