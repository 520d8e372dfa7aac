"""The promises of the layout: who may import whom, what may not exist, what is exported, what is depended on."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PACKAGES = ("graphnca", "topologies")
# An alias, and what --substrate names. (A page asks the alias whether it can make a stencil again by itself.)
BRIDGES = {Path(f"graphnca/{file}.py") for file in ("topologies", "cli/substrates", "cli/surfaces")}
BANNED_NAMES = {"utils", "util", "common", "helpers", "misc"}
# Distribution name of each import package, where the two differ.
DISTRIBUTIONS = {"PIL": "pillow", "torch_geometric": "torch-geometric"}
# Imported only inside the functions, or the one module, that need them, with an error that names the extra.
OPTIONAL = {"anywidget", "h5py", "huggingface_hub", "imageio_ffmpeg", "playwright", "traitlets", "trimesh", "xatlas"}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yields the dotted name of every absolute import, wherever it stands, also in strings given to functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", ""))
            in {"import_module", "optional_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def top_levels(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(tree)}


@pytest.mark.parametrize(
    "statement", ["import topologies", "from topologies.contract import x", "def f():\n import topologies"]
)
def test_the_import_check_sees_every_form(statement: str) -> None:
    assert "topologies" in top_levels(ast.parse(statement))


@pytest.mark.parametrize(("package", "other"), [PACKAGES, PACKAGES[::-1]])
def test_the_two_packages_do_not_import_each_other(package: str, other: str) -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for path in sources(package)
        if path.relative_to(ROOT) not in BRIDGES and other in top_levels(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not offenders


def loaded_by(program: str) -> set[str]:
    """The modules that a process of its own has at the end of a program."""
    text = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "parts"),
    [
        ("import graphnca.layers", {"arguments", "filters", "layers", "regions"}),
        (
            "from graphnca import rollout",
            {"arguments", "atomic_file", "engine", "filters", "layers", "regions", "regularisers"},
        ),
    ],
)
def test_a_step_and_a_rollout_load_nothing_that_trains_or_draws(program: str, parts: set[str]) -> None:
    """Nor what they could do without."""
    assert {name.split(".")[1] for name in loaded_by(program) if name.startswith("graphnca.")} <= parts


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--version"], ["rules"], ["rules", "isonca-lizard"], ["rules", "--json"]])
def test_what_only_reads_does_not_wait_for_torch(arguments: list[str]) -> None:
    program = f"from graphnca.cli import main\ntry: main({arguments})\nexcept SystemExit: pass"
    loaded = loaded_by(program)
    assert "graphnca.cli.program" in loaded
    assert not loaded & {"torch", "torch_geometric", "numpy", "scipy", "PIL"}


def test_public_names_come_from_the_package_itself_whatever_was_imported_before() -> None:
    import graphnca.engine.rollout

    for name in graphnca.__all__:
        assert callable(getattr(graphnca, name)), name
    assert {*graphnca.__all__} <= {*dir(graphnca)}
    with pytest.raises(AttributeError, match="no attribute 'roll'"):
        _ = graphnca.roll


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_a_drawer_for_leftovers(package: str) -> None:
    assert not [str(path) for path in sources(package) if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_exports_explicitly(package: str) -> None:
    """An `__init__.py` holds a docstring, plain assignments and `from .x import Y as Y`, and no star."""
    for path in (ROOT / package).rglob("__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path} has no docstring"
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    assert alias.asname == alias.name, f"{path}:{node.lineno}: write `{alias.name} as {alias.name}`"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_star_imports(package: str) -> None:
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.names[0].name == "*"), f"{path}:{node.lineno}"


def narrows(test: ast.expr) -> bool:
    """Whether an assertion only tells the type checker that something is not None."""
    if isinstance(test, ast.BoolOp):
        return all(narrows(value) for value in test.values)
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_assert_guards_user_input(package: str) -> None:
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Assert) or narrows(node.test), f"{path}:{node.lineno}"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_core_dependencies_are_those_the_packages_import() -> None:
    """Nothing is imported that is not declared, nothing is declared that is not imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {requirement.split(">")[0].split("[")[0] for requirement in project["dependencies"]}
    imported: set[str] = set()
    for package in PACKAGES:
        for path in sources(package):
            imported |= top_levels(ast.parse(path.read_text(encoding="utf-8")))
    third_party = imported - set(sys.stdlib_module_names) - set(PACKAGES) - OPTIONAL
    assert {DISTRIBUTIONS.get(name, name) for name in third_party} == declared


def test_every_direct_dependency_has_a_tested_version() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = content["project"], content["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    requirements = [requirement for some in lists for requirement in some if isinstance(requirement, str)]
    names = {requirement.split(">")[0].split("[")[0] for requirement in requirements}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert names <= {line.split("==")[0] for line in lines if "==" in line}


def imports_of(path: Path) -> set[Path]:
    """The files of the packages that a file imports, at whatever depth; what it imports for the type checker too.

    Importing a module runs the `__init__` of the packages around it; those that the two have in common do not count.
    """
    found: set[Path] = set()
    package = path.parent.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple((node.module or "").split(".")) if node.module else ()
            wanted = [(*base, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            wanted = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        for parts in wanted:
            options = [ROOT.joinpath(*part) for part in (parts, parts[:-1]) if part and part[0] in PACKAGES]
            files = [name for place in options for name in (place.with_suffix(".py"), place / "__init__.py")]
            found |= {next(file for file in files if file.is_file())} if any(map(Path.is_file, files)) else set()
    return {file for file in found if not (file.name == "__init__.py" and file.parent in path.parents)}


def cycle(graph: dict[Path, set[Path]]) -> list[Path]:
    """Files of which each imports the next and the last imports the first; empty if there are none."""
    done: set[Path] = set()

    def walk(file: Path, way: list[Path]) -> list[Path]:
        if file in way:
            return way[way.index(file) :]
        if file in done:
            return []
        found = next(filter(None, (walk(other, [*way, file]) for other in sorted(graph[file]))), [])
        done.add(file)
        return found

    return next(filter(None, (walk(file, []) for file in sorted(graph))), [])


def test_no_file_imports_itself_by_way_of_others() -> None:
    graph = {path: imports_of(path) for package in PACKAGES for path in sources(package)}
    assert sum(map(len, graph.values())) > 300  # it sees them
    assert not [str(path.relative_to(ROOT)) for path in cycle(graph)]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_parts_of_a_package_stand_in_floors(package: str) -> None:
    """Each folder, or file beside the folders, uses only what stands below it: no arrow runs back up."""

    def part(path: Path) -> Path:
        return Path(*path.relative_to(ROOT).with_suffix("").parts[:2])

    graph: dict[Path, set[Path]] = {part(path): set() for path in sources(package)}
    for path in sources(package):
        graph[part(path)] |= {part(other) for other in imports_of(path)} & graph.keys() - {part(path)}
    assert not [str(path) for path in cycle(graph)]


def test_the_check_for_cycles_finds_one() -> None:
    a, b, c = map(Path, "abc")
    assert cycle({a: {b}, b: {c}, c: {b}}) == [b, c]
    assert cycle({a: {b, c}, b: {c}, c: set()}) == []


def test_linters_and_browser_are_nothing_that_the_tests_of_a_user_install() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = {name for some in content["project"]["optional-dependencies"].values() for name in some}
    assert not [name for name in extras if name.startswith(("ruff", "pyright", "playwright"))]
