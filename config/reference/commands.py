"""The page of commands, from the parsers of our own management commands."""

import argparse
from collections.abc import Iterator
from inspect import cleandoc, getmodule

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from config.reference.values import Page, code, page_text, table

_OURS = ("config", "webapp.", "workers.")
_PROGRAM = "manage.py"
_INTRODUCTION = """
Run as `.venv/bin/python manage.py COMMAND`; `make run` and `make cluster` leave the settings
it needs in their data folder (see [settings](settings.md)). Beside these there are
[Django's own](https://docs.djangoproject.com/en/5.2/ref/django-admin/), of which `migrate`,
`createsuperuser` and `shell` are of use here.
"""


def commands_page() -> Page:
    """Return the page of commands."""
    blocks: list[str] = []
    sentences: dict[str, str] = {}
    for name, command in sorted(_commands()):
        parser = command.create_parser(_PROGRAM, name)
        sentences[name] = cleandoc(getmodule(command).__doc__ or "").replace("``", "`")
        blocks += [f"## {name}", sentences[name]]
        for words, part in _parsers(name, parser):
            blocks += _part(words, part, sentences)
    return Page(page_text("Commands", _INTRODUCTION, *blocks), sentences)


def _commands() -> Iterator[tuple[str, BaseCommand]]:
    for name, application in get_commands().items():
        app = application if isinstance(application, str) else application.__module__
        if app.startswith(_OURS):
            yield name, load_command_class(app, name)


def _parsers(
    words: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield the parser of a command, or those of its verbs."""
    verbs = [action for action in parser._actions if _is_verbs(action)]  # noqa: SLF001 - argparse has no public list
    if not verbs:
        yield words, parser
    for action in verbs:
        for verb, part in dict(action.choices or {}).items():
            yield from _parsers(f"{words} {verb}", part)


def _is_verbs(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - the only way to tell


def _part(words: str, parser: argparse.ArgumentParser, sentences: dict[str, str]) -> Iterator[str]:
    arguments = [action for action in parser._actions if _is_ours(action)]  # noqa: SLF001 - see above
    yield f"```text\n{' '.join([_PROGRAM, words, *_usages(parser, arguments)])}\n```"
    rows = []
    for action in arguments:
        name = ", ".join(action.option_strings) or _metavar(action)
        sentences[f"{words} {name}"] = action.help or ""
        rows.append((code(name), _default(action), action.help or ""))
    if rows:
        yield table(("Argument", "Default", "Meaning"), rows)


def _is_ours(action: argparse.Action) -> bool:
    return not (set(action.option_strings) & _inherited() or action.dest == "help")


def _inherited() -> set[str]:
    """Return the options every command of Django has."""
    plain = BaseCommand().create_parser(_PROGRAM, "plain")
    return {text for action in plain._actions for text in action.option_strings}  # noqa: SLF001 - see above


def _usages(parser: argparse.ArgumentParser, arguments: list[argparse.Action]) -> Iterator[str]:
    """Yield how each argument is written; of those that exclude each other one is chosen."""
    excluded: list[argparse.Action] = []
    for group in parser._mutually_exclusive_groups:  # noqa: SLF001 - see above
        excluded += group._group_actions  # noqa: SLF001 - see above
        members = group._group_actions  # noqa: SLF001 - see above
        choice = " | ".join((action.option_strings or [action.dest])[-1] for action in members)
        yield f"({choice})" if group.required else f"[{choice}]"
    yield from (_usage(action) for action in arguments if action not in excluded)


def _usage(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else _metavar(action)
    if action.option_strings:
        text = f"{action.option_strings[-1]} {value}".strip()
        return text if action.required else f"[{text}]"
    if action.nargs in {"?", "*"}:
        return f"[{value}]"
    return f"{value} …" if action.nargs == "+" else value


def _metavar(action: argparse.Action) -> str:
    if action.choices:
        return "|".join(map(str, action.choices))
    metavar = action.metavar or action.dest.upper()
    return metavar if isinstance(metavar, str) else " ".join(metavar)


def _default(action: argparse.Action) -> str:
    if action.required or action.default in (None, False, [], argparse.SUPPRESS):
        return ""
    return code(str(action.default))
