"""A comparison on disk: a zip of one JSON file and plain arrays; no pickle, nothing that executes.

    comparison.json     the tuples, with each array replaced by {"array": number}
    arrays/7.npy        NumPy's own format, of numbers or texts

The fitted winner is not part of it (`panlearn.save` keeps models): a comparison that is read back has `best=None`.
"""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.evaluation.comparison import Column, Comparison, DataSummary, Row

FORMAT = 1


def save_comparison(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write a comparison to a file, without its fitted model.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returned.
    path : str or path-like
        The file, by custom `comparison.zip`.

    Returns
    -------
    Path
        The path written.

    Examples
    --------
    >>> import tempfile
    >>> from panlearn.datasets import load_wine_quality
    >>> from panlearn.evaluation import compare
    >>> comparison = compare(load_wine_quality("red")[:100], "quality", methods=["sklearn: Dummy"], cv=2)
    >>> path = save_comparison(comparison, f"{tempfile.mkdtemp()}/comparison.zip")
    >>> zipfile.ZipFile(path).namelist()[:2]
    ['comparison.json', 'arrays/0.npy']
    """
    arrays: list[np.ndarray] = []
    plain = _plain(comparison._replace(best=None), arrays)
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("comparison.json", json.dumps({"format": FORMAT, "comparison": plain}, indent=1))
        for number, array in enumerate(arrays):
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(f"arrays/{number}.npy", buffer.getvalue())
    return Path(path)


def load_comparison(path: str | os.PathLike[str]) -> Comparison:
    """Read a comparison that `save_comparison` wrote.

    Parameters
    ----------
    path : str or path-like
        The file, or the folder that holds `comparison.zip`.

    Returns
    -------
    Comparison
        The same, with `best=None`.

    Raises
    ------
    DataError
        If there is no such file, or it holds no comparison.

    Examples
    --------
    >>> load_comparison("no_such_folder")
    Traceback (most recent call last):
    panlearn.core.errors.DataError: no comparison at no_such_folder: give the folder that `panlearn compare --out` wrote
    """
    path = Path(path)
    file = path / "comparison.zip" if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"no comparison at {file}: give the folder that `panlearn compare --out` wrote")
    try:
        with zipfile.ZipFile(file) as archive:
            saved = json.loads(archive.read("comparison.json"))
            if saved["format"] > FORMAT:
                raise DataError(f"{file} was written by a newer version of panlearn: upgrade to read it")
            names = sorted((n for n in archive.namelist() if n.startswith("arrays/")), key=lambda n: int(n[7:-4]))
            arrays = [np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in names]
        return _comparison(_restored(saved["comparison"], arrays))
    except DataError:
        raise
    except Exception as wrong:  # a zip, JSON, key or array that is not what was written
        raise DataError(
            f"{file} is not a comparison, or is damaged ({type(wrong).__name__}): run compare again"
        ) from None


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """Tuples as lists or objects, arrays as their number."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if hasattr(value, "_asdict"):
        return {name: _plain(part, arrays) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {"items": [[name, _plain(part, arrays)] for name, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_plain(part, arrays) for part in value]
    return value


def _restored(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, list):
        return tuple(_restored(part, arrays) for part in value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"array"}:
        return arrays[value["array"]]
    if value.keys() == {"items"}:
        return {name: _restored(part, arrays) for name, part in value["items"]}
    return {name: _restored(part, arrays) for name, part in value.items()}


def _comparison(fields: dict[str, Any]) -> Comparison:
    data = dict(fields["data"])
    data["columns"] = tuple(Column(**column) for column in data["columns"])
    rows = tuple(Row(**row) for row in fields["rows"])
    return Comparison(**{**fields, "data": DataSummary(**data), "rows": rows})
