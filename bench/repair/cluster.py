"""Three real stores with images on them, and what the benchmark does to one of them."""

import os
import secrets
from contextlib import ExitStack, contextmanager

import boto3

from config.local.ports import free_port_block
from config.local.runner import start
from config.local.servers.seaweedfs import PORTS, SeaweedFS

NAMES = ("s1", "s2", "s3")
ERASED = "s1"
ORIGINAL_BYTES = 300_000
RENDITION_BYTES = 40_000


@contextmanager
def cluster_of(folder, images):
    with ExitStack() as stack:
        servers = {name: _started(stack, folder, name) for name in NAMES}
        import django  # noqa: PLC0415 - the environment is complete by now

        django.setup()
        cluster = Cluster(servers)
        cluster.fill(images)
        yield cluster


def _started(stack, folder, name):
    first = free_port_block(PORTS)
    server = SeaweedFS(
        name=f"seaweedfs-{name}",
        directory=folder / name,
        port=first,
        access_key="bench",
        secret_key=secrets.token_hex(16),
    )
    running = start(server.service())
    stack.callback(running.kill)
    os.environ[f"SHOEBOX_SHARD_{name.upper()}_ACCESS_KEY"] = server.access_key
    os.environ[f"SHOEBOX_SHARD_{name.upper()}_SECRET_KEY"] = server.secret_key
    return server


class Cluster:
    def __init__(self, servers):
        self._servers = servers
        self._plain = {}

    def fill(self, images):
        from django.core.management import call_command  # noqa: PLC0415

        from webapp.accounts.services import user_make  # noqa: PLC0415
        from webapp.cluster.services import shard_activate, shard_add  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        for number, (name, server) in enumerate(self._servers.items()):
            url = f"s3+{server.endpoint}/{server.bucket}"
            shard_add(name=name, url=url, zone=f"z{number}")
        shard_activate(names=NAMES)
        owner = user_make(name="bench", password=secrets.token_hex(16))
        for _ in range(images):
            _image(owner)

    def store(self, name):
        from webapp.cluster.snapshot import topology_now  # noqa: PLC0415
        from webapp.cluster.stores import fleet  # noqa: PLC0415

        return fleet().stores(topology_now(), [name])[0].inner

    erased_name = ERASED

    def paths(self):
        """Return the path of every public blob of every image."""
        from webapp.images.models import Image  # noqa: PLC0415

        paths = []
        for image_id, renditions in Image.objects.values_list("id", "renditions"):
            paths += [f"/{image_id}.jpg", *(f"/{image_id}/{name}" for name in renditions)]
        return paths

    @property
    def erased(self):
        return self._raw(ERASED)

    def _raw(self, name):
        """Return a client of a shard as boto3 makes it, and its bucket."""
        if name not in self._plain:
            server = self._servers[name]
            self._plain[name] = boto3.client(
                "s3",
                endpoint_url=server.endpoint,
                region_name="us-east-1",
                aws_access_key_id=server.access_key,
                aws_secret_access_key=server.secret_key,
                config=self.store(name)._config,  # noqa: SLF001 - the same settings on both sides
            )
        return self._plain[name], self._servers[name].bucket

    def inventory(self):
        """Return the size of everything an image has on the shard, by key."""
        store = self.store(ERASED)
        keys = [key for key in store.keys() if not key.startswith("_shoebox/")]  # noqa: SIM118 - no dict
        return {key: store.stat(key).size for key in keys}

    def source_of(self, key):
        others = [name for name in NAMES if name != ERASED]
        return next(self._raw(name) for name in others if self.store(name).stat(key))

    def erase(self):
        store = self.store(ERASED)
        for key in list(store.keys()):
            if not key.startswith("_shoebox/"):
                store.delete(key)

    def repair(self, parallel):
        from webapp.healing.progress import Progress  # noqa: PLC0415
        from webapp.healing.repair import repair_run  # noqa: PLC0415
        from webapp.healing.repair_scope import Scope  # noqa: PLC0415
        from webapp.healing.throttle import Throttle  # noqa: PLC0415

        summary = repair_run(
            scope=Scope(shard=ERASED),
            apply=True,
            throttle=Throttle(),
            progress=Progress("repair"),
            parallel=parallel,
        )
        assert summary.whole, summary


def _image(owner):
    from webapp.core.ids import Kind  # noqa: PLC0415
    from webapp.core.presets import rendition_names  # noqa: PLC0415
    from webapp.core.signing import bytes_digest  # noqa: PLC0415
    from webapp.images.services import image_register, image_replicate, renditions_store  # noqa: PLC0415
    from webapp.images.values import Upload  # noqa: PLC0415

    data = secrets.token_bytes(ORIGINAL_BYTES)
    upload = Upload(
        source=data,
        size=len(data),
        digest=bytes_digest(data),
        source_digest=bytes_digest(data),
        content_type="image/jpeg",
        width=640,
        height=480,
        frames=1,
        private=False,
        kind=Kind.PUBLIC,
        filename="",
        title="",
        album="",
    )
    image = image_register(owner=owner, upload=upload).image
    names = rendition_names(transparent=False)
    blobs = {n: (secrets.token_bytes(RENDITION_BYTES), "image/webp") for n in names}
    renditions_store(image=image, blobs=blobs)
    image_replicate(image_id=image.id)
