from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import MalformedRequestError
from webapp.core.ids import Kind, id_make
from webapp.images.models import Image
from webapp.images.paging import cursor_of, cursor_parse


@given(created_at=st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_gives_back_where_a_page_ended(created_at: datetime):
    image = Image(id=str(id_make(kind=Kind.SIGNED, version=3)), created_at=created_at)
    assert cursor_parse(cursor_of(image)) == (created_at, image.id)


@given(st.text())
def test_any_other_text_is_refused_in_words(text):
    with pytest.raises(MalformedRequestError, match="cursor"):
        cursor_parse(text)
