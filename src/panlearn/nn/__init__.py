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
from panlearn.nn.character_encoder import CharacterEncoder
from panlearn.nn.child_sum_tree_lstm import ChildSumTreeLSTM
from panlearn.nn.crf import CRF
from panlearn.nn.forest import Forest
from panlearn.nn.gru import GRU
from panlearn.nn.initialization import initialize
from panlearn.nn.jordan_rnn import JordanRNN
from panlearn.nn.lstm import LSTM
from panlearn.nn.nary_tree_lstm import NaryTreeLSTM
from panlearn.nn.recursive_network import RecursiveNetwork
from panlearn.nn.rnn import RNN
from panlearn.nn.syntactic_distance import syntactic_distance

__all__ = [
    "CRF",
    "GRU",
    "LSTM",
    "RNN",
    "CategoryEmbedding",
    "CharacterEncoder",
    "ChildSumTreeLSTM",
    "DenseChain",
    "Forest",
    "Highway",
    "JordanRNN",
    "KMaxPool1d",
    "Maxout",
    "MultilayerPerceptron",
    "NaryTreeLSTM",
    "RecursiveNetwork",
    "Residual",
    "activation",
    "activation_curve",
    "conv_output_size",
    "initialize",
    "syntactic_distance",
]
