"""The network of a transcriber: frames in, log-probabilities of tokens out [graves2006].

    frames (t, p)  ->  [filters over neighbours]  ->  [k frames stacked into one]  ->  recurrent layers  ->  softmax

Stacking makes sequences k times shorter: the sums over alignments, the recurrent layers and the search all cost k times
less, and a token still spans frames enough. Behind the end of a short sequence the blank is certain: such frames add
nothing to the likelihood, so that loss and decoders need no lengths. Course note: 001 §8.5.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from panlearn.neural_network.sequence_network import SequenceArchitecture, SequenceNetwork
from panlearn.neural_network.training.objective import Objective, identity

BLANK = 0
BEHIND = -1  # in targets, behind the end of a string
IMPOSSIBLE = -1e4  # log-probability of a token behind the end; finite, so that no gradient is inf - inf


class CTCNetwork(nn.Module):
    """Recurrent layers under a softmax over tokens.

    Parameters
    ----------
    n_inputs : int
        Numbers a frame, p.
    n_tokens : int
        Tokens, the blank (0) among them.
    architecture : SequenceArchitecture
        The recurrent layers.
    stacking : int, default=1
        Frames made one, k.
    n_filters : int, default=0
        Filters over neighbouring frames; 0 for none.
    filter_width : int, default=5
        Frames that a filter sees, odd.
    """

    def __init__(
        self,
        n_inputs: int,
        n_tokens: int,
        architecture: SequenceArchitecture,
        stacking: int = 1,
        n_filters: int = 0,
        filter_width: int = 5,
    ) -> None:
        super().__init__()
        self.stacking = stacking
        self.filters = None
        if n_filters:
            self.filters = nn.Conv1d(n_inputs, n_filters, filter_width, padding=filter_width // 2)
        self.network = SequenceNetwork(stacking * (n_filters or n_inputs), architecture)
        self.head = nn.Linear(self.network.output_size, n_tokens)

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Log-probabilities (b, t / k, V) of frames (b, t, p)."""
        if self.filters is not None:
            padded = F.relu(self.filters(padded.transpose(1, 2))).transpose(1, 2)
            padded = padded * _inside(lengths, padded.shape[1])[:, :, None]
        if self.stacking > 1:
            padded = F.pad(padded, (0, 0, 0, -padded.shape[1] % self.stacking))
            padded = padded.unflatten(1, (-1, self.stacking)).flatten(2)  # (b, t / k, k p)
            lengths = stacked(lengths, self.stacking)
        log_probs = self.head(self.network(padded, lengths)[0]).log_softmax(-1)
        behind = log_probs.new_full((log_probs.shape[-1],), IMPOSSIBLE)
        behind[BLANK] = 0.0
        return torch.where(_inside(lengths, log_probs.shape[1])[:, :, None], log_probs, behind)


def stacked(lengths: Tensor, stacking: int) -> Tensor:
    """Frames that are left of sequences."""
    return (lengths + stacking - 1) // stacking


def _inside(lengths: Tensor, n_steps: int) -> Tensor:
    """Which frames (b, t) are before the end."""
    return torch.arange(n_steps, device=lengths.device) < lengths[:, None]


def ctc_loss(log_probs: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Minus the log of the sum over all alignments, a token of the string.

    Parameters
    ----------
    log_probs : Tensor of shape (b, t, V)
        Of `CTCNetwork`.
    target : Tensor of shape (b, s)
        Strings as numbers of tokens, `BEHIND` behind their ends.
    reduction : {"mean", "none"}
        Over the sequences.

    Returns
    -------
    Tensor
        A number, or (b,).
    """
    n_tokens = (target != BEHIND).sum(1)
    frames = torch.full_like(n_tokens, log_probs.shape[1])
    inputs = log_probs.transpose(0, 1)  # (t, b, V)
    losses = F.ctc_loss(inputs, target.clamp(min=0), frames, n_tokens, BLANK, reduction="none")
    losses = losses / n_tokens.clamp(min=1)
    return losses.mean() if reduction == "mean" else losses


CTC_OBJECTIVE = Objective("ctc", ctc_loss, identity)
