"""The conditional random field: equal to enumeration and to CRFsuite, at its optimum, and clear about bad data."""

import pickle
from contextlib import nullcontext
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

import panlearn
from panlearn.core.errors import DataError, ModelFileError
from panlearn.sequence import CRF, AttributeEncoder, TokenFeatures
from tests.oracles import crf as oracle

TIGHT = {"epsilon": 1e-9, "delta": 1e-15}
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problem(n=12, length=4, labels="abc", seed=0, numbers=True):
    """Sequences whose labels hang on a word, a number and the label before."""
    rng, X, y = np.random.default_rng(seed), [], []
    for _ in range(n):
        tokens, path = [], []
        for _ in range(rng.integers(1, length + 1)):
            code = int(rng.integers(len(labels)))
            word = "uvw"[(code + int(rng.random() < 0.3)) % 3]
            tokens.append({f"word:{word}": 1.0} | ({"n": float(rng.integers(1, 4)) / 2} if numbers else {}))
            path.append(labels[code])
        X.append(tokens)
        y.append(path)
    return X, y


def weights(model):
    return model.state_features_, model.transition_features_


@unconverged
@pytest.mark.parametrize("kind", [{}, {"all_possible_states": True, "all_possible_transitions": True}, {"min_freq": 2}])
def test_matches_oracle(kind):
    X, y = problem()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    model = CRF(c2=0.3, **kind, **TIGHT).fit(X, y, sample_weight=weight)
    states, steps = weights(model)
    assert model.objective_ == pytest.approx(oracle.objective(X, y, states, steps, 0, 0.3, weight), rel=1e-9)
    assert max(map(abs, oracle.gradient(X, y, states, steps, 0.3, weight).values())) < 1e-5
    labels = model.classes_
    for sequence, table in zip(X, model.predict_proba(X), strict=True):
        for row, wanted in zip(table, oracle.marginals(sequence, labels, states, steps), strict=True):
            np.testing.assert_allclose(row, [wanted[label] for label in labels], atol=1e-10)
    for sequence, path, best, log_p in zip(X, y, model.predict(X), model.log_likelihood(X, y), strict=True):
        shares, _ = oracle.distribution(sequence, labels, states, steps)
        assert shares[tuple(best)] == pytest.approx(max(shares.values()))
        assert np.exp(log_p) == pytest.approx(shares[tuple(path)])


@unconverged
@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"all_possible_transitions": True, "c2": 0.1},
        {"all_possible_states": True, "c2": 0.1},
        {"c1": 0.5, "c2": 0.05},
        {"min_freq": 2.0},
    ],
)
def test_matches_peer(kind):
    peer = pytest.importorskip("sklearn_crfsuite")
    X, y = problem(30, 6)
    ours, theirs = CRF(**kind, **TIGHT).fit(X, y), peer.CRF(**kind, **TIGHT).fit(X, y)
    assert ours.objective_ == pytest.approx(theirs.training_log_.last_iteration["loss"], rel=1e-6)
    assert ours.classes_ == theirs.classes_
    assert ours.attributes_ == theirs.attributes_
    assert ours.num_attributes_ == theirs.num_attributes_
    for own, other in zip(weights(ours), weights(theirs), strict=True):
        for key in own.keys() | other.keys():
            assert own.get(key, 0.0) == pytest.approx(other.get(key, 0.0), abs=1e-4)
    assert ours.predict(X).tolist() == [list(path) for path in theirs.predict(X)]
    for own, other in zip(ours.predict_marginals(X), theirs.predict_marginals(X), strict=True):
        for a, b in zip(own, other, strict=True):
            assert a == pytest.approx(b, abs=1e-4)
    assert ours.score(X, y) == theirs.score(X, y)


