"""What estimators of whole sequences share: rows, network, truncated backpropagation through time, predictions.

    sequences -> rows (`sequence_rows`) -> recurrent layers (`sequence_network`) -> pooling -> outputs

Pooling makes one vector of the outputs h_1, ..., h_T of a sequence: the last state, their mean, or their maximum in
each coordinate; or none, and each step has outputs of its own. The last state has to remember; mean and maximum need
not, and shorten the way back of the gradient, but do not see where in the sequence something stood.

Course notes: 003 §2, 004 §1.
"""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from panlearn.core.constraints import BOOLEAN, COUNT, options
from panlearn.core.errors import DataError
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.inference import subset
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.sequence_network import VARIANTS, SequenceArchitecture, SequenceNetwork, check_variant
from panlearn.neural_network.sequence_outputs import sequence_outputs
from panlearn.neural_network.sequence_rows import (
    SequenceInputs,
    holds_tokens,
    learn_numbers,
    learn_tokens,
    sequence_rows,
)
from panlearn.neural_network.text_rows import tokenizer, vector_table
from panlearn.neural_network.training.batches import Batch, Batches
from panlearn.neural_network.training.clipping import GradientClipping
from panlearn.neural_network.training.rows import Rows
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.training.truncated import Truncation

SHARE = Interval(Real, 0, 1, closed="left")
CLIPPING = GradientClipping(norm=5.0)


