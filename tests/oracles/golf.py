"""Quinlan's golf data [quinlan1993], table 1-1 of the second chapter: 14 days, and whether to play."""

import pandas as pd

OUTLOOK = [
    "sunny",
    "sunny",
    "overcast",
    "rain",
    "rain",
    "rain",
    "overcast",
    "sunny",
    "sunny",
    "rain",
    "sunny",
    "overcast",
    "overcast",
    "rain",
]
TEMPERATURE = [85, 80, 83, 70, 68, 65, 64, 72, 69, 75, 75, 72, 81, 71]
HUMIDITY = [85, 90, 78, 96, 80, 70, 65, 95, 70, 80, 70, 90, 75, 80]
WINDY = [False, True, False, False, False, True, True, False, False, False, True, True, False, True]
PLAY = ["no", "no", "yes", "yes", "yes", "no", "yes", "no", "yes", "yes", "yes", "yes", "yes", "no"]


def nominal():
    """The categorical version of [quinlan1986]."""
    temperature = ["hot" if t > 79 else "mild" if t > 69 else "cool" for t in TEMPERATURE]
    temperature[8] = temperature[5] = temperature[6] = temperature[4] = "cool"
    humidity = ["high" if h > 80 else "normal" for h in HUMIDITY]
    humidity[2] = humidity[13] = "high"
    windy = ["true" if w else "false" for w in WINDY]
    columns = {"outlook": OUTLOOK, "temperature": temperature, "humidity": humidity, "windy": windy}
    return pd.DataFrame(columns), PLAY


def numeric():
    """The version with numbers."""
    columns = {"outlook": OUTLOOK, "temperature": TEMPERATURE, "humidity": HUMIDITY, "windy": WINDY}
    return pd.DataFrame(columns), PLAY
