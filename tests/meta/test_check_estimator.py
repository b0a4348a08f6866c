"""scikit-learn's own contract, for every estimator that the package offers.

A check that cannot hold is listed beside the class, with its reason, in `_expected_failed_checks`.
"""

import warnings

import pytest
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from panlearn.core.registry import discover

ENTRIES = list(discover())


def instances() -> list:
    """One of each estimator, with its defaults; an estimator whose constructor needs a part names it itself."""
    return [entry.estimator() for entry in ENTRIES]


def expected(estimator) -> dict[str, str]:
    return type(estimator)._expected_failed_checks


with warnings.catch_warnings():
    # of an estimator of texts only the checks without data are made, and a warning says so
    warnings.filterwarnings("ignore", "Can't test estimator", SkipTestWarning)
    with_checks = parametrize_with_checks(instances(), expected_failed_checks=expected)

if ENTRIES:

    @with_checks
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_contract(estimator, check):
        check(estimator)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_exception_has_a_reason(entry):
    for check, reason in entry.estimator._expected_failed_checks.items():
        assert check.startswith("check_")
        assert len(reason.split()) >= 4, f"{entry.name}: say why {check} cannot hold"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_constructor_only_stores(entry):
    model = entry.estimator()
    assert vars(model) == model.get_params(deep=False)
    assert repr(clone(model)) == repr(model)
