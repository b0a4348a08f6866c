"""Recordings of spoken digits, in the form of the Free Spoken Digit Dataset.

A tar archive of mono WAV files `recordings/{digit}_{speaker}_{index}.wav` of 16 bits; index 0 to 4 is the test set.
"""

import io
import tarfile
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np

from panlearn.core.errors import DataError


class SpokenDigits(NamedTuple):
    """Recordings with what was said."""

    sounds: list[np.ndarray]  # samples in [-1, 1)
    digits: np.ndarray  # (n,) 0 to 9
    speakers: np.ndarray  # (n,) names
    test: np.ndarray  # (n,) whether it belongs to the test set
    rate: int  # samples a second


def read_spoken_digits(path: str | Path) -> SpokenDigits:
    """Read an archive of recordings.

    Parameters
    ----------
    path : str or Path
        The archive.

    Returns
    -------
    SpokenDigits
        In the order of the names of the files.

    Raises
    ------
    DataError
        If it holds no recording, or they differ in their rate.

    Examples
    --------
    >>> import tempfile, wave
    >>> folder = Path(tempfile.mkdtemp())
    >>> with wave.open(str(folder / "7_anna_12.wav"), "wb") as sound:
    ...     sound.setparams((1, 2, 8000, 0, "NONE", ""))
    ...     sound.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
    >>> with tarfile.open(folder / "digits.tar", "w") as archive:
    ...     archive.add(folder / "7_anna_12.wav", "recordings/7_anna_12.wav")
    >>> found = read_spoken_digits(folder / "digits.tar")
    >>> found.sounds[0].tolist(), found.digits.tolist(), found.speakers.tolist(), found.test.tolist(), found.rate
    ([0.0, 0.5, -1.0], [7], ['anna'], [False], 8000)
    """
    sounds, names, rates = [], [], set()
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            file = archive.extractfile(member) if member.name.endswith(".wav") else None
            if file is None:
                continue
            with wave.open(io.BytesIO(file.read())) as sound:
                sounds.append(np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2") / 32768)
                rates.add(sound.getframerate())
            names.append(Path(member.name).stem.split("_"))
    if len(rates) != 1:
        raise DataError(f"{path} must hold WAV files of one rate, found {len(sounds)} of rates {sorted(rates)}.")
    digits, speakers, numbers = zip(*names, strict=True)
    test = np.array([int(number) < 5 for number in numbers])
    return SpokenDigits(sounds, np.array(digits, dtype=int), np.array(speakers), test, rates.pop())
