"""Worked facts of notes 001 §6-§7, 002, 003 §2.1: slopes of activations, sizes of feature maps, numbers of weights."""

from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check


def examples() -> Iterator[TourRow]:
    """Yield what the notes say of activations and convolutions; nothing where torch is not installed."""
    try:
        import panlearn.nn  # noqa: F401
    except ModuleNotFoundError:
        return
    yield from slopes()
    yield from weights()
    yield from sizes()


def slopes() -> Iterator[TourRow]:
    """Why a chain of sigmoids loses its gradient: each layer multiplies it by at most 1/4."""
    from panlearn.nn import activation_curve

    z = np.linspace(-8, 8, 4001)
    example = "slopes that multiply in a chain"
    for note, name, expected in (
        ("001 §7.1.1", "sigmoid", "0.25"),
        ("001 §7.1.1", "relu", "1"),
        ("003 §2.1.4.2", "tanh", "1"),
    ):
        yield check(example, note, f"largest slope of {name}", expected, activation_curve(name, z)[1].max())
    leaky = activation_curve("leaky_relu", z)[1].min()
    yield check(example, "001 §7.1.1", "leaky ReLU, slope below 0", "0.01", leaky)


def weights() -> Iterator[TourRow]:
    """A filter of 3 x 3 over an image of 6 x 6 against a layer that reads all pixels (001 §6.2)."""
    from panlearn.nn import conv_output_size
    from panlearn.nn.blocks.convolution import Convolution

    example, note = "convolution of 6 x 6 by 3 x 3", "001 §6.2"
    height, width = np.atleast_1d(conv_output_size((6, 6), 3))
    shared = sum(p.numel() for p in Convolution(1, 1, 3, batch_norm=False)[0].parameters()) - 1  # without the bias
    yield check(example, note, "side of the map", "4", height)
    yield check(example, note, "neurons", "16", height * width)
    yield check(example, note, "weights, shared by all", "9", shared)


def sizes() -> Iterator[TourRow]:
    """The sizes that note 002 works out, and what a 1 x 1 convolution changes."""
    from panlearn.nn import conv_output_size
    from panlearn.nn.blocks.convolution import Convolution

    example, note = "sizes of feature maps", "002 CNN"
    yield check(example, note, "32 under 5 x 5", "28", float(np.sum(conv_output_size(32, 5))))
    yield check(example, note, "28 pooled by 2 x 2", "14", float(np.sum(conv_output_size(28, 2, 2))))
    reduced = next(Convolution(128, 32, 1).parameters())
    yield check(example, note, "6 x 6 under 1 x 1", "6", float(np.sum(conv_output_size(6, 1))))
    yield check(example, note, "128 maps mixed to", "32", len(reduced))
