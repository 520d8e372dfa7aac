r"""A MkDocs hook that turns formulas into MathML while the site is built, so that it needs no script and no network.

Arithmatex (`generic: true`) leaves `$...$` and `$$...$$` in the page as elements of class `arithmatex`, delimited by
`\(...\)` and `\[...\]`; each becomes a `<math>` element, which browsers draw by themselves.
"""

import html
import re

from latex2mathml.converter import convert

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*(?P<open>\\\(|\\\[)(?P<tex>.*?)(?:\\\)|\\\])\s*</(?P=tag)>', re.DOTALL
)


def on_page_content(content: str, **_: object) -> str:
    """Return the page's HTML with every formula as MathML."""
    return FORMULA.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    display = "block" if match["open"] == r"\[" else "inline"
    tex = html.unescape(match["tex"]).strip()
    math = convert(tex, display=display)
    if "\\" in re.sub(r"<annotation.*?</annotation>", "", math):
        raise ValueError(f"latex2mathml left a command of this formula unread: {tex}")
    return math if display == "inline" else f'<div class="formula">{math}</div>'
