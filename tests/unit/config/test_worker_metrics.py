import subprocess
import sys

import pytest

from config.worker_metrics import listen_parse, metrics_prepare
from webapp.core.errors import ConfigurationError

# In a process of its own: the library looks for its folder once, when it is imported.
POOL = """
import sys
from pathlib import Path
import config.worker_metrics as metrics
from billiard.context import ForkProcess

data = Path(sys.argv[1])
metrics.metrics_prepare(listen="127.0.0.1:9101", data=data, arguments=["worker"])
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.multiprocess import MultiProcessCollector

counter = Counter("made", "Made.")
for place in (0, 1, 0, 0):  # the first place is taken by three processes, one after the other
    process = ForkProcess(target=counter.inc)
    process.index = place
    process.start()
    process.join()
registry = CollectorRegistry()
(folder,) = (data / "metrics").iterdir()
MultiProcessCollector(registry, path=str(folder))
print(registry.get_sample_value("made_total"), len(list(folder.iterdir())))
"""


def test_counts_of_all_processes_are_added_up_and_a_recycled_one_needs_no_file_more(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", POOL, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["4.0", "3"], done.stderr


@pytest.mark.parametrize("arguments", [["inspect", "ping"], []])
def test_a_command_beside_the_worker_leaves_its_counts_alone(tmp_path, arguments):
    metrics_prepare(listen="127.0.0.1:9101", data=tmp_path, arguments=arguments)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["9101", ":9101", "host:", "host:0", "host:65536", "host:http"])
def test_what_is_no_address_stops_the_start(text):
    with pytest.raises(ConfigurationError, match="host:port"):
        listen_parse(text)
