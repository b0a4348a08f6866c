"""How likely a language model finds texts: log p(x) = sum over t of log p(x_t | x_1, ..., x_{t-1}), its mark included.

Long texts are read in windows with the state carried on, so that only `SCORES` scores are in memory at a time. The
perplexity exp(-log p(x) / tokens) says among how many tokens the model hesitates. Course note: 004 §1.
"""

import torch
from torch import Tensor

from panlearn.neural_network.generator_network import GeneratorNetwork
from panlearn.neural_network.sequence_outputs import length_batches
from panlearn.neural_network.step_objective import losses
from panlearn.neural_network.training.rows import Rows
from panlearn.neural_network.training.truncated import kinds_of

SCORES = 1 << 22  # numbers in memory at a time
TOGETHER = 256  # texts


def text_losses(network: GeneratorNetwork, rows: Rows, target: Tensor) -> Tensor:
    """Negative log-likelihood of each text, in nats.

    Parameters
    ----------
    network : GeneratorNetwork
        Set to evaluation while it answers.
    rows : Rows
        Tokens to read.
    target : Tensor of shape (n, longest)
        Tokens to foretell, -1 behind the end of a text.

    Returns
    -------
    Tensor of shape (n,), float64
        One number a text.
    """
    lengths = rows.lengths()
    assert lengths is not None
    found = torch.zeros(len(rows), dtype=torch.float64)
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            for some in length_batches(lengths):
                for chosen in some.flip(0).split(TOGETHER):  # the long ones first: those not yet ended are a prefix
                    found[chosen] = _batch_losses(network, rows.take(chosen), target[chosen])
        return found
    finally:
        network.train(training)


def _batch_losses(network: GeneratorNetwork, inputs: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """Losses of texts in the order of falling length."""
    device = network.head.weight.device
    tokens, lengths, *others = (t.to(device) for t in inputs)
    features = others[0] if others else None
    total = torch.zeros(len(tokens), dtype=torch.float64)
    state = network.first_state(features)
    size = max(1, SCORES // (len(tokens) * network.head.out_features))
    for begin in range(0, tokens.shape[1], size):
        n = int((lengths > begin).sum())
        left = (lengths[:n] - begin).clamp(max=size)
        window = slice(begin, begin + int(left[0]))
        if state is not None:
            kinds = tuple(kind[:, :n].contiguous() for kind in kinds_of(state))
            state = kinds[0] if len(kinds) == 1 else kinds
        some = None if features is None else features[:n]
        scored, state = network.read(tokens[:n, window], left, state, some)
        total[:n] += losses(scored, target[:n, window].to(device)).double().cpu()
    return total
