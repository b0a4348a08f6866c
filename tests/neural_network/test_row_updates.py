"""Updates of touched rows: the same numbers as updates of the whole table, at any pattern of sleep."""

from typing import Any

import numpy as np
import pytest
import torch

from panlearn.neural_network.row_updates import RowOptimizer, divide, row_method
from panlearn.neural_network.training.batches import Batches
from panlearn.neural_network.training.clipping import GradientClipping
from panlearn.neural_network.training.loop import start, train
from panlearn.neural_network.training.objective import OBJECTIVES
from panlearn.neural_network.training.rows import RaggedRows
from panlearn.neural_network.training.settings import Settings
from panlearn.nn.blocks.text_convolution import TextConvolution
from panlearn.optimize import SGD, Adadelta, AdaGrad, Adam, RMSProp

METHODS = (SGD(), AdaGrad(), RMSProp(rho=0.9), Adadelta(rho=0.8))


def fit(method, apart, epochs=3, max_norm=None, precision="float32", seed=0, channels="trainable") -> Any:
    """Batches of two texts, most words in few of them."""
    rng = np.random.default_rng(seed)
    texts = [rng.integers(0, 30, n) for n in rng.integers(1, 6, 12)]
    torch.manual_seed(seed)
    module = TextConvolution(30, 4, 2, widths=(2,), n_filters=5, dropout=0.0, channels=channels)
    torch.nn.init.normal_(module.filters)
    settings = Settings(optimizer=method, learning_rate=0.1, max_epochs=epochs, precision=precision)
    batches = Batches(RaggedRows.of(texts), torch.from_numpy(rng.integers(0, 2, 12)), None, 2)
    run = start(module, batches, OBJECTIVES["cross_entropy"], settings)
    if apart:
        divide(run, max_norm)
    return run


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_matches_the_whole_table(method):
    whole, apart = train(fit(method, False)), train(fit(method, True))
    assert apart.module.row_updates
    with apart.optimizer.apart():
        assert not apart.module.table.requires_grad
    assert apart.module.table.requires_grad  # whoever trains next may do otherwise
    for (name, a), b in zip(apart.module.state_dict().items(), whole.module.state_dict().values()):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6, msg=name)
    assert (apart.module.table != fit(method, True).module.table).any()


def test_who_keeps_the_whole_table():
    assert [type(row_method(Settings(optimizer=name))) for name in ("sgd", "adadelta")] == [SGD, Adadelta]
    kept = (Settings(optimizer="adam"), Settings(optimizer=Adam()), Settings(optimizer="momentum"))
    penalised = (Settings(optimizer="sgd", l2=0.1), Settings(optimizer="sgd", l1=0.1))
    clipped = Settings(optimizer="sgd", clipping=GradientClipping(1.0))
    assert not any(row_method(settings) for settings in (*kept, *penalised, clipped))
    run = fit("adam", True)
    assert not run.module.row_updates
    before = run.module.table.detach().clone()
    train(run)
    assert (run.module.table != before).any()


def test_static_vectors_stay():
    run = fit("adadelta", True, channels="static")
    before = run.module.table.detach().clone()
    assert (train(run).module.table == before).all()


def test_max_norm_bounds_the_outputs_alone():
    run: Any = train(fit("sgd", True, max_norm=0.01))
    assert run.module.head.weight.norm(dim=1).max() <= 0.01 + 1e-6
    assert run.module.filters.norm() > 1


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_state_restores(method):
    """Stopped after one epoch and taken up in a new optimiser: the same bits."""
    whole = train(fit(method, True, epochs=2))
    first = train(fit(method, True, epochs=1))
    second = fit(method, True, epochs=2)
    second.module.load_state_dict(first.module.state_dict())
    second.optimizer.restore(first.optimizer.state())
    second.epoch, second.step = 1, first.step
    train(second)
    assert isinstance(second.optimizer, RowOptimizer)
    assert (second.module.table == whole.module.table).all()
