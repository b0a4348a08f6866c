"""Models on disk: a zip of JSON and arrays, in which nothing can execute.

A pickle is a program that runs when it is opened. A panlearn file is a description: `schema.json` (the tree of objects,
written by skops) names classes and holds plain values, `*.npy` hold the arrays, and `panlearn.json` records the version
and the SHA-256 of every other member. Loading proceeds in this order, and stops at the first thing amiss:

1. The file is a zip whose members are those of the manifest, with those hashes: damage and edits are detected. (It is a
   checksum, not a signature: who can write the file can write the manifest as well. Safety rests on step 3.)
2. It was written by this version of panlearn or an older one.
3. Every class it names is one that cannot do harm when it is rebuilt: an estimator of panlearn or scikit-learn (their
   constructors only store), a result tuple of panlearn, a NumPy scalar, a SciPy sparse matrix. *Functions are never
   trusted*, since the file decides what is called; nor are other classes of NumPy and SciPy (`np.memmap` can overwrite
   a file). Anything else has to be named by the caller in `trusted`.

Writing goes to a temporary file that replaces the old one at the end, so a full disk leaves the old file whole.
"""

import contextlib
import hashlib
import importlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from panlearn.core.errors import ModelFileError

__all__ = ["load", "save"]

MANIFEST = "panlearn.json"
FORMAT = 1  # raised when an older panlearn could not read the file
# Parts of scikit-learn's fitted estimators that are no estimators themselves, beyond those skops knows to be harmless.
PARTS = {
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
}


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a model to one file that `load` reads back.

    Parameters
    ----------
    model : estimator
        A fitted (or unfitted) estimator of panlearn or scikit-learn, a pipeline of them, or plain containers of those.
    path : str or path-like
        Where to write; an existing file is replaced in one step.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    ModelFileError
        If the folder is missing or the disk refuses, or the model holds something that only a program could rebuild
        (a lambda, an open file).

    Examples
    --------
    >>> import tempfile, panlearn
    >>> from sklearn.linear_model import Ridge
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = panlearn.save(Ridge(alpha=0.5), f"{folder}/ridge.panlearn")
    ...     panlearn.load(path)
    Ridge(alpha=0.5)
    """
    path = Path(path)
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder: give the name of a file to write, as {path / 'model.panlearn'}")
    if not path.parent.is_dir():
        raise ModelFileError(f"the folder {path.parent} does not exist: create it first")
    data = _with_manifest(_dump(model))
    # Plain `open` rather than `tempfile`, so that the file gets the permissions the user's umask asks for.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise ModelFileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return path


def load(path: str | os.PathLike[str], *, trusted: Sequence[str | type] = ()) -> Any:
    """Read a model that `save` wrote; nothing in the file is executed.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : sequence of str or type, default=()
        Further classes the file may hold, as "package.module.Class": your own, after you have read them.

    Returns
    -------
    estimator
        The model as it was saved.

    Raises
    ------
    ModelFileError
        If there is no such file, if it is not a panlearn model, if it was damaged or edited, if a newer version wrote
        it, or if it names a class that is not trusted.

    Examples
    --------
    A class that only the caller can vouch for is refused until it is named.

    >>> import fractions, tempfile, panlearn
    >>> from sklearn.linear_model import Ridge
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = panlearn.save({"model": Ridge(), "share": fractions.Fraction(1, 3)}, f"{folder.name}/m.panlearn")
    >>> panlearn.load(path)
    Traceback (most recent call last):
    panlearn.core.errors.ModelFileError: ... holds fractions.Fraction, which panlearn does not know; ...
    >>> panlearn.load(path, trusted=["fractions.Fraction"])["share"]
    Fraction(1, 3)
    >>> folder.cleanup()
    """
    from skops.io import loads  # here, because it imports the whole of scikit-learn

    path = Path(path)
    data = _read(path)
    _check_manifest(data, path)
    try:
        allowed = [*trusted, *_harmless(data, trusted, path)]
        model = loads(data, trusted=allowed)
        _check_trees(model, path)
    except ModelFileError:
        raise
    except Exception as error:  # a schema that parses but makes no sense fails somewhere inside skops
        raise ModelFileError(f"{path} does not describe a model: {type(error).__name__}: {error}") from error
    return model


def _dump(model: Any) -> bytes:
    """Return the skops zip of a model."""
    from skops.io import dumps, get_untrusted_types

    try:
        data = dumps(model, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    except RecursionError:
        raise ModelFileError(f"{type(model).__name__} cannot be saved: it refers back to itself") from None
    except Exception as error:  # skops passes on whatever the object's own reduction raises
        raise ModelFileError(f"{type(model).__name__} cannot be saved: {error}") from error
    if nameless := [name for name in get_untrusted_types(data=data) if "<" in name]:
        raise ModelFileError(
            f"{type(model).__name__} cannot be saved: it holds {nameless[0]}, which has no name to be found by again; "
            "define it with `def` at the top of a module"
        )
    return data


def _with_manifest(data: bytes) -> bytes:
    """Append the manifest: version and the hash of every member."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", compression=zipfile.ZIP_DEFLATED) as archive:
        manifest = {"format": FORMAT, "panlearn": _version(), "sha256": _hashes(archive)}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return buffer.getvalue()


def _hashes(archive: zipfile.ZipFile) -> dict[str, str]:
    """SHA-256 of each member but the manifest."""
    names = [name for name in archive.namelist() if name != MANIFEST]
    return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}


def _version() -> str:
    from panlearn import __version__  # at call time: the package imports this module

    return __version__


def _read(path: Path) -> bytes:
    """Return the bytes of a file, with a plain message when there is none."""
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder: give the model file inside it")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"no file at {path}: check the path") from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}") from error


