"""Naive Bayes: features independent given the class."""

from panlearn.naive_bayes.bernoulli_nb import BernoulliNB
from panlearn.naive_bayes.categorical_nb import CategoricalNB
from panlearn.naive_bayes.complement_nb import ComplementNB
from panlearn.naive_bayes.gaussian_nb import GaussianNB
from panlearn.naive_bayes.mixed_nb import MixedNB
from panlearn.naive_bayes.multinomial_nb import MultinomialNB

__all__ = ["BernoulliNB", "CategoricalNB", "ComplementNB", "GaussianNB", "MixedNB", "MultinomialNB"]
