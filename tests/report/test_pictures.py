"""The pictures that each kind of comparison allows."""

import numpy as np
import pytest

from panlearn.report.pictures import pictures
from tests.report.conftest import KINDS, classification

COMMON = ["Scores over folds", "Learning curve", "Importance of the columns"]
OF_BEST = {
    "binary": ["Confusions", "Calibration", "ROC curve", "Precision and recall"],
    "multiclass": ["Confusions", "Calibration"],
    "regression": ["Predictions", "Errors"],
}


@pytest.mark.parametrize("kind", OF_BEST)
def test_each_task_has_its_pictures(kind):
    titles = [picture.title for picture in pictures(KINDS[kind]())]
    of_best = [title.rpartition(" of ")[0] for title in titles if title not in COMMON]
    assert of_best == OF_BEST[kind]
    assert [title for title in titles if title in COMMON] == COMMON


def test_partial_results_use_the_rows_that_were_tested():
    confusion = next(p for p in pictures(KINDS["partial"]()) if p.title.startswith("Confusions"))
    counts = [int(text) for text in _texts(confusion.svg) if text.isdigit()]
    assert sum(counts) == 120  # two of five folds of 300 rows


def test_nothing_ran_nothing_drawn():
    assert pictures(KINDS["nothing"]()) == []


def test_a_best_method_without_probabilities_has_no_calibration():
    comparison = KINDS["binary"]()
    rows = (comparison.rows[0]._replace(probability=None), *comparison.rows[1:])
    titles = [picture.title for picture in pictures(comparison._replace(rows=rows))]
    assert not any("Calibration" in title for title in titles)


def test_a_fold_with_one_class_only_has_no_roc_curve():
    comparison = KINDS["binary"]()
    folds = np.where(comparison.target == "yes", 0, -1)
    titles = [picture.title for picture in pictures(comparison._replace(folds=folds))]
    assert not any("ROC" in title for title in titles)


def test_many_classes_and_many_methods_stay_small():
    comparison = classification(tuple(f"class {i:02d}" for i in range(25)), n=500)
    many = tuple(comparison.rows[0]._replace(name=f"method {i}") for i in range(200))
    drawn = pictures(comparison._replace(rows=many))
    assert sum(len(picture.svg) for picture in drawn) < 500_000


def _texts(svg: str) -> list[str]:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg)
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
