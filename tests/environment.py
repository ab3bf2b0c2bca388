"""Loaded before Django reads its settings: the embedded profile on a throw-away folder."""

import atexit
import os
import shutil
import signal
import tempfile

import hypothesis

for name in [name for name in os.environ if name.startswith("SHOEBOX_")]:
    del os.environ[name]  # nobody's environment may change what the tests prove

DATA = tempfile.mkdtemp(prefix="shoebox-tests-")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)

# A shell starts what it runs in the background deaf to Ctrl-C, and so would be every program
# that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["SHOEBOX_PROFILE"] = "embedded"
os.environ["SHOEBOX_DATA"] = DATA

# A busy machine is no failure: what is too slow shows in bench/, not in a deadline.
hypothesis.settings.register_profile("shoebox", deadline=None)
hypothesis.settings.load_profile("shoebox")
