import pytest

from webapp.api.etags import etag_known, etag_of, revision_expected
from webapp.core.errors import StaleError
from webapp.images.models import Image

IMAGE = Image(id="p000" + "0" * 20, revision=7)
TAG = etag_of(7, b"body")


def test_a_tag_names_the_revision_and_differs_with_the_body():
    assert TAG.startswith('"7-')
    assert etag_of(7, b"other") != TAG


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"x", {TAG}', "*"])
def test_an_answer_one_has_is_known(header):
    assert etag_known(header, TAG)


@pytest.mark.parametrize("header", [None, "", '"7"', "nonsense", TAG.strip('"')])
def test_an_answer_one_lacks_is_not(header):
    assert not etag_known(header, TAG)


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_who_does_not_care_expects_no_revision(header):
    assert revision_expected(header, IMAGE) is None


@pytest.mark.parametrize("header", [TAG, '"7"', etag_of(7, b"other"), f'"x", {TAG}'])
def test_the_present_revision_is_expected(header):
    assert revision_expected(header, IMAGE) == 7


@pytest.mark.parametrize("header", ["", '"6"', f"W/{TAG}", '"77-0"', "7", '""'])
def test_another_revision_is_stale(header):
    with pytest.raises(StaleError, match="revision 7"):
        revision_expected(header, IMAGE)
