"""TLS at the server itself: its certificate, read again when it changes, and where plain HTTP may be spoken instead."""

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NoReturn

import structlog

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.ticker import Ticker

LOOK_EVERY: Final = 30.0
"""Seconds between two looks at the files. A certificate is renewed weeks before it ends."""

WHAT_TO_DO: Final = (
    "Give the server a certificate with CALLSCRIBE_TLS_CERTIFICATE and CALLSCRIBE_TLS_KEY; or, where a proxy in front "
    "does TLS and nobody else reaches this port, set CALLSCRIBE_PLAIN_HTTP=allow; or listen on 127.0.0.1."
)

_log = structlog.get_logger(__name__)


def check_address(settings: Settings, address: str) -> None:
    """Make sure that tokens and calls do not travel unencrypted, unless somebody has said that they may.

    Raises:
        SetupError: the address is not loopback, and there is neither TLS nor leave to do without.
    """
    encrypted = settings.tls_certificate is not None
    if not encrypted and settings.plain_http != "allow" and not ip_address(address.partition("%")[0]).is_loopback:
        told = f"On {address} tokens and calls would travel to other machines unencrypted."
        raise SetupError(f"{told} {WHAT_TO_DO}")


class Certificate:
    """The certificate of the settings, and the TLS that is spoken with it: 1.2 or later.

    Raises:
        SetupError: there is a half of it only, or the files do not have what they should.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self._seen = self._look()
        self.context = self._loaded()
        self._ticker = Ticker("tls", LOOK_EVERY, self.renew, failed="tls.not_renewed")

    @classmethod
    def of(cls, settings: Settings) -> "Certificate | None":
        """That of the settings; None where they have none."""
        certificate, key = settings.tls_certificate, settings.tls_key
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            raise SetupError("Set CALLSCRIBE_TLS_CERTIFICATE and CALLSCRIBE_TLS_KEY together, or neither.")
        return cls(certificate, key)

    def start(self) -> None:
        """Begin to look for a renewed one."""
        self._ticker.start()

    def stop(self) -> None:
        """End that."""
        self._ticker.stop()

    def renew(self) -> bool:
        """Take the files anew for connections from now on, where they have changed; whether they had.

        While the two do not fit each other, since only one was replaced so far, the old certificate stays.

        Raises:
            SetupError: what is there now cannot be used.
        """
        seen = self._look()
        if seen == self._seen:
            return False
        self._loaded()  # tried aside: a context that takes half of it would speak to nobody
        _load(self.context, *self._files)
        self._seen = seen
        _log.info("tls.renewed")
        return True

    def _look(self) -> list[tuple[int, int]]:
        try:
            return [(found.st_mtime_ns, found.st_size) for found in (file.stat() for file in self._files)]
        except OSError as error:
            raise _unusable(*self._files, error.strerror or str(error)) from error

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load(context, *self._files)
        return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        reasons = {"KEY_VALUES_MISMATCH": "the key is not the certificate's", "NO_START_LINE": "they are not PEM"}
        reason = reasons.get(error.reason or "", "the certificate, or the key, cannot be read as PEM")
        raise _unusable(certificate, key, reason) from error
    except OSError as error:
        raise _unusable(certificate, key, error.strerror or str(error)) from error


def _no_passphrase() -> NoReturn:
    """Else OpenSSL would ask for it on the terminal."""
    raise SetupError("CALLSCRIBE_TLS_KEY has a passphrase, for which nobody can be asked: give a key without one.")


def _unusable(certificate: Path, key: Path, reason: str) -> SetupError:
    return SetupError(
        f"CALLSCRIBE_TLS_CERTIFICATE ({certificate}) and CALLSCRIBE_TLS_KEY ({key}) cannot be used: {reason}. "
        "The first is a file with the server's certificate and those that it is signed by, the second one with its key."
    )
