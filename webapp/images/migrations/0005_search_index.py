"""An index of trigrams for searching, where the database is PostgreSQL and lets us have it.

Without it searching reads the list it searches in: right, and slow for owners of very many
images. See docs/how-to/index-the-search.md.
"""

import structlog
from django.db import DatabaseError, migrations, transaction

log = structlog.get_logger(__name__)


def index_make(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                "CREATE INDEX IF NOT EXISTS image_search "
                "ON images_image USING gin (search gin_trgm_ops)"
            )
    except DatabaseError as error:
        log.warning(
            "searching has no index; see docs/how-to/index-the-search.md", error=str(error).strip()
        )


def index_drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS image_search")


class Migration(migrations.Migration):

    dependencies = [
        ("images", "0004_fill_search_and_usage"),
    ]

    operations = [
        migrations.RunPython(index_make, index_drop),
    ]
