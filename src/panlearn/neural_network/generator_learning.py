"""How a language model learns: texts to tokens, features, the network, and how an epoch is judged.

With `stateful`, all texts are one stream, cut into `batch_size` pieces that are read side by side, `bptt_window` tokens
at a time: the state is never thrown away, and neither is the end of one text as the context of the next. Course notes:
002, 003 §2.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils import check_array
from sklearn.utils.validation import _check_sample_weight, check_is_fitted
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.generator_likelihood import text_losses
from panlearn.neural_network.generator_network import GeneratorNetwork
from panlearn.neural_network.generator_rows import ConditionedRows, Readings, stream_readings, text_readings
from panlearn.neural_network.sequence_estimator import SequenceEstimator
from panlearn.neural_network.sequence_network import SequenceArchitecture
from panlearn.neural_network.sequence_rows import token_documents
from panlearn.neural_network.step_objective import STEP_OBJECTIVE
from panlearn.neural_network.text_rows import tokenizer, vocabulary
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.rows import Rows


class GeneratorLearning(SequenceEstimator):
    """Learning of a language model; base of `SequenceGenerator`."""

    pooling = None  # an answer at each step
    bidirectional: ClassVar[bool] = False  # what follows is not known
    vocabulary_: dict[str, int]
    module_: Any  # a GeneratorNetwork
    _scaling: tuple[np.ndarray, np.ndarray] | None = None  # mean and scale of features; None without features
    _joint: str | None = None  # between the tokens of a string; None where texts were lists

    # ---- rows

    def _read(self, X: Any, y: Any) -> tuple[list[Sequence[str]], Tensor | None]:
        """Tokens of each text, and features."""
        if y is None:
            if self._scaling is not None:
                raise DataError("texts were made from features in fit: pass the features as X and the texts as y.")
            return self._tokens(X), None
        texts, features = self._tokens(y), self._features(X)
        if len(texts) != len(features):
            raise DataError(f"X and y must hold as many rows: X has {len(features)}, y {len(texts)}.")
        return texts, features

    def _tokens(self, texts: Any) -> list[Sequence[str]]:
        p: Any = self
        if p.analyzer == "char":  # scikit-learn's own joins blanks
            cut = lambda text: list(text.lower() if p.lowercase else text) if isinstance(text, str) else text  # noqa: E731
        else:
            cut = tokenizer(p.analyzer, p.token_pattern, p.lowercase)
        return [cut(text) for text in token_documents(texts)]

    def _features(self, X: Any) -> Tensor:
        """Features of mean 0 and variance 1."""
        if self._scaling is None:
            raise DataError("texts were learnt without features: pass the texts as X, and no y.")
        features = check_array(X, dtype="float64", estimator=self)
        mean, scale = self._scaling
        if features.shape[1] != len(mean):
            raise DataError(f"X has {features.shape[1]} features, {len(mean)} were fitted.")
        return torch.from_numpy(((features - mean) / scale).astype(np.float32))

    def _learn(self, X: Any, y: Any) -> None:
        """Learn tokens, and the scale of features."""
        p: Any = self
        self._check_settings()
        if p.stateful and p.bptt_window is None:
            raise DataError("stateful=True reads all texts as one stream: set bptt_window, 100 say.")
        if y is not None and (p.stateful or (p.bptt_window is not None and p.condition == "state")):
            raise DataError(
                "texts made from features are read each from its begin: set stateful=False, and with bptt_window "
                'condition="input".'
            )
        self._scaling = None
        if y is not None:
            features = check_array(X, dtype="float64", estimator=self)
            scale = features.std(axis=0)
            self._scaling = features.mean(axis=0), np.where(scale > 0, scale, 1.0)
            self.n_features_in_ = features.shape[1]
        texts = X if y is None else y
        tokens = self._tokens(texts)
        self._joint = ("" if p.analyzer == "char" else " ") if isinstance(next(iter(texts)), str) else None
        self.vocabulary_ = vocabulary(tokens, p.min_df, p.max_features)
        if not self.vocabulary_:
            raise DataError(f"no token is left of {len(tokens)} texts: they are empty, or min_df is too strict.")

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        if reset:
            self._learn(X, y)
        texts, features = self._read(X, y)
        if sample_weight is None:
            weight = None
        elif self._stateful:
            raise DataError(
                "stateful=True reads all texts as one stream, which has no weights: leave out sample_weight."
            )
        else:
            checked = _check_sample_weight(sample_weight, np.empty((len(texts), 0)), ensure_non_negative=True)
            if not checked.sum() > 0:
                raise DataError("all weights are 0: at least one text must count.")
            weight = torch.from_numpy(checked / checked.mean()).float()
        readings = self._readings(texts)
        rows = readings.rows if features is None else ConditionedRows(readings.rows, features)
        return Examples(rows, readings.target, weight)

    def _readings(self, texts: list[Sequence[str]]) -> Readings:
        if self._stateful:
            return stream_readings(texts, self.vocabulary_, self.batch_size)
        return text_readings(texts, self.vocabulary_)

    # ---- network

    def _network(self) -> GeneratorNetwork:
        p: Any = self
        variant = tuple(p.variant) if isinstance(p.variant, list) else p.variant
        architecture = SequenceArchitecture(
            p.cell, variant, p.hidden_size, p.num_layers, False, p.dropout, p.recurrent_dropout, p.embedding_size
        )
        n_features = 0 if self._scaling is None else len(self._scaling[0])
        return GeneratorNetwork(2 + len(self.vocabulary_), architecture, n_features, p.condition)

    def _objective(self) -> Objective:
        return STEP_OBJECTIVE

    # ---- judging

    def _judge(self, held: Examples, device: torch.device) -> Callable[[nn.Module], tuple[float, float]]:
        count = int((held.target >= 0).sum())

        def validate(module: Any) -> tuple[float, float]:
            loss = float(text_losses(module, held.rows, held.target).sum()) / count
            return loss, -loss

        return validate

    def _score(self, output: Any, target: Tensor, weight: Tensor | None) -> float:
        """Mean log-likelihood of a token of one batch."""
        return -float(STEP_OBJECTIVE(output, target, weight))

    def _text_losses(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Negative log-likelihood of each text, and its tokens, the mark at its end included."""
        check_is_fitted(self, "module_")
        texts, features = self._read(X, y)
        readings = text_readings(texts, self.vocabulary_)
        rows: Rows = readings.rows if features is None else ConditionedRows(readings.rows, features)
        return text_losses(self.module_, rows, readings.target).numpy(), readings.rows.lengths().numpy()