def test_every_form_of_attributes_means_what_crfsuite_takes_it_for():
    peer = pytest.importorskip("sklearn_crfsuite")
    X = [
        [{"a": 1, "b": "x"}, {"b": "ÿ", "c": ["p", "q"], "d": {"e": 2.5, "f": {"g": "h"}}}],
        [{"z": True}, {"z": False, "s": {"t"}}, ["a", "z"]],
        [],
    ]
    y = [["N", "A"], ["C", "B", "N"], []]
    ours, theirs = CRF(**TIGHT).fit(X, y), peer.CRF(**TIGHT).fit(X, y)
    assert ours.attributes_ == theirs.attributes_
    for own, other in zip(weights(ours), weights(theirs), strict=True):  # a weight may be 0 here and 1e-17 there
        for key in own.keys() | other.keys():
            assert own.get(key, 0.0) == pytest.approx(other.get(key, 0.0), abs=1e-5)


@unconverged
@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([0.01, 1.0, 100.0]), st.sampled_from([0.0, 0.2]))
def test_optimality(seed, c2, c1):
    """Where the gradient vanishes: expected counts equal the observed ones, but for the penalty."""
    X, y = problem(8, 4, seed=seed)
    model = CRF(c1=c1, c2=c2, epsilon=1e-8, delta=1e-15).fit(X, y)
    states, steps = weights(model)
    slopes = oracle.gradient(X, y, states, steps, c2)
    for key, slope in slopes.items():
        weight = (states if isinstance(key[0], str) and key in states else steps)[key]
        assert slope == pytest.approx(-c1 * np.sign(weight), abs=1e-4)
    assert model.gradient_norm_ < 1e-3
    losses = [step["loss"] for step in model.training_log_.iterations]
    assert (np.diff(losses) <= 1e-9).all()
    assert f"{model.objective_:.8g}" in model.certificate_


@unconverged
def test_invariances():
    X, y = problem(20, 5)
    model = CRF(c2=0.1, **TIGHT).fit(X, y)
    order = np.random.default_rng(0).permutation(len(X))
    other = CRF(c2=0.1, **TIGHT).fit([X[i] for i in order], [y[i] for i in order])
    assert other.objective_ == pytest.approx(model.objective_, rel=1e-8)
    assert other.state_features_ == pytest.approx(model.state_features_, abs=1e-5)
    renamed = CRF(c2=0.1, **TIGHT).fit(X, [["abc".index(label) for label in path] for path in y])
    assert [["abc"[i] for i in path] for path in renamed.predict(X)] == model.predict(X).tolist()
    times = np.random.default_rng(1).integers(0, 3, len(X))
    heavy = CRF(c2=0.1, **TIGHT).fit(X, y, sample_weight=times)
    again = [i for i, n in enumerate(times) for _ in range(n)]
    repeated = CRF(c2=0.1, **TIGHT).fit([X[i] for i in again], [y[i] for i in again])
    assert heavy.objective_ == pytest.approx(repeated.objective_, rel=1e-8)
    assert heavy.state_features_ == pytest.approx(repeated.state_features_, abs=1e-5)


def test_forms_of_input_agree():
    X, y = problem(10, 4, numbers=False)
    model = CRF().fit(X, y)
    want = model.predict_proba(X)
    names = [[list(token) for token in sequence] for sequence in X]
    encoder = AttributeEncoder()
    encoded = encoder.fit_transform(X)
    columns = {name: j for j, name in enumerate(encoder.names_ or ())}
    tables = [np.array([[float(name in token) for name in columns] for token in sequence]) for sequence in X]
    for rows in (names, (sequence for sequence in names), tables, [sparse.csr_array(t) for t in tables], encoded):
        rows = list(rows) if not isinstance(rows, tuple) else rows
        other = CRF().fit(iter(rows) if isinstance(rows, list) else rows, y)
        for a, b in zip(want, other.predict_proba(rows), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-8)
    words = [["".join(token) for token in sequence] for sequence in names]
    last = CRF()
    piped = make_pipeline(TokenFeatures(window=1), last).fit(words, y)
    inside = CRF(features=TokenFeatures(window=1)).fit(words, y)
    assert piped.predict(words).tolist() == inside.predict(words).tolist()
    assert last.state_features_ == inside.state_features_
    assert any(name.startswith("w[-1]=") for name in inside.attributes_)
    hashed = CRF(features=AttributeEncoder(hashed=True, n_hashed=64)).fit(X, y)
    assert hashed.score(X, y) > 0.5
    with pytest.raises(DataError, match="encoded"):
        CRF().fit(encoded, y).predict(X)


