"""Votes of trees taken at once are those taken one by one."""

import numpy as np

from panlearn.ensemble.voting_trees import are_plain_trees, node_votes, staged_votes, sum_votes
from panlearn.tree import DecisionTreeClassifier


def test_votes_go_to_the_class_and_against_the_others():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 3)), rng.integers(0, 3, 150)
    copies = [DecisionTreeClassifier(max_depth=d).fit(X, y) for d in (1, 2, 3)]
    votes, classes = np.array([1.0, 0.5, 2.0]), np.arange(3)
    slow = sum(v * np.where(c.predict(X)[:, None] == classes, 1, -0.5) for c, v in zip(copies, votes, strict=True))
    np.testing.assert_allclose(sum_votes(copies, votes, classes, X), slow)
    np.testing.assert_allclose(sum_votes(copies, votes, classes, X.astype(object)), slow)
    *_, last = staged_votes(copies, votes, classes, X)
    np.testing.assert_allclose(last, slow)
    assert [len(v) for v in node_votes(copies, votes)] == [c.tree_.node_count for c in copies]
    assert are_plain_trees(copies, X)
    assert not are_plain_trees([object()], X)
