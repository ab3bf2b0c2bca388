"""Renditions of presets that came later, on SQLite and folders; tasks are called by hand."""

import io
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import NotFoundError
from webapp.core.keys import blob_key
from webapp.healing import backfill
from webapp.healing.backfill import VERB, backfill_plan, backfill_run
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services import images_sweep
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Task
from workers import backfills, renditions
from workers.backfills import make_missing
from workers.imaging.errors import ChildKilledError, NotDecodableError
from workers.renditions import make_renditions

pytestmark = pytest.mark.django_db(transaction=True)

IMAGES = 5
LATER = "w800"


@pytest.fixture
def roots(settings, tmp_path, monkeypatch):
    isolate(settings, tmp_path)
    waiting = {"renditions": 0}
    monkeypatch.setattr(backfills, "queue_depths", lambda *_: waiting)
    monkeypatch.setattr(backfills.current_app, "connection_for_read", io.BytesIO)
    return make_cluster(tmp_path)


@pytest.fixture
def images(roots, tmp_path):
    """Give ready images, made when there was no preset ``LATER``."""
    owner = make_user()
    made = [make_image(owner, tmp_path).image for _ in range(IMAGES)]
    for image in made:
        make_renditions(image.id)
        image.refresh_from_db()
        lost = {name for name in image.renditions if name.startswith(LATER)}
        image.renditions = {k: v for k, v in image.renditions.items() if k not in lost}
        image.save()
        for root in roots.values():
            for name in lost:
                (root / blob_key(image.image_id, name)).unlink(missing_ok=True)
    OutboxMessage.objects.all().delete()
    assert {image.state for image in made} == {ImageState.READY}
    return made


class Workers:
    """Does what is queued, as workers would while the run waits."""

    def __init__(self):
        self.most = 0
        self.dies_after = None

    def __call__(self, _seconds):
        queued = OutboxMessage.objects.filter(task=Task.BACKFILL.value)
        self.most = max(self.most, queued.count())
        first = queued.order_by("id").first()
        if self.dies_after == 0:
            raise KeyboardInterrupt
        if self.dies_after:
            self.dies_after -= 1
        if first:
            first.delete()
            make_missing(first.subject)


@pytest.fixture
def workers():
    return Workers()


def run(workers, *, depth=2, preset=""):
    return backfill_run(preset=preset, depth=depth, progress=Progress("test"), sleep=workers)


def made(image):
    image.refresh_from_db()
    return f"{LATER}.webp" in image.renditions


def bytes_of(image, name):
    placement = Placement.of(image.image_id, topology_now())
    for _, store in placement.readable():
        with store.open(placement.key(name)) as blob:
            if blob:
                return blob.read()
    return None


def test_the_plan_says_how_many_images_lack_what(images):
    count, lacking = backfill_plan()

    assert count == IMAGES
    assert lacking == {f"{LATER}.webp": IMAGES, f"{LATER}.jpg": IMAGES}


def test_a_backfill_makes_what_is_missing_and_never_has_more_under_way_than_it_may(images, workers):
    done = run(workers)

    assert (done.made, done.given_up) == (IMAGES, [])
    assert workers.most <= 2
    assert backfill_plan()[0] == 0
    assert all(bytes_of(image, f"{LATER}.webp") for image in images)
    assert set(Image.objects.values_list("state", "due_at")) == {(ImageState.READY, None)}


def test_a_backfill_leaves_what_is_there_as_it_is(images, workers, monkeypatch):
    image = images[0]
    before = bytes_of(image, "w320.webp"), image.renditions["w320.webp"]
    render_limited = renditions.render_limited

    def with_other_bytes(path, *, made, **options):
        def made_otherwise(name, rendition):
            made(name, replace(rendition, data=rendition.data + b" "))

        return render_limited(path, made=made_otherwise, **options)

    monkeypatch.setattr(renditions, "render_limited", with_other_bytes)
    run(workers)

    image.refresh_from_db()
    assert (bytes_of(image, "w320.webp"), image.renditions["w320.webp"]) == before


def test_a_backfill_that_was_killed_goes_on_where_it_was(images, workers):
    workers.dies_after = 2
    with pytest.raises(KeyboardInterrupt):
        run(workers)
    assert HealingRun.objects.get(verb=VERB).cursor in {image.id for image in images}
    workers.dies_after = None

    run(workers)

    assert backfill_plan()[0] == 0
    assert workers.most <= 2
    assert HealingRun.objects.get(verb=VERB).finished_at


def test_a_backfill_that_goes_on_gives_each_image_one_chance(images, workers, monkeypatch):
    workers.dies_after = 2
    with pytest.raises(KeyboardInterrupt):
        run(workers)
    cursor = HealingRun.objects.get(verb=VERB).cursor
    tried = []
    monkeypatch.setattr(backfill, "backfill_queue", lambda *, image_id: tried.append(image_id))
    OutboxMessage.objects.all().delete()
    Image.objects.update(due_at=None)

    run(workers)

    behind = [image.id for image in images if image.id <= cursor and not made(image)]
    ahead = [image.id for image in images if image.id > cursor]
    assert tried == [*sorted(ahead), *sorted(behind)]


def test_a_backfill_steps_aside_while_fresh_uploads_wait(images, monkeypatch):
    image_id = images[0].id
    monkeypatch.setattr(backfills, "queue_depths", lambda *_: {"renditions": 1})
    monkeypatch.setattr(
        backfills, "renditions_make", lambda _: pytest.fail("decoded before a fresh upload")
    )

    assert make_missing(image_id) == "later"

    due = Image.objects.get(id=image_id).due_at
    Image.objects.filter(id=image_id).update(due_at=due.replace(year=2000))
    images_sweep()
    assert OutboxMessage.objects.filter(task=Task.BACKFILL.value, subject=image_id).exists()


@pytest.mark.parametrize("error", [NotDecodableError("truncated"), ChildKilledError()])
def test_what_cannot_be_made_is_given_up_and_the_image_stays_ready(
    images, workers, monkeypatch, error
):
    def fail(_image):
        raise error

    monkeypatch.setattr(backfills, "renditions_make", fail)

    def sweeping(seconds):
        Image.objects.filter(due_at__isnull=False).update(due_at="2000-01-01T00:00Z")
        images_sweep()
        workers(seconds)

    done = run(sweeping)

    assert sorted(done.given_up) == sorted(image.id for image in images)
    assert set(Image.objects.values_list("state", "due_at")) == {(ImageState.READY, None)}


def test_a_preset_that_is_not_there_is_said_so(images):
    with pytest.raises(NotFoundError, match="there are thumb"):
        backfill_plan(preset="huge")


def test_the_command_only_says_what_is_missing_until_it_is_told_to(images, capsys):
    call_command("renditions", "backfill", "--preset", LATER)

    assert "5 images lack something; --apply makes it." in capsys.readouterr().out
    assert not OutboxMessage.objects.exists()


def test_the_command_knows_presets():
    with pytest.raises(CommandError, match="no preset"):
        call_command("renditions", "backfill", "--preset", "huge")
