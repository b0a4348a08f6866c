"""ROC and precision-recall curves."""

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from panlearn.plot import plot_precision_recall, plot_roc
from panlearn.plot.ranking import POINTS


def test_the_curve_drawn_has_the_area_written():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 20_000)
    score = truth + 2 * rng.normal(size=20_000)
    line = plot_roc(truth, score).axes[0].lines[-1]
    false_rate, true_rate = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert len(false_rate) <= POINTS
    assert auc(false_rate, true_rate) == pytest.approx(roc_auc_score(truth, score), abs=1e-3)


def test_a_perfect_ranking_has_precision_one_everywhere():
    line = plot_precision_recall([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).axes[0].lines[-1]
    recall, precision = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert np.all(precision[recall < 1] == 1)


@pytest.mark.parametrize("plot", [plot_roc, plot_precision_recall])
def test_one_class_is_said(plot):
    with pytest.raises(ValueError, match="both classes, got 2 positive of 2 rows"):
        plot([1, 1], [0.1, 0.2])
