r"""Templates: lines that say which tokens around a position make an attribute, as CRF++ and Wapiti have them.

    U01:%x[-1,0]/%x[0,0]         ->    at "dog" in "the dog barks" the attribute     U01:the/dog

A command `%x[o,c]` puts in column c of the token o places on; beyond the ends of the sequence that is _B-1, _B-2, ...
and _B+1, _B+2, ... Besides the words as they are there are, with a capital first letter for the word in small letters
(as %X),

    %prefix3[o,c]  %suffix3[o,c]    three letters; no attribute where the word is shorter
    %shape[o,c]                     "Rome" -> Xx, see `word_shape`
    %t[o,c,"regex"]                 whether it is found: true or false
    %m[o,c,"regex"]                 what is found; no attribute where nothing is

A template without a command is an attribute of all tokens. Templates of transitions ("B") that look at tokens are not
part: the labels' own transitions are always there [kudo2005], [lavergne2010]. Course note: 004 §11.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from panlearn.core.errors import DataError
from panlearn.sequence.word_shape import word_shape

COMMAND = re.compile(
    r"""%(?P<name>[A-Za-z]+)(?P<size>\d*)
    \[\s*(?P<place>[+-]?\d+)\s*,\s*(?P<column>\d+)\s*(?:,\s*"(?P<regex>(?:[^"\\]|\\.)*)"\s*)?\]""",
    re.VERBOSE,
)


class View(NamedTuple):
    """What is seen of the words of a column."""

    column: int
    name: str  # "x", "prefix", "suffix", "shape", "t" or "m"
    lower: bool  # in small letters
    argument: str  # length of an affix, or the regular expression


class Part(NamedTuple):
    """One command of a template."""

    view: View
    place: int  # from the position that has the attribute


class Template(NamedTuple):
    """A line of text with commands in it."""

    literals: tuple[str, ...]  # the text around the commands, one more than those
    parts: tuple[Part, ...]

    @property
    def form(self) -> str:
        """Format string of the names of the attributes, with a place for what each command sees."""
        return "{}".join(literal.replace("{", "{{").replace("}", "}}") for literal in self.literals)


def parse_templates(templates: str | Iterable[str]) -> list[Template]:
    """Read templates.

    Parameters
    ----------
    templates : str or iterable of str
        Lines; empty ones, comments (#) and the line "B" are passed over.

    Returns
    -------
    list of Template
        One a line.

    Raises
    ------
    DataError
        If a command is unknown, or a template is of transitions.

    Examples
    --------
    >>> (template,) = parse_templates("U01:%x[-1,0]/%X[0,0]  # the words before and here")
    >>> template.literals, [part.place for part in template.parts]
    (('U01:', '/', ''), [-1, 0])
    """
    lines = templates.splitlines() if isinstance(templates, str) else list(templates)
    if odd := [line for line in lines if not isinstance(line, str)]:
        raise DataError(f"templates must be text, got {odd[0]!r}.")
    bare = [re.sub(r"(^|\s+)#.*", "", line).strip() for line in lines]
    return [_parse(line) for line in bare if line and line != "B"]


def _parse(line: str) -> Template:
    if re.match(r"(B\w*:|\*)", line):
        raise DataError(f"the template {line!r} is of transitions that look at tokens: only U templates are read.")
    parts = tuple(_part(found, line) for found in COMMAND.finditer(line))
    literals = tuple(COMMAND.sub("\0", line).split("\0"))
    if re.search(r"%\w+\[", "".join(literals)):
        raise DataError(
            f'the template {line!r} has a command that cannot be read: they are as %x[-1,0] or %t[0,0,"a"].'
        )
    return Template(literals, parts)


def _part(found: re.Match, line: str) -> Part:
    name, size, regex = found["name"], found["size"], found["regex"]
    kind = name[0].lower() + name[1:]
    if kind in ("prefix", "suffix"):
        fits, argument = size not in ("", "0") and regex is None, size
    elif kind in ("t", "m"):
        fits, argument = not size and regex is not None, (regex or "").replace(r"\"", '"')
    else:
        fits, argument = kind in ("x", "shape") and not size and regex is None, ""
    if not fits:
        raise DataError(
            f"{found[0]!r} in the template {line!r} is none of %x[o,c], %prefix3[o,c], %suffix3[o,c], %shape[o,c], "
            '%t[o,c,"regex"] and %m[o,c,"regex"].'
        )
    if kind in ("t", "m"):
        try:
            re.compile(argument)
        except re.error as error:
            raise DataError(f"the regular expression in {found[0]!r} cannot be read: {error}.") from None
    return Part(View(int(found["column"]), kind, name[0].isupper(), argument), int(found["place"]))


def viewer(view: View) -> Callable[[str], str | None]:
    """Return the function from a word to what is seen of it, None for nothing.

    Parameters
    ----------
    view : View
        From a template.

    Returns
    -------
    callable
        From str to str or None.

    Examples
    --------
    >>> see = viewer(View(column=0, name="suffix", lower=True, argument="3"))
    >>> see("WALKING"), see("do")
    ('ing', None)
    """
    if view.lower:
        plain = viewer(view._replace(lower=False))
        return lambda word: plain(word.lower())
    if view.name == "prefix":
        length = int(view.argument)
        return lambda word: word[:length] if len(word) >= length else None
    if view.name == "suffix":
        length = int(view.argument)
        return lambda word: word[-length:] if len(word) >= length else None
    if view.name == "t":
        search = re.compile(view.argument).search
        return lambda word: "true" if search(word) else "false"
    if view.name == "m":
        search = re.compile(view.argument).search
        return lambda word: found[0] if (found := search(word)) else None
    return word_shape if view.name == "shape" else str
