"""How a text table is written: its encoding, its delimiter, its decimal mark, all told from its first 64 kilobytes.

Nothing in a CSV file says how it was written. The evidence is tried from strong to weak:

1. a byte-order mark: UTF-8, UTF-16 or UTF-32 for certain;
2. a NUL in (nearly) every second byte: UTF-16 whose mark was lost;
3. other control characters: not text at all;
4. valid UTF-8: text in other encodings almost never is, once it leaves ASCII;
5. otherwise Latin-1, in which every byte means something, and the reader is told so.

The delimiter is the one that cuts the first lines into equally many fields, at least two.
"""

import codecs
import csv
import re
from typing import NamedTuple

from panlearn.core.errors import DataError

HEAD = 65_536  # bytes looked at
BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = (",", "\t", ";", "|")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
DECIMAL_COMMA, DECIMAL_POINT = re.compile(r"\s*[-+]?\d+,\d+\s*"), re.compile(r"\s*[-+]?\d+\.\d+\s*")


class TextFormat(NamedTuple):
    """What a reader has to know before the first cell."""

    encoding: str  # Python's name, "utf-8"
    delimiter: str
    decimal: str  # "." or ","


def find_encoding(head: bytes) -> str:
    """Tell the encoding of a text from its first bytes.

    Parameters
    ----------
    head : bytes
        The beginning of the file; a character may be cut at its end.

    Returns
    -------
    str
        A name that `open` takes.

    Raises
    ------
    DataError
        If the bytes are not text.

    Examples
    --------
    >>> find_encoding("età;peso".encode("utf-16")), find_encoding("età;peso".encode("latin-1"))
    ('utf-16', 'latin-1')
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[offset::2].count(0) > 0.9 * (len(head) // 2) and not head[1 - offset :: 2].count(0):
            return encoding
    if len(CONTROL.findall(head)) > 0.001 * len(head):
        raise DataError("it holds binary data, not text: export it as CSV, TSV, JSON lines or Parquet")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # incremental: the last character may be cut
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def find_format(head: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> TextFormat:
    r"""Tell encoding, delimiter and decimal mark from the first bytes of a text table.

    Parameters
    ----------
    head : bytes
        The beginning of the file.
    encoding, delimiter : str, optional
        What is known already.

    Returns
    -------
    TextFormat
        The format; one column is read as comma-separated.

    Raises
    ------
    DataError
        If the bytes are not text, or not in the encoding given.

    Examples
    --------
    >>> find_format(b"price;sold\n1,5;yes\n2,25;no\n")
    TextFormat(encoding='utf-8', delimiter=';', decimal=',')
    """
    encoding = encoding or find_encoding(head)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except (UnicodeDecodeError, LookupError) as wrong:
        raise DataError(f"it cannot be read as {encoding} ({wrong}): leave out the encoding to have it found") from None
    lines = [line for line in text.splitlines() if line.strip()][:50]
    delimiter = delimiter or max(DELIMITERS, key=lambda mark: _evenness(lines, mark))
    cells = [cell for row in csv.reader(lines[1:], delimiter=delimiter) for cell in row]
    comma = delimiter != "," and any(DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    point = any(DECIMAL_POINT.fullmatch(cell) for cell in cells)
    return TextFormat(encoding, delimiter, "," if comma and not point else ".")


def _evenness(lines: list[str], delimiter: str) -> float:
    """How well a delimiter explains the lines: the share cut into as many fields as the header, if over one."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0.0
    if not widths or widths[0] < 2:
        return 0.0
    return sum(width == widths[0] for width in widths) / len(widths) + 1e-3 * min(widths[0], 100)
