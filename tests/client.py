"""A client of a whole Shoebox: uploads, waits, reads everything back and compares."""

import hashlib
from contextlib import suppress

import httpx

from tests.processes import wait_until
from webapp.core.errors import ShardUnavailableError
from webapp.core.ids import id_parse
from webapp.core.keys import MANIFEST, blob_key
from webapp.core.manifest import manifest_load

IMAGES = "/api/v1/images"
# Generous: another run may have the machine. What is promised sooner is measured by its test.
READY_SECONDS = 180
ANSWER_SECONDS = 60


class Client:
    """Calls the write service and follows the links it gives; as ``admin`` without a token."""

    def __init__(self, system, token=None):
        self._system = system
        token = token or system.profile.credentials()["token"]
        # A connection each: processes end and come back between two calls.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._api = httpx.Client(
            base_url=system.environment["SHOEBOX_WRITE_URL"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
            limits=limits,
        )
        self._reader = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, limits=limits)

    def close(self):
        self._api.close()
        self._reader.close()

    # The write service

    def call(self, method, path, **kwargs):
        return self._api.request(method, path, **kwargs)

    def upload(self, body, *, headers=None, **words):
        """Send bytes, or an iterator of them, as they are; return the answer."""
        return self.call("POST", IMAGES, content=body, params=words, headers=headers)

    def store(self, body, **words):
        """Upload and return the image; anything but 201 is a failure."""
        answer = self.upload(body, **words)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def store_ready(self, body, **words):
        return self.wait_ready(self.store(body, **words)["id"])

    def image(self, image_id):
        answer = self.call("GET", f"{IMAGES}/{image_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_ready(self, image_id):
        return self.wait_for(image_id, lambda image: image["state"] == "ready", what="ready")

    def wait_for(self, image_id, condition, *, what):
        """Return the image once ``condition`` holds of it."""
        found = self.image(image_id)
        try:
            wait_until(
                lambda: condition(found) or found.update(self.image(image_id)),
                seconds=READY_SECONDS,
                what=f"{image_id} {what}",
            )
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {found}") from None
        return found

    def listed(self):
        """Return the ids of the newest images."""
        answer = self.call("GET", IMAGES, params={"limit": 100})
        return [image["id"] for image in answer.json()["items"]]

    def positions(self, image_id):
        """Return where an image should be and is, by the name of the shard."""
        answer = self.call("GET", f"{IMAGES}/{image_id}/replicas")
        return {position["shard"]: position for position in answer.json()["positions"]}

    def holders(self, image_id):
        """Return the positions that hold the original now, by the name of the shard."""
        positions = self.positions(image_id).items()
        return {name: position for name, position in positions if position["state"] == "present"}

    def homes(self, image_id):
        """Return the names of the shards an image's copies belong on."""
        positions = self.positions(image_id).items()
        return {name for name, position in positions if position["role"] == "home"}

    def delete(self, image_id):
        answer = self.call("DELETE", f"{IMAGES}/{image_id}")
        assert answer.status_code == 204, answer.text

    def restore(self, image_id):
        answer = self.call("POST", f"{IMAGES}/{image_id}/restore")
        assert answer.status_code == 200, answer.text
        return answer.json()

    # The read service

    def read(self, url, *, port=None, **kwargs):
        """Follow a link; on ``port`` another read service is asked."""
        target = httpx.URL(url)
        return self._reader.get(target.copy_with(port=port) if port else target, **kwargs)

    def read_original(self, image, **where):
        """Return the bytes of the original, compared with what was promised at the upload."""
        answer = self.read(image["links"].get("private") or image["links"]["original"], **where)
        return self.assert_original(image, answer)

    def assert_original(self, image, answer):
        """Return the bytes of an answer that must be an image's original."""
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:300]}"
        assert digest_of(answer.content) == image["digest"], answer.url
        return answer.content

    def read_renditions(self, image, **where):
        """Return the bytes of each rendition by file name, compared with the manifest."""
        records = self.manifest(image["id"]).renditions
        found = {}
        for file, url in rendition_links(image).items():
            answer = self.read(url, **where)
            assert (answer.status_code, "X-Shoebox-Pending" in answer.headers) == (200, False), url
            assert digest_of(answer.content) == records[file].digest, url
            found[file] = answer.content
        return found

    def read_everything(self, image, **where):
        self.read_original(image, **where)
        return self.read_renditions(image, **where)

    # The shards

    def manifest(self, image_id):
        """Return the newest manifest that lies on a shard; one that was killed says nothing."""
        key = blob_key(id_parse(image_id), MANIFEST)
        found = []
        for name in self._system.shard_names:
            with suppress(ShardUnavailableError), self._system.shard(name).open(key) as blob:
                if blob is not None:
                    found.append(manifest_load(blob.read()))
        return max(found, key=lambda manifest: manifest.revision)


def digest_of(body):
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def rendition_links(image):
    """Return the link of each rendition by its file name."""
    presets = image["links"]["renditions"].items()
    return {f"{preset}.{ext}": url for preset, links in presets for ext, url in links.items()}