@pytest.mark.parametrize("algorithm", ["lbfgs", "l2sgd", "ap", "pa", "arow"])
def test_every_algorithm_learns_and_is_kept(algorithm, tmp_path):
    X = [[{"w": "the"}, {"w": "dog"}, {"w": "runs"}], [{"w": "dogs"}, {"w": "run"}], [{"w": "the"}, {"w": "run"}]]
    y = [["D", "N", "V"], ["N", "V"], ["D", "N"]]
    model = CRF(algorithm, max_iterations=100 if algorithm != "lbfgs" else None).fit(X, y)
    assert model.score(X, y) == 1.0
    assert model.training_log_.last_iteration["num"] == model.n_iter_
    for again in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "m"))):
        assert again.predict(X).tolist() == y
        assert again.state_features_ == model.state_features_
        assert again.get_params() == model.get_params()
        assert again.certificate_ == model.certificate_


def test_reproducible():
    X, y = problem(300, 10, seed=2)
    for algorithm in ("lbfgs", "l2sgd", "ap", "pa", "arow"):
        found = []
        for count in (1, 2, 1):
            with panlearn.threads(count):
                model = CRF(algorithm, c2=None if algorithm != "l2sgd" else 1.0, max_iterations=5)
                with pytest.warns(ConvergenceWarning) if algorithm in ("lbfgs", "l2sgd") else nullcontext():
                    model.fit(X, y)
                found.append((weights(model), np.concatenate(model.predict_proba(X)).tobytes()))
        assert found[0] == found[1] == found[2]


def test_edge_cases():
    one = CRF().fit([[["a"]]], [["N"]])  # one label, one token
    assert one.predict_proba([[["a"], ["b"]]])[0].tolist() == [[1.0], [1.0]]
    X, y = problem(6)
    model = CRF().fit([*X, []], [*y, []])  # an empty sequence
    assert model.predict([[], X[0]])[0] == []
    assert model.predict_proba([[]])[0].shape == (0, 3)
    assert model.log_likelihood([[]], [[]]).tolist() == [0.0]
    assert model.predict_n_best([[]], 3) == [[([], 1.0)]]
    assert len(model.predict([])) == 0
    unseen = model.predict_proba([[{"never": 1.0}], [{}]])  # no attribute is known: nothing but the labels' own
    np.testing.assert_allclose(unseen[0], unseen[1])
    np.testing.assert_allclose(unseen[0], 1 / 3)
    assert len({*map(len, model.predict(X))}) > 1
    equal = model.predict([sequence for sequence in X if len(sequence) == 2] * 2)
    assert equal.ndim == 1  # lists, however alike they are
    assert CRF().fit([[["a"], ["b"]]] * 2, [[1, 2]] * 2).predict([[["a"]]])[0] == [1]
    assert (CRF().classes_, CRF().attributes_, CRF().training_log_, CRF().tagger_, CRF().size_) == (None,) * 5
    with pytest.raises(NotFittedError):
        CRF().predict(X)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[["a"]]], [["N", "N"]], r"sequence 0: \|x\| = 1, \|y\| = 2"),
        ([[["a"]], [["b"]]], [["N"]], "X has 2, y 1"),
        ([[["a"]]], [[None]], "the label None"),
        ([[["a"]]], ["N"], r"pass \[y\]"),
        ([[{"a": np.nan}]], [["N"]], "'a' has the value nan"),
        ([[{"a": np.inf}]], [["N"]], "'a' has the value inf"),
        ([[{"a": 1e300}, {"a": -1e300}]], [["N", "V"]], "a value of size 1e.300"),
        ([[{"a": None}]], [["N"]], "'a' has the value None"),
        ([], [], "minimum of 1"),
        ([[]], [[]], "no token"),
        ([{"a": 1}], [["N"]], "must be a list of tokens"),
        ("text", [["N"]], "list of sequences"),
    ],
)
def test_bad_data_are_said(X, y, words):
    with pytest.raises(DataError, match=words):
        CRF().fit(X, y)


