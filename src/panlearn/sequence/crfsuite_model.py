"""Models that CRFsuite has written, read from their files [okazaki2007].

A file is a header of twelve numbers, the list of features, and two tables of strings, labels and attributes:

    header      "lCRF", size, "FOMC", version, …, and from byte 28 on the places of features, labels, attributes
    features    "FEAT", size, count; each: kind (0 attribute → label, 1 label → label), from, to, weight
    strings     "CQDB", size, …, at byte 16 their number and the place of a list of places; each: number, length, text

All numbers are of 32 bits, lowest byte first, weights are float64. Every place is checked before it is followed, so
that a damaged file is an error and nothing else.
"""

import struct
from pathlib import Path

import numpy as np

from panlearn.core.errors import ModelFileError
from panlearn.sequence.crf_features import StateFeatures
from panlearn.sequence.crf_predictions import ChainWeights

MAGIC = b"lCRF"
FEATURE = np.dtype([("kind", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")])


def read_crfsuite_model(path: Path) -> tuple[ChainWeights, list[str]]:
    """Weights of a CRFsuite model, and the names of its attributes.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    chain : ChainWeights
        The model.
    names : list of str
        Attributes in the order of their numbers.

    Raises
    ------
    ModelFileError
        If the file is no model of CRFsuite, or is damaged.
    """
    data = path.read_bytes()
    if data[:4] != MAGIC:
        raise ModelFileError(f"{path} is no model of CRFsuite: it does not begin with {MAGIC.decode()}.")
    try:
        places = struct.unpack_from("<3I", data, 28)
        features = _features(data, places[0])
        classes, names = _strings(data, places[1]), _strings(data, places[2])
        return _chain(features, classes, len(names)), names
    except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path} is damaged: {error}.") from None


def _features(data: bytes, place: int) -> np.ndarray:
    chunk, _, count = struct.unpack_from("<4sII", data, place)
    if chunk != b"FEAT":
        raise ValueError("there are no features where they should be")
    return np.frombuffer(data, FEATURE, count, place + 12)


def _strings(data: bytes, place: int) -> list[str]:
    """Strings of a table in the order of their numbers."""
    chunk, _, _, _, count, at = struct.unpack_from("<4s5I", data, place)
    if chunk != b"CQDB":
        raise ValueError("there is no table of strings where it should be")
    found = []
    for start in struct.unpack_from(f"<{count}I", data, place + at):
        _, length = struct.unpack_from("<II", data, place + start)
        text = data[place + start + 8 : place + start + 8 + length]
        if not length or len(text) < length:
            raise ValueError("a string is cut short")
        found.append(text[:-1].decode())
    return found


def _chain(features: np.ndarray, classes: list[str], n_attributes: int) -> ChainWeights:
    L, states = len(classes), features[features["kind"] == 0]
    steps, matrix = features[features["kind"] == 1], np.zeros((L, L))
    sizes = ((features["target"], L), (states["source"], n_attributes), (steps["source"], L))
    if any((numbers >= size).any() for numbers, size in sizes) or not np.isfinite(features["weight"]).all():
        raise ValueError("a feature points outside the tables")
    matrix[steps["source"], steps["target"]] = steps["weight"]
    states = states[np.lexsort((states["target"], states["source"]))]
    counts = np.bincount(states["source"], minlength=n_attributes)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    kept = StateFeatures(indptr, states["target"].astype(np.int32), np.empty(0))
    return ChainWeights(classes, kept, states["weight"].astype(np.float64), matrix)
