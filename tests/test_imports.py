"""Every import resolves in a bare checkout, points the right way, and costs what it may."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import ledger

HEAVY = {"alembic", "numpy", "pyarrow", "sqlalchemy", "sqlite3", "sqlmodel", "transformers"}
PURE = ("canonical", "chain", "checkpoint", "merkle", "notes", "p256", "proofs", "tiles")
PURE_MAY_IMPORT = {"ledger.claims", "ledger.errors", "cryptography", "orjson"}
IO_OF_STDLIB = {"io", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess", "time"}
BROUGHT_BY = {  # their dependency is their promise
    "lxml": "python-docx",
    "pydantic": "sqlmodel",
    "sqlalchemy": "sqlmodel",
}
FOR_DEVELOPERS = {
    "bench",
    "dev",
    "differential",
    "model",
    "oracle",
    "test",
}  # extras no code of ours imports from
APART = {"hf", "lm", "ray"}  # large: `make trainers`, `make model`, `make ray`, stages of .ci/run
TYPES_ONLY = {"_typeshed"}  # exists for type checkers, never at run time
AWAITED: set[str] = set()  # declared for what comes next; leave it when the first file uses it


def _files(root: Path, *folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def _module(root: Path, file: Path) -> list[str]:
    parts = list(file.relative_to(root).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _imports(root: Path, file: Path, tree: ast.AST) -> Iterator[tuple[int, str, list[str]]]:
    """(line, module, names) of every import below `tree`, relative ones made absolute."""
    package = list(file.relative_to(root).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, []
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module, [alias.name for alias in node.names]


def _declared(root: Path) -> tuple[set[str], dict[str, set[str]]]:
    """Names of what every installation has, and of what each extra adds."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return _listed(project["dependencies"]), {
        extra: _listed(lines) for extra, lines in extras.items() if extra not in FOR_DEVELOPERS
    }


def _listed(lines: list[str]) -> set[str]:
    return {line.partition(">")[0].partition("=")[0].strip().lower() for line in lines}


