"""The ShareX configuration: what it says works as ShareX would do it."""

import json
import re

import pytest
from django.test import Client

from tests.factories import make_user
from tests.integration.page_rows import make_row, signed_in, text_of
from webapp.accounts.models import Scope, Token
from webapp.accounts.services import token_authenticate
from webapp.core.errors import UnsupportedTypeError
from webapp.core.presets import ORIGINAL_TYPES
from webapp.core.problem import problem
from webapp.images.representation import image_json
from webapp.intake.metadata.removal import can_strip
from webapp.uploads.receiver import PATH

pytestmark = pytest.mark.django_db


def downloaded(user):
    return signed_in(user).post("/tokens/sharex")


def follow(syntax, answer):
    """Return what ShareX shows for ``{json:path}``."""
    value = answer
    for name in re.fullmatch(r"\{json:([\w.]+)\}", syntax)[1].split("."):
        value = value[name]
    return value


def test_it_is_a_file_to_keep():
    response = downloaded(make_user())
    assert response.headers["Content-Disposition"] == 'attachment; filename="shoebox.sxcu"'
    assert "no-store" in response.headers["Cache-Control"]


def test_its_token_may_upload_and_nothing_else():
    user = make_user()
    scheme, secret = downloaded(user).json()["Headers"]["Authorization"].split(" ")
    principal = token_authenticate(secret=secret)
    assert (scheme, principal.user, principal.scopes) == ("Bearer", user, {Scope.UPLOAD})


def test_it_sends_files_to_the_receiver(settings):
    config = downloaded(make_user()).json()
    assert config["RequestURL"] == settings.SHOEBOX.write_url + PATH
    assert (config["RequestMethod"], config["FileFormName"]) == ("POST", "file")


def test_it_finds_the_links_in_an_answer():
    user = make_user()
    config = downloaded(user).json()
    image = image_json(make_row(user), viewer=user)
    assert follow(config["URL"], image) == image["links"]["original"]
    assert follow(config["ThumbnailURL"], image) == image["links"]["renditions"]["thumb"]["webp"]


def test_it_finds_the_sentence_in_a_refusal():
    config = downloaded(make_user()).json()
    refusal = json.loads(problem(UnsupportedTypeError("No picture.")).body)
    assert follow(config["ErrorMessage"], refusal) == "No picture."


def test_the_page_of_tokens_offers_it_and_lists_its_token():
    user = make_user()
    downloaded(user)
    page = text_of(signed_in(user).get("/tokens"))
    assert 'action="/tokens/sharex"' in page
    assert "<strong>ShareX</strong>" in page


def test_the_page_of_tokens_names_the_types_it_gets_no_link_of():
    user = make_user()
    private = image_json(make_row(user, private=True), viewer=user)
    assert follow(downloaded(user).json()["URL"], private) is None
    [said] = re.findall(r"as most of (.*) do", text_of(signed_in(user).get("/tokens")))
    kept = {name for name in ORIGINAL_TYPES if not can_strip(name)}
    assert {f"image/{name.lower()}" for name in re.findall(r"[A-Z]{3,}", said)} == kept


def test_a_link_or_another_site_makes_no_token():
    user = make_user()
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    answers = [client.get("/tokens/sharex"), client.post("/tokens/sharex")]
    assert [answer.status_code for answer in answers] == [405, 403]
    assert not Token.objects.exists()


def test_nobody_is_asked_to_sign_in():
    response = Client().post("/tokens/sharex")
    assert response.headers["Location"].startswith("/login")
