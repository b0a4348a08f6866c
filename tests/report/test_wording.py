"""The headline says what the numbers say."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from panlearn.report.wording import finite_scores, headline, paired_lead
from tests.report.conftest import KINDS


def _with_scores(comparison, *scores, greater_is_better=True):
    rows = [row._replace(scores={comparison.metric: np.array(s)}) for row, s in zip(comparison.rows, scores)]
    return comparison._replace(rows=tuple(rows), greater_is_better=greater_is_better)


def test_headline_of_a_clear_win(binary):
    result, baseline, lead = headline(binary)
    assert result == (
        "LogisticRegression predicts label, one of two classes, best from 4 columns of 300 rows: "
        "accuracy 0.867 ± 0.035 over 5 folds."
    )
    assert baseline == "Always guessing the most frequent class gets accuracy 0.500 ± 0.000."
    assert "wins 5 of 5 folds: the lead is larger than its spread" in lead


def test_paired_difference_decides_not_the_spread_of_scores(binary):
    """Folds differ widely, the methods differ little but always: that is a clear lead."""
    hard = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    gain = np.array([0.02, 0.021, 0.019, 0.02, 0.022])
    comparison = _with_scores(binary, hard + gain, hard)
    lead = paired_lead(comparison, *comparison.rows[:2])
    np.testing.assert_allclose(lead, gain)
    assert lead.mean() / (lead.std(ddof=1) / np.sqrt(5)) == pytest.approx(ttest_rel(hard + gain, hard).statistic)
    assert "larger than its spread" in headline(comparison).lead


def test_a_lead_within_its_spread_is_a_tie(binary):
    comparison = _with_scores(binary, [0.9, 0.7, 0.8], [0.7, 0.9, 0.79])
    assert "take the two as equal" in headline(comparison).lead


def test_errors_count_the_other_way(binary):
    comparison = _with_scores(binary, [1.0, 1.1, 1.05], [2.0, 2.1, 2.04], greater_is_better=False)
    assert "wins 3 of 3 folds" in headline(comparison).lead


def test_equal_scores_and_single_folds_are_said(binary):
    assert "the same score on every fold" in headline(_with_scores(binary, [0.5, 0.6], [0.5, 0.6])).lead
    assert "single fold" in headline(_with_scores(binary, [0.6], [0.5])).lead


def test_a_winning_guess_is_said(binary):
    guess, other = binary.rows[2], binary.rows[0]
    other = other._replace(scores={"accuracy": np.full(5, 0.4)})
    assert "nothing tried does better" in headline(binary._replace(rows=(guess, other))).baseline


def test_nothing_ran():
    comparison = KINDS["nothing"]()
    assert headline(comparison).result.startswith("None of the 2 methods tried ran to the end")
    assert headline(comparison._replace(rows=())).result.startswith("No method ran")


def test_folds_not_run_are_not_scores():
    first = KINDS["partial"]().rows[0]
    assert finite_scores(first, "accuracy").size == 2
