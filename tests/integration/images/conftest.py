"""Fixtures: shards of folders, somebody who uploads, and an image on its way."""

import pytest

from tests.factories import isolate, make_cluster, make_image, make_user
from workers.renditions import make_renditions
from workers.replication import replicate


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def owner(shards):
    return make_user()


@pytest.fixture
def stored(owner, tmp_path):
    return make_image(owner, tmp_path).image


@pytest.fixture
def ready(stored):
    make_renditions(stored.id)
    replicate(stored.id)
    stored.refresh_from_db()
    return stored
