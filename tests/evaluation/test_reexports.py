"""The area's names: scikit-learn's own where they are its own, found at their address, loaded when asked for."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
from sklearn import model_selection
from sklearn.tree import DecisionTreeClassifier

import panlearn.evaluation
from panlearn.evaluation import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
    validation_curve,
)

HEAVY = ("numba", "pandas", "matplotlib", "sklearn.metrics", "sklearn.model_selection", "scipy.stats")


def test_scikit_learns_names_are_scikit_learns():
    ours = {name for name in panlearn.evaluation.__all__ if hasattr(model_selection, name)}
    assert len(ours) >= 27
    for name in ours:
        assert getattr(panlearn.evaluation, name) is getattr(model_selection, name)


def test_the_area_is_light_to_import():
    script = f"import panlearn.evaluation, sys; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_function_keeps_its_address_when_its_file_is_imported():
    script = (
        "import importlib, panlearn.evaluation as e\n"
        "for name in ('compare', 'bootstrap_score'):\n"
        "    file = importlib.import_module(f'panlearn.evaluation.{name}')\n"
        "    assert getattr(e, name) is getattr(file, name)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = panlearn.evaluation.no_such_name
    assert {*panlearn.evaluation.__all__} <= {*dir(panlearn.evaluation)}
    assert importlib.import_module("panlearn.evaluation.splits").__name__ == "panlearn.evaluation.splits"


def test_they_work_with_our_estimators():
    """Hold-out 7:3 of note 002, each row tested once, classes in their shares, groups whole."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 2)), np.repeat([0, 1], [80, 20])
    X[:, 0] += y * 3
    assert [len(part) for part in train_test_split(X, train_size=0.7, random_state=0)] == [70, 30]
    assert sorted(np.concatenate([test for _, test in KFold(10).split(X)])) == list(range(100))
    assert {int(y[test].sum()) for _, test in StratifiedKFold(10).split(X, y)} == {2}
    groups = np.arange(100) // 5
    assert all(not {*groups[a]} & {*groups[b]} for a, b in GroupKFold(4).split(X, y, groups))
    tree = DecisionTreeClassifier(random_state=0)
    np.testing.assert_array_equal(cross_validate(tree, X, y)["test_score"], cross_val_score(tree, X, y))
    curve = learning_curve(tree, X, y, train_sizes=np.array([20, 80]), shuffle=True, random_state=0)
    assert curve[0].tolist() == [20, 80]
    assert (curve[1] == 1).all()  # a full tree remembers its rows
    by_depth = validation_curve(tree, X, y, param_name="max_depth", param_range=[1, 5])[0]
    assert (np.diff(by_depth, axis=0) >= 0).all()