def _check_manifest(data: bytes, path: Path) -> None:
    """Refuse what is not a panlearn file, was damaged, or comes from a newer version."""
    if data[:1] == b"\x80" or data[:2] in (b"\x78\x9c", b"\x78\x01", b"\x1f\x8b"):
        raise ModelFileError(
            f"{path} looks like a pickle or joblib file, which can run any code when opened; panlearn does not open "
            "those: save the model with panlearn.save"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if MANIFEST not in names:
                raise ModelFileError(f"{path} is a zip but not a panlearn model: it has no {MANIFEST}")
            manifest = json.loads(archive.read(MANIFEST))
            _check_version(manifest, path)
            whole = manifest["sha256"] == _hashes(archive) and len(set(names)) == len(names)
    except ModelFileError:
        raise
    except (zipfile.BadZipFile, EOFError):
        raise ModelFileError(f"{path} is not a panlearn model, or was cut short: it is no complete zip") from None
    except Exception as error:  # zlib, JSON, missing keys, encodings: all mean a damaged member
        raise ModelFileError(f"{path} is damaged: {error}; save the model again") from error
    if not whole:
        raise ModelFileError(f"{path} was changed after it was saved: its members do not match their checksums")


def _check_version(manifest: dict[str, Any], path: Path) -> None:
    """Refuse a file from a newer minor version: it may hold what this one would misread."""
    theirs, ours = (tuple(int(n) for n in re.findall(r"\d+", v)[:2]) for v in (manifest["panlearn"], _version()))
    if manifest["format"] > FORMAT or theirs > ours:
        raise ModelFileError(
            f"{path} was saved by panlearn {manifest['panlearn']}, this is {_version()}: "
            "upgrade with `pip install --upgrade panlearn`"
        )


def _harmless(data: bytes, trusted: Sequence[str | type], path: Path) -> list[str]:
    """Names of the classes in the file that may be rebuilt; raises on any other."""
    from skops.io import get_untrusted_types

    given = {name if isinstance(name, str) else f"{name.__module__}.{name.__qualname__}" for name in trusted}
    names = [name for name in get_untrusted_types(data=data) if name not in given]
    for name in names:
        if not _is_harmless(name):
            raise ModelFileError(
                f'{path} holds {name}, which panlearn does not know; if you trust it, load(path, trusted=["{name}"])'
            )
    return names


def _is_harmless(name: str) -> bool:
    """Whether `name` is a class whose construction only stores values."""
    import scipy.sparse
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator

    module_name, _, class_name = name.rpartition(".")
    parts = module_name.split(".")
    if name in PARTS:
        return True
    if parts[0] not in ("panlearn", "sklearn", "numpy", "scipy") or {"tests", "conftest", "__main__"} & {*parts}:
        return False
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError):
        return False
    # The name has to be the class's own address: a module also holds what it imports, `os.replace` among them.
    if not isinstance(found, type) or found.__module__ != module_name:
        return False
    is_tuple = issubclass(found, tuple) and hasattr(found, "_fields")
    return (
        (parts[0] in ("panlearn", "sklearn") and issubclass(found, (BaseEstimator, BaseCrossValidator)))
        or (parts[0] == "panlearn" and is_tuple)
        or issubclass(found, (np.generic, scipy.sparse.sparray, scipy.sparse.spmatrix))
    )


def _walk(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every object inside a model, once."""
    if id(value) in seen or isinstance(value, (str, bytes, int, float, np.ndarray)):
        return
    seen.add(id(value))
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for part in (*inner, *getattr(value, "__dict__", {}).values()):
        yield from _walk(part, seen)


def _check_trees(model: Any, path: Path) -> None:
    """Refuse trees whose nodes point outside themselves: scikit-learn follows them without looking."""
    for part in _walk(model, set()):
        if hasattr(part, "_fit_X") and getattr(part, "_tree", None) is not None:
            # a search tree is an index into data that the file holds as well: build it anew
            settings = part.effective_metric_params_
            part._tree = type(part._tree)(part._fit_X, part.leaf_size, metric=part.effective_metric_, **settings)
            continue
        if hasattr(part, "tree_"):
            tree = part.tree_
            sound = _is_sound(tree.children_left != -1, tree.children_left, tree.children_right, tree.feature, part)
        else:
            boosted = [tree for stage in getattr(part, "_predictors", ()) for tree in stage]
            sound = all(_is_sound_boosted(tree, part) for tree in boosted)
        if not sound:
            raise ModelFileError(f"{path} holds a tree whose nodes point outside it: the file was tampered with")


def _is_sound_boosted(tree: Any, ensemble: Any) -> bool:
    """Whether a histogram-boosting tree stays inside its own arrays."""
    nodes = tree.nodes
    sets = nodes["bitset_idx"][nodes["is_categorical"] != 0]
    return bool(np.all(sets < len(tree.raw_left_cat_bitsets))) and _is_sound(
        nodes["is_leaf"] == 0, nodes["left"], nodes["right"], nodes["feature_idx"], ensemble
    )


def _is_sound(inner: np.ndarray, left: np.ndarray, right: np.ndarray, feature: np.ndarray, owner: Any) -> bool:
    """Whether inner nodes lead to later nodes (so that each walk ends) and test features that exist."""
    parent = np.flatnonzero(inner)
    children = np.stack([left[parent], right[parent]]).astype(np.int64)
    feature = feature[parent].astype(np.int64)
    ahead = (children > parent) & (children < len(inner))
    return bool(ahead.all() and np.all((feature >= 0) & (feature < owner.n_features_in_)))
