"""What a setting has to be to be a provider's key, or where its API is."""

from pydantic import HttpUrl

from callscribe.errors import SetupError


def check_key(setting: str, key: str) -> None:
    """Make sure that a key can be said in a header.

    Raises:
        SetupError: it cannot. Nothing of the key is in the message.
    """
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SetupError(f"{setting} has characters that no key has, such as blanks.")


def check_address(setting: str, url: HttpUrl) -> None:
    """Make sure that an address has nothing in it but where something is.

    Raises:
        SetupError: it has. The message does not repeat it, since a password may be in it.
    """
    if url.username or url.password or url.query or url.fragment:
        raise SetupError(
            f"{setting} is an address alone, such as https://api.example.com, without a user, a query or a fragment: "
            "a key has a setting of its own."
        )
