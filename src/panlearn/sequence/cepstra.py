"""Cepstra: what the ear hears of a sound, as a sequence of frames [davis1980].

    frames of 25 ms, one each 10 ms        windowed (Hamming), after s_t - 0.97 s_{t-1}, which lifts the high tones
    power in bands                         triangles evenly spaced on the mel scale: narrow where tones are low
    cosine transform of their logarithms   the first numbers tell the shape of the mouth, the later ones the pitch

The mean over the recording is taken out, since it is that of the microphone, and the change over time stands beside.
A recording of n samples costs n / 80 Fourier transforms of 256 numbers at 8 kHz.
"""

import numpy as np
from scipy.fft import dct

from panlearn.core.errors import DataError


def cepstra(sound: np.ndarray, rate: int = 8000, *, n_bands: int = 24, n_cepstra: int = 13) -> np.ndarray:
    """Cepstra of the frames of a sound, and their changes.

    Parameters
    ----------
    sound : ndarray of shape (n,)
        Samples of one channel, at least three frames: 45 ms.
    rate : int, default=8000
        Samples a second.
    n_bands : int, default=24
        Bands of tones.
    n_cepstra : int, default=13
        Numbers kept of their transform.

    Returns
    -------
    ndarray of shape (T, 2 * n_cepstra)
        One row each 10 ms.

    Raises
    ------
    DataError
        If the sound is too short, or not one channel.

    References
    ----------
    [davis1980]

    Examples
    --------
    Loudness is in the first number of a frame alone, and there it is taken out with the mean:

    >>> sound = np.random.default_rng(0).normal(size=4000)
    >>> bool(np.allclose(cepstra(sound), cepstra(5 * sound), atol=0.01))
    True
    """
    sound = np.asarray(sound, dtype=np.float64)
    length, step = rate // 40, rate // 100
    if sound.ndim != 1 or len(sound) < length + 2 * step:
        raise DataError(
            f"sound must be one channel of at least {length + 2 * step} samples, three frames, got shape {sound.shape}."
        )
    n_frequencies = 1 << (length - 1).bit_length()
    sound = np.append(sound[0], sound[1:] - 0.97 * sound[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(sound, length)[::step] * np.hamming(length)
    power = np.abs(np.fft.rfft(frames, n_frequencies)) ** 2
    energy = power @ _bands(n_bands, n_frequencies // 2 + 1, rate)
    found = np.asarray(dct(np.log(energy + 1e-6), norm="ortho"))[:, :n_cepstra]
    found -= found.mean(axis=0)
    return np.hstack([found, 3 * np.gradient(found, axis=0)])


def _bands(n_bands: int, n_frequencies: int, rate: int) -> np.ndarray:
    """Triangular windows on the frequencies, evenly spaced on the mel scale, (n_frequencies, n_bands)."""
    mel = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), n_bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    frequency = np.linspace(0, rate / 2, n_frequencies)[:, None]
    rise = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rise, fall))
