"""The unit of a network that a command line names."""


def unit_of(text: str) -> tuple[str | int, int]:
    """Layer and channel of LAYER_CHANNEL, as the article writes them: mixed4a_472, conv3_3_2.

    A layer that is a number is a place in the list of the features' maps: 3_17.

    Raises:
        SystemExit: If it is not of that form.
    """
    layer, _, channel = text.rpartition("_")
    if not layer or not channel.isdecimal():
        raise SystemExit(f"unit: expected LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472, got {text!r}.")
    return (int(layer) if layer.isdecimal() else layer), int(channel)
