"""Writers of one process on SQLite: they come in turn, and none is left waiting."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.factories import make_image, make_picture
from tests.processes import wait_until
from webapp.cluster import index_turn
from webapp.images.models import Image

CROWD = 6


@pytest.mark.parametrize("index", ["sqlite"], indirect=True)
def test_uploads_queue_in_front_of_sqlite_and_not_inside(index, owner, tmp_path):
    def upload(number):
        try:
            make_image(owner, tmp_path, data=make_picture(width=16, height=16, seed=str(number)))
        finally:
            connection.close()

    line = index_turn._line
    with ThreadPoolExecutor(CROWD) as threads:
        with index_turn.index_turn():
            sent = [threads.submit(upload, number) for number in range(CROWD)]
            wait_until(lambda: line.waiting == CROWD, seconds=30, what="all of them in line")
        for upload_sent in sent:
            upload_sent.result()
    assert Image.objects.count() == CROWD
