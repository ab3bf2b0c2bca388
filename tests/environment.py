"""Loaded before Django reads its settings: the embedded profile on a throw-away folder."""

import atexit
import os
import shutil
import tempfile

for name in [name for name in os.environ if name.startswith("SHOEBOX_")]:
    del os.environ[name]  # nobody's environment may change what the tests prove

DATA = tempfile.mkdtemp(prefix="shoebox-tests-")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)

os.environ["SHOEBOX_PROFILE"] = "embedded"
os.environ["SHOEBOX_DATA"] = DATA
