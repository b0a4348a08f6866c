"""Strict schemes of span tags: only spans that are tagged as the scheme asks are spans [ratinov2009].

    words    New    York   Times   in   Rome
    IOB1     I-ORG  I-ORG  I-ORG   O    I-LOC     B only between two spans of one type
    IOB2     B-ORG  I-ORG  I-ORG   O    B-LOC     every span begins with B
    IOE2     I-ORG  I-ORG  E-ORG   O    E-LOC     every span ends with E
    IOBES    B-ORG  I-ORG  E-ORG   O    S-LOC     begin, end, and S for single words
    BILOU    B-ORG  I-ORG  L-ORG   O    U-LOC     the same with other letters

Tags that stand inside one another are a run; a span goes from the first tag of the run that may begin one to its end,
if it may end there. The rules (`tag_spans`) are those of the peer seqeval. Course note: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.sequence.tag_spans import LETTERS, Spans, Tags, spans_of, transitions


class Scheme(NamedTuple):
    """Rules of a tagging scheme."""

    name: str
    letters: str  # those it has
    starts: str  # between which tags a span may begin,
    inside: str  # go on,
    ends: str  # and end


IOB1 = Scheme("IOB1", "IOB", "OI* II! BI* IB= BB=", "BI= II=", "II! IO* IB* BO* BI! BB=")
IOE1 = Scheme("IOE1", "IOE", "OI* II! EI* EE=", "II= IE=", "II! IO* IE! EI= EE=")
IOB2 = Scheme("IOB2", "IOB", "?B*", "BI= II=", "IO* II! IB* BO* BI! BB*")
IOE2 = Scheme("IOE2", "IOE", "OI* OE* EI* EE* II! IE!", "IE= II=", "E?*")
IOBES = Scheme("IOBES", "IOBES", "?B* ?S*", "BI= BE= II= IE=", "S?* E?*")
BILOU = Scheme("BILOU", "BILOU", "?B* ?U*", "BI= BL= II= IL=", "U?* L?*")
SCHEMES = {scheme.name: scheme for scheme in (IOB1, IOE1, IOB2, IOE2, IOBES, BILOU)}


def scheme_of(scheme: Any, tags: Tags) -> Scheme:
    """Return the scheme with a name, or the one that the letters of the tags suggest.

    Parameters
    ----------
    scheme : Scheme, str, class or None
        A scheme, its name, or a class of that name, as the peer's; None to look at the tags.
    tags : Tags
        Tags.

    Returns
    -------
    Scheme
        The scheme.

    Raises
    ------
    DataError
        If there is none.
    """
    if isinstance(scheme, Scheme):
        return scheme
    if scheme is not None:
        name = scheme if isinstance(scheme, str) else getattr(scheme, "__name__", repr(scheme))
        if name not in SCHEMES:
            raise DataError(f"scheme must be one of {', '.join(SCHEMES)}, got {name!r}.")
        return SCHEMES[name]
    there = {(LETTERS + "?")[tags.letters[code]] for code in np.unique(tags.codes)} - {"O"}
    return _detected(there)


def _detected(there: set[str]) -> Scheme:
    """The scheme of these letters, O aside."""
    if there in ({"I", "B"}, {"B"}):
        return IOB2
    if there in ({"I", "E"}, {"E"}):
        return IOE2
    if there <= set("BIES") and ({"B", "E"} <= there or there == {"S"} or {"B", "S"} <= there):
        return IOBES
    if there <= set("BILU") and ({"B", "L"} <= there or there == {"U"} or {"B", "U"} <= there):
        return BILOU
    if not there:
        return IOB2  # O alone: no spans in any scheme
    raise DataError(f"no scheme has just the letters {sorted(there)}: name the scheme, one of {', '.join(SCHEMES)}.")


def strict_spans(tags: Tags, scheme: Scheme) -> Spans:
    """Spans that are tagged as the scheme asks.

    Parameters
    ----------
    tags : Tags
        Tags.
    scheme : Scheme
        How.

    Returns
    -------
    Spans
        In their order.

    Raises
    ------
    DataError
        If a tag has a letter that the scheme does not have.
    """
    allowed = {LETTERS.index(letter) for letter in scheme.letters}
    if odd := [tag for tag, letter in zip(tags.distinct, tags.letters.tolist(), strict=True) if letter not in allowed]:
        raise DataError(f"the tag {odd[0]!r} is none of {scheme.name}, whose letters are {', '.join(scheme.letters)}.")
    starts = np.flatnonzero(transitions(tags, scheme.starts))
    new = ~transitions(tags, scheme.inside)
    run = np.cumsum(new)[starts]
    first = starts[np.diff(run, prepend=-1) > 0]
    behind = np.append(np.flatnonzero(new), len(tags.codes))  # runs end where others begin
    stops = behind[np.searchsorted(behind, first, side="right")]
    ended = np.append(transitions(tags, scheme.ends), False)[stops]
    return spans_of(tags, first[ended], stops[ended], first[ended])
