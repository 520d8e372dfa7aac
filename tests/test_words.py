"""The project's words: one for each thing, in names, in documentation and in what the command line prints."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("graphnca", "topologies", "experiments", "tests", "docs")
RETIRED = {
    "sheet": "substrate, or bounded domain for an open one",
    "sheets": "substrates",
    "wound": "damage; to zero cells is to erase them",
    "wounds": "damage",
    "wounded": "damaged",
    "retreat": "backward",
    "ledger": "regularisers",
    "ripen": "mature",
    "ripened": "would be mature",
    "ripening": "would be mature",
    "thoughtless": "hidden-only",
    "stone": "frozen",
    "contest": "benchmark, comparison",
}
"""Words that no text and no name may have, and what is said in their place."""
RETIRED_IN_NAMES = {
    **RETIRED,
    "tell": "report",
    "tells": "report",
    "told": "summary, report",
    "spans": "patches, or intervals of time",
    "unlike": "off-target",
    "quantised": "eight_bit",
}
"""In prose these are plain English, or, as `"quantised"`, the stored name of an arithmetic."""
WHOLE_NAMES = {"law": "rule", "laws": "rules", "drawn_worlds": "sampled environments"}
"""As whole names; the noise-gain law, the unit law and the laws of the contract are laws."""
STORED = {
    "quantised": "the keyword of `load_texture_demo` and, in packed pages and the native engine, the arithmetic's name",
    "export_quantised": "writes the published demo's format of bytes, which has that name",
    "import_quantised": "reads it",
    "QUANTISED_FORMAT": "the number of that format",
}
"""Names that hold a stored word, and why they keep it."""
CARD_KEYS = ("sheets", "loss of the empty sheet", "log10 error of the empty sheet", "runs on each sheet")
"""Keys of the cards within shipped rules, which are a file format."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
CODE_IN_PROSE = re.compile(r"^```.*?^```|`[^`\n]*`|<!-- table.*?<!-- /table -->", re.DOTALL | re.MULTILINE)


def words_of(text: str) -> set[str]:
    """The words of a text or a name, in lower case: of `camelCase`, `snake_case` and `CONSTANTS` too."""
    return {word.lower() for word in WORD.findall(text)}


def defined_names(tree: ast.AST) -> Iterator[str]:
    """What a module defines: functions, classes, arguments, variables, attributes; not what others have named."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def complaints_on_names(names: Iterator[str]) -> set[str]:
    found = set()
    for name in names:
        instead = [RETIRED_IN_NAMES[word] for word in words_of(name) & RETIRED_IN_NAMES.keys()]
        instead += [WHOLE_NAMES[name.lower()]] if name.lower() in WHOLE_NAMES else []
        if instead and name not in STORED:
            found.add(f"{name!r}: say {'; '.join(instead)}")
    return found


def complaints_on_text(text: str) -> set[str]:
    return {f"{word!r}: say {RETIRED[word]}" for word in words_of(text) & RETIRED.keys()}


def python_files() -> list[Path]:
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__) and "__pycache__" not in path.parts
    ]


def test_a_retired_word_is_found_in_every_spelling() -> None:
    tree = ast.parse("class OpenSheet:\n    def f(self, is_told, *, LAW): self.stone = read_sheet()")
    assert len(complaints_on_names(defined_names(tree))) == 4
    assert complaints_on_text("An open sheet") and not complaints_on_text("A stylesheet, milestones and worksheets")


def test_names_in_python_have_no_retired_word() -> None:
    found = {
        str(path.relative_to(ROOT)): complaints
        for path in python_files()
        if (complaints := complaints_on_names(defined_names(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert not found


def test_texts_in_python_have_no_retired_word() -> None:
    """Docstrings, errors, and what the command line prints, its help included."""
    found = {}
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text not in CARD_KEYS and (complaints := complaints_on_text(text)):
                found[f"{path.relative_to(ROOT)}:{node.lineno}"] = complaints  # type: ignore[attr-defined]
    assert not found


def test_documentation_has_no_retired_word() -> None:
    """Its prose: code and tables quote what is stored."""
    pages = [ROOT / "README.md", *sorted((ROOT / "experiments").rglob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    found = {
        str(page.relative_to(ROOT)): complaints
        for page in pages
        if (complaints := complaints_on_text(CODE_IN_PROSE.sub("", page.read_text(encoding="utf-8"))))
    }
    assert not found


def test_other_languages_have_no_retired_word() -> None:
    """The C++ of the native engine and the scripts of the playground, comments included."""
    sources = [
        path
        for ending in ("cpp", "hpp", "js")
        for folder in ("graphnca/engine", "graphnca/playground")
        for path in sorted((ROOT / folder).rglob(f"*.{ending}"))
    ]
    assert sources
    found = {
        str(path.relative_to(ROOT)): complaints
        for path in sources
        if (complaints := complaints_on_text(path.read_text(encoding="utf-8")))
    }
    assert not found
