"""Features of tokens, straight from words to numbers: windows, affixes, shapes, templates.

The attributes of a token are found column by column [lavergne2010], not token by token: each distinct word is looked at
once, whatever is seen of it (its last three letters, its shape) has a number, a template is the numbers of its parts
at shifted places put together, and the different results in the training data are its attributes. No string is made
of any attribute; its name is put together when somebody asks.

    n tokens, V distinct words, T templates:     V strings looked at for each view, T n whole numbers moved

Cost: some 30 ns a token and template. Course note: 004 §11.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Estimator
from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NATURAL, validated
from panlearn.core.errors import DataError
from panlearn.sequence.attribute_encoder import Encoded
from panlearn.sequence.feature_templates import Template, View, parse_templates, viewer
from panlearn.sequence.string_table import pack, unpack
from panlearn.sequence.template_tables import Seen, TemplateNames, TemplateTable, fitted_table, numbers_in, shifted
from panlearn.sequence.token_columns import Columns, read_columns


class TokenFeatures(Estimator):
    """Attributes of tokens for a conditional random field: words around, word pairs, affixes, shape.

    Parameters
    ----------
    window : int, default=2
        Words looked at on either side; the further columns of a token as well.
    affixes : (int, int) or None, default=(1, 4)
        Shortest and longest prefix and suffix.
    shape : bool, default=True
        The shape of the word, see `word_shape`.
    bigrams : bool, default=True
        The word with the one before, and with the one behind.
    lower : bool, default=True
        Words and affixes in small letters; the shape has the capitals.
    templates : str or list of str, default=None
        Lines as "U01:%x[-1,0]/%x[0,0]", see `feature_templates`. They take the place of all that is above; `templates_`
        shows the lines that the parameters above amount to.
    min_count : int, default=1
        Leave out attributes of fewer tokens.

    Attributes
    ----------
    names_ : list of str
        Name of each attribute, as "w[-1]=the".
    n_attributes_ : int
        How many there are.
    templates_ : list of str
        The lines in use.

    Raises
    ------
    DataError
        If X is not made of sequences of words, or a template cannot be read.

    References
    ----------
    [lavergne2010], [kudo2005], note 004 §11

    Examples
    --------
    A word that was never seen still has an ending that was.

    >>> features = TokenFeatures(window=1, affixes=(3, 3), bigrams=False)
    >>> _ = features.fit_transform([["Dogs", "are", "running"]])
    >>> rows = features.transform([["walking"]])
    >>> [features.names_[j] for j in rows.indices]
    ['bias', 'w[-1]=_B-1', 'w[+1]=_B+1', 'suffix3=ing', 'shape=x']
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "window": [NATURAL],
        "affixes": [ARRAY, None],
        "shape": [BOOLEAN],
        "bigrams": [BOOLEAN],
        "lower": [BOOLEAN],
        "templates": [str, ARRAY, None],
        "min_count": [COUNT],
    }
    templates_: list[str]
    n_attributes_: int

    def __init__(
        self,
        window: int = 2,
        affixes: tuple[int, int] | None = (1, 4),
        shape: bool = True,
        bigrams: bool = True,
        lower: bool = True,
        templates: str | Sequence[str] | None = None,
        min_count: int = 1,
    ) -> None:
        self.window = window
        self.affixes = affixes
        self.shape = shape
        self.bigrams = bigrams
        self.lower = lower
        self.templates = templates
        self.min_count = min_count

    @property
    def names_(self) -> list[str]:
        """Name of each attribute."""
        return list(self._names())

    def fit(self, X: Iterable, y: Any = None) -> "TokenFeatures":
        """Find the attributes of some sequences.

        Parameters
        ----------
        X : iterable of sequences
            Each a list of words, or of tuples (word, tag, ...).
        y : ignored
            For pipelines.

        Returns
        -------
        TokenFeatures
            Itself.
        """
        self.fit_transform(X, y)
        return self

    @validated
    def fit_transform(self, X: Iterable, y: Any = None) -> Encoded:
        """Find the attributes of some sequences, and return their rows.

        Parameters
        ----------
        X : iterable of sequences
            As for `fit`.
        y : ignored
            For pipelines.

        Returns
        -------
        Encoded
            Rows of all tokens, with the names.
        """
        columns = read_columns(X)
        if not columns.words:
            raise DataError("X holds no token: Found array with 0 sample(s), while a minimum of 1 is required.")
        lines = self._lines(len(columns.words)) if self.templates is None else self.templates
        self.n_columns_ = len(columns.words)
        self.templates_ = lines.splitlines() if isinstance(lines, str) else list(lines)
        templates = self._templates = self._parsed()
        self._numbers: dict[View, dict[str, int]] = {}
        self._tables: list[TemplateTable] = []
        codes = self._viewed(columns, templates, fitting=True)
        rows = np.empty((len(columns.codes[0]), len(templates)), np.int32)
        self.n_attributes_ = 0
        for k, template in enumerate(templates):
            parts = self._parts(template, codes, columns)
            table, rows[:, k] = fitted_table(parts, self.n_attributes_, self.min_count, len(rows))
            self._tables.append(table)
            self.n_attributes_ += len(table.keys)
        return _encoded(rows, columns.offsets, self.n_attributes_)._replace(names=self._names())

    def transform(self, X: Iterable) -> Encoded:
        """Return the rows of other sequences; attributes unknown in `fit` are left out.

        Parameters
        ----------
        X : iterable of sequences
            As for `fit`.

        Returns
        -------
        Encoded
            Rows of all tokens.
        """
        check_is_fitted(self, "n_attributes_")
        columns = read_columns(X)
        if columns.words and len(columns.words) != self.n_columns_:
            raise DataError(f"X has {len(columns.words)} columns a token, but {self.n_columns_} in fit.")
        templates = self._templates
        n = int(columns.offsets[-1])
        rows = np.empty((n, len(templates)), np.int32)
        codes = self._viewed(columns, templates, fitting=False) if n else {}
        for k, (template, table) in enumerate(zip(templates, self._tables if n else (), strict=False)):
            rows[:, k] = numbers_in(table, self._parts(template, codes, columns), n)
        return _encoded(rows, columns.offsets, self.n_attributes_)

    def _lines(self, n_columns: int) -> list[str]:
        """The parameters as templates."""
        word, small = ("X", True) if self.lower else ("x", False)
        lines = ["bias"]
        for column in range(n_columns):
            name, command = ("w", word) if column == 0 else (f"c{column}", "x")
            at = {o: f"%{command}[{o},{column}]" for o in range(-max(self.window, 1), max(self.window, 1) + 1)}
            lines += [
                f"{name}[{o:+d}]={at[o]}" if o else f"{name}={at[0]}" for o in range(-self.window, self.window + 1)
            ]
            if self.bigrams:
                lines += [f"{name}[-1]|{name}={at[-1]}|{at[0]}", f"{name}|{name}[+1]={at[0]}|{at[1]}"]
        if self.affixes is not None:
            for length in range(self._shortest_affix(), self.affixes[1] + 1):
                lines += [f"{a}{length}=%{a.title() if small else a}{length}[0,0]" for a in ("prefix", "suffix")]
        return [*lines, "shape=%shape[0,0]"] if self.shape else lines

    def _shortest_affix(self) -> int:
        pair = list(self.affixes or ())
        if len(pair) != 2 or not all(isinstance(k, Integral) for k in pair) or not 1 <= pair[0] <= pair[1]:
            raise DataError(f"affixes must be two lengths, shortest and longest, from 1 on, got {self.affixes!r}.")
        return int(pair[0])

    def _parsed(self) -> list[Template]:
        templates = parse_templates(self.templates_)
        columns = [part.view.column for template in templates for part in template.parts]
        if max(columns, default=0) >= self.n_columns_:
            raise DataError(f"templates speak of column {max(columns)}, but tokens have {self.n_columns_} (from 0 on).")
        self._reach = max((abs(part.place) for template in templates for part in template.parts), default=0)
        return templates

    def _viewed(self, columns: Columns, templates: list[Template], *, fitting: bool) -> dict[View, np.ndarray]:
        """Number of what each view sees of each token."""
        codes = {}
        for view in dict.fromkeys(part.view for template in templates for part in template.parts):
            seen = list(map(viewer(view), columns.words[view.column]))
            if fitting:
                known = dict.fromkeys(value for value in seen if value is not None)
                self._numbers[view] = {value: i for i, value in enumerate(known, 2 * self._reach)}
            number: Any = self._numbers[view].get
            codes[view] = np.fromiter(map(number, seen, repeat(-1)), np.int32, len(seen))[columns.codes[view.column]]
        return codes

    def _parts(self, template: Template, codes: dict[View, np.ndarray], columns: Columns) -> list[Seen]:
        def seen(view: View, place: int) -> Seen:
            moved = shifted(codes[view], place, columns.offsets, self._reach) if place else codes[view]
            return Seen(moved, 2 * self._reach + len(self._numbers[view]))

        return [seen(*part) for part in template.parts]

    def _names(self) -> TemplateNames:
        check_is_fitted(self, "n_attributes_")
        words = {view: list(numbers) for view, numbers in self._numbers.items()}
        return TemplateNames(self._templates, self._tables, words, self._reach)

    def __sklearn_tags__(self) -> Any:
        """Sequences of words come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Words as arrays of bytes, for the sake of model files."""
        state = self.__dict__.copy()
        if "_numbers" in state:
            state["_numbers"] = [(view, pack(numbers)) for view, numbers in state["_numbers"].items()]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_numbers" in state:
            first = 2 * state["_reach"]
            numbers = {
                view: {word: i for i, word in enumerate(unpack(*packed), first)} for view, packed in state["_numbers"]
            }
            state = {**state, "_numbers": numbers}
        super().__setstate__(state)


def _encoded(rows: np.ndarray, offsets: np.ndarray, n_attributes: int) -> Encoded:
    """Rows with one place a template, without the places that are empty."""
    there = rows >= 0
    indptr = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(there.sum(axis=1), out=indptr[1:])
    return Encoded(indptr, rows[there], None, offsets, n_attributes)
