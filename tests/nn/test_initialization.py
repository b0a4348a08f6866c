"""Starting weights: their variance, what they keep alive, and what they leave alone."""

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import nn

from panlearn.nn import Highway, activation, initialize
from panlearn.nn.activations import ACTIVATIONS
from panlearn.nn.initialization import SCHEMES, fans, gain


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_matches_peer():
    """Fans and variances are those of torch's own functions."""
    for layer in (nn.Linear(30, 50), nn.Conv2d(6, 8, 3), nn.Conv1d(4, 9, 5)):
        fan = nn.init._calculate_fan_in_and_fan_out(layer.weight)  # type: ignore[attr-defined]
        assert tuple(fans(layer)) == fan
    for ours, theirs in (("xavier_uniform", nn.init.xavier_uniform_), ("xavier_normal", nn.init.xavier_normal_)):
        mine = initialize(nn.Linear(60, 40), ours, random=random()).weight
        torch.testing.assert_close(mine, theirs(torch.empty(40, 60), generator=random()))
    for ours, theirs in (("he_uniform", nn.init.kaiming_uniform_), ("he_normal", nn.init.kaiming_normal_)):
        mine = initialize(nn.Conv2d(3, 16, 3), ours, random=random()).weight
        torch.testing.assert_close(mine, theirs(torch.empty(16, 3, 3, 3), nonlinearity="relu", generator=random()))


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("xavier_normal", 2 / 500),
        ("kaiming_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("lecun_uniform", 1 / 300),
        ("lecun_normal", 1 / 300),
        ("sklearn", 2 / 500),
    ],
)
def test_variances(scheme, variance):
    layer = initialize(nn.Linear(300, 200), scheme, "relu", random=random())
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.02)
    assert (layer.bias.var().item() > 0) == (scheme == "sklearn")
    bound = layer.weight.abs().max().item()
    assert (bound <= math.sqrt(3 * variance) * (1 + 1e-6)) == (scheme.endswith("uniform") or scheme == "sklearn")


def test_sklearn_scheme_has_its_bounds():
    from sklearn.neural_network import MLPClassifier

    peer = MLPClassifier(activation="logistic", hidden_layer_sizes=(200,), max_iter=1, random_state=0)
    peer._random_state = __import__("numpy").random.RandomState(0)
    weights, bias = peer._init_coef(300, 200, "float64")
    ours = initialize(nn.Linear(300, 200), "sklearn", "logistic", random=random())
    assert ours.weight.abs().max().item() == pytest.approx(abs(weights).max(), rel=1e-3)
    assert ours.bias.abs().max().item() == pytest.approx(abs(bias).max(), rel=0.05)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gain_restores_the_second_moment(name):
    if name == "maxout":
        moment = quad(lambda x: x**2 * 3 * norm.pdf(x) * norm.cdf(x) ** 2, -9, 9)[0]
        assert gain(name, pieces=3) == pytest.approx(moment**-0.5, rel=1e-6)
        return
    function = activation(name).double()

    def integrand(x: float) -> float:
        return function(torch.tensor([[x]], dtype=torch.float64)).item() ** 2 * float(norm.pdf(x))

    assert gain(name) == pytest.approx((quad(integrand, -9, 0)[0] + quad(integrand, 0, 9)[0]) ** -0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "scheme"), [("relu", "he_normal"), ("maxout", "he_uniform"), ("elu", "auto"), ("selu", "auto")]
)
def test_signals_and_gradients_live_through_thirty_layers(name, scheme):
    start, units = random(1), 256 * (2 if name == "maxout" else 1)
    layers = [step for _ in range(30) for step in (nn.Linear(256, units), activation(name))]
    chain = initialize(nn.Sequential(*layers), scheme, name, random=start)
    x = torch.randn(64, 256, generator=start, requires_grad=True)
    out = chain(x)
    out.backward(torch.randn(out.shape, generator=start))
    assert x.grad is not None
    assert 0.1 < out.square().mean() < 10
    assert 0.01 < x.grad.square().mean() < 100


def test_orthogonal_and_identity_keep_lengths():
    x = torch.randn(5, 40, generator=random())
    rotated = initialize(nn.Linear(40, 40, bias=False), "orthogonal", "identity", random=random())(x)
    torch.testing.assert_close(rotated.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(initialize(nn.Linear(40, 40), "identity")(x), x)
    image = torch.randn(2, 4, 7, 7, generator=random())
    torch.testing.assert_close(initialize(nn.Conv2d(4, 4, 3, padding=1, groups=2), "identity")(image), image)


def test_transposed_and_grouped_layers_count_their_connections():
    assert fans(nn.Conv2d(8, 12, 3, groups=4)) == (18, 27)
    assert fans(nn.ConvTranspose2d(8, 12, 3, groups=4)) == (18, 27)


def test_other_layers_are_left_alone():
    net = nn.Sequential(nn.Embedding(5, 4), nn.LSTM(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    before = {name: p.clone() for name, p in net.named_parameters()}
    initialize(net, "he_normal", random=random(3))
    changed = {name for name, p in net.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"3.weight", "3.bias"}
    torch_start = [p.clone() for p in net.parameters()]
    initialize(net, "torch")
    assert all(map(torch.equal, torch_start, net.parameters()))
    gate = initialize(Highway(3, gate_bias=-1.5), "xavier_uniform").gate
    assert gate.state_dict()["bias"].tolist() == [-1.5] * 3


def test_auto_follows_the_activation():
    for name, scheme in {"relu": "he_normal", "selu": "lecun_normal", "tanh": "xavier_uniform"}.items():
        for function in (name, ACTIVATIONS[name]()):
            first = initialize(nn.Linear(9, 7), "auto", function, random=random()).weight
            torch.testing.assert_close(first, initialize(nn.Linear(9, 7), scheme, name, random=random()).weight)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_reproducible(scheme):
    def weights() -> list[torch.Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(7)
            return [*initialize(nn.Linear(6, 5), scheme).parameters()]

    assert all(map(torch.equal, weights(), weights()))


def test_edge_cases():
    with pytest.raises(ValueError, match=r"initialization must be one of \['auto'.*got 'zeros'"):
        initialize(nn.Linear(2, 2), "zeros")
    with pytest.raises(ValueError, match="activation must be one of"):
        initialize(nn.Linear(2, 2), activation="swish")
    assert initialize(nn.Linear(3, 2, bias=False)).weight.isfinite().all()
