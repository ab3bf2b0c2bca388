"""The peers, installed into a folder of their own: never into the project's locks."""

import subprocess
import sys
from pathlib import Path

PACKAGES = ("pyvips-binary", "pyvips", "thumbor", "numpy", "pillow")
SCRIPTS = Path(__file__).parent / "peers"


class Peers:
    """What could be installed in a folder; what could not is left out, and said so.

    Args:
        folder: Kept for the next run when somebody named it.
    """

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.python = self.folder / "venv" / "bin" / "python"
        self.has_python = self._install_python()
        self.has_sharp = self._install_sharp()

    def script(self, name):
        """Return a script; those for Node lie where it looks for packages."""
        if not name.endswith(".mjs"):
            return SCRIPTS / name
        copy = self.folder / name
        copy.write_text((SCRIPTS / name).read_text())
        return copy

    def _install_python(self):
        if not self.python.exists():
            _tried(sys.executable, "-m", "venv", self.folder / "venv")
        return _tried(self.python, "-m", "pip", "install", "-q", *PACKAGES)

    def _install_sharp(self):
        if (self.folder / "node_modules" / "sharp").exists():
            return True
        npm = ("npm", "install", "--no-fund", "--no-audit", "--prefix", self.folder, "sharp")
        return _tried(*npm)


def _tried(*command):
    words = [str(word) for word in command]
    try:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out: {' '.join(words)}: {error}", file=sys.stderr)
        return False
    return True
