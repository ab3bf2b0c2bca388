"""The runbook "a region is lost", its last part: gone for ever, and another takes its place."""

import shutil

import pytest
from django.core.management import call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.test_move_to_new_stores import holding, run
from webapp.cluster.models import TopologyVersion
from webapp.images.models import Image
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)
LOST, NEW = ("s2", "s4"), ("n1", "n2")  # all of zone z2


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    # Only how long things take.
    quick = {"handoff_grace_seconds": 0.0, "activation_seconds": 0.0}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=quick)
    roots = make_cluster(tmp_path)
    for name in NEW:
        (tmp_path / "shards" / name).mkdir()
    return roots | {name: tmp_path / "shards" / name for name in NEW}


def test_every_image_has_all_its_copies_again_in_two_zones(shards, tmp_path, capsys):
    images = [make_image(make_user(), tmp_path).image for _ in range(4)]
    for image in images:
        replicate(image.id)
        make_renditions(image.id)
    for name in LOST:
        shutil.rmtree(shards[name])

    for name in LOST:
        run(["shard", "set", name, "--state", "down"], tmp_path)
    for name in NEW:
        run(["shard", "add", name, f"file:///srv/{name}", "--zone", "z3"], tmp_path)
    run(["shard", "activate", *NEW], tmp_path)
    for name in LOST:
        run(["shard", "set", name, "--state", "dead"], tmp_path)
    new = TopologyVersion.objects.order_by("-number").first()
    assert {shard["name"] for shard in new.shards} == {"s1", "s3", *NEW}
    run(["rebalance", "--from", "0", "--to", str(new.number), "--apply"], tmp_path)
    for name in LOST:
        run(["repair", "--shard", name, "--apply", "--parallel", "1"], tmp_path)

    for image in Image.objects.all():
        here = holding(shards, image)
        assert (image.state, len(here)) == ("ready", 3)
        assert here & {"s1", "s3"}
        assert here & {*NEW}
    capsys.readouterr()
    call_command("scrub", "--again", "--bytes-per-second", "0")
    assert "All is well." in capsys.readouterr().out
