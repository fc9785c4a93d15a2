"""The environment: what pyproject.toml asks for, the lock holds and environment.yml repeats."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILES = ("pyproject.toml", "requirements.lock", "environment.yml")


def tool(name):
    """Import a script of the folder `tools`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap, environment_yml = tool("bootstrap"), tool("environment_yml")
PYTHONS = [f"3.{minor}" for minor in range(bootstrap.OLDEST[1], bootstrap.NEWEST[1] + 1)]


@pytest.fixture
def files():
    """The content of the three files."""
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in FILES}


def disagreements(files):
    """Say where the files contradict each other."""
    project, lock, environment = (files[name] for name in FILES)
    table = tomllib.loads(project)
    missing = False
    asked = [
        *environment_yml.named(project),
        *map(Requirement, table["tool"]["uv"]["constraint-dependencies"]),
    ]
    for python in PYTHONS:
        versions = environment_yml.locked(lock, python)
        for requirement in asked:
            version = versions.get(canonicalize_name(requirement.name))
            missing |= version is None
            if version is None or not requirement.specifier.contains(version):
                yield f"Python {python}: {requirement} is asked for, {version} is locked"
    supported = SpecifierSet(table["project"]["requires-python"])
    minors = [f"3.{minor}" for minor in range(50) if f"3.{minor}" in supported]
    if minors != PYTHONS:
        yield f"pyproject.toml supports Python {minors}, tools/bootstrap.py {PYTHONS}"
    if environment_yml.PYTHON not in PYTHONS:
        yield f"environment.yml is for Python {environment_yml.PYTHON}"
    if not missing and environment != environment_yml.render(project, lock):
        yield "environment.yml is not what `make lock` writes"
    if "://" in lock:
        yield "the lock names an address"
    for package in re.split(r"\n(?=\w)", lock):
        if package[0] != "#" and not re.match(r"[\w.-]+==[^\n]+ \\\n    --hash=sha256:", package):
            yield f"no version or no hash: {package.splitlines()[0]}"


def test_the_three_files_agree(files):
    assert list(disagreements(files)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("requirements.lock", r"^scipy==1.18.1", "scipy==1.18.0", "not what `make lock` writes"),
        ("environment.yml", r"numpy==[\d.]+", "numpy==2.0.0", "not what `make lock` writes"),
        ("environment.yml", r"python=3.12", "python=3.13", "not what `make lock` writes"),
        ("pyproject.toml", r'"typst>=[\d.]+"', '"typst>=99"', "typst>=99 is asked for"),
        ("pyproject.toml", r'"pyyaml>=6"', '"pyyaml>=6", "polars"', "polars is asked for, None"),
        ("pyproject.toml", r'"pytest>=8"', '"pytest<8"', "pytest<8 is asked for"),
        ("pyproject.toml", r"torch==2\.\d+\.\*", "torch==2.1.*", "torch==2.1.* is asked for"),
        ("pyproject.toml", r"<3\.14", "<3.15", "supports Python"),
        ("requirements.lock", r"^(tqdm==\S+).*\n( +--hash.*\n)+", r"\1\n", "no hash: tqdm"),
        ("requirements.lock", r"\A", "--index-url https://example.org\n", "names an address"),
        ("requirements.lock", r"^tqdm==.*\n", "tqdm \\\\\n", "no version"),
    ],
)
def test_a_change_in_one_file_alone_is_noticed(files, file, old, new, complaint):
    files[file], changes = re.subn(old, new, files[file], count=1, flags=re.M)
    assert changes == 1
    said = list(disagreements(files))
    assert any(complaint in sentence for sentence in said), said


def test_the_check_of_the_script_notices_too(monkeypatch, tmp_path, files):
    monkeypatch.setattr(environment_yml, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["environment_yml.py", "--check"])
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    environment_yml.main()
    (tmp_path / "environment.yml").write_text("name: other\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="make lock"):
        environment_yml.main()
    monkeypatch.setattr(sys, "argv", ["environment_yml.py"])
    environment_yml.main()
    assert (tmp_path / "environment.yml").read_text(encoding="utf-8") == files["environment.yml"]


# Bootstrap


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Point the script at an empty folder, and collect the commands that it would run."""
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(" ".join(command)))
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "--venv", str(tmp_path / "venv")])
    (tmp_path / "venv").mkdir()
    return commands


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_bootstrap_installs_where_the_stamp_is_stale_and_then_rests(
    commands, tmp_path, monkeypatch, installer
):
    monkeypatch.setenv("INSTALLER", installer)
    monkeypatch.setattr(bootstrap, "find_uv", lambda: Path("uv"))
    (tmp_path / "venv" / ".lock-sha256").write_text("of an older lock")
    bootstrap.main()
    hashed = [command for command in commands if "--require-hashes" in command]
    assert len(hashed) == 1
    assert str(ROOT / "requirements.lock") in hashed[0]
    assert commands[-1].endswith(f"--editable {ROOT}")
    assert any(command.startswith("uv ") for command in commands) == (installer == "uv")
    commands.clear()
    bootstrap.main()
    assert commands == []


@pytest.mark.parametrize("known", [True, False], ids=["elsewhere", "of before places were kept"])
def test_an_environment_that_was_moved_or_copied_is_made_anew(
    commands, tmp_path, monkeypatch, known
):
    monkeypatch.setenv("INSTALLER", "pip")
    venv = tmp_path / "venv"
    bootstrap.main()
    (venv / "of_before").touch()
    commands.clear()
    bootstrap.main()
    assert commands == []
    bootstrap.executable(venv, "python").parent.mkdir()
    bootstrap.executable(venv, "python").touch()
    if known:
        (venv / ".place").write_text("/somewhere/else\n/somewhere/else/.venv", encoding="utf-8")
    else:
        (venv / ".place").unlink()
    monkeypatch.setattr(bootstrap, "install", lambda folder: folder.mkdir())
    bootstrap.main()
    assert not (venv / "of_before").exists()
    assert (venv / ".place").read_text(encoding="utf-8") == f"{ROOT}\n{venv}"


def test_where_the_users_pip_installs_does_not_matter(monkeypatch):
    seen = {}
    monkeypatch.setattr(subprocess, "run", lambda command, env, **_: seen.update(env))
    for name in ("PIP_USER", "PIP_TARGET", "PYTHONPATH", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "mine")
    bootstrap.run("pip")
    assert seen["PIP_USER"] == "0"
    assert not {"PIP_TARGET", "PYTHONPATH"} & set(seen)
    assert seen["PIP_INDEX_URL"] == "mine"


def test_bootstrap_leaves_no_stamp_when_the_installation_fails(commands, tmp_path, monkeypatch):
    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setenv("INSTALLER", "pip")
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(SystemExit, match=r"setting up the environment failed at: .* -m venv"):
        bootstrap.main()
    assert not (tmp_path / "venv" / ".lock-sha256").exists()


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_bootstrap_refuses_other_pythons_in_one_sentence(commands, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=r"this project needs 3\.11 to 3\.13"):
        bootstrap.main()
    assert commands == []


def test_the_citation_and_the_changes_are_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == version
    released = f"## {version} ({cited['date-released']})"
    assert released in (ROOT / "CHANGELOG.md").read_text().splitlines()
