"""Cepstra: equal to sums written out, deaf to loudness and to the microphone."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import cepstra

SOUND = np.random.default_rng(0).normal(size=2000) * np.hanning(2000)


def by_loops(sound, rate=8000, n_bands=24, n_cepstra=13):
    """The definition, frame by frame and band by band."""
    lifted = np.array([sound[0], *(sound[t] - 0.97 * sound[t - 1] for t in range(1, len(sound)))])
    mel = np.linspace(0, 2595 * np.log10(1 + rate / 1400), n_bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    rows = []
    for begin in range(0, len(sound) - 199, 80):
        frame = lifted[begin : begin + 200] * np.hamming(200)
        logs = []
        for low, top, high in zip(edges[:-2], edges[1:-1], edges[2:]):
            energy = 0.0
            for k in range(129):
                tone = k * rate / 256
                share = max(0.0, min((tone - low) / (top - low), (high - tone) / (high - top)))
                if share:
                    wave = np.exp(-2j * np.pi * k * np.arange(200) / 256)
                    energy += share * abs(frame @ wave) ** 2
            logs.append(np.log(energy + 1e-6))
        scale = [np.sqrt((1 if q == 0 else 2) / n_bands) for q in range(n_cepstra)]
        angles = np.pi * (np.arange(n_bands) + 0.5) / n_bands
        rows.append([scale[q] * np.cos(q * angles) @ np.array(logs) for q in range(n_cepstra)])
    centred = np.array(rows) - np.mean(rows, axis=0)
    return np.hstack([centred, 3 * np.gradient(centred, axis=0)])


def test_is_the_definition():
    np.testing.assert_allclose(cepstra(SOUND), by_loops(SOUND), atol=1e-8)


def test_a_frame_each_10_ms():
    assert cepstra(SOUND).shape == (1 + (2000 - 200) // 80, 26)
    assert cepstra(SOUND, 16000, n_cepstra=5).shape == (1 + (2000 - 400) // 160, 10)
    np.testing.assert_allclose(cepstra(SOUND)[:, :13].mean(0), 0, atol=1e-10)


def test_silence_is_finite():
    assert (cepstra(np.zeros(400)) == 0).all()


@pytest.mark.parametrize("sound", [np.zeros(100), np.zeros((500, 2)), []])
def test_refuses(sound):
    with pytest.raises(DataError, match="one channel"):
        cepstra(sound)
