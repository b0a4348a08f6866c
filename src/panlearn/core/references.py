"""References: docstrings cite by key, one BibTeX file resolves the keys, reports print the list.

A key is the first author and the year in brackets, as `[hoerl1970]`; it stands on the line of code or prose that rests
on it. `refs.bib` holds the entries in plain BibTeX (`@kind{key, field = {value}, ...}`, UTF-8, one level of
braces inside a value), which a page of Python reads; a general parser would be a dependency for a file
we write ourselves.
"""

import functools
import inspect
import re
from collections.abc import Iterable
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple

from panlearn.core.errors import PanlearnError

__all__ = ["bibtex", "cite", "keys_in", "keys_of"]

ENTRY = re.compile(r"^@(?P<kind>\w+)\{(?P<key>\w+),\n(?P<body>.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\},?$", re.MULTILINE)
KEY = re.compile(r"\[([a-z]+(?:\d{4}|\d{3})[a-z]?)(?:\s*,[^\]\n]*)?\]")


class Reference(NamedTuple):
    """One entry of `refs.bib`."""

    kind: str  # "article", "book", ...
    fields: dict[str, str]  # values as they stand in the file
    source: str  # the entry's own text


@functools.cache
def library() -> MappingProxyType[str, Reference]:
    """All entries of `refs.bib` by key."""
    text = resources.files("panlearn.core").joinpath("refs.bib").read_text(encoding="utf-8")
    found = {m["key"]: Reference(m["kind"], dict(FIELD.findall(m["body"])), m[0]) for m in ENTRY.finditer(text)}
    return MappingProxyType(found)


def cite(keys: Iterable[str]) -> list[str]:
    """Format references as sentences, in the order of `keys`.

    Parameters
    ----------
    keys : iterable of str
        Citation keys, without brackets.

    Returns
    -------
    list of str
        Authors (year). Title. Where. DOI.

    Raises
    ------
    PanlearnError
        If a key has no entry in `refs.bib`.

    Examples
    --------
    >>> print(*cite(["hoerl1970"]))
    Hoerl, A. E. and Kennard, R. W. (1970). Ridge Regression: Biased Estimation for Nonorthogonal Problems.
    Technometrics 12(1), 55-67.
    """
    return [_sentence(_entry(key).fields) for key in keys]


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of `keys`, to paste into a paper.

    Raises
    ------
    PanlearnError
        If a key has no entry in `refs.bib`.

    Examples
    --------
    >>> bibtex(["cox1958"]).splitlines()[0]
    '@article{cox1958,'
    """
    return "\n\n".join(_entry(key).source for key in keys)


def keys_in(docstring: str | None) -> list[str]:
    """Citation keys in a text, each once, in order of appearance.

    Examples
    --------
    >>> keys_in("by cyclic coordinate descent [friedman2010]; see [hastie2009, eq. 3.41] and X[0]")
    ['friedman2010', 'hastie2009']
    """
    return list(dict.fromkeys(KEY.findall(docstring or "")))


def keys_of(estimator: Any) -> list[str]:
    """Citation keys of a class or instance: in its docstring and in the module that teaches it.

    Examples
    --------
    >>> keys_of(dict)
    []
    """
    cls = estimator if isinstance(estimator, type) else type(estimator)
    module = inspect.getmodule(cls)
    lesson = module.__doc__ if module and cls.__module__.startswith("panlearn.") else ""
    return keys_in(f"{cls.__doc__ or ''}\n{lesson or ''}")


def _entry(key: str) -> Reference:
    if key not in library():
        raise PanlearnError(f"no reference {key!r} in refs.bib: add its BibTeX entry, or correct the key")
    return library()[key]


def _plain(text: str) -> str:
    """BibTeX value as text: braces dropped, en dashes as hyphens."""
    return " ".join(text.replace("{", "").replace("}", "").replace("--", "-").split())


def _names(authors: str) -> str:
    """'Van Loan, Charles F. and ...' as 'Van Loan, C. F. and ...'."""
    people = []
    for person in _plain(authors).split(" and "):
        family, _, given = person.partition(", ")
        initials = " ".join("-".join(f"{part[0]}." for part in name.split("-")) for name in given.split())
        people.append(f"{family}, {initials}" if initials else family)
    return people[0] if len(people) == 1 else f"{'; '.join(people[:-1])} and {people[-1]}"


def _sentence(fields: dict[str, str]) -> str:
    """One reference as text; fields that are absent leave no trace."""
    get = {name: _plain(value) for name, value in fields.items()}.get
    number = f"({get('number')})" if get("number") else ""
    place = " ".join(filter(None, [get("journal") or get("booktitle"), f"{get('volume', '')}{number}"]))
    where = ", ".join(filter(None, [place, get("pages"), get("edition", "") and f"{get('edition')} edition"]))
    where = ", ".join(filter(None, [where, get("publisher"), get("note")]))
    who = _names(fields["author"]) if "author" in fields else ""
    year = f"({get('year')})" if get("year") else ""
    link = get("doi", "") and f"doi:{get('doi')}"
    preprint = get("eprint", "") and f"arXiv:{get('eprint')}"
    parts = (" ".join(filter(None, [who, year])), get("title"), where, link or preprint)
    return (". ".join(part.rstrip(".") for part in parts if part) + ".").replace("?.", "?")
