"""What `make` takes for a virtual environment that is ready, on trees of no package at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "make-venv"

pytestmark = pytest.mark.timeout(240)


def make_venv(tree):
    """Run the script of a tree; return what it said."""
    done = subprocess.run(
        [tree / "deploy" / "make-venv", "requirements.lock"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def tree_make(tree):
    (tree / "deploy").mkdir(parents=True)
    shutil.copy(SCRIPT, tree / "deploy")
    (tree / "requirements.lock").touch()
    return tree


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tree with its environment."""
    tree = tree_make(tmp_path_factory.mktemp("made") / "tree")
    make_venv(tree)
    return tree


@pytest.fixture
def tree(made, tmp_path):
    """A tree with its environment, moved to another place."""
    return Path(shutil.copytree(made, tmp_path / "tree", symlinks=True))


def test_an_environment_that_is_ready_is_left_alone(made):
    assert make_venv(made) == ""


def test_an_environment_of_a_tree_that_was_moved_is_made_anew(tree):
    assert "installing" in make_venv(tree)
    assert str(tree) in (tree / ".venv" / "bin" / "pip").read_text()


def test_an_environment_of_another_python_is_made_anew(made):
    [packages] = (made / ".venv" / "lib").glob("python*")
    packages.rename(packages.with_name("python3.0"))
    assert "installing" in make_venv(made)
    assert [folder.name for folder in (made / ".venv" / "lib").iterdir()] == [packages.name]


def test_an_environment_of_another_tree_that_is_linked_to_is_used(made, tmp_path):
    tree = tree_make(tmp_path / "linked")
    (tree / ".venv").symlink_to(made / ".venv")
    assert make_venv(tree) == ""
