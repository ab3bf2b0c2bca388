"""Albums: names that images carry; there is no table of them."""

from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from webapp.images.models import Image

if TYPE_CHECKING:
    from webapp.accounts.models import User

# A step of the recursion is one look into the index of albums, for the next name: what is asked
# costs as much as there are albums, however many images are in them. The condition that says
# nothing new is that of the index.
ALBUMS: Final = """
WITH RECURSIVE names (album) AS (
    SELECT (
        SELECT album FROM {images}
        WHERE owner_id = %(owner)s AND NOT (album = '') ORDER BY album LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT image.album FROM {images} AS image
        WHERE image.owner_id = %(owner)s AND NOT (image.album = '') AND image.album > names.album
        ORDER BY image.album LIMIT 1
    )
    FROM names WHERE names.album IS NOT NULL
)
SELECT album FROM names WHERE album IS NOT NULL AND EXISTS (
    SELECT 1 FROM {images} AS image
    WHERE image.owner_id = %(owner)s AND NOT (image.album = '') AND image.album = names.album
    AND NOT (image.state = 'deleted')
)
LIMIT %(most)s
"""


def albums_of(owner: "User", *, most: int) -> list[str]:
    """Return the first names of albums of ``owner`` that hold an image, in order. One statement.

    Args:
        owner: Whose.
        most: Names.
    """
    statement, values = albums_statement(owner, most=most)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [album for (album,) in cursor.fetchall()]


def albums_statement(owner: "User", *, most: int) -> tuple[str, dict[str, Any]]:
    """Return what ``albums_of`` asks, and its values."""
    key = Image._meta.get_field("owner").get_db_prep_value(owner.pk, connection)  # noqa: SLF001 - Django's name
    statement = ALBUMS.format(images=Image._meta.db_table)  # noqa: SLF001 - Django's name
    return statement, {"owner": key, "most": most}
