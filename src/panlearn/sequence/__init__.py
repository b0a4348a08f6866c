"""Sequences: hidden Markov models, conditional random fields, and the recursions both rest on."""

from panlearn.sequence import metrics
from panlearn.sequence.attribute_encoder import AttributeEncoder, Encoded
from panlearn.sequence.categorical_hmm import CategoricalHMM
from panlearn.sequence.cepstra import cepstra
from panlearn.sequence.crf import CRF
from panlearn.sequence.forward_backward import forward_backward
from panlearn.sequence.gaussian_hmm import GaussianHMM
from panlearn.sequence.gmm_hmm import GMMHMM
from panlearn.sequence.multinomial_hmm import MultinomialHMM
from panlearn.sequence.poisson_hmm import PoissonHMM
from panlearn.sequence.token_features import TokenFeatures
from panlearn.sequence.viterbi import viterbi
from panlearn.sequence.word_shape import word_shape

__all__ = [
    "CRF",
    "GMMHMM",
    "AttributeEncoder",
    "CategoricalHMM",
    "Encoded",
    "GaussianHMM",
    "MultinomialHMM",
    "PoissonHMM",
    "TokenFeatures",
    "cepstra",
    "forward_backward",
    "metrics",
    "viterbi",
    "word_shape",
]
