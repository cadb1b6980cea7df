"""The error a command ends with."""


class CommandError(Exception):
    """What the user gave cannot be used; its text is the whole message."""
