"""A recurrent regressor read step by step, one sequence at a time, in float64."""

from tests.oracles.sequence_classifier import states


def values(cell, parameters, sequence, n_layers=1):
    """Outputs at each step, (T, k)."""
    weights = {name.removeprefix("network.layers."): value for name, value in parameters.items()}
    rows = states(cell, weights, sequence, n_layers)
    return rows @ parameters["head.weight"].T + parameters["head.bias"]
