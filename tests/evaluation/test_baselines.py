"""Baselines carry the same description as panlearn's methods."""

import pytest

from panlearn.core.registry import TASKS
from panlearn.evaluation.baselines import baselines


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "counts"])
def test_each_task_has_a_floor_and_unique_names(task):
    entries = list(baselines(task))
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names) >= 5
    assert "sklearn: Dummy" in names
    assert all(set(entry.method.tasks) <= set(TASKS) for entry in entries)


@pytest.mark.parametrize("task", ["binary", "regression", "counts"])
def test_cost_grows_with_the_rows_and_the_dummy_is_cheapest(task):
    costs = {entry.name: [entry.method.cost(n, 20, 1) for n in (1000, 100_000)] for entry in baselines(task)}
    assert all(small < large for small, large in costs.values())
    assert min(costs, key=lambda name: costs[name][0]) == "sklearn: Dummy"


def test_settings_are_parameters_of_the_estimators():
    for task in ("binary", "regression", "counts"):
        for entry in baselines(task):
            accepted = entry.estimator(**entry.method.settings).get_params()
            assert {name: accepted[name] for name in entry.method.settings} == dict(entry.method.settings)
