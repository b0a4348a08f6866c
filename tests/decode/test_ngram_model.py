"""Tables against the rule of back-off, probabilities that sum to one, ARPA files."""

import itertools
import math

import pytest

from panlearn.core.errors import DataError
from panlearn.decode import NGramModel
from panlearn.decode.ngram_estimates import kneser_ney
from tests.oracles.ctc import back_off

SENTENCES = [["a", "b", "a"], ["b", "b"], ["a", "c", "a", "b"], ["c"]]
ARPA = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.0\t<unk>
-99\t<s>\t-0.3
-0.5\t</s>
-0.4\ta\t-0.2
-0.6\tb

\\2-grams:
-0.1\t<s> a
-0.3\ta b
-0.7\tb </s>

\\end\\
"""


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_follows_the_rule(order):
    model, grams = NGramModel.of(SENTENCES, order), kneser_ney(SENTENCES, order)
    for sentence in itertools.product(["a", "b", "c", "new"], repeat=3):
        words = ["<s>", *(w if w != "new" else "<unk>" for w in sentence), "</s>"]
        expected = sum(back_off(grams, tuple(words[max(0, i - order + 1) : i]), words[i]) for i in range(1, len(words)))
        assert model.log_prob(sentence) == pytest.approx(expected)
    assert model.order == order


@pytest.mark.parametrize("order", [1, 2, 3])
def test_sums_to_one_after_any_history(order):
    model = NGramModel.of(SENTENCES, order)
    for history in ([], ["a"], ["b", "b"], ["new", "c"], ["a", "b", "a"]):
        before = model.log_prob(history, ends=False)
        total = math.exp(model.log_prob(history) - before)
        total += sum(math.exp(model.log_prob([*history, w], ends=False) - before) for w in ("a", "b", "c", "<unk>"))
        assert total == pytest.approx(1.0)


def test_kneser_ney_counts_contexts():
    """A word that only follows one other is rare elsewhere, however often it occurs there."""
    sentences = [["san", "francisco"]] * 20 + [["a", "glass"], ["the", "glass"], ["one", "glass"]]
    model = NGramModel.of(sentences, 2)
    after = {w: model.log_prob(["new", w], ends=False) for w in ("francisco", "glass")}
    assert after["glass"] > after["francisco"]
    assert model.log_prob(["san", "francisco"]) > model.log_prob(["san", "glass"])
    assert model.perplexity(sentences) < NGramModel.of(sentences, 1).perplexity(sentences)


def test_arpa(tmp_path):
    (tmp_path / "model.arpa").write_text(ARPA, encoding="utf-8")
    for model in (NGramModel.from_arpa(ARPA), NGramModel.from_arpa(tmp_path / "model.arpa")):
        assert model.log_prob(["a", "b"]) / math.log(10) == pytest.approx(-0.1 - 0.3 - 0.7)
        assert model.log_prob(["b", "a"]) / math.log(10) == pytest.approx(-0.3 - 0.6 - 0.4 - 0.2 - 0.5)
        assert model.log_prob(["new"]) / math.log(10) == pytest.approx(-0.3 - 1.0 - 0.5)
        assert model.log_prob(["a"], begins=False, ends=False) / math.log(10) == pytest.approx(-0.4)


def test_numbers_are_words_too():
    model = NGramModel.of([[1, 2, 1], [1, 2]], 2)
    assert model.log_prob([1, 2]) > model.log_prob([2, 2])


def test_refusals():
    for call, words in (
        (lambda: NGramModel.of([], 2), "there is none"),
        (lambda: NGramModel.of(["a"], 0), "order"),
        (lambda: NGramModel.of(["a"], True), "order"),
        (lambda: NGramModel.from_arpa("\\data\\\n"), "no n-grams"),
        (lambda: NGramModel.from_arpa("\\data\\\n\\1-grams:\nx a\n"), "line 3"),
        (lambda: NGramModel.from_arpa("\\data\\\n\\2-grams:\n-1 a\n"), "line 3"),
        (lambda: NGramModel.from_arpa("\\data\\\n\\1-grams:\n-1 a\n\\2-grams:\n-1 a b\n"), "no 1-gram"),
        (lambda: NGramModel.from_arpa("\\data\\\n\\1-grams:\n0.5 a\n"), "no log-probability"),
        (lambda: NGramModel({}), "single words"),
    ):
        with pytest.raises(DataError, match=words):
            call()
    with pytest.raises(OSError, match="nowhere"):
        NGramModel.from_arpa("nowhere.arpa")


def test_without_unknown_a_new_word_is_impossible():
    model = NGramModel({("a",): (math.log(0.5), 0.0), ("</s>",): (math.log(0.5), 0.0)})
    assert model.log_prob(["a"]) == pytest.approx(math.log(0.25))
    assert model.log_prob(["b"]) == -math.inf
