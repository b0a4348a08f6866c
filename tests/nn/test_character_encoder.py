"""Words from their letters: equal to torch's layers, blind to what stands behind the end."""

import pytest
import torch

from panlearn.nn import CharacterEncoder
from panlearn.nn.character_encoder import distinct_words

WORDS = torch.tensor([[3, 4, 5, 0, 0], [6, 0, 0, 0, 0], [2, 2, 3, 4, 6]])


def encoder(kind="cnn", **settings) -> CharacterEncoder:
    torch.manual_seed(0)
    return CharacterEncoder(8, 4, 6, kind, **settings).double()


def test_convolution_matches_loops():
    """Each filter at each letter, by hand, and the largest of them."""
    ours = encoder()
    weight, bias, table = ours.encoder.weight, ours.encoder.bias, ours.table.weight
    for row, found in zip(WORDS, ours(WORDS)):
        letters = [table[k] for k in row[row > 0]]
        zero = torch.zeros(4, dtype=torch.float64)
        padded = [zero, *letters, zero]
        values = [sum(weight[:, :, j] @ padded[p + j] for j in range(3)) + bias for p in range(len(letters))]
        torch.testing.assert_close(found, torch.stack(values).amax(0))


def test_lstm_matches_torch():
    ours = encoder("lstm")
    peer = torch.nn.LSTM(4, 3, batch_first=True, bidirectional=True).double()
    peer.load_state_dict(ours.encoder.state_dict())
    for row, found in zip(WORDS, ours(WORDS)):
        _, (last, _) = peer(ours.table(row[row > 0])[None])
        torch.testing.assert_close(found, last.flatten())


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_padding_is_ignored(kind):
    ours = encoder(kind)
    longer = torch.nn.functional.pad(WORDS, (0, 4))
    torch.testing.assert_close(ours(longer), ours(WORDS))
    ours(longer).sum().backward()
    gradient = ours.table.weight.grad
    assert gradient is not None
    assert (gradient[0] == 0).all()


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_gradient(kind):
    ours = encoder(kind)
    names, parameters = zip(*ours.named_parameters())

    def f(*values):
        return torch.func.functional_call(ours, dict(zip(names, values)), (WORDS,))

    values = [p.detach().clone().requires_grad_() for p in parameters]
    values[0].data[0] = 0.0
    found = torch.autograd.grad(f(*values).square().sum(), values)
    step, direction = 1e-6, [torch.randn_like(v) for v in values]
    direction[0][0] = 0.0  # the row of padding is not learnt
    ahead, behind = (f(*(v + s * step * d for v, d in zip(values, direction))).square().sum() for s in (1, -1))
    slope = sum((g * d).sum() for g, d in zip(found, direction))
    torch.testing.assert_close(slope, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-7)


def test_distinct_words():
    numbers = torch.tensor([5, 2, 5, 9, 2])
    places, which = distinct_words(numbers)
    assert numbers[places].tolist() == [2, 5, 9]
    assert numbers[places][which].tolist() == numbers.tolist()


def test_edge_cases():
    with pytest.raises(ValueError, match="kind must be one of cnn, lstm"):
        CharacterEncoder(5, kind="gru")
    with pytest.raises(ValueError, match="width must be odd"):
        CharacterEncoder(5, width=4)
    with pytest.raises(ValueError, match="output_size must be even"):
        CharacterEncoder(5, output_size=5, kind="lstm")
    assert encoder(width=5)(torch.tensor([[1]])).shape == (1, 6)
