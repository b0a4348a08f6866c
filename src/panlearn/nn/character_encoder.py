"""Words from their letters: what a word says of itself by its spelling [lample2016], [ma2016].

    "cnn"     v = max over places p of  W [e(c_{p-1}); e(c_p); e(c_{p+1})] + b      which trigrams does it hold?
    "lstm"    v = [last state read forward; last state read backward]               its beginning and its end

e(c) is the vector of a character. A word never seen has letters that were: endings ("-ville", "-ing"), digits and
capitals carry over. A word has the same vector wherever it stands, so each distinct word of a batch is read once.

Cost: 3 d D products a letter for the convolution, about 8 (D/2)² + 4 d D for the two LSTMs. Course note: 004 §11.
"""

from typing import Any

import torch
from torch import Tensor, nn

from panlearn.nn.lstm import LSTM

KINDS = ("cnn", "lstm")


class CharacterEncoder(nn.Module):
    """Vectors of words from the numbers of their characters.

    Parameters
    ----------
    n_characters : int
        Rows of the table of characters; number 0 stands behind the end of a word.
    embedding_size : int
        Of the vector of a character.
    output_size : int
        Of the vector of a word; even for "lstm".
    kind : {"cnn", "lstm"}
        A convolution with the maximum over the word, or an LSTM in both directions.
    width : int
        Characters that a filter sees, odd; of "cnn" only.

    Raises
    ------
    ValueError
        If `kind` is neither, or a size does not suit it.

    References
    ----------
    [ma2016], [lample2016]; note 004 §11

    Examples
    --------
    What stands behind the end of a word plays no part.

    >>> import torch
    >>> from panlearn.nn import CharacterEncoder
    >>> encoder = CharacterEncoder(30, 8, 6)
    >>> alone, beside = torch.tensor([[3, 4]]), torch.tensor([[3, 4, 0, 0], [5, 6, 7, 8]])
    >>> bool(torch.allclose(encoder(alone)[0], encoder(beside)[0]))
    True
    """

    def __init__(
        self, n_characters: int, embedding_size: int = 25, output_size: int = 50, kind: str = "cnn", width: int = 3
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        if kind == "cnn" and width % 2 == 0:
            raise ValueError(f"width must be odd, so that a filter has a middle; got {width}.")
        if kind == "lstm" and output_size % 2:
            raise ValueError(f"output_size must be even, a half for each direction; got {output_size}.")
        super().__init__()
        self.kind, self.output_size = kind, output_size
        self.table = nn.Embedding(n_characters, embedding_size, padding_idx=0)
        self.encoder: Any
        if kind == "cnn":
            self.encoder = nn.Conv1d(embedding_size, output_size, width, padding=width // 2)
        else:
            self.encoder = LSTM(embedding_size, output_size // 2, batch_first=True, bidirectional=True)

    def forward(self, characters: Tensor) -> Tensor:
        """Vectors of words.

        Parameters
        ----------
        characters : Tensor of shape (w, c), int64
            Numbers of the characters of each word, 0 behind its end; a word has at least one.

        Returns
        -------
        Tensor of shape (w, output_size)
            One vector a word.
        """
        letters = self.table(characters)  # (w, c, d)
        if self.kind == "cnn":
            found = self.encoder(letters.transpose(1, 2))  # (w, D, c)
            return found.masked_fill((characters == 0)[:, None], -torch.inf).amax(2)
        lengths = (characters != 0).sum(1)
        _, (last, _) = self.encoder(letters, lengths=lengths)
        return torch.cat([last[0], last[1]], 1)


def distinct_words(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """One place of each distinct number, and which of them stands at each place.

    Parameters
    ----------
    numbers : Tensor of shape (n,), int64
        Numbers of words.

    Returns
    -------
    places : Tensor of shape (u,)
        Where each distinct number stands.
    which : Tensor of shape (n,)
        `numbers[places][which]` is `numbers`.

    Examples
    --------
    >>> import torch
    >>> numbers = torch.tensor([7, 3, 7, 7])
    >>> places, which = distinct_words(numbers)
    >>> numbers[places].tolist(), numbers[places][which].tolist()
    ([3, 7], [7, 3, 7, 7])
    """
    found, which = numbers.unique(return_inverse=True)
    places = torch.empty_like(found).index_copy_(0, which, torch.arange(len(which), device=which.device))
    return places, which
