"""What a token may be: the attributes of one token as names and values, by CRFsuite's rules [okazaki2007].

    {"word": "the", "suffix": {"e": 1, "he": 0.5}, "title": True}    ->    word:the = 1, suffix:e = 1, suffix:he = 0.5,
    {"word", "bias"}                                                       title = 1;     word = 1, bias = 1

A text value joins its name, and counts 1; a number (True is 1) is the value of its name; a nested collection puts its
name in front of each of its own attributes. A name that comes twice counts the sum. An attribute of value 0 (False)
adds nothing to a score, but it has been seen with a label, so that the pair gets a weight.

Course note: 004 §11.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from panlearn.core.errors import DataError

NESTED = (Mapping, list, tuple, set, frozenset)


class Read(NamedTuple):
    """Attributes of the tokens of a sequence, one after the other."""

    codes: Iterable[int]  # their numbers
    values: dict[int, float]  # other than 1, by place
    ends: list[int]  # where each token ends


def tokens_of(i: int, sequence: Any) -> Iterable:
    """Tokens of sequence i; raises unless it is one."""
    if isinstance(sequence, (str, bytes, dict)) or not hasattr(sequence, "__iter__"):
        raise DataError(f"sequence {i} of X is a {type(sequence).__name__}: it must be a list of tokens.")
    return sequence


def collect(item: Any, names: list[str], values: dict[int, float]) -> None:
    """Append the attributes of one token to a list.

    Parameters
    ----------
    item : mapping, or collection of str
        The token.
    names : list of str
        What grows.
    values : dict
        From place in `names` to value, where it is not 1.

    Raises
    ------
    DataError
        If a value is neither text, a finite number, nor a collection of such, or a name is no text.

    Examples
    --------
    >>> names, values = [], {}
    >>> collect({"word": "the", "affix": {"e": 0.5, "th": 1}, "title": False}, names, values)
    >>> names, values
    (['word:the', 'affix:e', 'affix:th', 'title'], {1: 0.5, 3: 0.0})
    """
    if isinstance(item, Mapping):
        for key, value in item.items():
            name = key if type(key) is str else text_of(key)
            if type(value) is str:
                names.append(f"{name}:{value}")
            elif value is True:
                names.append(name)
            elif value is False:
                values[len(names)] = 0.0
                names.append(name)
            else:
                _collect_value(name, value, names, values)
        return
    if isinstance(item, (str, bytes)) or not isinstance(item, Iterable):
        raise DataError(
            f"it is {item!r}, but must be a dict of attributes or a list of their names; for plain words use "
            "TokenFeatures."
        )
    before = len(names)
    names.extend(item)
    if not set(map(type, names[before:])) <= {str}:
        names[before:] = map(text_of, names[before:])


def _collect_value(name: str, value: Any, names: list[str], values: dict[int, float]) -> None:
    if isinstance(value, (str, bytes)):
        names.append(f"{name}:{text_of(value)}")
    elif isinstance(value, NESTED):
        before = len(names)
        collect(value, names, values)
        names[before:] = [f"{name}:{inner}" for inner in names[before:]]
    else:
        number = number_of(name, value)
        if number != 1.0:
            values[len(names)] = number
        names.append(name)


def text_of(name: Any) -> str:
    """Return a name as text; bytes are read as UTF-8.

    Raises
    ------
    DataError
        If it is neither text nor bytes, or no UTF-8.
    """
    if isinstance(name, str):
        return str(name)
    if isinstance(name, bytes):
        try:
            return name.decode()
        except UnicodeDecodeError:
            raise DataError(f"the name {name!r} is not UTF-8: decode it first.") from None
    raise DataError(f"the attribute name {name!r} is a {type(name).__name__}: names must be text.")


def number_of(name: str, value: Any) -> float:
    """Return the value of a name as a finite number.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(
            f"the attribute {name!r} has the value {value!r}: values are text, numbers, or collections of attributes; "
            "leave missing ones out."
        ) from None
    if number - number != 0.0:
        raise DataError(f"the attribute {name!r} has the value {number}: leave missing values out, and scale infinite.")
    return number
