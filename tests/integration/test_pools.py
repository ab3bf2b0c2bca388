"""Pools: users and tokens belong to one, and each has its own shards and counts."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from tests.remote import answer, remote_running
from webapp.accounts.models import Scope
from webapp.accounts.services import token_authenticate, token_make, user_get
from webapp.cluster.pools import pool_add
from webapp.cluster.services import shard_activate, shard_add
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ConflictError, MalformedRequestError, NotFoundError
from webapp.core.ids import Kind, id_parse
from webapp.images.models import Image
from webapp.images.services import image_rekey
from webapp.imports.running import import_run
from webapp.imports.services import import_add
from webapp.intake.details import Details

pytestmark = pytest.mark.django_db(transaction=True)

PAID = {"p1", "p2", "p3", "p4"}


@pytest.fixture
def pools(settings, tmp_path):
    """Give the default pool four shards, and ``paid`` four of its own."""
    isolate(settings, tmp_path)
    make_cluster(tmp_path)
    words = ("paid", "--replicas", "4", "--rendition-replicas", "3", "--quorum", "3")
    call_command("pool", "add", *words)
    for index, name in enumerate(sorted(PAID)):
        root = tmp_path / name
        root.mkdir()
        shard_add(name=name, url=f"file://{root}", zone=f"z{index % 2}", pool="paid")
    shard_activate(names=sorted(PAID))


def placed(image):
    return {replica["shard"] for replica in image.replicas}


def version_of(image):
    return topology_now().version(id_parse(image.id).version)


def test_images_of_a_pools_users_lie_on_its_shards(pools, tmp_path):
    image = make_image(make_user(pool="paid"), tmp_path).image
    assert (image.pool, placed(image) <= PAID, len(placed(image)) >= 3) == ("paid", True, True)
    assert not placed(make_image(make_user(), tmp_path).image) & PAID


def test_a_version_has_the_counts_of_its_pool(pools, tmp_path):
    version = version_of(make_image(make_user(pool="paid"), tmp_path).image)
    counts = (version.replica_count, version.rendition_replica_count, version.quorum)
    assert counts == (4, 3, 3)


def test_what_a_token_of_a_pool_uploads_goes_there(pools, tmp_path):
    user = make_user()
    _, secret = token_make(user=user, name="ci", scopes=[Scope.UPLOAD], pool="paid")
    image = make_image(token_authenticate(secret=secret).user, tmp_path).image
    assert (image.pool, user_get(name=user.username).pool) == ("paid", "default")


def test_a_token_of_no_pool_there_is_is_refused(pools):
    with pytest.raises(NotFoundError, match="no pool"):
        token_make(user=make_user(), name="ci", scopes=[Scope.UPLOAD], pool="none")


def test_a_new_kind_keeps_an_image_in_its_pool(pools, tmp_path):
    user = make_user()
    _, secret = token_make(user=user, name="ci", scopes=[Scope.UPLOAD], pool="paid")
    image = make_image(token_authenticate(secret=secret).user, tmp_path).image
    assert image_rekey(image=Image.objects.get(id=image.id), kind=Kind.SIGNED).pool == "paid"


def test_a_name_is_taken_once(pools):
    with pytest.raises(ConflictError):
        pool_add(name="paid")


def test_counts_that_contradict_each_other_are_refused(pools):
    with pytest.raises(MalformedRequestError, match="quorum"):
        pool_add(name="other", replica_count=2, rendition_replica_count=1, quorum=3)
    with pytest.raises(CommandError, match="Pool"):
        call_command("pool", "add", "Not a name")


def test_a_list_shows_each_pool(pools, capsys):
    call_command("pool", "list")
    assert "p1 (active)" in capsys.readouterr().out


def test_what_a_token_of_a_pool_imports_goes_there(pools, tmp_path, settings):
    loopback = {"import_private_addresses": True, "import_ports": ("1-65535",)}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=loopback)
    user = make_user()
    _, secret = token_make(user=user, name="ci", scopes=[Scope.UPLOAD], pool="paid")
    with remote_running() as remote:
        url = remote.at("/a.jpg", answer(make_picture()))
        row = import_add(owner=token_authenticate(secret=secret).user, url=url, details=Details())
        import_run(import_id=str(row.pk))
    image = Image.objects.get()
    assert (image.pool, placed(image) <= PAID) == ("paid", True)
