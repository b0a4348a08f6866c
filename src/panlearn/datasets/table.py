"""One table from one file: CSV, TSV, Parquet or JSON lines, plain or gzipped.

pandas parses; this file decides what to tell it (`text_format.py`) and turns what can go wrong into one line with the
remedy. A table that can be read but not wholly trusted (an encoding that had to be assumed) carries its remarks in
`table.attrs["notes"]`.
"""

import csv
import difflib
import gzip
import io
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from panlearn.core.errors import DataError
from panlearn.datasets.text_format import HEAD, TextFormat, find_format

MISSING = ("?",)  # beside pandas' own: the empty cell, NA, N/A, NaN, null, None, ...
GZIP = b"\x1f\x8b"
PACKED = {
    b"PK\x03\x04": "a zip archive (or an Excel workbook)",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
PARQUET = b"PAR1"
BLANKS = re.compile(r"^\s+|\s+$")


def read_table(path: str | os.PathLike[str], *, encoding: str | None = None) -> pd.DataFrame:
    r"""Read a table from a file.

    The format is told from the contents and the name: Parquet, JSON lines (`.jsonl`, `.ndjson`, `.json`), otherwise
    text with a header line and a delimiter that is found. Each may be gzipped. Blanks around cells are removed; empty
    cells, `?`, `NA` and the like are missing.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoding : str, optional
        Encoding of a text file, as "gb18030"; found by default (UTF-8, UTF-16, otherwise Latin-1 with a remark).

    Returns
    -------
    pandas.DataFrame
        The table; remarks on how it was read are in `attrs["notes"]`, a list of sentences.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read as a table; the message is one line and names the remedy.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "wines.csv"
    >>> _ = file.write_text("colour; grade\nred ;5\nwhite;?\n", encoding="utf-16")
    >>> read_table(file).to_dict("list")
    {'colour': ['red', 'white'], 'grade': [5.0, nan]}
    """
    path = Path(path)
    _check_path(path)
    notes: list[str] = []
    try:
        head = _head(path)
        table = _parse(path, head, encoding, notes)
    except DataError as wrong:
        raise DataError(f"{path} cannot be read: {wrong}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(
            f"{path} cannot be read: the gzip file is cut short or damaged: fetch or compress it again"
        ) from None
    except MemoryError:
        raise DataError(f"{path} cannot be read: it does not fit in memory: take a sample of its rows") from None
    except OSError as wrong:
        raise DataError(f"{path} cannot be read: {wrong.strerror or wrong}") from None
    table = _tidy(table)
    if table.shape[1] == 0 or len(table) == 0:
        raise DataError(
            f"{path} has {_plural(table.shape[1], 'column')} but no rows: add the data below the header line"
        )
    if sum(_is_number(name) for name in table.columns) > 0.5 * table.shape[1]:
        notes.append("Most column names are numbers: the header line may be missing.")
    table.attrs |= {"path": str(path), "notes": notes}
    return table


def _plural(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _is_number(name: Any) -> bool:
    return re.fullmatch(r"[-+]?\d*\.?\d+(\.\d+)?", str(name)) is not None


def _check_path(path: Path) -> None:
    """Refuse what is not a file with something in it."""
    try:
        if path.is_dir():
            files = sorted(p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            example = f", such as {path / files[0]}" if files else ""
            raise DataError(f"{path} is a folder: name one file{example}")
        size = path.stat().st_size
    except FileNotFoundError:
        raise DataError(f"no file at {path}{_similar(path)}") from None
    except DataError:
        raise
    except (OSError, ValueError) as wrong:  # a name too long, a folder that is closed to us, a NUL in the name
        raise DataError(f"{str(path)[:200]} cannot be opened: {getattr(wrong, 'strerror', None) or wrong}") from None
    if size == 0 and path.is_file():
        raise DataError(f"{path} is empty (0 bytes): check how it was written or copied")


def _similar(path: Path) -> str:
    """A hint at what may have been meant: the files beside it with like names."""
    if not path.parent.is_dir():
        return f": the folder {path.parent} does not exist either; check the path"
    close = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=3, cutoff=0.6)
    return f": did you mean {' or '.join(close)}?" if close else ": check the name and the folder"


def _head(path: Path) -> bytes:
    """The first bytes of the file, unpacked."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(GZIP):
        with gzip.open(path) as file:
            head = file.read(HEAD)
    for magic, name in PACKED.items():
        if head.startswith(magic):
            raise DataError(f"it is {name}: unpack it, or export it as CSV")
    if not head.strip():
        raise DataError("it holds only blanks: check how it was written")
    return head


def _open(path: Path) -> Any:
    """The file as unpacked bytes."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return gzip.open(path) if packed else path.open("rb")


def _parse(path: Path, head: bytes, encoding: str | None, notes: list[str]) -> pd.DataFrame:
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in (".gz", ".gzip")]
    suffix = suffixes[-1] if suffixes else ""
    if head.startswith(PARQUET) or suffix in (".parquet", ".pq"):
        return _read_parquet(path)
    given = encoding
    form = find_format(head, encoding=encoding, delimiter="\t" if suffix in (".tsv", ".tab") else None)
    read = _read_json if suffix in (".jsonl", ".ndjson", ".json") else _read_text
    try:
        table = read(path, form)
    except UnicodeDecodeError:  # beyond the head
        if given or form.encoding != "utf-8":
            raise DataError(f"not all of it is {form.encoding}: convert it to UTF-8, or name its encoding") from None
        form = form._replace(encoding="latin-1")
        table = read(path, form)
    if form.encoding == "latin-1" and not given:
        notes.append("The file is not UTF-8 and was read as Latin-1: if letters look wrong, name its encoding.")
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        with _open(path) as file:
            table = pd.read_parquet(io.BytesIO(file.read()))
    except ImportError:
        raise DataError("Parquet needs pyarrow: run `pip install pyarrow`, or export the table as CSV") from None
    except (OSError, EOFError):
        raise
    except Exception as wrong:  # pyarrow has many kinds of errors for a damaged file, all of them ValueErrors or worse
        raise DataError(
            f"it is not a whole Parquet file ({_first_line(wrong)[:80]}): write or fetch it again"
        ) from None
    return table if isinstance(table.index, pd.RangeIndex) else table.reset_index()


def _read_json(path: Path, form: TextFormat) -> pd.DataFrame:
    """JSON lines; a file that is one JSON array of objects is taken too."""
    records = []
    with io.TextIOWrapper(_open(path), encoding=form.encoding) as file:
        start = file.read(1)
        file.seek(0)
        texts = [file.read()] if start == "[" else file
        for number, text in enumerate(texts, 1):
            if text.strip():
                records += _records(text, number)
    return pd.DataFrame.from_records(records)


def _records(text: str, number: int) -> list[dict[str, Any]]:
    """The object, or the objects, of one line; nested values become their JSON text."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise DataError(f"line {number} is not JSON ({wrong.msg}): write one object a line") from None
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise DataError(f'line {number} is not a JSON object: write one a line, as {{"age": 39, "income": 51000}}')
    return [{k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()} for row in rows]


def _read_text(path: Path, form: TextFormat) -> pd.DataFrame:
    """A delimited table; a header one name short means that the rows begin with their names, as R writes them."""
    options = {"sep": form.delimiter, "decimal": form.decimal, "encoding": form.encoding, "na_values": list(MISSING)}
    try:
        with _open(path) as file:
            table = pd.read_csv(file, skipinitialspace=form.delimiter != "\t", low_memory=False, **options)
    except pd.errors.EmptyDataError:
        raise DataError("it has no columns: the first line has to name them") from None
    except pd.errors.ParserError as wrong:
        raise DataError(_ragged(str(wrong))) from None
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index(names="row name")
    if len(table) and table.iloc[:, -1].isna().any():  # a row that is too short ends in a missing cell
        _check_widths(path, form)
    return table


def _ragged(message: str) -> str:
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if not found:
        return (
            f"{_first_line(message).removeprefix('Error tokenizing data. C error: ')}: check its quotes and delimiters"
        )
    expected, line, saw = found.groups()
    return _uneven(int(line), int(saw), int(expected))


def _uneven(line: int, saw: int, expected: int) -> str:
    return f"line {line} has {_plural(saw, 'field')} where {expected} are expected: quote cells that hold the delimiter"


def _check_widths(path: Path, form: TextFormat) -> None:
    """Refuse rows with fewer fields than the first row: pandas would fill them with missing cells."""
    with io.TextIOWrapper(_open(path), encoding=form.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=form.delimiter, skipinitialspace=form.delimiter != "\t")
        header = len(next(reader, []))
        for row in reader:
            if row and len(row) < header:
                raise DataError(_uneven(reader.line_num, len(row), header))


def _first_line(wrong: object) -> str:
    return str(wrong).strip().split("\n")[0][:200]


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Strip blanks, see the missing markers they hid, and read columns of numbers as numbers."""
    table.columns = [str(name).strip() for name in table.columns]
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
            continue
        values = column.astype(object)
        texts = values.map(lambda v: isinstance(v, str))
        stripped = values.where(~texts, values[texts].astype(str).str.strip())
        stripped = stripped.mask(stripped.isin(["", *MISSING]))
        table.isetitem(position, _as_numbers(stripped))
    return table


def _as_numbers(values: pd.Series) -> pd.Series:
    """The values as numbers if every one of them is; truth values stay what they are."""
    if values.isna().all() or values.map(lambda v: isinstance(v, bool)).any():
        return values
    try:
        return pd.Series(pd.to_numeric(values))
    except (ValueError, TypeError):
        return values
