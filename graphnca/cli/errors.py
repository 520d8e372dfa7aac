"""What ends a command without a traceback: a sentence that says what to do, and an exit status."""


class UsageError(Exception):
    """What was typed cannot be done as it stands: exit status 2."""


class CommandError(Exception):
    """What was typed is right, and it failed all the same: exit status 1."""
