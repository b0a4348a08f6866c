"""A comparison comes back as it was saved, but for its fitted model; damage is refused."""

import json
import zipfile

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.datasets import load_wine_quality
from panlearn.evaluation import compare, load_comparison, save_comparison


@pytest.fixture(scope="module")
def comparison():
    return compare(load_wine_quality("red")[::4], "quality", task="multiclass", cv=2, methods=["dummy", "decisiontree"])


def equal(one, two):
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two, equal_nan=one.dtype.kind == "f") and one.dtype == two.dtype
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, tuple):
        return type(one) is type(two) and len(one) == len(two) and all(map(equal, one, two))
    return one == two


def test_round_trip(comparison, tmp_path):
    found = load_comparison(save_comparison(comparison, tmp_path / "comparison.zip"))
    assert found.best is None
    assert equal(comparison._replace(best=None), found)
    assert load_comparison(tmp_path).metric == "accuracy"  # a folder will do


def test_files_hold_no_objects(comparison, tmp_path):
    with zipfile.ZipFile(save_comparison(comparison, tmp_path / "c.zip")) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"json", "npy"}


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"text"])
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "c.zip").write_bytes(data)
    with pytest.raises(DataError, match="not a comparison"):
        load_comparison(tmp_path / "c.zip")


def test_absent_and_newer_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="no comparison at"):
        load_comparison(tmp_path)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("comparison.json", json.dumps({"format": 99}))
    with pytest.raises(DataError, match="newer version"):
        load_comparison(tmp_path / "c.zip")
