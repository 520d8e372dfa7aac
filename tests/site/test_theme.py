"""What the site changes in the theme's program, and that another program is noticed."""

import pytest
from hooks import theme

PROGRAM = (
    'let r=M(e);return L($(location.protocol!=="file:"),J("search"));x("nav",{class:"md-code__nav"},e);x("nav",{})'
)
WANTED = 'let r=M(e);return L($(!1),J("search"));x("div",{class:"md-code__nav"},e);x("nav",{})'


def test_the_program_waits_for_the_search_to_be_opened() -> None:
    assert theme.changed(PROGRAM) == WANTED


def test_another_program_is_refused() -> None:
    for program in (WANTED, PROGRAM * 2):
        with pytest.raises(ValueError, match="must have one place like"):
            theme.changed(program)


def test_the_search_has_a_name() -> None:
    assert 'role="dialog" aria-label="Search"' in theme.on_post_page(f"<div {theme.DIALOG}></div>")
