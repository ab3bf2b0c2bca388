"""An image is erased while sizes of it are made: none of them outlives it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.local.ports import free_port_block
from tests.client import IMAGES
from tests.factories import make_picture
from tests.processes import wait_until
from tests.system import system_run
from webapp.core.ids import id_parse
from webapp.core.keys import TOMBSTONE, image_prefix

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
SIZES = range(100, 160)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """An embedded system that makes sizes on demand."""
    port = free_port_block()
    settings = {
        "SHOEBOX_RENDER_URL": f"http://127.0.0.1:{port}",
        "SHOEBOX_RENDER_WAIT_SECONDS": "50",
    }
    for system in system_run("embedded", tmp_path_factory.mktemp("rendered"), **settings):
        system.add(system.profile.shoebox.render_process(port=port, nice=0))
        system.start("render")
        yield system


def link(system, image_id, width):
    said = system.client.call("GET", f"{IMAGES}/{image_id}/link", params={"width": width})
    return said.json()["url"]


def left(system, image_id):
    prefix = image_prefix(id_parse(image_id))
    keys = [key for name in system.shard_names for key in system.shard(name).keys(prefix)]
    return [key for key in keys if key != prefix + TOMBSTONE]


def test_no_size_outlives_an_image_that_is_erased_while_it_is_made(system):
    image_id = system.client.store_ready(make_picture(width=1200, height=900))["id"]
    links = [link(system, image_id, width) for width in SIZES]
    assert system.client.read(links[0]).status_code == 200
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(system.client.read, url) for url in links]
        asked[10].result()
        erased = system.client.call("DELETE", f"{IMAGES}/{image_id}", params={"erase": "true"})
        assert erased.status_code == 204
        answers = Counter(answer.result().status_code for answer in asked)
    assert answers[200] >= 10
    assert answers[410] > 0
    assert answers.keys() <= {200, 410, 404, 503}
    wait_until(lambda: not left(system, image_id), seconds=60, what="nothing to be left")
    wait_until(
        lambda: {system.client.read(url).status_code for url in links[:3]} <= {404, 410},
        seconds=60,
        what="readers to hear of it",
    )
