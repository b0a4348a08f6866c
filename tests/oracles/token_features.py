"""Template features one token at a time, by putting strings together."""

import re


def shape(word):
    signs = [
        "X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else "c" if c.isalpha() else c for c in word
    ]
    return "".join(c for i, c in enumerate(signs) if i == 0 or signs[i - 1] != c)


def seen(command, word):
    name, size, regex = command
    if name[0].isupper():
        word, name = word.lower(), name.lower()
    if name in ("prefix", "suffix"):
        if len(word) < int(size):
            return None
        return word[: int(size)] if name == "prefix" else word[len(word) - int(size) :]
    if name == "t":
        return "true" if re.search(regex, word) else "false"
    if name == "m":
        return re.search(regex, word).group() if re.search(regex, word) else None
    return {"x": word, "shape": shape(word)}[name]


def attributes(sequence, t, template):
    """Name of the attribute that a template makes of token t, or None."""
    name, rest = "", template
    while found := re.search(r'%([A-Za-z]+)(\d*)\[(-?\d+),(\d+)(?:,"([^"]*)")?\]', rest):
        place, column = t + int(found[3]), int(found[4])
        if place < 0:
            value = f"_B-{-place}"
        elif place >= len(sequence):
            value = f"_B+{place - len(sequence) + 1}"
        else:
            token = sequence[place]
            value = seen((found[1], found[2], found[5]), token if isinstance(token, str) else token[column])
        if value is None:
            return None
        name, rest = name + rest[: found.start()] + value, rest[found.end() :]
    return name + rest


def rows(X, templates):
    """Set of the attributes of each token."""
    return [
        {name for line in templates if (name := attributes(sequence, t, line)) is not None}
        for sequence in X
        for t in range(len(sequence))
    ]
