"""The shape of a word: what is left of its spelling when letters and digits are alike [collins2002b].

    capital -> X     small letter -> x     letter without case -> c     digit -> 0     anything else stands for itself

Runs of one sign are written once, so that "McDonald's" and "O'Neill" differ, but "Rome" and "London" do not. A word
that was never seen has a shape that was. Course note: 004 §11.
"""

from itertools import groupby


def word_shape(word: str, *, collapse: bool = True) -> str:
    """Shape of a word.

    Parameters
    ----------
    word : str
        The word.
    collapse : bool, default=True
        Write a run of one sign once.

    Returns
    -------
    str
        Its shape.

    References
    ----------
    [collins2002b], note 004 §11

    Examples
    --------
    >>> [word_shape(word) for word in ("Rome", "USA", "McDonald's", "B-52", "3.14")]
    ['Xx', 'X', "XxXx'x", 'X-0', '0.0']
    >>> word_shape("B-52", collapse=False)
    'X-00'
    """
    signs = map(_sign, word)
    return "".join(sign for sign, _ in groupby(signs)) if collapse else "".join(signs)


def _sign(letter: str) -> str:
    if letter.isupper():
        return "X"
    if letter.islower():
        return "x"
    if letter.isdigit():
        return "0"
    return "c" if letter.isalpha() else letter
