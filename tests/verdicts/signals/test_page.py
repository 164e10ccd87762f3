"""The page of measures is what they say of themselves."""

from tests.verdicts.signals.measures_page import PAGE, page


def test_the_page_is_stale() -> None:
    assert PAGE.read_text() == page(), "python -m tests.verdicts.signals.measures_page"
