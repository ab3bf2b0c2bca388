"""What somebody does on our pages, in their words."""

import base64

from playwright.sync_api import expect

READY_MS = 90_000
# A drop from the desktop cannot be played; the page sees the same events with the same files.
DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, body] of files) {
    const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer });
    document.body.dispatchEvent(event);
  }
}"""


def sign_in(page, credentials):
    """Fill in the page to sign in, which is open; return on the gallery."""
    page.get_by_label("Name").fill(credentials["username"])
    page.get_by_label("Password").fill(credentials["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


class Visitor:
    """Drives one page and remembers what went wrong in the browser."""

    def __init__(self, page, client):
        self.page = page
        self.client = client
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._on_console)

    def _on_console(self, message):
        # Answers that are not 2xx are part of some tests; what our pages may not do is not.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    @property
    def tiles(self):
        return self.page.locator("#gallery .tile")

    @property
    def rows(self):
        return self.page.locator("#tray-list .upload")

    @property
    def album(self):
        return self.page.locator("main").get_by_label("Album")

    def tile(self, image_id):
        return self.page.locator(f"#tile-{image_id}")

    def row(self, name):
        return self.rows.filter(has_text=name)

    def sign_in_elsewhere(self, credentials):
        """Sign in in another tab, where there is no session any more."""
        other = self.page.context.new_page()
        other.goto("/login")
        sign_in(other, credentials)
        other.close()

    def hold(self, pattern):
        """Leave requests without an answer; return them as they come."""
        held = []
        self.page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - it must be a function
        return held

    def let_go(self):
        self.page.unroute_all(behavior="ignoreErrors")

    def drop(self, **files):
        """Drop files on the page: name without its end → bytes."""
        named = [(f"{name}.jpg", base64.b64encode(body).decode()) for name, body in files.items()]
        self.page.evaluate(DROP, [named])

    def drop_ready(self, **files):
        """Drop pictures and wait until the gallery shows each; return their ids by name."""
        self.drop(**files)
        for name in files:
            expect(self.row(f"{name}.jpg").get_by_text("Ready")).to_be_visible(timeout=READY_MS)
        return {name: self.id_of(f"{name}.jpg") for name in files}

    def id_of(self, name):
        return self.row(name).get_by_role("link").get_attribute("href").removeprefix("/i/")

    def open(self, image_id):
        self.page.goto(f"/i/{image_id}")

    def shown(self, picture):
        """Whether a picture has arrived and was decoded."""
        return picture.evaluate("picture => picture.complete && picture.naturalWidth > 0")

    def wait_shown(self, picture):
        picture.scroll_into_view_if_needed()
        handle = picture.element_handle()
        self.page.wait_for_function("p => p.complete && p.naturalWidth > 0", arg=handle)

    def wider_than_screen(self):
        """By how many pixels the page has to be moved sideways to see all of it."""
        return self.page.evaluate("() => { scrollTo(1000, 0); return scrollX; }")
