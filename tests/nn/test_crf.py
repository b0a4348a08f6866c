"""The layer: equal to enumeration and to pytorch-crf, on kernels and on tensors, with exact derivatives."""

import pickle
import sys
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

import panlearn
from panlearn.core.errors import DataError
from panlearn.nn import CRF, crf_covariances, crf_engine
from panlearn.sequence.tag_constraints import allowed
from tests.oracles.crf_layer import enumerated, score

NAMES = ("start_transitions", "transitions", "end_transitions")


def layer(n_tags=3, seed=0, batch_first=True, dtype=torch.float64, spread=1.0, **settings) -> CRF:
    torch.manual_seed(seed)
    crf = CRF(n_tags, batch_first, **settings).to(dtype)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=spread)
    return crf


def batch(crf: CRF, lengths=(4, 1, 3), seed=1, spread=1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Emissions, tags and mask, batch first."""
    random = torch.Generator().manual_seed(seed)
    t, dtype = max(lengths), crf.transitions.dtype
    emissions = spread * torch.randn(len(lengths), t, crf.num_tags, generator=random, dtype=torch.float64)
    tags = torch.randint(0, crf.num_tags, (len(lengths), t), generator=random)
    return emissions.to(dtype), tags, torch.arange(t) < torch.tensor(lengths)[:, None]


def potentials(crf: CRF) -> tuple[np.ndarray, ...]:
    return tuple(getattr(crf, name).detach().double().numpy() for name in NAMES)


@pytest.fixture(params=["kernels", "tensors"])
def engine(request, monkeypatch):
    """Both ways to compute; the second is that of a GPU."""
    if request.param == "tensors":
        monkeypatch.setattr(crf_engine, "serves", lambda device: False)
    return request.param


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("lengths", [(4, 1, 3), (1,), (3, 3), (0, 2)])
@pytest.mark.parametrize("n_tags", [1, 2, 3])
def test_matches_oracle(lengths, n_tags):
    crf = layer(n_tags)
    emissions, tags, mask = batch(crf, lengths)
    best, marginals = crf.decode(emissions, mask), crf.marginals(emissions, mask).detach().numpy()
    log_z, entropy = crf.log_partition(emissions, mask), crf.entropy(emissions, mask)
    likelihood = crf(emissions, tags, mask, reduction="none")
    several = crf.n_best(emissions, mask, k=4)
    for k, n in enumerate(lengths):
        own = emissions[k, :n].numpy()
        expected = enumerated(own, *potentials(crf))
        assert best[k] == list(expected.paths[0])
        assert several.tags[k] == [list(path) for path in expected.paths[:4]]
        found = several.log_probabilities[k].numpy()
        np.testing.assert_allclose(found[: len(expected.paths)], expected.log_p[:4], atol=1e-12)
        assert (found[len(expected.paths) :] == -np.inf).all()
        np.testing.assert_allclose(marginals[k, :n], expected.marginals, atol=1e-13)
        assert (marginals[k, n:] == 0).all()
        assert log_z[k].item() == pytest.approx(expected.log_z, abs=1e-12)
        assert entropy[k].item() == pytest.approx(expected.entropy, abs=1e-12)
        right = score(tags[k, :n].tolist(), own, *potentials(crf)) - expected.log_z
        assert likelihood[k].item() == pytest.approx(right, abs=1e-12)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "token_mean"])
def test_matches_peer(batch_first, reduction):
    peer_class = pytest.importorskip("torchcrf").CRF
    crf = layer(6, batch_first=batch_first)
    peer = peer_class(6, batch_first=batch_first).double()
    peer.load_state_dict(crf.state_dict())  # either way round
    crf.load_state_dict(peer.state_dict())
    emissions, tags, mask = batch(crf, (7, 2, 5, 1))
    if not batch_first:
        emissions, tags, mask = emissions.transpose(0, 1), tags.T, mask.T
    emissions.requires_grad_()
    for given_mask in (mask, mask.byte(), None):
        with_bytes = mask if given_mask is not None else None  # torch warns where the peer uses bytes
        found, expected = (
            crf(emissions, tags, given_mask, reduction),
            peer(emissions, tags, _ones(tags, with_bytes), reduction),
        )
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
        weight = torch.arange(1.0, found.numel() + 1, dtype=found.dtype).reshape(found.shape)
        mine = torch.autograd.grad((found * weight).sum(), (emissions, *(getattr(crf, name) for name in NAMES)))
        theirs = torch.autograd.grad((expected * weight).sum(), (emissions, *(getattr(peer, name) for name in NAMES)))
        for a, b in zip(mine, theirs):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
        assert crf.decode(emissions, given_mask) == peer.decode(emissions, _ones(tags, with_bytes))


def _ones(tags, mask):
    return torch.ones_like(tags, dtype=torch.bool) if mask is None else mask


@pytest.mark.parametrize("threads", [1, 2])
def test_kernels_and_tensors_agree(monkeypatch, threads):
    """A batch with holes in the mask, in float64 on both sides."""
    monkeypatch.setattr(crf_covariances, "GATE", 0)
    crf = layer(5)
    emissions, tags, mask = batch(crf, (25, 1, 14, 9) * 3, spread=3.0)
    mask &= torch.rand(mask.shape, generator=torch.Generator().manual_seed(0)) < 0.8
    emissions.requires_grad_()

    def results():
        likelihood = crf(emissions, tags, mask, "none")
        weight = torch.linspace(-1, 1, len(likelihood), dtype=likelihood.dtype)
        first = torch.autograd.grad(likelihood @ weight, (emissions, *crf.parameters()))
        second = torch.autograd.grad(crf.marginals(emissions, mask).square().sum(), (emissions, *crf.parameters()))
        third = torch.autograd.grad(crf.entropy(emissions, mask) @ weight, (emissions, *crf.parameters()))
        return [likelihood, *first, *second, *third], crf.decode(emissions, mask)

    with panlearn.threads(threads):
        numbers, paths = results()
    monkeypatch.setattr(crf_engine, "serves", lambda device: False)
    others, other_paths = results()
    assert paths == other_paths
    for a, b in zip(numbers, others):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def check_with(method: str, crf: CRF, *given_: Any, **settings: Any):
    """A function of emissions and potentials, and its inputs."""

    class Call(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.crf = crf

        def forward(self, emissions):
            return getattr(self.crf, method)(emissions, *given_, **settings)

    call = Call()

    def function(emissions, *values):
        return functional_call(call, {f"crf.{name}": value for name, value in zip(NAMES, values)}, (emissions,))

    return function, [getattr(crf, name).detach().clone().requires_grad_() for name in NAMES]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("method", ["forward", "log_partition", "marginals", "entropy"])
def test_gradient(method):
    """First and second derivatives in all arguments; of marginals the second are third ones of log Z."""
    crf = layer(2)
    emissions, tags, mask = batch(crf, (3, 1, 2))
    mask[0, 1] = False
    given_ = (tags, mask, "none") if method == "forward" else (mask,)
    function, values = check_with(method, crf, *given_)
    inputs = (emissions.requires_grad_(), *values)
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_gradient_when_some_are_frozen():
    crf = layer(3)
    emissions, tags, mask = batch(crf)
    crf.transitions.requires_grad_(False)
    crf(emissions, tags, mask, "none").square().sum().backward()
    assert crf.transitions.grad is None
    assert crf.start_transitions.grad is not None
    emissions.requires_grad_()
    (gradient,) = torch.autograd.grad(crf.marginals(emissions).square().sum(), emissions, create_graph=True)
    assert gradient.requires_grad


def test_optimality():
    """The gradient is what is expected less what was observed; at the optimum of free scores both are equal."""
    crf = layer(3)
    emissions, tags, mask = batch(crf, (5, 2, 4))
    emissions.requires_grad_()
    (-crf(emissions, tags, mask)).backward()
    observed = torch.nn.functional.one_hot(tags, 3) * mask[..., None]
    assert emissions.grad is not None
    torch.testing.assert_close(emissions.grad, crf.marginals(emissions, mask).detach() - observed)
    optimiser = torch.optim.LBFGS(
        crf.parameters(), max_iter=200, tolerance_grad=1e-9, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss():
        optimiser.zero_grad()
        value = -crf(emissions.detach(), tags, mask) + 0.05 * sum(p.square().sum() for p in crf.parameters())
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[arg-type]
    assert all(p.grad.abs().max() < 1e-6 for p in crf.parameters())  # type: ignore[union-attr]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-20, 20), st.integers(1, 6), st.integers(1, 4))
def test_invariances(seed, shift, t, n_tags):
    """A number added to all scores of a frame changes log Z alone; tags may be renamed; sequences swapped."""
    crf = layer(n_tags, seed)
    emissions, tags, _ = batch(crf, (t, t), seed)
    value, marginals = crf(emissions, tags, reduction="none"), crf.marginals(emissions)
    moved = emissions.clone()
    moved[:, t // 2] += shift
    torch.testing.assert_close(crf(moved, tags, reduction="none"), value, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(crf.log_partition(moved), crf.log_partition(emissions) + shift, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(crf(emissions.flip(0), tags.flip(0), reduction="none"), value.flip(0))
    back = CRF(n_tags, True).double()  # read from the end: first and last scores change places
    back.load_state_dict(dict(zip(NAMES, (crf.end_transitions, crf.transitions.T, crf.start_transitions))))
    torch.testing.assert_close(back(emissions.flip(1), tags.flip(1), reduction="none"), value, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(back.marginals(emissions.flip(1)).flip(1), marginals, atol=1e-9, rtol=1e-9)
    names = torch.randperm(n_tags, generator=torch.Generator().manual_seed(seed))
    other = CRF(n_tags, True).double()
    start, transitions, end = crf.start_transitions[names], crf.transitions[names][:, names], crf.end_transitions[names]
    other.load_state_dict(dict(zip(NAMES, (start, transitions, end))))
    torch.testing.assert_close(other(emissions[..., names], names.argsort()[tags], reduction="none"), value)


@pytest.mark.usefixtures("engine")
def test_padding_is_ignored():
    """Whatever stands at masked frames, and wherever they are, changes nothing."""
    crf = layer(4)
    emissions, tags, mask = batch(crf, (5, 2, 3))
    wild = emissions.masked_fill(~mask[..., None], 1e9)
    strange = tags.masked_fill(~mask, -100)
    longer = torch.nn.functional.pad(mask, (0, 2))
    late = [torch.cat([x[:, :1].expand_as(x[:, :2]), x], 1) for x in (emissions, tags)]
    late_mask = torch.nn.functional.pad(mask, (2, 0))
    holes = [torch.stack([x, x.roll(1, 0)], 2).flatten(1, 2) for x in (emissions, tags)]
    hole_mask = torch.stack([mask, torch.zeros_like(mask)], 2).flatten(1, 2)
    expected = crf(emissions, tags, mask, "none")
    paths, inside = crf.decode(emissions, mask), crf.marginals(emissions, mask)
    for e, y, m in (
        (wild, strange, mask),
        (torch.nn.functional.pad(emissions, (0, 0, 0, 2)), torch.nn.functional.pad(tags, (0, 2)), longer),
        (*late, late_mask),
        (*holes, hole_mask),
    ):
        e = e.clone().requires_grad_()
        found = crf(e, y, m, "none")
        torch.testing.assert_close(found, expected)
        assert crf.decode(e, m) == paths
        torch.testing.assert_close(crf.marginals(e, m)[m], inside[mask])
        (gradient,) = torch.autograd.grad(found.sum(), e)
        assert (gradient[~m] == 0).all()
        assert (crf.sample(e, m)[0][~m] == -1).all()


def test_overfits_tiny_batch():
    """Emissions that say nothing: the transitions learn that tags go round 0, 1, 2."""
    crf = layer(3)
    emissions = torch.zeros(2, 9, 3, dtype=torch.float64)
    tags = (torch.arange(9) + torch.tensor([[0], [1]])) % 3
    optimiser = torch.optim.Adam(crf.parameters(), lr=0.5)
    for _ in range(150):
        optimiser.zero_grad()
        loss = -crf(emissions, tags, reduction="mean")
        loss.backward()
        optimiser.step()
    assert -crf(emissions, tags, reduction="mean").item() < 0.01 + np.log(2)  # the first tag stays open
    path = crf.decode(emissions)[0]
    assert all((a + 1) % 3 == b for a, b in pairwise(path))


def test_reproducible():
    crf = layer(5)
    emissions, tags, mask = batch(crf, (50, 20, 35) * 40)
    runs = []
    for threads in (1, 2, 2):
        with panlearn.threads(threads):
            crf.zero_grad()
            value = crf(emissions, tags, mask)
            value.backward()
            drawn = crf.sample(emissions, mask, generator=torch.Generator().manual_seed(3))
            runs.append((value.item(), *(p.grad.tolist() for p in crf.parameters()), drawn.tolist()))  # type: ignore
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes(dtype):
    """Low precision in, low precision out; between, float64."""
    exact = layer(4)
    emissions, tags, mask = batch(exact, (6, 3))
    crf = layer(4, dtype=dtype)
    for name in NAMES:
        getattr(exact, name).data = getattr(crf, name).data.double()
    given_ = emissions.to(dtype).requires_grad_()
    found, expected = crf(given_, tags, mask), exact(given_.double(), tags, mask)
    assert found.dtype == dtype
    torch.testing.assert_close(found, expected.to(dtype))
    found.backward()
    assert given_.grad is not None
    assert given_.grad.dtype == crf.transitions.grad.dtype == dtype  # type: ignore[union-attr]
    results = crf.marginals(given_, mask), crf.entropy(given_, mask), crf.log_partition(given_, mask)
    assert {x.dtype for x in results} == {dtype}
    with torch.no_grad():
        assert crf(given_, tags, mask).dtype == crf.log_partition(given_).dtype == dtype
    mixed = exact.float()(given_, tags, mask)  # scores of a network under autocast, parameters kept in float32
    assert mixed.dtype == torch.float32


@pytest.mark.usefixtures("engine")
def test_samples_follow_the_distribution():
    crf = layer(2)
    emissions, _, mask = batch(crf, (3, 2))
    mask[0, 1] = False
    drawn = crf.sample(emissions, mask, 20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (20_000, 2, 3)
    for k in range(2):
        expected = enumerated(emissions[k][mask[k]].numpy(), *potentials(crf))
        own = drawn[:, k][:, mask[k]].tolist()
        for path, log_p in zip(expected.paths, expected.log_p):
            p = np.exp(log_p)
            share = np.mean([row == list(path) for row in own])
            assert abs(share - p) < 4.5 * np.sqrt(p * (1 - p) / 20_000)


@pytest.mark.usefixtures("engine")
def test_constraints():
    """Forbidden taggings have no probability; what is left shares it as before."""
    names = ["O", "B-x", "I-x"]
    free = layer(3)
    for rules in ("BIO", [("O", "I-x"), (None, "I-x")], allowed("BIO", names)):
        bound = CRF(3, True, constraints=rules, tag_names=names).double()
        assert bound.state_dict().keys() == free.state_dict().keys()
        bound.load_state_dict(free.state_dict())
        emissions, tags, mask = batch(free, (4, 2))
        masked = potentials(free)[0].copy(), potentials(free)[1].copy(), potentials(free)[2]
        masked[0][2] = masked[1][0, 2] = -np.inf
        for k, n in enumerate((4, 2)):
            expected = enumerated(emissions[k, :n].numpy(), *masked)
            own = emissions[k : k + 1, :n]
            assert bound.decode(own) == [list(expected.paths[0])]
            np.testing.assert_allclose(bound.marginals(own)[0].detach(), expected.marginals, atol=1e-12)
            assert bound.entropy(own).item() == pytest.approx(expected.entropy)
            assert bound.n_best(own, k=81).tags[0] == [
                list(path) for path, p in zip(expected.paths, expected.log_p) if p > -np.inf
            ]
        tags[:] = torch.tensor([1, 2, 0, 1])
        bound(emissions, tags, mask).backward()
        assert bound.transitions.grad is not None
        assert torch.isfinite(bound.transitions.grad).all()
        assert bound.transitions.grad[0, 2] == 0
        bound.entropy(emissions, mask).sum().backward()
        assert torch.isfinite(bound.transitions.grad).all()
        tags[1] = 2
        with pytest.raises(DataError, match="tags of sequence 1 of the batch are forbidden"):
            bound(emissions, tags, mask)
        known = emissions.clone()  # a known label is a score of -inf for all others
        known[0, 0] = torch.tensor([-np.inf, -np.inf, 0.0])
        for call in (bound.log_partition, bound.decode, bound.n_best, bound.sample, bound.marginals):
            with pytest.raises(DataError, match="sequence 0 of the batch has no tagging"):
                call(known)


def test_known_labels():
    crf = layer(3)
    emissions, tags, mask = batch(crf)
    known = emissions.clone()
    known[0, 2] = torch.tensor([-np.inf, 0.0, -np.inf])
    known.requires_grad_()
    marginals = crf.marginals(known, mask)
    assert marginals[0, 2].tolist() == pytest.approx([0, 1, 0], abs=0, rel=1e-12)
    assert crf.decode(known, mask)[0][2] == 1
    tags[0, 2] = 1
    crf(known, tags, mask).backward()
    assert known.grad is not None
    assert torch.isfinite(known.grad).all()


@pytest.mark.usefixtures("engine")
def test_scores_of_any_size():
    """Where exp underflows logarithms take over: transitions of -10,000, as others have them for -inf."""
    crf = layer(3)
    emissions, tags, mask = batch(crf, spread=300.0)
    with torch.no_grad():
        crf.transitions[:] = -10_000.0
    expected = [enumerated(emissions[k, :n].numpy(), *potentials(crf)) for k, n in enumerate((4, 1, 3))]
    emissions.requires_grad_()
    assert crf.log_partition(emissions, mask).tolist() == pytest.approx([each.log_z for each in expected])
    (gradient,) = torch.autograd.grad(crf(emissions, tags, mask), emissions)
    right = torch.nn.functional.one_hot(tags, 3)
    np.testing.assert_allclose(right[0] - gradient[0], expected[0].marginals, atol=1e-9)
    with torch.no_grad():
        crf.transitions[0, :2] = 700.0
        crf.transitions[1:, 0] = -2_000.0
    wide = [enumerated(emissions[k, :n].detach().numpy(), *potentials(crf)) for k, n in enumerate((4, 1, 3))]
    found = crf.marginals(emissions, mask)
    np.testing.assert_allclose(found[0].detach(), wide[0].marginals, atol=1e-9)
    assert torch.isfinite(torch.autograd.grad(found.square().sum(), emissions)[0]).all()


def test_edge_cases():
    with pytest.raises(ValueError, match="invalid number of tags: 0"):
        CRF(0)
    with pytest.raises(ValueError, match="name all 3 tags; got 2"):
        CRF(3, tag_names=["a", "b"])
    assert repr(CRF(7)) == "CRF(num_tags=7)"
    crf = layer(3)
    emissions, tags, mask = batch(crf)
    with pytest.raises(ValueError, match="invalid reduction: median"):
        crf(emissions, tags, reduction="median")
    with pytest.raises(ValueError, match="k must be an integer"):
        crf.n_best(emissions, k=0)
    bad = emissions.clone()
    bad[2, 1, 1] = torch.nan
    for call in (crf.decode, crf.log_partition, crf.marginals, crf.entropy, crf.n_best, crf.sample):
        with pytest.raises(DataError, match=r"emissions of sequence 2 of the batch hold NaN or .inf at frame 1"):
            call(bad, mask)
    with pytest.raises(DataError, match=r"sequence 2 of the batch hold NaN"):
        crf(bad, tags, mask)


@pytest.mark.parametrize("size", [1e30, -1e30])
def test_huge_scores(size):
    """Scores far beyond what stands for -inf in tensor operations are right, and too large ones an error."""
    crf = layer(3, dtype=torch.float32)
    emissions, tags, mask = batch(crf)
    huge = (size * (1.0 + emissions.abs())).requires_grad_()
    best = crf.decode(huge, mask)
    assert best == [huge[k, :n].argmax(1).tolist() for k, n in enumerate((4, 1, 3))]
    found = crf(huge, tags, mask, "none")
    exact = huge.detach().double()
    lost = (exact.gather(2, tags[..., None])[..., 0] - exact.amax(2)) * mask
    torch.testing.assert_close(found.double(), lost.sum(1), rtol=1e-5, atol=10.0)
    (gradient,) = torch.autograd.grad(found.sum(), huge)
    assert torch.isfinite(gradient).all()
    with pytest.raises(DataError, match="too large to be added up"):
        crf.double()(1e308 * exact.sign(), tags, mask)


def test_huge_scores_of_tensor_operations(monkeypatch):
    monkeypatch.setattr(crf_engine, "serves", lambda device: False)
    crf = layer(3)
    emissions, tags, mask = batch(crf)
    for call in (crf.decode, lambda x, m: crf(x, tags, m)):
        with pytest.raises(DataError, match=r"exceeds 1e.25 in size"):
            call(1e30 * emissions, mask)


@pytest.mark.usefixtures("engine")
def test_nothing_to_tag():
    """No sequences, no frames, or none that count: probability 1, entropy 0, and a gradient of zero."""
    crf = layer(3)
    for b, t, masked in ((0, 4, False), (2, 0, False), (2, 3, True), (0, 0, False)):
        emissions = torch.randn(b, t, 3, dtype=torch.float64, requires_grad=True)
        tags = torch.zeros(b, t, dtype=torch.int64)
        mask = torch.zeros(b, t, dtype=torch.bool) if masked else None
        for reduction in ("sum", "mean", "token_mean", "none"):
            value = crf(emissions, tags, mask, reduction)
            assert (value == 0).all()
        value.sum().backward()  # type: ignore[possibly-undefined]
        assert emissions.grad is not None
        assert (emissions.grad == 0).all()
        assert crf.decode(emissions, mask) == [[]] * b
        assert crf.log_partition(emissions, mask).tolist() == crf.entropy(emissions, mask).tolist() == [0] * b
        assert crf.n_best(emissions, mask, 2).tags == [[[]]] * b
        assert crf.marginals(emissions, mask).shape == (b, t, 3)
        assert (crf.marginals(emissions, mask) == 0).all()
        assert (crf.sample(emissions, mask, 4) == -1).all()


def test_many_tags():
    """More than one byte of tags."""
    crf = layer(300, spread=0.1)
    emissions, _, mask = batch(crf, (3, 2), spread=3.0)
    score_, path = enumerate_by_viterbi(crf, emissions[0])
    found = crf.n_best(emissions, mask, k=2)
    assert found.tags[0][0] == crf.decode(emissions, mask)[0] == path
    assert (found.log_probabilities[0, 0] + crf.log_partition(emissions)[0]).item() == pytest.approx(score_)


def enumerate_by_viterbi(crf, emissions):
    start, transitions, end = potentials(crf)
    x = emissions.numpy()
    total = (start + x[0])[:, None, None] + transitions[:, :, None] + transitions[None] + x[1][:, None] + x[2] + end
    return total.max(), [int(i) for i in np.unravel_index(total.argmax(), total.shape)]


def test_pickles_and_threads(monkeypatch):
    crf = layer(4, constraints="BIO", tag_names=["O", "B-a", "I-a", "B-b"])
    emissions, _, mask = batch(crf, (30, 20) * 10)
    monkeypatch.setattr(sys.modules[CRF.__module__], "CRF", CRF)  # doctests import the module a second time
    again = pickle.loads(pickle.dumps(crf))
    expected = crf.decode(emissions, mask)
    assert again.decode(emissions, mask) == expected
    found = []
    workers = [threading.Thread(target=lambda: found.append(crf.decode(emissions, mask))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [expected, expected]
