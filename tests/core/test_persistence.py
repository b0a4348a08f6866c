"""A model comes back as it was saved; a file that is anything else is refused in one line, and never executed."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from panlearn.core import persistence
from panlearn.core.errors import ModelFileError
from panlearn.core.persistence import MANIFEST, load, save


class Outsider(BaseEstimator):
    """An estimator of neither panlearn nor scikit-learn."""


class Saved(NamedTuple):
    """A tuple of nobody's."""

    value: int


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    age = rng.normal(40, 10, 60)
    age[3] = np.nan
    X = pd.DataFrame({"age": age, "town": rng.choice(["Aix", "Bonn", "Cork"], 60)})
    return X, np.where(rng.random(60) > 0.5, "yes", "no")


def pipeline(last):
    numeric = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = ColumnTransformer([("n", numeric, ["age"]), ("c", OneHotEncoder(sparse_output=False), ["town"])])
    return make_pipeline(columns, last)


def rewrite(path: Path, **changes: bytes | None) -> None:
    """Replace members of a model file, leaving the manifest as it is unless it is named."""
    with zipfile.ZipFile(path) as archive:
        members: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    members |= {name.replace("__", "."): value for name, value in changes.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            if value is not None:
                archive.writestr(name, value)


def forge(path: Path, schema: dict) -> None:
    """Write a file with valid checksums whose tree of objects is `schema`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps({"protocol": 2, "_skops_version": skops.__version__, **schema}))
    path.write_bytes(persistence._with_manifest(buffer.getvalue()))


@pytest.mark.parametrize(
    "last",
    [
        LogisticRegression(random_state=np.random.RandomState(3)),
        KNeighborsClassifier(3),
        GridSearchCV(LogisticRegression(), {"C": np.array([0.1, 1.0], dtype=np.float32)}),
        HistGradientBoostingClassifier(max_iter=3),
        RandomForestClassifier(3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_pipeline_predicts_the_same_after_a_round_trip(last, table, tmp_path):
    X, y = table
    model = pipeline(last).fit(X, y)
    again = load(save(model, tmp_path / "model.panlearn"))
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert list(again.feature_names_in_) == ["age", "town"]


def test_arrays_come_back_bit_for_bit(tmp_path):
    state = np.random.RandomState(5)
    state.normal(size=3)
    kept = {
        "float32": np.array([[1.5, -0.0, np.inf, np.nan]], dtype=np.float32),
        "sparse": scipy.sparse.random_array((5, 4), density=0.4, format="csc", rng=0),
        "random": state,
        "words": np.array(["a", None, 1.5], dtype=object),
        "empty": np.empty((0, 3), order="F"),
    }
    again = load(save(kept, tmp_path / "arrays"))
    assert again["float32"].dtype == np.float32
    assert again["float32"].tobytes() == kept["float32"].tobytes()
    assert type(again["sparse"]) is type(kept["sparse"])
    assert np.array_equal(again["sparse"].toarray(), kept["sparse"].toarray())
    assert again["random"].normal() == state.normal()
    assert list(again["words"]) == ["a", None, 1.5]
    assert again["empty"].shape == (0, 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.booleans())
def test_any_damage_is_refused_or_harmless(position, bit, cut, tmp_path):
    path = save(Ridge(alpha=0.25).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0]), tmp_path / "model")
    data = bytearray(path.read_bytes())
    position %= len(data)
    if cut:
        data = data[:position]
    else:
        data[position] ^= 1 << bit
    path.write_bytes(data)
    model, message = None, ""
    try:
        model = load(path)  # bits of the zip's own dates and attributes carry nothing
    except ModelFileError as error:
        message = str(error)
    assert len(message.splitlines()) == (1 if model is None else 0)
    assert model is None or (model.alpha == 0.25 and model.coef_ == pytest.approx([4 / 3]))


def test_edited_members_are_noticed(tmp_path):
    path = save(Ridge(alpha=0.5), tmp_path / "model")
    with zipfile.ZipFile(path) as archive:
        schema = archive.read("schema.json")
    assert b"0.5" in schema
    rewrite(path, schema__json=schema.replace(b"0.5", b"9.5"))
    with pytest.raises(ModelFileError, match="changed after it was saved"):
        load(path)
    rewrite(path, schema__json=schema, extra=b"more")
    with pytest.raises(ModelFileError, match="changed after it was saved"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no complete zip"),
        (b"age,town\n1,Aix\n", "is no complete zip"),
        (pickle.dumps(Ridge()), "looks like a pickle"),
        (b"\x1f\x8b\x08rest", "looks like a pickle"),
    ],
)
def test_foreign_files_are_refused(content, message, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        load(path)


def test_other_zips_are_refused(tmp_path):
    path = tmp_path / "model"
    skops.io.dump(Ridge(), path)
    with pytest.raises(ModelFileError, match="a zip but not a panlearn model"):
        load(path)
    path = save(Ridge(), tmp_path / "other")
    rewrite(path, **{MANIFEST: b"{"})
    with pytest.raises(ModelFileError, match="damaged"):
        load(path)


def test_paths_that_hold_no_file(tmp_path):
    with pytest.raises(ModelFileError, match=r"no file at .*gone"):
        load(tmp_path / "gone")
    with pytest.raises(ModelFileError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(ModelFileError, match="is a folder"):
        save(Ridge(), tmp_path)
    with pytest.raises(ModelFileError, match=r"folder .*gone does not exist"):
        save(Ridge(), tmp_path / "gone" / "model")


@pytest.mark.parametrize(("version", "form"), [("99.0.0", 1), ("0.1.0", persistence.FORMAT + 1)])
def test_newer_files_ask_for_an_upgrade(version, form, tmp_path):
    path = save(Ridge(), tmp_path / "model")
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    rewrite(path, **{MANIFEST: json.dumps(manifest | {"panlearn": version, "format": form}).encode()})
    with pytest.raises(ModelFileError, match=rf"saved by panlearn {version}.*upgrade"):
        load(path)


def test_unknown_classes_have_to_be_trusted_by_name(tmp_path):
    path = save(make_pipeline(StandardScaler(), Outsider()), tmp_path / "model")
    name = f"{Outsider.__module__}.Outsider"
    with pytest.raises(ModelFileError, match=rf'trusted=\["{name}"\]'):
        load(path)
    assert isinstance(load(path, trusted=[name])[-1], Outsider)
    assert isinstance(load(path, trusted=[Outsider])[-1], Outsider)
    with pytest.raises(ModelFileError, match="Saved"):
        load(save(Saved(1), tmp_path / "tuple"))


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "numpy.memmap",
        "numpy.lib._npyio_impl.NpzFile",
        "scipy.io._netcdf.netcdf_file",
        "sklearn.datasets._openml.fetch_openml",
        "panlearn.core.persistence.save",
        "panlearn.core.persistence.Path",
        "panlearn.core.persistence.zipfile",
        "panlearn.no_such_module.Thing",
        "numpy.f2py.__main__.main",
    ],
)
def test_nothing_that_acts_is_trusted(name):
    assert not persistence._is_harmless(name)


@pytest.mark.parametrize("loader", ["DictNode", "ConstructorFromReduceNode", "ListNode"])
def test_a_forged_file_calls_nothing(loader, tmp_path):
    marker = tmp_path / "written"
    word = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(str(marker))}
    inner = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [word]}
    content = {"DictNode": {}, "ListNode": [word], "ConstructorFromReduceNode": inner}[loader]
    schema = {"__class__": "mkdir", "__module__": "os", "__loader__": loader, "content": content}
    path = tmp_path / "model"
    forge(path, schema | {"key_types": {**inner, "__class__": "list", "__loader__": "ListNode", "content": []}})
    with pytest.raises(ModelFileError, match=r"os\.mkdir"):
        load(path)
    assert not marker.exists()


def test_a_schema_that_makes_no_sense_is_refused(tmp_path):
    path = tmp_path / "model"
    for schema in ({}, {"__loader__": "NoSuchNode", "__class__": "x", "__module__": "y"}):
        forge(path, schema)
        with pytest.raises(ModelFileError, match="does not describe a model"):
            load(path)


@pytest.mark.parametrize("model", [HistGradientBoostingClassifier(max_iter=1), RandomForestClassifier(1)])
def test_trees_that_point_outside_themselves_are_refused(model, tmp_path):
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(80, 2)), rng.integers(0, 2, 80))
    tree = model.estimators_[0].tree_ if hasattr(model, "estimators_") else model._predictors[0][0]
    if hasattr(tree, "nodes"):
        tree.nodes["left"][0] = 10**6
    else:
        tree.feature[0] = 10**6
    with pytest.raises(ModelFileError, match="tampered"):
        load(save(model, tmp_path / "model"))


def test_models_that_no_file_can_describe(tmp_path):
    with pytest.raises(ModelFileError, match=r"lambda.*has no name"):
        save(FunctionTransformer(lambda X: X), tmp_path / "model")
    with pytest.raises(ModelFileError, match="cannot be saved"):
        save({"file": io.TextIOWrapper(io.BytesIO())}, tmp_path / "model")
    loop: list = []
    loop.append(loop)
    with pytest.raises(ModelFileError, match="refers back to itself"):
        save(loop, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = save(Ridge(alpha=1.0), tmp_path / "model")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(persistence.os, "fsync", full)
    with pytest.raises(ModelFileError, match="No space left"):
        save(Ridge(alpha=2.0), path)
    assert load(path).alpha == 1.0
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
