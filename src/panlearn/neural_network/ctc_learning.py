"""How a transcriber learns and answers: rows, targets, network, judging, transcripts, alignments.

An epoch is judged by the loss of utterances kept aside, and by 1 less the edits a token of their best paths: no search,
no language model. Course note: 001 §8.5.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.decode import Alignment, Hypothesis, Lexicon, ctc_beam_search, ctc_greedy, edit_counts, forced_alignment
from panlearn.neural_network.ctc_network import BEHIND, CTC_OBJECTIVE, CTCNetwork, stacked
from panlearn.neural_network.ctc_strings import checked_strings, coded, labels_of, padded_target, require_frames
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.sequence_network import SequenceArchitecture, check_variant
from panlearn.neural_network.sequence_outputs import length_batches
from panlearn.neural_network.sequence_rows import SequenceInputs, learn_numbers, sequence_rows
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.rows import Rows


class CTCLearning(NeuralEstimator):
    """Learning and answers of a transcriber; base of `CTCTranscriber`."""

    _merge_single = False  # a batch of one utterance is as good as another
    _inputs: SequenceInputs
    _strings: bool  # transcripts are strings, not lists
    labels_: list[Any]
    stacking: int
    beam_width: int | None

    # ---- rows, targets, network

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        if not reset:
            return sequence_rows(X, self._inputs)
        p: Any = self
        check_variant(p.cell, p.variant)
        if p.n_filters and p.filter_width % 2 == 0:
            raise DataError(f"filter_width must be odd, so that a filter has a middle; got {p.filter_width}.")
        self._inputs, rows = learn_numbers(X, p.standardize)
        self.n_features_in_ = self._inputs.n_inputs
        return rows

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        strings = checked_strings(y)
        if reset:
            self._strings = bool(strings) and isinstance(strings[0], str)
            self.labels_ = labels_of(strings)
        return padded_target(coded(strings, self.labels_))

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        examples = super()._examples(X, y, sample_weight, reset=reset)
        lengths = examples.rows.lengths()
        assert lengths is not None
        require_frames(_numbers(examples.target), stacked(lengths, self.stacking).tolist(), self.stacking)
        return examples

    def _network(self) -> CTCNetwork:
        p: Any = self
        variant = tuple(p.variant) if isinstance(p.variant, list) else p.variant
        sizes = p.hidden_size, p.num_layers, p.bidirectional, p.dropout, p.recurrent_dropout
        architecture = SequenceArchitecture(p.cell, variant, *sizes)
        front = p.stacking, p.n_filters, p.filter_width
        return CTCNetwork(self._inputs.n_inputs, len(self.labels_), architecture, *front)

    def _objective(self) -> Objective:
        return CTC_OBJECTIVE

    # ---- judging

    def _judge(self, held: Examples, device: torch.device) -> Callable[[nn.Module], tuple[float, float]]:
        target = _numbers(held.target)

        def validate(module: nn.Module) -> tuple[float, float]:
            losses, found = torch.zeros(len(target)), [np.empty(0, np.int64)] * len(target)
            for chosen, log_probs, lengths in self._answers(module, held.rows, device):
                losses[chosen] = CTC_OBJECTIVE.rows(log_probs, held.target[chosen])
                for i, path in zip(chosen.tolist(), ctc_greedy(log_probs, lengths)):
                    found[i] = path.tokens
            weight = torch.ones(len(target)) if held.weight is None else held.weight
            return float((weight * losses).sum() / weight.sum()), 1 - edit_counts(target, found, "token").rate

        return validate

    def _score(self, output: Tensor, target: Tensor, weight: Tensor | None) -> float:
        return 1 - edit_counts(_numbers(target), [path.tokens for path in ctc_greedy(output)], "token").rate

    # ---- transcripts

    def predict(self, X: Any) -> list[Any]:
        """Transcripts.

        Parameters
        ----------
        X : list of array-like of shape (T_i, p)
            Utterances.

        Returns
        -------
        list of str, or of lists of tokens
            As y was in `fit`.
        """
        p: Any = self
        if p.beam_width is None:
            if p.language_model is not None or p.lexicon is not None:
                raise DataError("a language model and a lexicon need a search: set beam_width, say to 100.")
            paths = ctc_greedy(self.predict_log_proba(X))
            return [self._named(path.tokens) for path in paths]
        return [self._named(found[0].tokens if found else ()) for found in self.n_best(X, 1)]

    def n_best(self, X: Any, n: int = 10) -> list[list[Hypothesis]]:
        """Most probable transcripts, found by prefix beam search.

        Parameters
        ----------
        X : list of array-like of shape (T_i, p)
            Utterances.
        n : int, default=10
            Transcripts wanted of each.

        Returns
        -------
        list of lists of Hypothesis
            The best first; `labels_` names the tokens.
        """
        p: Any = self
        lexicon = p.lexicon
        log_probs = self.predict_log_proba(X)
        if lexicon is not None and not isinstance(lexicon, Lexicon):
            lexicon = Lexicon(lexicon, self.labels_, separator=" " if " " in self.labels_ else None)
        settings = {"beam_width": p.beam_width or 100, "alpha": p.alpha, "beta": p.beta}
        given = {"language_model": p.language_model, "lexicon": lexicon, "labels": self.labels_}
        found: Any = ctc_beam_search(log_probs, n_best=n, **settings, **given)
        return found

    def predict_log_proba(self, X: Any) -> list[np.ndarray]:
        """Log-probabilities of the tokens at each frame.

        Parameters
        ----------
        X : list of array-like of shape (T_i, p)
            Utterances.

        Returns
        -------
        list of ndarray of shape (ceil(T_i / stacking), V)
            What `panlearn.decode` takes; column 0 is the blank.
        """
        check_is_fitted(self, "module_")
        rows = self._rows(X, reset=False)
        answers: list[np.ndarray] = [np.empty(0)] * len(rows)
        for chosen, log_probs, lengths in self._answers(self.module_, rows, next(self.module_.parameters()).device):
            table = log_probs.float().numpy()
            for i, own, n in zip(chosen.tolist(), table, lengths.tolist()):
                answers[i] = own[:n].copy()
        return answers

    def align(self, X: Any, y: Any) -> list[Alignment]:
        """When each token of known transcripts was said.

        Parameters
        ----------
        X : list of array-like of shape (T_i, p)
            Utterances.
        y : list of str, or of lists of tokens
            What was said.

        Returns
        -------
        list of Alignment
            Their frames are those of the network, of `stacking` frames of X each.
        """
        log_probs = self.predict_log_proba(X)
        found: Any = forced_alignment(log_probs, coded(checked_strings(y), self.labels_))
        return found

    def score(self, X: Any, y: Any) -> float:
        """1 less the edits per token (character) of the references.

        Parameters
        ----------
        X : list of array-like of shape (T_i, p)
            Utterances.
        y : list of str, or of lists of tokens
            What was said.

        Returns
        -------
        float
            1 if all is right; below 0 where more is wrong than was said.
        """
        return 1 - edit_counts(checked_strings(y), self.predict(X), "token").rate

    def _named(self, tokens: Sequence[int] | np.ndarray) -> Any:
        """A transcript as the strings of `fit` were."""
        names = [self.labels_[token] for token in tokens]
        return "".join(names) if self._strings else names

    def _answers(self, module: Any, rows: Rows, device: torch.device) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Which utterances, their log-probabilities (b, t, V) and lengths (b,), batch by batch."""
        lengths: Any = rows.lengths()
        training = module.training
        module.eval()
        try:
            with torch.no_grad():
                for chosen in length_batches(lengths):
                    answer = module(*(t.to(device, non_blocking=True) for t in rows.take(chosen)))
                    yield chosen, answer.cpu(), stacked(lengths[chosen], self.stacking)
        finally:
            module.train(training)


def _numbers(target: Tensor) -> list[np.ndarray]:
    """Strings without what stands behind their ends."""
    table = target.numpy()
    return [row[row != BEHIND] for row in table]