class SequenceHead(nn.Module):
    """Recurrent layers, pooling, and a linear layer of outputs."""

    def __init__(self, network: SequenceNetwork, n_outputs: int, pooling: str | None) -> None:
        super().__init__()
        self.network, self.pooling = network, pooling
        self.head = nn.Linear(network.output_size, n_outputs)

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Outputs (b, k) of sequences; (b, t, k) without pooling."""
        outputs, last = self.network(padded, lengths)
        if self.pooling == "last":
            return self.head(last)
        if self.pooling == "mean":  # what stands behind the end is 0
            return self.head(outputs.sum(1) / lengths[:, None].to(outputs.dtype))
        if self.pooling == "max":
            beyond = torch.arange(outputs.shape[1], device=lengths.device) >= lengths[:, None]
            return self.head(outputs.masked_fill(beyond[:, :, None], -math.inf).amax(1))
        return self.head(outputs)

    def windows(self, batch: Batch) -> Any:
        """Parts of a batch of training, see `SequenceNetwork.windows`."""
        return self.network.windows(batch)


class SequenceEstimator(NeuralEstimator):
    """Base of estimators with one recurrent network over each sequence."""

    _merge_single: ClassVar[bool] = False  # a batch of one sequence is as good as another
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NeuralEstimator._parameter_constraints,
        "cell": [options(*VARIANTS)],
        "variant": [str, tuple, list],
        "hidden_size": [COUNT],
        "num_layers": [COUNT],
        "bidirectional": [BOOLEAN],
        "dropout": [SHARE],
        "recurrent_dropout": [SHARE],
        "embedding_size": [COUNT],
        "vectors": [object],
        "standardize": [BOOLEAN],
        "analyzer": [options("word", "char"), callable],
        "token_pattern": [str],
        "lowercase": [BOOLEAN],
        "min_df": [COUNT],
        "max_features": [COUNT, None],
        "bptt_window": [COUNT, None],
        "stateful": [BOOLEAN],
    }
    pooling: Any
    _inputs: SequenceInputs
    _n_outputs: int

    def __sklearn_tags__(self) -> Any:
        """Sequences come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.three_d_array, tags.input_tags.two_d_array = True, True, False
        return tags

    # ---- rows

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        parameters: Any = self
        if reset:
            self._check_settings()
            if holds_tokens(X):
                self._inputs, rows = learn_tokens(X, self._cut(), parameters.min_df, parameters.max_features)
                self.vocabulary_ = self._inputs.vocabulary
            else:
                self._inputs, rows = learn_numbers(X, parameters.standardize)
                self.n_features_in_ = self._inputs.n_inputs
            self._table = self._given_vectors(parameters.vectors)
            self._vector_size = parameters.embedding_size if self._table is None else self._table.shape[1]
            return rows
        return sequence_rows(X, self._inputs, self._cut())

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        """Targets; what scikit-learn finds wrong with them is named as all errors of data are."""
        try:
            return super()._target(y, reset=reset)
        except DataError:
            raise
        except ValueError as error:
            raise DataError(str(error)) from None

    def _cut(self) -> Callable[[Any], Sequence[str]]:
        """What makes tokens of a text."""
        parameters: Any = self
        return tokenizer(parameters.analyzer, parameters.token_pattern, parameters.lowercase)

    def _given_vectors(self, vectors: Any) -> np.ndarray | None:
        """Table of the given vectors of tokens."""
        if vectors is None:
            return None
        if not self._inputs.tokens:
            raise DataError("vectors are for tokens, but X holds numbers: set vectors=None.")
        assert self._inputs.vocabulary is not None
        return vector_table(self._inputs.vocabulary, vectors)

    def _check_settings(self) -> None:
        """What a single constraint cannot say."""
        p: Any = self
        check_variant(p.cell, p.variant)
        if p.bptt_window is None and not p.stateful:
            return
        if p.bidirectional:
            raise DataError(
                "bidirectional=True reads sequences from their end as well, which bptt_window and stateful cannot "
                "carry on: set bptt_window=None and stateful=False, or bidirectional=False."
            )
        if p.optimizer == "lbfgs":
            raise DataError('optimizer="lbfgs" sums over whole sequences: set bptt_window=None and stateful=False.')

    # ---- network and training

    def _network(self) -> nn.Module:
        p: Any = self
        architecture = SequenceArchitecture(
            p.cell,
            tuple(p.variant) if isinstance(p.variant, list) else p.variant,
            p.hidden_size,
            p.num_layers,
            p.bidirectional,
            p.dropout,
            p.recurrent_dropout,
            self._vector_size,
        )
        network = SequenceNetwork(self._inputs.n_inputs, architecture, self._inputs.tokens)
        table = self.__dict__.pop("_table", None)  # in a fit; a stored model has its weights
        if table is not None:
            network.set_vectors(table)
        return SequenceHead(network, self._n_outputs, self.pooling)

    def _truncation(self) -> Truncation:
        """How far gradients reach back."""
        p: Any = self
        return Truncation(p.bptt_window, p.stateful, self.pooling is None, self.pooling == "last", self.batch_size)

    def _batches(self, examples: Examples, seed: int, device: torch.device) -> Batches:
        batches = super()._batches(examples, seed, device)
        return batches._replace(shuffle=not self._stateful)

    def _train(self, run: Run, validate: Any) -> None:
        truncation, network = self._truncation(), self._layers(run.module)
        if run.group.size > 1 and (truncation.window or truncation.stateful):
            raise DataError("bptt_window and stateful need one process: others would cut their sequences otherwise.")
        network.truncate(truncation)
        super()._train(run, validate)

    def _layers(self, module: Any) -> SequenceNetwork:
        """The recurrent part of the network."""
        return module.network

    @property
    def _stateful(self) -> bool:
        """Whether batches go on where those before ended."""
        parameters: Any = self
        return parameters.stateful

    def _split(self, examples: Examples, y: Any, seed: int) -> tuple[Examples, Examples | None]:
        """Of sequences that go on in each other, the last ones are kept aside."""
        if not (self._stateful and self.early_stopping):
            return super()._split(examples, y, seed)
        n = len(examples.rows)
        held = math.ceil(self.validation_fraction * n)
        if held >= n:
            raise DataError(
                f"validation_fraction={self.validation_fraction} leaves none of {n} sequences to learn from."
            )
        return _slice(examples, 0, n - held), _slice(examples, n - held, n)

    # ---- predictions

    def _answers(self, module: Any, rows: Rows, device: torch.device, link: Any = None) -> Tensor:
        """Outputs (n, k), or (steps, k) without pooling."""
        network = self._layers(module)
        own = network.memory
        if self._stateful and own is None:
            network.truncate(self._truncation())
        try:
            each, memory = self.pooling is None, network.memory if self._stateful else None
            return sequence_outputs(
                module, rows, device, link, each_step=each, memory=memory, size=self._size(len(rows))
            )
        finally:
            network.memory = own

    def _judge(self, held: Examples, device: torch.device) -> Callable[[nn.Module], tuple[float, float]]:
        objective, (_, target, weight) = self._objective(), self._judged(held)

        def validate(module: nn.Module) -> tuple[float, float]:
            z = self._answers(module, held.rows, device)
            return float(objective(z, target, weight)), self._score(z, target, weight)

        return validate

    def _judged(self, held: Examples) -> Examples:
        """Examples kept aside in the form of the answers."""
        return held

    def _outputs(self, X: Any, *, link: bool = True) -> np.ndarray:
        check_is_fitted(self, "module_")
        rows = self._rows(X, reset=False)
        device = next(self.module_.parameters()).device
        return self._answers(self.module_, rows, device, self._objective().link if link else None).numpy()

    def _keep(self, run: Run, before: Any, done: int = 0) -> None:
        self._layers(run.module).memory = None  # it belongs to the fit, not to what was learnt
        super()._keep(run, before, done)


def _slice(examples: Examples, begin: int, end: int) -> Examples:
    """Neighbouring examples."""
    weight = None if examples.weight is None else examples.weight[begin:end]
    return Examples(subset(examples.rows, np.arange(begin, end)), examples.target[begin:end], weight)