def _at_once(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that importing a module runs: none in a function, none for types alone."""
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
            continue
        yield node
        todo += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def _names(file: Path) -> set[str]:
    """Names a module binds anywhere at its top level, `if` and `try` included."""
    bound: set[str] = set()
    todo: list[ast.stmt] = list(ast.parse(file.read_text()).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        todo += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                bound.add(child.id)
    return bound


def _located(root: Path, module: str) -> Path | None:
    """The file of a module of this checkout; None if there is none."""
    path = root.joinpath(*module.split("."))
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def test_an_import_leads_nowhere_in_a_bare_checkout(root: Path) -> None:
    lost = []
    for file in _files(root, "ledger", "cli", "migrations"):
        for line, module, names in _imports(root, file, ast.parse(file.read_text())):
            if module.partition(".")[0] not in {"ledger", "cli", "migrations", "schemas"}:
                continue
            target = _located(root, module)
            if target is None:
                lost.append(f"{file.relative_to(root)}:{line}: no module {module}")
                continue
            bound = _names(target) | {"*"}
            lost += [
                f"{file.relative_to(root)}:{line}: no {name} in {module}"
                for name in names
                if name not in bound and _located(root, f"{module}.{name}") is None
            ]
    assert not lost, "\n".join(lost)


def test_the_front_imports_itself_by_an_absolute_name(root: Path) -> None:
    """`import cli` works in a checkout, fails installed, and would load a file twice."""
    for file in _files(root, "ledger", "cli", "migrations"):
        for node in ast.walk(ast.parse(file.read_text())):
            named = []
            if isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                named = [node.module or ""]
            for name in named:
                wrong = name.partition(".")[0] in {"cli", "migrations", "schemas"}
                wrong |= name.startswith(("ledger.cli", "ledger.migrations", "ledger.schemas"))
                assert not wrong, f"{file.relative_to(root)}:{node.lineno}: imports {name}"


def test_a_package_is_used_but_not_declared(root: Path) -> None:
    always, extras = _declared(root)
    declared = always.union(*extras.values())
    distributions = packages_distributions()
    for file in _files(root, "ledger", "cli", "migrations"):
        for line, module, _ in _imports(root, file, ast.parse(file.read_text())):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names | TYPES_ONLY or (root / top).is_dir():
                continue
            names = {name.lower() for name in distributions.get(top, [top])}
            names |= {BROUGHT_BY[top]} if top in BROUGHT_BY else set()
            assert names & declared, f"{file.relative_to(root)}:{line}: {top} is not declared"


def test_a_package_of_an_extra_is_imported_before_anybody_asks_for_it(root: Path) -> None:
    """Without the extra the module must still load: everything that needs none of it is in use."""
    always, extras = _declared(root)
    optional = set[str]().union(*extras.values()) - always
    distributions = packages_distributions()
    for file in _files(root, "ledger", "cli", "migrations"):
        for node in _at_once(ast.parse(file.read_text())):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for line, module, _ in _imports(root, file, ast.Module([node], [])):
                top = module.partition(".")[0]
                names = {name.lower() for name in distributions.get(top, [top])}
                names |= {BROUGHT_BY[top]} if top in BROUGHT_BY else set()
                early = names & optional and not names & always
                assert not early, f"{file.relative_to(root)}:{line}: {top} is of an extra"


def test_a_declared_package_is_used_by_nothing(root: Path) -> None:
    always, extras = _declared(root)
    distributions = packages_distributions()
    used: set[str] = set()
    for file in _files(root, "ledger", "cli", "migrations"):
        for _, module, _ in _imports(root, file, ast.parse(file.read_text())):
            top = module.partition(".")[0]  # of what is not installed here, its distribution's name
            used |= {name.lower() for name in distributions.get(top, [top])}
    for name in always.union(*extras.values()):
        said = "listed as awaited, but used" if name in used else "declared, and no file imports it"
        assert (name in used) != (name in AWAITED), f"{name}: {said}"


def test_the_tests_have_every_extra(root: Path) -> None:
    """What needs an extra is tested where all tests run, and never skipped, but for `APART`."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    _, extras = _declared(root)
    (line,) = [one for one in project["optional-dependencies"]["test"] if "headwater" in one]
    assert set(line.partition("[")[2].rstrip("]").split(",")) == set(extras) - APART


@pytest.mark.parametrize("name", PURE)
def test_a_pure_file_of_the_log_does_work(root: Path, name: str) -> None:
    file = root / "ledger" / "log" / f"{name}.py"
    allowed = PURE_MAY_IMPORT | {f"ledger.log.{other}" for other in PURE}
    for line, module, _ in _imports(root, file, ast.parse(file.read_text())):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            assert top not in IO_OF_STDLIB, f"{file.name}:{line}: {module} does i/o"
        else:
            near = {module, top, ".".join(module.split(".")[:2])}
            assert near & allowed, f"{file.name}:{line}: imports {module}"


def test_a_command_imports_the_library_before_it_runs(root: Path) -> None:
    for file in _files(root, "cli/commands"):
        tree = ast.parse(file.read_text())
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        for line, module, _ in _imports(root, file, ast.Module(top, [])):
            first = module.partition(".")[0]
            allowed = first == "click" or first in sys.stdlib_module_names - HEAVY
            allowed |= module in ("cli.lazy", "cli.output")
            allowed |= module.startswith("cli.commands._")  # a helper, itself under this rule
            assert allowed, f"{file.relative_to(root)}:{line}: {module} is imported at the top"


def _loaded(statement: str, root: Path) -> set[str]:
    """Top-level names in sys.modules after `statement`, in a process of its own."""
    code = f"{statement}\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_importing_ledger_loads_sql_or_arrow(root: Path) -> None:
    loaded = _loaded("import ledger", root)
    assert "ledger" in loaded
    assert not loaded & (HEAVY | {"pydantic", "rich"})


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_sql_or_arrow(root: Path, front: str, arguments: list[str]) -> None:
    loaded = _loaded(f"from {front}.main import run; assert run({arguments}) == 0", root)
    assert "click" in loaded
    assert not loaded & (HEAVY | {"pydantic", "rich"})


def test_the_probe_sees_what_is_loaded(root: Path) -> None:
    assert "sqlite3" in _loaded("import sqlite3", root)


def test_a_public_name_is_not_there() -> None:
    for name in ledger.__all__:
        assert getattr(ledger, name) is not None
    assert sorted(ledger.__all__) == ledger.__all__
    assert set(dir(ledger)) == set(ledger.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ledger.nothing
