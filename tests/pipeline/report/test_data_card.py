"""The data card speaks to readers, not to BibTeX."""

import pytest

from pipeline.report.data_card import _in_words


@pytest.mark.parametrize(
    ("citation", "words"),
    [
        ("Fisher, 1936", "Fisher, 1936"),
        (
            '@misc{key,\n author = {Alpaydin, Ethem},\n  title = {Handwritten Digits}, year = "1998"\n}',
            "Alpaydin, Ethem, Handwritten Digits, 1998",
        ),
        ("@misc{key}", "@misc{key}"),
    ],
)
def test_a_citation_in_words(citation: str, words: str) -> None:
    assert _in_words(citation) == words
