"""Templates: what lines mean, and which are refused."""

import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.feature_templates import View, parse_templates, viewer

FILE = """
# Unigram
U00:%x[-2,0]
U05:%x[ -1 , 0 ]/%x[+0,1]   # two words

# Bigram
B
"""


def test_a_file_of_crfpp():
    first, second = parse_templates(FILE)
    assert first.literals == ("U00:", "")
    assert [(part.place, part.view.column) for part in second.parts] == [(-1, 0), (0, 1)]
    assert second.form.format("a", "b") == "U05:a/b"


def test_regular_expressions_of_wapiti():
    (template,) = parse_templates([r'U:%t[0,0,"\d,\""]%M[1,0,"[a-z]+"]'])
    digit, letters = (viewer(part.view) for part in template.parts)
    assert (digit('3,"'), digit("3"), letters("12ABC"), letters("12")) == ("true", "false", "abc", None)


@pytest.mark.parametrize(
    ("name", "argument", "word", "seen"),
    [
        ("x", "", "Dog", "Dog"),
        ("prefix", "2", "Dog", "Do"),
        ("suffix", "2", "Dog", "og"),
        ("suffix", "3", "Dog", "Dog"),
        ("prefix", "4", "Dog", None),
        ("shape", "", "Dog7", "Xx0"),
    ],
)
def test_views(name, argument, word, seen):
    assert viewer(View(0, name, False, argument))(word) == seen
    if name != "shape":
        assert viewer(View(0, name, True, argument))(word) == (seen and seen.lower())


@pytest.mark.parametrize(
    "line",
    [
        "B01:%x[0,0]",
        "*:%x[0,0]",
        "U:%z[0,0]",
        "U:%x[0]",
        "U:%x3[0,0]",
        "U:%prefix[0,0]",
        "U:%suffix0[0,0]",
        'U:%x[0,0,"a"]',
        "U:%t[0,0]",
        'U:%t[0,0,"("]',
        3,
    ],
)
def test_what_cannot_be_read(line):
    with pytest.raises(DataError):
        parse_templates([line])
