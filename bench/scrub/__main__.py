"""`python -m bench.scrub`: a scrub of a directory shard, against `sha256sum` over the same files.

An index of SQLite and two folders hold the same images. `scrub --shard` reads one of them, hashes
every blob, compares with rows and manifests, keeps its report; `sha256sum` only hashes. One after
the other, several rounds, the best of each counts. Prints the ratio; the goal is 0.6.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 0.6
ROUNDS = 4
SHARD = "s1"
KIB = 1024
# What a photo of 400 KiB leaves: its renditions, in bytes as the workers make them.
RENDITIONS = {
    "thumb.webp": 9 * KIB,
    "thumb.jpg": 14 * KIB,
    "w320.webp": 14 * KIB,
    "w320.jpg": 22 * KIB,
    "w800.webp": 60 * KIB,
    "w800.jpg": 95 * KIB,
    "w1600.webp": 180 * KIB,
    "w1600.jpg": 290 * KIB,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--original-kib", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = _begin(Path(folder))
        _fill(options.images, options.original_kib * KIB)
        return _measure(root)


def _begin(folder):
    """Make an index and two shards; return the folder of the one that is measured."""
    os.environ |= {
        "SHOEBOX_PROFILE": "embedded",
        "SHOEBOX_DATA": str(folder),
        "SHOEBOX_LOG_LEVEL": "error",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from tests.factories import make_cluster  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    return make_cluster(folder, count=2)[SHARD]


def _fill(count, original_size):
    """Put images as the workers leave them, without anybody having made them."""
    from django.utils import timezone  # noqa: PLC0415

    from tests.factories import make_user  # noqa: PLC0415
    from webapp.cluster.snapshot import topology_now  # noqa: PLC0415
    from webapp.core.ids import Kind, id_make  # noqa: PLC0415
    from webapp.core.label import Label  # noqa: PLC0415
    from webapp.core.signing import bytes_digest  # noqa: PLC0415
    from webapp.images.copies import Placement  # noqa: PLC0415
    from webapp.images.models import Image  # noqa: PLC0415
    from webapp.images.services.records import manifest_put  # noqa: PLC0415

    owner, now = make_user(), timezone.now()
    for _ in range(count):
        image_id = id_make(kind=Kind.PUBLIC, version=0)
        placement = Placement.of(image_id, topology_now())
        sizes = {"original": original_size, **RENDITIONS}
        blobs = {name: secrets.token_bytes(size) for name, size in sizes.items()}
        labels = {name: Label(bytes_digest(data), "image/jpeg") for name, data in blobs.items()}
        for name, data in blobs.items():
            for _, store in placement.writable():
                store.put(placement.key(name), data, label=labels[name])
        records = {n: {"digest": labels[n].digest, "bytes": RENDITIONS[n]} for n in RENDITIONS}
        image = Image(
            id=str(image_id),
            owner=owner,
            pool="default",
            state="ready",
            bytes=original_size,
            digest=labels["original"].digest,
            source_digest=labels["original"].digest,
            content_type="image/jpeg",
            width=1600,
            height=1200,
            created_at=now,
            ready_at=now,
            revision=2,
            manifest_revision=2,
            renditions=records,
        )
        image.save(force_insert=True)
        manifest_put(image)


def _measure(root):
    files = [str(path) for path in sorted(root.glob("[0-9a-z]*/*/*"))]
    size = sum(Path(file).stat().st_size for file in files)
    print(f"{len(files)} files, {size / 2**20:.0f} MiB")
    best = {"sha256sum": 0.0, "scrub": 0.0}
    for _ in range(ROUNDS):
        for name, run in (("sha256sum", _sha256sum), ("scrub", _scrub)):
            began = time.monotonic()
            run(files)
            rate = size / (time.monotonic() - began)
            best[name] = max(best[name], rate)
            print(f"{name:<10}{rate / 2**20:8.0f} MiB/s")
    ratio = best["scrub"] / best["sha256sum"]
    print(json.dumps({"scrub_to_sha256sum": round(ratio, 2)}))
    return 0 if ratio >= GOAL else 1


def _sha256sum(files):
    names = "\0".join(files).encode()
    command = ["xargs", "-0", "sha256sum"]
    subprocess.run(command, input=names, stdout=subprocess.DEVNULL, check=True)


def _scrub(files):
    from webapp.healing.scrub_report import CLEAN, status  # noqa: PLC0415
    from webapp.healing.scrub_run import Asked, keeper_make, plan_make, scrub_run  # noqa: PLC0415

    asked = Asked(shard=SHARD, again=True)
    plan = plan_make(asked)
    keeper = keeper_make(plan, asked)
    scrub_run(plan, keeper)
    assert status(keeper) == CLEAN, keeper.sums
    assert keeper.sums[SHARD].blobs == len(files)


if __name__ == "__main__":
    sys.exit(main())
