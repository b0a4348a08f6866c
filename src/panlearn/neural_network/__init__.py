"""Neural networks behind the scikit-learn API, on one training engine."""

from panlearn.neural_network.augmentation import Augmentation
from panlearn.neural_network.cnn_classifier import CNNClassifier
from panlearn.neural_network.ctc_transcriber import CTCTranscriber
from panlearn.neural_network.fine_tuning import fine_tune
from panlearn.neural_network.image_attribution import grad_cam, saliency
from panlearn.neural_network.image_layers import feature_maps, filters
from panlearn.neural_network.mlp_classifier import MLPClassifier
from panlearn.neural_network.mlp_regressor import MLPRegressor
from panlearn.neural_network.neural_classifier import NeuralClassifier
from panlearn.neural_network.neural_regressor import NeuralRegressor
from panlearn.neural_network.resnet_classifier import ResNetClassifier
from panlearn.neural_network.sequence_classifier import SequenceClassifier
from panlearn.neural_network.sequence_generator import SequenceGenerator
from panlearn.neural_network.sequence_regressor import SequenceRegressor
from panlearn.neural_network.sequence_tagger import SequenceTagger
from panlearn.neural_network.style_transfer import StyleTransfer
from panlearn.neural_network.text_cnn_classifier import TextCNNClassifier
from panlearn.neural_network.training.checkpoint import Checkpoint
from panlearn.neural_network.training.clipping import GradientClipping
from panlearn.neural_network.training.early_stopping import EarlyStopping
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.learning_rate_finder import RateSearch, learning_rate_finder
from panlearn.neural_network.training.mlflow_writer import MLflowWriter
from panlearn.neural_network.training.optimizers import AdamW
from panlearn.neural_network.training.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    InverseSqrt,
    InverseTime,
    OneCycle,
    Plateau,
    Step,
    WarmUp,
    schedule_factors,
)
from panlearn.neural_network.training.tensorboard_writer import TensorBoardWriter
from panlearn.neural_network.tree_lstm_classifier import TreeLSTMClassifier
from panlearn.neural_network.tree_reading import WordTree, read_trees

__all__ = [
    "AdamW",
    "Adaptive",
    "Augmentation",
    "CNNClassifier",
    "CTCTranscriber",
    "Checkpoint",
    "Constant",
    "Cosine",
    "DivergenceError",
    "EarlyStopping",
    "GradientClipping",
    "InverseScaling",
    "InverseSqrt",
    "InverseTime",
    "MLPClassifier",
    "MLPRegressor",
    "MLflowWriter",
    "NeuralClassifier",
    "NeuralRegressor",
    "OneCycle",
    "Plateau",
    "RateSearch",
    "ResNetClassifier",
    "SequenceClassifier",
    "SequenceGenerator",
    "SequenceRegressor",
    "SequenceTagger",
    "Step",
    "StyleTransfer",
    "TensorBoardWriter",
    "TextCNNClassifier",
    "TreeLSTMClassifier",
    "WarmUp",
    "WordTree",
    "feature_maps",
    "filters",
    "fine_tune",
    "grad_cam",
    "learning_rate_finder",
    "read_trees",
    "saliency",
    "schedule_factors",
]
