"""The bar shows the certificate of each step on a terminal, and is the bare loop elsewhere."""

import io

from rich.console import Console

from panlearn.core.progress import progress


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_items_come_through_in_order():
    for enabled in (0, 1):
        assert list(progress(4, "count", enabled=enabled, console=terminal())) == [0, 1, 2, 3]
        assert list(progress("abc", "spell", enabled=enabled, console=terminal())) == ["a", "b", "c"]


def test_silent_when_disabled():
    console = terminal()
    assert list(progress(3, "fit", enabled=0, console=console)) == [0, 1, 2]
    assert shown(console) == ""


def test_silent_when_not_a_terminal():
    console = Console(file=io.StringIO())
    assert list(progress(3, "fit", enabled=1, console=console)) == [0, 1, 2]
    assert shown(console) == ""


def test_shows_the_last_certificate():
    console, gap = terminal(), 1.0
    for _ in progress(3, "halving", enabled=1, certificate=lambda: gap, console=console):
        gap /= 2
    assert "halving" in shown(console)
    assert "1.25e-01" in shown(console)


def test_certificate_may_be_words():
    console = terminal()
    list(progress(iter("ab"), "spell", enabled=1, certificate=lambda: "gap 3%", console=console))
    assert "gap 3%" in shown(console)


def test_leaving_the_loop_early_ends_the_bar():
    console = terminal()
    for step in progress(100, "search", enabled=1, console=console):
        if step == 2:
            break
    assert "search" in shown(console)
    console.print("next line")
    assert "next line" in shown(console)
