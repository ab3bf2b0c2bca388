"""Whether the public addresses are safe to sign in at."""

from urllib.parse import urlsplit

from config.variables import Settings

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def addresses_finding(shoebox: Settings) -> tuple[bool, str]:
    """Return whether browsers are told to use TLS, and what was seen.

    Only for this machine, and in the embedded profile, is http enough: over it there are no
    secure cookies and no HSTS, and whoever is on the way reads tokens.
    """
    urls = (shoebox.write_url, shoebox.read_url)
    plain = [url for url in urls if not url.startswith("https://")]
    exposed = [url for url in plain if urlsplit(url).hostname not in _THIS_MACHINE]
    if exposed and not shoebox.embedded:
        return (
            False,
            f"{', '.join(exposed)}: http, so cookies and tokens travel readable; use https",
        )
    if plain:
        return True, f"{', '.join(plain)}: http, for this machine and for trying out"
    return True, f"{', '.join(urls)}: https, secure cookies, HSTS"
