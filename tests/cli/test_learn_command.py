"""`layerwise learn`: the list, a page, an answer in the terminal, and wrong input answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerwise.cli import learn as command
from layerwise.learn.catalog import CHAPTERS


def test_the_list_has_every_chapter_in_order(run) -> None:
    code, out, _ = run("learn")
    assert code == 0
    keys = [line.split()[0] for line in out.splitlines() if line[:1].strip()]
    assert keys == list(CHAPTERS)
    assert "Inputs times weights" in out


def test_the_list_in_german(run) -> None:
    assert "Ein Neuron" in run("learn", "--language", "de")[1]


def test_a_page_is_written_and_its_place_told(run, tmp_path: Path) -> None:
    code, out, _ = run("learn", "neuron")
    assert code == 0
    page = Path("layerwise-learn") / "neuron.html"
    assert str(page) in out
    text = (tmp_path / page).read_text(encoding="utf-8")
    assert '<html lang="en">' in text and "26 − 25 &gt; 0" in text
    assert len(text.encode()) < 3_000_000


def test_an_answer_comes_in_the_terminal_and_in_the_page(run, tmp_path: Path) -> None:
    code, out, _ = run("learn", "neuron", "--input", "-1 2 4 2", "--out", "own.html", "--no-open")
    assert code == 0
    assert "(−1) · 4 + 2 · 2 + 4 · 2 + 2 · 1 = 10" in out
    assert "10 ≤ 25" in out and "stay at home" in out
    assert "Your neuron" in (tmp_path / "own.html").read_text(encoding="utf-8")


def test_options_of_the_chapter_are_passed_on(run) -> None:
    options = ["--weights", "-.2 0 .8 -.5", "--activation=tanh", "--language", "de"]
    code, out, _ = run("learn", "neuron", "--input", ".5 0 -.75 .75", *options)
    assert code == 0
    assert "tanh(−1,075) = −0,7913" in out
    assert Path("layerwise-learn/neuron.de.html").is_file()


def test_a_theme_holds_for_the_page_and_its_figures(run) -> None:
    run("learn", "neuron", "--theme", "dark", "--out", "dark.html")
    text = Path("dark.html").read_text(encoding="utf-8")
    assert "prefers-color-scheme" not in text and "--ground: #0f1115" in text


def test_a_page_is_opened_only_on_a_terminal(run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    run("learn", "neuron", "--out", "one.html")
    assert not opened
    monkeypatch.setattr(type(command.out), "is_terminal", property(lambda console: True))
    run("learn", "neuron", "--out", "two.html")
    assert len(opened) == 1 and opened[0].endswith("two.html")
    run("learn", "neuron", "--out", "two.html", "--no-open")
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nueron",), "Unknown chapter 'nueron'. Did you mean 'neuron'?"),
        (("neuron", "--language", "dee"), "Unknown language 'dee'. Did you mean 'de'?"),
        (("neuron", "--theme", "drak"), "Did you mean 'dark'?"),
        (("neuron", "--weigths", "1 2"), "Unknown option 'weigths' in chapter 'neuron'"),
        (("neuron", "--weights"), "Option --weights needs a value"),
        (("neuron", "--input", "a b c d"), "The inputs are numbers with spaces between them"),
        (("neuron", "--threshold", "a b"), "The threshold is one number. Received 'a b'"),
        (("convolution", "--kernel", ""), "The kernel has no numbers. Received ''"),
        (("convolution", "--input", ""), "A picture is named by its file. Received ''"),
        (("regularisation", "--input", ""), "Unknown data set ''"),
        (("downhill", "--input", ""), "Unknown surface ''"),
        (("neuron", "--activation", ""), "Unknown activation ''"),
        (("neuron", "--input", "1 2"), "A neuron has a weight for each input"),
        (("neuron", "--threshold", "1", "--bias", "2"), "a neuron has one of them"),
        (("neuron", "--activation", "relo"), "Did you mean 'relu'?"),
        (("neuron", "decision"), "One chapter at a time"),
        (("neuron", "--out", "page.txt"), "A page is an HTML file"),
        (("--input", "1"), "These options are for a chapter"),
        (("neuron", "--all"), "--all writes every chapter"),
    ],
)
def test_wrong_input_is_answered_and_nothing_written(
    run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    code, _, err = run("learn", *words)
    assert code == 2
    assert message in err
    assert not list(tmp_path.iterdir())


def french(path: str, text: str) -> None:
    """A language file with that text beside what every one must say."""
    head = 'name = "Français"\ncode = "fr"\ndecimal_point = ","\nthousands_separator = "."\n'
    Path(path).write_text(f"[language]\n{head}{text}", encoding="utf-8")


def test_a_language_is_written_checked_filled_and_used(run) -> None:
    code, out, _ = run("learn", "--translate", "fr.toml")
    assert code == 0 and "wrote fr.toml" in out
    french("fr.toml", '[learn]\ntitle_neuron = "Un neurone"\n')
    code, out, _ = run("learn", "--translate", "fr.toml")
    assert code == 0 and "missing: learn.title_decision" in out and "5 of " in out
    code, out, _ = run("learn", "--translate", "fr.toml", "--out", "new.toml")
    assert code == 0 and 'title_neuron = "Un neurone"' in Path("new.toml").read_text("utf-8")
    code, out, _ = run("learn", "neuron", "--input", ".5 2 4 2", "--language", "new.toml")
    assert code == 0
    text = Path("layerwise-learn/neuron.fr.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in text and "<h1>Un neurone</h1>" in text and "0,5" in text
    told = "texts are not translated into this language and stand in English"
    assert told in out and told in text


def test_a_language_that_is_wrong_is_told_and_not_used(run) -> None:
    french("fr.toml", '[neuron]\nfoot = "{n}"\nsumm = "x"\n')
    code, out, err = run("learn", "--translate", "fr.toml")
    assert code == 2 and "2 of its entries are wrong" in err
    assert "Did you mean 'sum'?" in out and "names {n}, the English text {count}" in out
    code, _, err = run("learn", "neuron", "--language", "fr.toml")
    assert code == 2 and "fr.toml cannot be used" in err
    code, _, err = run("learn", "--translate", "fr.toml", "--out", "fr.toml")
    assert code == 2 and "not written over" in err
    code, _, err = run("learn", "--translate", "fr.json")
    assert code == 2 and "A language file is TOML" in err
    code, _, err = run("learn", "neuron", "--translate", "fr.toml")
    assert code == 2 and "for a whole language" in err
    code, _, err = run("learn", "--language", "no.toml")
    assert code == 2 and "cannot be read" in err
