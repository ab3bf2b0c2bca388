"""`python -m bench.moving`: bytes that move when shards are added, and when a version is moved.

Four folders are the shards, the index is SQLite; two shards are added. Prints the bytes that a
repair of every image writes after that (the goal is 0), and those a rebalance writes, as a ratio
to the least its plan shows (the goal is 1.05 at most).
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

GOAL = 1.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-moving-") as folder:
        os.environ |= {
            "SHOEBOX_PROFILE": "embedded",
            "SHOEBOX_DATA": folder,
            "SHOEBOX_LOG_LEVEL": "error",
            "SHOEBOX_HANDOFF_GRACE_SECONDS": "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        import django  # noqa: PLC0415 - the environment is complete by now

        django.setup()
        return measure(Path(folder), options.images)


def measure(folder, images):
    from django.core.management import call_command  # noqa: PLC0415 - needs Django set up

    from tests.factories import make_cluster, make_image, make_user  # noqa: PLC0415
    from webapp.cluster import snapshot  # noqa: PLC0415
    from webapp.cluster.models import TopologyVersion  # noqa: PLC0415
    from webapp.cluster.services import shard_activate, shard_add  # noqa: PLC0415
    from webapp.core.moves import moves_total  # noqa: PLC0415
    from webapp.healing.moving_run import Pace  # noqa: PLC0415
    from webapp.healing.progress import Progress  # noqa: PLC0415
    from webapp.healing.rebalance import rebalance_plan, rebalance_run  # noqa: PLC0415
    from webapp.healing.throttle import Throttle  # noqa: PLC0415
    from webapp.images.services.repair import image_repair  # noqa: PLC0415

    call_command("migrate", "--noinput", verbosity=0)
    make_cluster(folder)
    owner = make_user()
    ids = [make_image(owner, folder).image.id for _ in range(images)]
    for image_id in ids:
        image_repair(image_id=image_id, apply=True)  # as the workers do after each upload
    for name in ("s5", "s6"):
        root = folder / "shards" / name
        root.mkdir()
        shard_add(name=name, url=f"file://{root}", zone=f"z{name[1:]}")
    shard_activate(names=["s5", "s6"])
    TopologyVersion.objects.update(current_from=0)  # half a minute passes
    snapshot._cached = None  # noqa: SLF001 - the rows were changed behind its back
    added = sum(image_repair(image_id=i, apply=True).bytes_moved for i in ids)
    least = moves_total(rebalance_plan(old=0, new=1).moves).bytes
    pace = Pace(Throttle(0), Progress("rebalance", total=images))
    done = rebalance_run(old=0, new=1, pace=pace, known_after=0)
    ratio = done.moved.bytes_moved / least
    print(f"{images} images; {least} bytes is the least, {done.moved.bytes_moved} were written")
    print(json.dumps({"bytes_after_shard_add": added, "rebalance_to_least": round(ratio, 3)}))
    return 0 if added == 0 and ratio <= GOAL and done.finished else 1


if __name__ == "__main__":
    sys.exit(main())
