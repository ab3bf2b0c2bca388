"""Every module of the rooms, so that what they define is complete whoever asks first."""

import importlib
import pkgutil
from functools import cache

import webapp

ROOMS = ("webapp.", "workers.")


@cache
def rooms_import() -> None:
    """Import every module below ``webapp``; Django must be set up."""
    for module in pkgutil.walk_packages(webapp.__path__, "webapp."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
