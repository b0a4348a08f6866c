"""Building blocks of networks: torch modules, one operator a file."""

from panlearn.nn.activations import activation, activation_curve
from panlearn.nn.blocks.category_embedding import CategoryEmbedding
from panlearn.nn.blocks.conv_output_size import conv_output_size
from panlearn.nn.blocks.dense_chain import DenseChain
from panlearn.nn.blocks.highway import Highway
from panlearn.nn.blocks.k_max_pool import KMaxPool1d
from panlearn.nn.blocks.maxout import Maxout
from panlearn.nn.blocks.multilayer_perceptron import MultilayerPerceptron
from panlearn.nn.blocks.residual import Residual
from panlearn.nn.crf import CRF
from panlearn.nn.initialization import initialize

__all__ = [
    "CRF",
    "CategoryEmbedding",
    "DenseChain",
    "Highway",
    "KMaxPool1d",
    "Maxout",
    "MultilayerPerceptron",
    "Residual",
    "activation",
    "activation_curve",
    "conv_output_size",
    "initialize",
]
