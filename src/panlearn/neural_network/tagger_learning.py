"""How a tagger learns: its rows, its targets, its network, and how an epoch is judged.

Tags become codes in the order in which they first appear, as `panlearn.sequence.CRF` has them. An epoch is judged by F1
of spans where tags are O, B-x, I-x and the like: nine words in ten are O, and the share of right tags hardly moves
while spans get better. Course note: 004 §11.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.sequence_network import SequenceArchitecture
from panlearn.neural_network.sequence_rows import holds_tokens, learn_numbers, sequence_rows, token_documents
from panlearn.neural_network.step_objective import BEHIND, STEP_OBJECTIVE, Scored, losses
from panlearn.neural_network.tagger_network import TaggerNetwork, TaggerSettings, TokenInputs
from panlearn.neural_network.tagger_predictions import TaggerPredictions, are_spans, best_codes
from panlearn.neural_network.tagger_rows import UNKNOWN_LETTER, Coding, learn_coding, token_rows
from panlearn.neural_network.text_cnn_classifier import WordVectors
from panlearn.neural_network.text_rows import found_vectors, vector_table
from panlearn.neural_network.training.early_stopping import EarlyStopping
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.rows import Rows
from panlearn.nn.crf import CRF
from panlearn.sequence.metrics import f1_score
from panlearn.sequence.tag_codes import codes_of, number, tag_lists


class TaggerLearning(TaggerPredictions):
    """Learning of a tagger; base of `SequenceTagger`."""

    pooling = None  # an answer at each step
    _coding: Coding | None = None  # None for frames
    vocabulary_: dict[str, int] | None

    # ---- rows

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        if reset:
            self._check_settings()
            self._coding = self._learn_coding(_texts(X)) if holds_tokens(X) else None
            self.vocabulary_ = None if self._coding is None else self._coding.words
            self._check_kind()
        if self._coding is not None:
            return token_rows(_texts(X), self._coding)
        if not reset:
            return sequence_rows(X, self._inputs)
        p: Any = self
        self._inputs, rows = learn_numbers(X, p.standardize)
        self.n_features_in_, self._table, self._width = self._inputs.n_inputs, None, 0
        return rows

    def _learn_coding(self, texts: list) -> Coding:
        """Number words and letters, and look up the vectors given for them."""
        p: Any = self
        empty = next((i for i, text in enumerate(texts) if not len(text)), None)
        if empty is not None:
            raise DataError(f"sequence {empty} of X has no tokens: leave it out.")
        reading = {name: getattr(p, name) for name in ("lowercase", "casing", "min_df", "max_features")}
        coding = learn_coding(texts, characters=p.characters is not None, **reading)
        self._table = None if p.vectors is None else vector_table(coding.words, p.vectors)
        self._width = p.embedding_size if self._table is None else self._table.shape[1]
        return coding

    def _check_kind(self) -> None:
        """Letters and vectors are for words."""
        p: Any = self
        asked = [
            name for name in ("characters", "casing", "vectors") if p.get_params(deep=False)[name] not in (None, False)
        ]
        if self._coding is None and asked:
            raise DataError(f"{asked[0]} is for words, but X holds numbers: leave it out.")

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        """Codes (n, longest) of the tags, -1 behind the end of a sequence."""
        tags = tag_lists(y)
        if reset:
            announced = getattr(self, "_announced", None)
            self.classes_ = list(number(tags) if announced is None else number([announced]))
        return self._codes(tags)

    def _codes(self, tags: list, unknown: int | None = None) -> Tensor:
        codes = codes_of(tags, {tag: k for k, tag in enumerate(self.classes_)}, unknown)
        lengths = np.array([len(own) for own in tags], np.int64)
        table = np.full(
            (len(tags), lengths.max(initial=0)), BEHIND, np.int16 if len(self.classes_) < 2**15 else np.int32
        )
        table[np.arange(table.shape[1]) < lengths[:, None]] = codes
        return torch.from_numpy(table)

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        examples = super()._examples(X, y, sample_weight, reset=reset)
        self._checked(examples.rows, examples.target)
        return examples

    # ---- network

    def _network(self) -> TaggerNetwork:
        p: Any = self
        n_tags, coding = len(self.classes_), self._coding
        if coding is None:
            inputs = TokenInputs(0, self._inputs.n_inputs, False, 0, "cnn", 0)
        else:
            n_characters = 0 if coding.characters is None else len(coding.characters) + UNKNOWN_LETTER + 1
            inputs = TokenInputs(1 + len(coding.words), 0, p.casing, n_characters, p.characters, p.character_size)
        variant = tuple(p.variant) if isinstance(p.variant, list) else p.variant
        architecture = SequenceArchitecture(
            p.cell, variant, p.hidden_size, p.num_layers, p.bidirectional, p.dropout, p.recurrent_dropout, self._width
        )
        network = TaggerNetwork(inputs, architecture, n_tags, self._chain(), TaggerSettings(p.context, p.word_dropout))
        table = self.__dict__.pop("_table", None)  # in a fit; a stored model has its weights
        if table is not None:
            network.set_vectors(torch.from_numpy(table))
        return network

    def _chain(self) -> CRF | None:
        """Scores of neighbours; with rules alone they stay 0 where a step is allowed."""
        p: Any = self
        if p.output == "softmax" and p.constraints is None:
            return None
        chain = CRF(len(self.classes_), batch_first=True, constraints=p.constraints, tag_names=self.classes_)
        if p.output == "softmax":
            for parameter in chain.parameters():
                nn.init.zeros_(parameter).requires_grad_(False)
        return chain

    def _objective(self) -> Objective:
        return STEP_OBJECTIVE

    # ---- judging

    def _callbacks(self) -> tuple:
        if self.early_stopping is True:
            return (*self.callbacks, EarlyStopping(monitor="validation_score"))
        return super()._callbacks()

    def _split(self, examples: Examples, y: Any, seed: int) -> tuple[Examples, Examples | None]:
        """Sequences to learn from, and those of `X_dev`, or some kept aside."""
        dev = getattr(self, "_dev", None)
        if dev is None:
            return super()._split(examples, y, seed)
        rows = self._rows(dev[0], reset=False)
        target = self._codes(tag_lists(dev[1], "y_dev"), unknown=len(self.classes_))
        return examples, Examples(rows, self._checked(rows, target), None)

    def _judge(self, held: Examples, device: torch.device) -> Callable[[nn.Module], tuple[float, float]]:
        dev = getattr(self, "_dev", None)
        if dev is None:
            true = [[self.classes_[code] for code in row if code != BEHIND] for row in held.target.tolist()]
        else:
            true = [list(tags) for tags in dev[1]]

        def validate(module: nn.Module) -> tuple[float, float]:
            total = count = 0.0
            paths: list[Any] = [[] for _ in true]
            for indices, scored in self._scored(module, held.rows, device):
                for i, path in zip(indices, best_codes(scored)):
                    paths[i] = [self.classes_[k] for k in path]
                loss, n_steps = _known_loss(scored, held.target[indices].to(device), len(self.classes_))
                total, count = total + loss, count + n_steps
            return total / max(count, 1.0), self._agreement(true, paths)

        return validate

    def _agreement(self, true: list, paths: list) -> float:
        """F1 of spans, or the share of right tags."""
        if are_spans(self.classes_):
            return float(f1_score(true, paths, zero_division=0.0))
        right = sum(a == b for own, path in zip(true, paths) for a, b in zip(own, path, strict=True))
        return right / max(1, sum(map(len, true)))

    def _score(self, output: Any, target: Tensor, weight: Tensor | None) -> float:
        """Share of right tags of one batch."""
        codes = [row[row != BEHIND].tolist() for row in target]
        right = sum(a == b for own, path in zip(codes, best_codes(output)) for a, b in zip(own, path, strict=True))
        return right / max(1, sum(map(len, codes)))

    def __getstate__(self) -> dict[str, Any]:
        """Of millions of given vectors, a fitted model keeps those of its words."""
        state = super().__getstate__()
        p: Any = self
        if getattr(self, "vocabulary_", None) and p.vectors is not None:
            rows, known = found_vectors(p.vocabulary_, p.vectors)
            words = list(p.vocabulary_)
            state["vectors"] = WordVectors({words[row - 1]: i for i, row in enumerate(rows)}, known)
        return state


def _texts(X: Any) -> list:
    """Token lists; strings are cut at their blanks."""
    return [text.split() if isinstance(text, str) else text for text in token_documents(X)]


def _known_loss(scored: Scored, target: Tensor, n_tags: int) -> tuple[float, int]:
    """Loss of the sequences of a batch all of whose tags were met in training, and their tokens."""
    known = (target < n_tags).all(1)
    if not bool(known.any()):
        return 0.0, 0
    some = scored._replace(emissions=scored.emissions[known], lengths=scored.lengths[known])
    with torch.no_grad():
        return float(losses(some, target[known]).sum()), int(some.lengths.sum())
