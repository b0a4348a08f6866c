"""The network of a tagger: what a token is, what stands around it, and how well each tag suits it.

    v_t = [word vector; casing; letters]          or the frame itself
    u_t = [v_{t-c}; ...; v_t; ...; v_{t+c}]       a window of c tokens on both sides [mesnil2013]
    h_t = recurrent layers over u                 `SequenceNetwork`
    s_t = W h_t + b                               scores of the L tags; a chain over them if wished

Jordan's network feeds back what it said last, the probabilities of the tags (`panlearn.nn.JordanRNN` with softmax): its
outputs are the scores. With several layers or directions its outputs are as wide as its layers, and read by W.

A recurrent network that reads in one direction has not seen what follows. A window lets it, as far as c words; reading
in both directions lets it see the whole sentence. Words that are rare in training are replaced by the unknown word now
and then (`word_dropout`), for else its vector would never be learnt.

Course notes: 001 §8, 003 §2, 004 §11.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from panlearn.neural_network.sequence_network import SequenceArchitecture, SequenceNetwork
from panlearn.neural_network.step_objective import Scored
from panlearn.neural_network.tagger_rows import N_CASINGS
from panlearn.neural_network.training.batches import Batch
from panlearn.nn.character_encoder import CharacterEncoder, distinct_words
from panlearn.nn.crf import CRF

CASING_SIZE = 8
LETTER_SIZE = 25
SMALLEST = 1e-30  # probability that float32 still tells from 0


class TokenInputs(NamedTuple):
    """What a step of the input is."""

    n_words: int  # rows of the table of words; 0 where steps are frames
    n_features: int  # width of a frame; 0 where steps are words
    casing: bool
    n_characters: int  # rows of the table of letters; 0 where they are not read
    encoder: str  # of letters: "cnn" or "lstm"
    character_size: int  # of the vector made of letters


class TaggerSettings(NamedTuple):
    """How the input is read."""

    context: int  # tokens on either side that stand beside each
    word_dropout: float  # share of words taken for unknown in training


class TokenVectors(nn.Module):
    """Vectors of tokens: word, casing, letters, side by side.

    Parameters
    ----------
    inputs : TokenInputs
        What a token is.
    embedding_size : int
        Of the vector of a word.
    word_dropout : float
        Share of the words taken for unknown in training; their letters are still read.
    """

    def __init__(self, inputs: TokenInputs, embedding_size: int, word_dropout: float) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.words = nn.Embedding(inputs.n_words, embedding_size)
        reach = math.sqrt(3 / embedding_size)  # vectors of length 1 on average [lample2016]
        nn.init.uniform_(self.words.weight, -reach, reach)
        self.casing = nn.Embedding(N_CASINGS, CASING_SIZE) if inputs.casing else None
        self.letters = None
        if inputs.n_characters:
            sizes = (inputs.n_characters, LETTER_SIZE, inputs.character_size)
            self.letters = CharacterEncoder(*sizes, kind=inputs.encoder)
        parts = (embedding_size, CASING_SIZE * inputs.casing, inputs.character_size * bool(inputs.n_characters))
        self.output_size = sum(parts)

    def forward(self, columns: Tensor, letters: Tensor | None = None) -> Tensor:
        """Vectors of tokens.

        Parameters
        ----------
        columns : Tensor of shape (b, t, 3), int64
            Number of the word, of its spelling, and casing.
        letters : Tensor of shape (b, t, c), int64, optional
            Numbers of characters.

        Returns
        -------
        Tensor of shape (b, t, d)
            One vector a token.
        """
        words = columns[..., 0]
        if self.training and self.word_dropout:
            words = words.masked_fill(torch.rand(words.shape, device=words.device) < self.word_dropout, 0)
        parts = [self.words(words)]
        if self.casing is not None:
            parts.append(self.casing(columns[..., 2]))
        if self.letters is not None:
            assert letters is not None
            parts.append(self._read(columns[..., 1], letters))
        return parts[0] if len(parts) == 1 else torch.cat(parts, 2)

    def _read(self, spellings: Tensor, letters: Tensor) -> Tensor:
        """Vectors of words from their letters, each distinct word read once."""
        assert self.letters is not None
        places, which = distinct_words(spellings.flatten())
        return self.letters(letters.flatten(0, 1)[places])[which].unflatten(0, spellings.shape)


class LogProbabilities(nn.Module):
    """Logarithms of probabilities, as scores."""

    def forward(self, probabilities: Tensor) -> Tensor:
        """Scores of the same shape."""
        return probabilities.clamp_min(SMALLEST).log()


class TaggerNetwork(nn.Module):
    """Scores of the tags of each token.

    Parameters
    ----------
    inputs : TokenInputs
        What a step is.
    architecture : SequenceArchitecture
        Recurrent layers.
    n_tags : int
        Tags, L.
    chain : CRF or None
        Scores of neighbouring tags.
    settings : TaggerSettings
        Window and word dropout.
    """

    def __init__(
        self,
        inputs: TokenInputs,
        architecture: SequenceArchitecture,
        n_tags: int,
        chain: CRF | None,
        settings: TaggerSettings,
    ) -> None:
        super().__init__()
        self.context = settings.context
        self.vectors = None
        if inputs.n_words:
            self.vectors = TokenVectors(inputs, architecture.embedding_size, settings.word_dropout)
        width = inputs.n_features if self.vectors is None else self.vectors.output_size
        self.dropout = nn.Dropout(architecture.dropout if self.vectors is not None else 0.0)
        one_way = architecture.num_layers == 1 and not architecture.bidirectional
        self.head: nn.Module
        if architecture.cell == "jordan" and one_way:  # what is fed back is not dropped out
            architecture = architecture._replace(output_size=n_tags, dropout=0.0)
            self.network = SequenceNetwork(width * (2 * self.context + 1), architecture)
            self.network.layers.output_nonlinearity = "softmax"
            self.head = LogProbabilities()
        else:
            self.network = SequenceNetwork(width * (2 * self.context + 1), architecture)
            self.head = nn.Linear(self.network.output_size, n_tags)
        self.chain = chain

    def forward(self, steps: Tensor, lengths: Tensor, letters: Tensor | None = None) -> Scored:
        """Scores of a batch.

        Parameters
        ----------
        steps : Tensor of shape (b, t, k)
            What a token is, as `TokenVectors` takes it, or frames.
        lengths : Tensor of shape (b,)
            Tokens of each sequence.
        letters : Tensor of shape (b, t, c), optional
            Numbers of characters.

        Returns
        -------
        Scored
            Scores (b, t, L), and what they are judged by.
        """
        vectors = steps if self.vectors is None else self.dropout(self.vectors(steps, letters))
        outputs, _ = self.network(with_neighbours(vectors, lengths, self.context), lengths)
        return Scored(self.head(outputs), lengths, self.chain)

    def windows(self, batch: Batch) -> Iterator[Batch]:
        """Parts of a batch of training, one update each, see `SequenceNetwork.windows`."""
        return self.network.windows(batch, timed=True)  # letters too are one set a step

    @torch.no_grad()
    def set_vectors(self, table: Tensor) -> None:
        """Start from word vectors learnt elsewhere.

        Parameters
        ----------
        table : Tensor of shape (n_words, d)
            Rows of NaN, words without a vector, are drawn with the variance of the others.
        """
        assert self.vectors is not None
        known = ~table.isnan().any(1)
        known[0] = False  # the unknown word
        spread = float(table[known].std(correction=0))
        self.vectors.words.weight.copy_(table.where(known[:, None], spread * torch.randn(table.shape)))


def with_neighbours(vectors: Tensor, lengths: Tensor, context: int) -> Tensor:
    """Each vector between its neighbours; zeros beyond the ends of a sequence.

    Parameters
    ----------
    vectors : Tensor of shape (b, t, d)
        One vector a step.
    lengths : Tensor of shape (b,)
        Steps of each sequence.
    context : int
        Neighbours on either side, c.

    Returns
    -------
    Tensor of shape (b, t, (2 c + 1) d)
        From t - c to t + c.

    Examples
    --------
    >>> with_neighbours(torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([2]), 1)[0, :2].tolist()
    [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]]
    """
    if not context:
        return vectors
    t = vectors.shape[1]
    beyond = torch.arange(t, device=vectors.device) >= lengths.to(vectors.device)[:, None]
    padded = nn.functional.pad(vectors.masked_fill(beyond[..., None], 0.0), (0, 0, context, context))
    return torch.cat([padded[:, k : k + t] for k in range(2 * context + 1)], 2)
