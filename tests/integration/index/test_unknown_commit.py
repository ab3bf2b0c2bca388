"""A commit whose answer never came: the row says what happened, and nothing is deleted."""

from urllib.parse import urlsplit

import pytest

from tests.factories import make_picture, make_user
from tests.integration.api_caller import EVERYTHING, IMAGES
from tests.integration.asgi_caller import bearer, call
from tests.integration.breaking_line import PIECE, Line
from tests.integration.index.databases import index_at
from webapp.images.models import Image
from webapp.outbox.models import OutboxMessage

COMMIT = b"WITH owner AS"
QUORUM = 2


class CommitLine(Line):
    """A line to PostgreSQL that breaks once: as a commit is sent, or as it is answered."""

    def __init__(self, port, *, arrives):
        self.arrives = arrives
        self.cuts = 0
        self._committing = None
        super().__init__(port)

    def _pieces(self, source, target, to_server):
        """Give what comes from ``source``, until the line breaks."""
        while piece := source.recv(PIECE):
            if to_server and not self.cuts and COMMIT in piece:
                self.cuts += 1
                if not self.arrives:
                    return
                self._committing = source
            elif target is self._committing:
                return
            yield piece


@pytest.fixture
def line(request, postgresql, postgres_url):
    made = CommitLine(urlsplit(postgres_url).port, arrives=request.param)
    yield made
    made.close()
    assert made.cuts == 1


@pytest.fixture
def upload(line, shards, postgres_url, receiver_thread):
    """Uploads a picture while the index is at the other end of the line; gives the answer."""
    headers = bearer(make_user(), EVERYTHING)
    parts = urlsplit(postgres_url)
    through_line = parts._replace(netloc=parts.netloc.replace(str(parts.port), str(line.port)))
    with index_at(through_line.geturl()):
        yield lambda: call("POST", IMAGES, content=make_picture(), headers=headers)


def originals(folder):
    return list(folder.glob("**/original"))


@pytest.mark.parametrize("line", [True], indirect=True)
def test_an_upload_whose_commit_was_not_answered_is_acknowledged_by_its_row(upload, tmp_path):
    answer = upload()
    assert answer.status_code == 201, answer.text
    assert Image.objects.get().id == answer.json()["id"]
    assert OutboxMessage.objects.filter(subject=answer.json()["id"]).exists()
    assert len(originals(tmp_path)) >= QUORUM


@pytest.mark.parametrize("line", [False], indirect=True)
def test_an_upload_whose_commit_never_arrived_is_asked_for_again_and_keeps_its_bytes(
    upload, tmp_path
):
    answer = upload()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0
    assert not Image.objects.exists()
    assert len(originals(tmp_path)) >= QUORUM
