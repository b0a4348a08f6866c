"""Settings: the names every neural estimator shares, and defaults that train."""

import inspect

from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.settings import Settings
from tests.neural_network.training.fits import begin


def test_defaults_are_plain():
    """No penalty, no clipping, float32, every parameter at the same rate, nothing drawn on the screen."""
    plain = Settings()
    assert (plain.l1, plain.l2, plain.max_norm, plain.clipping) == (0.0, 0.0, None, None)
    assert (plain.precision, plain.compile, plain.callbacks, plain.verbose) == ("float32", False, (), 0)
    assert plain.rate_of("any.weight") == 1.0


def test_defaults_lower_the_loss():
    history = train(begin(max_epochs=Settings().max_epochs)).history
    assert history[-1].loss < history[0].loss


def test_engine_knows_no_default_of_its_own():
    assert set(inspect.signature(begin).parameters) & set(Settings._fields) == set()
