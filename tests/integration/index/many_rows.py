"""Very many images in a PostgreSQL index, as years of uploads would leave them."""

from django.db import connection

_ROWS = """
INSERT INTO images_image (
    id, owner_id, pool, state, reason, filename, title, album, search, bytes, digest,
    source_digest, content_type, width, height, frames, private, created_at, epoch, revision,
    manifest_revision, renditions, replicas, attempts, refusals, dedupe_key, lease
)
SELECT
    'p000' || translate(substr(md5('id' || n) || md5(n || 'id'), 1, 20), 'ilou', 'wxyz'),
    %(owner)s, 'default', state, '', filename, title,
    CASE WHEN n %% 100 < 10 THEN 'album' || n %% 10 ELSE '' END,
    lower(title || E'\\n' || filename), 300000 + n %% 1000, digest, digest, 'image/jpeg',
    1600, 1200, 1, false, timestamptz '2026-01-01' + n * interval '7 seconds', 1, 3, 3,
    '{"thumb.webp": {"digest": "sha256:0", "bytes": 9000}}',
    '[{"shard": "s1", "check": "verified", "at": "2026-01-01T00:00:00+00:00"}]',
    0, 0, CASE WHEN state = 'deleted' THEN NULL ELSE md5(n || 'key') || md5('key' || n) END, ''
FROM (
    SELECT n,
        CASE WHEN n %% 1000 = 0 THEN 'failed' WHEN n %% 20 = 1 THEN 'deleted' ELSE 'ready' END
            AS state,
        'IMG_' || to_char(n, 'FM0000000') || '.jpg' AS filename,
        'Photo ' || substr(md5('word' || n / 500), 1, 6) || ' of ' || substr(md5('t' || n), 1, 5)
            AS title,
        'sha256:' || md5(n::text) || md5('d' || n) AS digest
    FROM generate_series(%(first)s, %(last)s) AS n
) AS numbered
"""


def many_rows(owner, count, *, first=1):
    """Add images of ``owner``, seven seconds apart: ready ones, some deleted, few failed."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"owner": owner.pk, "first": first, "last": first + count - 1})
        cursor.execute("ANALYZE images_image")
