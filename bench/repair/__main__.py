"""`python -m bench.repair [loop|reads]`: a shard is erased and repaired, against a plain loop.

Three SeaweedFS processes are the shards, the index is SQLite. Both sides bring the same objects to
the same erased bucket: `repair --shard` without a throttle, and a loop that gets each object from
another shard, hashes it and puts it, with as many threads. Prints a line per run and the ratio of
the best; the goal is 0.7. `reads` asks a read service all the while; see `bench.repair.reads`.
"""

import argparse
import hashlib
import json
import os
import secrets
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS = 2
GOAL = 0.7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["loop", "reads"], default="loop")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--parallel", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-repair-") as folder:
        os.environ |= {
            "SHOEBOX_PROFILE": "embedded",
            "SHOEBOX_DATA": folder,
            "SHOEBOX_LOG_LEVEL": "error",
            "SHOEBOX_SIGNING_KEYS": f"bench:{secrets.token_hex(32)}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        from bench.repair.cluster import cluster_of  # noqa: PLC0415 - reads the environment

        with cluster_of(Path(folder), options.images) as cluster:
            if options.what == "reads":
                from bench.repair import reads  # noqa: PLC0415 - as above

                return reads.compare(cluster, Path(folder), options.rounds)
            return compare(cluster, options.parallel, options.rounds)


def compare(cluster, parallel, rounds):
    wanted = cluster.inventory()
    size = sum(wanted.values())
    print(f"{len(wanted)} objects, {size / 2**20:.1f} MiB on the shard that is erased")
    best = {}
    for _ in range(rounds):
        for run in (plain, repair):
            cluster.erase()
            seconds = run(cluster, wanted, parallel)
            assert cluster.inventory() == wanted, f"{run.__name__} left something out"
            best[run.__name__] = max(best.get(run.__name__, 0.0), size / seconds)
            speed = f"{len(wanted) / seconds:8.0f} objects/s {size / seconds / 2**20:8.1f} MiB/s"
            print(f"{run.__name__:<8}{seconds:8.2f} s {speed}")
    ratio = best["repair"] / best["plain"]
    print(json.dumps({"repair_to_plain_loop": round(ratio, 2)}))
    return 0 if ratio >= GOAL else 1


def plain(cluster, wanted, parallel):
    sources = {key: cluster.source_of(key) for key in wanted}
    target, bucket = cluster.erased

    def copy(key):
        client, source = sources[key]
        answer = client.get_object(Bucket=source, Key=key)
        body = answer["Body"].read()
        assert f"sha256:{hashlib.sha256(body).hexdigest()}" == answer["Metadata"]["digest"]
        kept = {"ContentType": answer["ContentType"], "Metadata": answer["Metadata"]}
        target.put_object(Bucket=bucket, Key=key, Body=body, **kept)

    began = time.monotonic()
    with ThreadPoolExecutor(parallel) as threads:
        list(threads.map(copy, wanted))
    return time.monotonic() - began


def repair(cluster, _wanted, parallel):
    began = time.monotonic()
    cluster.repair(parallel)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
