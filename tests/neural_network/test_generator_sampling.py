"""Drawing tokens: the right law, only among those allowed, and each text goes on from its own state."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.neural_network.generator_network import GeneratorNetwork
from panlearn.neural_network.generator_sampling import Sampling, checked_sampling, draw, restrict, write_from
from panlearn.neural_network.sequence_network import SequenceArchitecture

LOGS = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.25, 0.25, 0.25, 0.25]]).log()


def test_temperature():
    torch.testing.assert_close(restrict(LOGS, Sampling()), LOGS.double().exp())
    sharp = restrict(LOGS, Sampling(temperature=0.5))[0]
    torch.testing.assert_close(sharp, LOGS[0].double().exp().square() / 0.3)
    assert restrict(LOGS, Sampling(temperature=0))[0].tolist() == [0, 1, 0, 0]
    assert restrict(LOGS, Sampling(temperature=1e-9))[0].tolist() == [0, 1, 0, 0]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=8),
    st.integers(1, 9),
    st.floats(0.01, 1.0),
)
def test_restrictions(scores, k, p):
    """Those left are the likeliest; of top_p, the fewest that reach p."""
    scores = torch.tensor([scores], dtype=torch.float64)
    chances = torch.softmax(scores, 1)[0]
    few = restrict(scores, Sampling(top_k=k))[0]
    assert int((few > 0).sum()) <= min(k, len(few))
    assert chances[few > 0].min() >= (chances[few == 0].max() if bool((few == 0).any()) else 0)
    core = restrict(scores, Sampling(top_p=p))[0]
    assert float(core.sum()) == pytest.approx(1)
    kept = chances[core > 0]
    assert float(kept.sum()) >= p - 1e-9
    assert float(kept.sum() - kept.min()) < p + 1e-9


def test_draws_follow_the_law():
    random = torch.Generator().manual_seed(0)
    chances = torch.tensor([[0.1, 0.0, 0.6, 0.3]], dtype=torch.float64).expand(20_000, -1)
    counts = np.bincount(draw(chances, random).numpy(), minlength=4) / 20_000
    np.testing.assert_allclose(counts, [0.1, 0, 0.6, 0.3], atol=0.012)
    tiny = torch.tensor([[1.0, 1e-300, 0.0, 0.0]], dtype=torch.float64)
    assert all(int(draw(tiny, random)[0]) == 0 for _ in range(50))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_each_text_goes_on_from_its_own_state(cell):
    """Texts that end leave the batch: what the others write is what each prefix makes likeliest."""
    torch.manual_seed(3)
    network = GeneratorNetwork(6, SequenceArchitecture(cell, hidden_size=8, embedding_size=4), 2).eval()
    torch.nn.init.normal_(network.head.weight, std=3.0)
    features = torch.randn(6, 2)
    found = write_from(network, [network.mark, 2], features, 9, Sampling(temperature=0))
    assert len({len(text) for text in found}) > 1
    for z, text in zip(features, found):
        read = [network.mark, 2]
        for token in [*text, network.mark][:9]:
            scored, _ = network.read(torch.tensor([read]), torch.tensor([len(read)]), None, z[None, None])
            scores = scored.emissions[0, -1].detach().clone()
            scores[0] = -torch.inf
            assert int(scores.argmax()) == token
            read.append(token)


def test_edge_cases():
    for settings_, said in (
        ((0, 5, Sampling()), "n_texts"),
        ((1, 2.5, Sampling()), "length"),
        ((1, 5, Sampling(top_k=0)), "top_k"),
        ((1, 5, Sampling(temperature=-1)), "temperature"),
        ((1, 5, Sampling(temperature=float("nan"))), "temperature"),
        ((1, 5, Sampling(top_p=0)), "top_p"),
    ):
        with pytest.raises(DataError, match=said):
            checked_sampling(*settings_)
