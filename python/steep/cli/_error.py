"""The errors a command ends with; `code` is the exit code."""


class CommandError(Exception):
    """What the user gave cannot be used; its text is the whole message."""

    code = 1


class UsageError(CommandError):
    """An option's value cannot be used; the text names the option."""

    code = 2
