"""Only `ledger` lands in site-packages, and nothing in the four folders stays behind."""

import email
import os
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

import pytest
import setuptools

import ledger

FOLDERS = {"ledger": "ledger", "cli": "ledger/cli", "schemas": "ledger/schemas"}
FOLDERS["migrations"] = "ledger/migrations"


def _pyproject(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())


def _sources(root: Path) -> list[Path]:
    """Every file of the four folders that a person wrote."""
    return sorted(
        path.relative_to(root)
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _shipped(path: Path) -> str:
    """Where a checkout's file lies in the wheel."""
    return "/".join((FOLDERS[path.parts[0]], *path.parts[1:]))


def test_a_folder_of_code_is_forgotten(root: Path) -> None:
    listed = set(_pyproject(root)["tool"]["setuptools"]["packages"])
    there = {
        _shipped(path).rpartition("/")[0].replace("/", ".")
        for path in _sources(root)
        if path.suffix == ".py"
    }
    assert there <= listed, f"add to [tool.setuptools] packages: {sorted(there - listed)}"
    empty = {name for name in listed if name not in there}
    held = {_shipped(path).rpartition("/")[0].replace("/", ".") for path in _sources(root)}
    assert empty <= held, f"listed, but not there: {sorted(empty - held)}"


def test_a_package_has_no_init_file(root: Path) -> None:
    """Without one, an installed copy would become a namespace that strangers can extend."""
    for path in _sources(root):
        if path.suffix == ".py":
            assert (root / path.parent / "__init__.py").is_file(), f"{path.parent}: no __init__.py"


def test_a_source_file_outgrew_its_room(root: Path) -> None:
    for path in _sources(root):
        if path.suffix == ".py":
            lines = (root / path).read_bytes().count(b"\n")
            assert lines <= 400, f"{path}: {lines} lines, at most 400; one idea per file"


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it; no network."""
    newest = int(setuptools.__version__.partition(".")[0])
    if newest < 77:
        pytest.skip(f"setuptools {newest} is here, building needs 77: pip install -e '.[test]'")
    checkout = tmp_path_factory.mktemp("checkout")
    for name in FOLDERS:
        shutil.copytree(root / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(root / name, checkout)
    readme = root / "README.md"
    (checkout / "README.md").write_text(readme.read_text() if readme.exists() else "# Headwater\n")
    dist = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, checkout],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return dist


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


def test_another_name_lands_in_site_packages(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in ZipFile(wheel).namelist()}
    assert tops == {"ledger", f"headwater-{ledger.__version__}.dist-info"}


def test_a_file_is_left_out_of_the_wheel(root: Path, wheel: Path) -> None:
    inside = {name for name in ZipFile(wheel).namelist() if name.startswith("ledger/")}
    there = {_shipped(path): path for path in _sources(root)}
    missing = sorted(str(there[name]) for name in there.keys() - inside)
    assert not missing, f"add to [tool.setuptools.package-data]: {missing}"
    assert inside == there.keys()


def test_the_wheel_says_what_it_is(root: Path, wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        commands = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE")
    assert metadata["Name"] == "headwater"
    assert metadata["Version"] == ledger.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert licence == (root / "LICENSE").read_bytes()
    assert "headwater = ledger.cli.main:main" in commands.splitlines()
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert len(required) == len(_pyproject(root)["project"]["dependencies"])
    assert not [line for line in required if fnmatch(line.lower(), "*pymerkle*")]


def test_the_wheel_does_not_run_away_from_the_checkout(wheel: Path, own_place: Path) -> None:
    """From an unrelated directory, with nothing of the checkout on the path."""
    with ZipFile(wheel) as archive:
        archive.extractall(own_place / "site")
    elsewhere = own_place / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(own_place / "site")}
    where = "import ledger, ledger.cli.main as m; print(ledger.__file__); print(m.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(line.startswith(str(own_place / "site")) for line in done.stdout.splitlines())
    done = subprocess.run(
        [sys.executable, "-m", "ledger", "--version"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"headwater {ledger.__version__}\n"), done.stderr
