"""Fill what rows from before have not: the text they are searched by, and what owners keep."""

from django.conf import settings
from django.db import migrations
from django.db.models import Count, Q, Sum

from webapp.images.search import search_text

BATCH = 1000


def search_fill(apps, schema_editor):
    rows = apps.get_model("images", "Image").objects.using(schema_editor.connection.alias)
    unnamed = Q(title="", filename="")
    batch = []
    for image in rows.filter(search="").exclude(unnamed).only("id", "title", "filename").iterator():
        image.search = search_text(title=image.title, filename=image.filename)
        batch.append(image)
        if len(batch) == BATCH:
            rows.bulk_update(batch, ["search"])
            batch = []
    rows.bulk_update(batch, ["search"])


def usage_fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    images = apps.get_model("images", "Image").objects.using(alias)
    users = apps.get_model(settings.AUTH_USER_MODEL).objects.using(alias)
    kept = images.exclude(state="deleted", restorable_until=None).order_by()
    for sums in kept.values("owner_id").annotate(bytes=Sum("bytes"), images=Count("id")):
        users.filter(pk=sums["owner_id"]).update(
            used_bytes=sums["bytes"], used_images=sums["images"]
        )


class Migration(migrations.Migration):

    dependencies = [
        ("images", "0003_search_and_lists"),
    ]

    operations = [
        migrations.RunPython(search_fill, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(usage_fill, migrations.RunPython.noop, elidable=True),
    ]
