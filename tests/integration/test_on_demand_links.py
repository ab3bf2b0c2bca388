"""Links to sizes on demand: by the API for who owns the image, by command for an operator."""

import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import Caller, code_of
from webapp.api import schemas
from webapp.core.ids import Kind
from webapp.core.signing import link_verify
from webapp.intake.details import Details

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings, tmp_path):
    isolate(settings, tmp_path)
    make_cluster(tmp_path)

    def store_one(kind=Kind.PUBLIC):
        return make_image(make_user(), tmp_path, details=Details(kind=kind)).image

    return store_one


@pytest.fixture
def image(store):
    return store()


def verified(url, settings):
    """Return the path of a link whose signature is good now, and when it ends."""
    parts, base = urlsplit(url), urlsplit(settings.SHOEBOX.read_url)
    assert parts[:2] == base[:2]
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    exp = int(query["exp"])
    keyring = settings.SHOEBOX.keyring
    assert link_verify(parts.path, exp=exp, sig=query["sig"], now=time.time(), keyring=keyring)
    return parts.path, exp


@pytest.mark.parametrize("kind", Kind)
def test_the_owner_gets_a_signed_link_for_either_kind(store, settings, kind):
    image = store(kind)
    call = Caller(image.owner)
    for query, file in (
        ("width=640", "w640fit.webp"),
        ("height=480&format=avif", "h480fit.avif"),
        ("width=640&height=480&mode=crop&format=jpg", "w640h480crop.jpg"),
    ):
        said = call.image("GET", image, f"/link?{query}").json()
        schemas.Link.model_validate(said)
        path, exp = verified(said["url"], settings)
        assert path == f"/{image.id}/{file}"
        assert datetime.fromisoformat(said["expires_at"]).timestamp() == exp


def test_it_ends_when_the_caller_says(image, settings):
    said = Caller(image.owner).image("GET", image, "/link?width=640&seconds=60").json()
    assert 50 < verified(said["url"], settings)[1] - time.time() <= 60


def test_a_size_that_cannot_be_is_said(image):
    call = Caller(image.owner)
    for query in (
        *("", "mode=crop&width=640", "width=0", "width=4097", "width=ten"),
        *("width=640&mode=stretch", "width=640&format=gif"),
        *("width=640&seconds=0", "width=640&seconds=99999999999"),
    ):
        response = call.image("GET", image, f"/link?{query}")
        assert (response.status_code, code_of(response)) == (400, "malformed-request"), query


@pytest.mark.parametrize("query", ["", "?erase=true"])
def test_there_is_none_to_a_deleted_image(image, query):
    call = Caller(image.owner)
    call.image("DELETE", image, query)
    response = call.image("GET", image, "/link?width=640")
    assert (response.status_code, code_of(response)) == (410, "deleted")


def test_an_operator_signs_one_by_command(image, settings, capsys):
    call_command("link", image.id, "--width", "640", "--height", "480", "--mode", "crop")
    url = capsys.readouterr().out.strip()
    assert verified(url, settings)[0] == f"/{image.id}/w640h480crop.webp"


def test_the_command_says_what_is_wrong(image):
    size = (image.id, "--width", "9")
    for words in (
        (image.id,),
        ("nonsense", "--width", "1"),
        (image.id, "--width", "9999"),
        (*size, "--seconds=-5"),
        (*size, "--seconds=99999999999999"),
    ):
        with pytest.raises(CommandError):
            call_command("link", *words)