def test_bad_parameters_are_said():
    X, y = problem(4)
    for name, value in (("c1", -1), ("algorithm", "newton"), ("period", 0), ("c2", "much"), ("max_iterations", 0)):
        with pytest.raises(InvalidParameterError, match=f"'{name}'"):
            CRF(**{name: value}).fit(X, y)
    with pytest.raises(ValueError, match="both X_dev and y_dev"):
        CRF().fit(X, y, X)
    with pytest.raises(DataError, match="is none of BIO"):
        CRF(constraints="BIO").fit(X, y)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        CRF().fit(X, y, sample_weight=[1, 1, 1, -1])
    with pytest.raises(ValueError, match="non-zero"):
        CRF().fit(X, y, sample_weight=[0, 0, 0, 0])
    with pytest.warns(ConvergenceWarning, match="gradient norm .* max_iterations"):
        CRF(max_iterations=1).fit(X, y)


def test_search_and_folds():
    X, y = problem(30, 5, seed=3)
    scores = cross_val_score(CRF(), X, y, cv=3)
    assert scores.mean() > 0.5
    search = GridSearchCV(CRF(), {"c2": [0.1, 100.0]}, cv=3).fit(X, y)
    assert search.best_params_ == {"c2": 0.1}


def test_scores_on_other_sequences():
    X, y = problem(20)
    model = CRF().fit(X, y, X, y)
    last = model.training_log_.last_iteration
    assert last["item_accuracy_float"] == pytest.approx(model.score(X, y))
    assert last["scores"]["a"].ref == sum(path.count("a") for path in y)
    assert model.training_log_.featgen_num_features == len(model.state_features_) + len(model.transition_features_)


def test_model_files(tmp_path):
    X, y = problem(10)
    path = tmp_path / "model.panlearn"
    model = CRF(model_filename=str(path)).fit(X, y)
    read = CRF(model_filename=str(path))
    assert read.predict(X).tolist() == model.predict(X).tolist()
    assert CRF(model_filename=str(tmp_path / "none")).classes_ is None
    peer = pytest.importorskip("sklearn_crfsuite")
    other = tmp_path / "model.crfsuite"
    theirs = peer.CRF(model_filename=str(other)).fit(X, y)
    read = CRF(model_filename=str(other))
    assert read.predict(X).tolist() == [list(path) for path in theirs.predict(X)]
    assert read.state_features_ == pytest.approx(theirs.state_features_, abs=1e-6)
    panlearn.save(AttributeEncoder(), path)
    with pytest.raises(ModelFileError, match="no CRF"):
        CRF(model_filename=str(path)).predict(X)


def test_constraints_rule_the_predictions_and_not_the_training():
    X, y = problem(15, 4)
    free = CRF(c2=0.1).fit(X, y)
    model = CRF(c2=0.1, constraints={("a", "b"), (None, "c")}).fit(X, y)
    assert model.state_features_ == free.state_features_
    states, steps = weights(model)

    def may(path):
        return path[:1] != ("c",) and ("a", "b") not in pairwise(path)

    for sequence, best, table in zip(X, model.predict(X), model.predict_proba(X), strict=True):
        shares, _ = oracle.distribution(sequence, "abc", states, steps, may)
        assert shares[tuple(best)] == pytest.approx(max(shares.values()))
        wanted = oracle.marginals(sequence, model.classes_, states, steps, may)
        np.testing.assert_allclose(table, [[row[label] for label in model.classes_] for row in wanted], atol=1e-9)
    assert all(np.isfinite(model.log_likelihood(X, y)))  # without constraints
    for path in product("abc", repeat=2):
        if not may(path):
            with pytest.raises(DataError, match="sequence 0"):
                model.predict([[{}, {}]], known=[list(path)])
