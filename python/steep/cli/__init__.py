"""The command line's parser; each command is a module."""

from __future__ import annotations

import argparse

from ._error import CommandError

__all__ = ["CommandError", "build_parser"]


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Line breaks as written, and defaults after each option's help where there is one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False) or not action.option_strings:
            return action.help
        return super()._get_help_string(action)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    from . import config, predict, train

    parser = argparse.ArgumentParser(
        prog="steep",
        description="Train dense networks on your data and predict with them.",
        epilog="steep COMMAND --help tells all about a command.\n\n"
        "exit codes: 0 done; 1 data, a model or a file cannot be used; 2 wrong command line; 3 training diverged;\n"
        "            130 interrupted",
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (train, predict, config):
        name = command.__name__.rpartition(".")[2]
        sub = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, formatter_class=_Formatter)
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


class _Version(argparse.Action):
    """Print the version, looked up only when it is asked for."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        from ..config import get_config

        print(f"steep {get_config()['version']}")
        parser.exit(0)
