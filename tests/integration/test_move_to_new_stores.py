"""The how-to "move everything to new stores", command by command as the page has them."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster import snapshot
from webapp.cluster.models import Shard, TopologyVersion
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.signing import bytes_digest
from webapp.images.models import Image, ImageState
from webapp.images.services import image_delete, image_restore
from webapp.images.services.repair import image_repair
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).parents[2] / "docs/how-to/move-to-new-stores.md"
NEW = {"n1", "n2", "n3", "n4"}


def commands():
    """Return the commands of the page, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    # Only how long things take.
    quick = {"handoff_grace_seconds": 0.0, "activation_seconds": 0.0}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=quick)
    for name in NEW:
        (tmp_path / "shards" / name).mkdir(parents=True)
    roots = make_cluster(tmp_path)
    return roots | {name: tmp_path / "shards" / name for name in NEW}


def run(words, folder):
    call_command(*(word.replace("/srv", str(folder / "shards")) for word in words))
    # Half a minute passes.
    TopologyVersion.objects.update(current_from=0)
    snapshot._cached = None


def holding(shards, image):
    key = blob_key(id_parse(image.id), "original")
    return {name for name, root in shards.items() if (root / key).exists()}


def test_every_image_lies_on_the_new_stores_alone(shards, tmp_path):
    owner = make_user()
    images = []
    for words in commands():
        image = make_image(owner, tmp_path).image
        images.append(image)
        run(words, tmp_path)
    make_renditions(images[0].id)
    replicate(images[0].id)
    image_delete(image=Image.objects.get(id=images[-1].id))
    image_restore(image=Image.objects.get(id=images[-1].id))
    states = dict(Shard.objects.values_list("name", "state"))
    assert {name for name, state in states.items() if state == "dead"} == shards.keys() - NEW
    for image in Image.objects.exclude(state=ImageState.REJECTED):
        image_repair(image_id=image.id, apply=True)
        assert holding(shards, image) <= NEW
        key = blob_key(id_parse(image.id), "original")
        for name in holding(shards, image):
            assert bytes_digest((shards[name] / key).read_bytes()) == image.digest
        assert len(holding(shards, image)) == 3
