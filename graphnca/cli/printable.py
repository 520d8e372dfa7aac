"""Text from files, as it may be sent to a terminal."""


def printable(text: str) -> str:
    """A text in which characters that are instructions (to a terminal, or to turn writing round) are written out.

    A card is anyone's: an escape sequence in it would colour the screen, set a title, or type on the keyboard.
    """
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
