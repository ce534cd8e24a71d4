"""What the program consists of besides its own code: locked packages, libraries inside of them, scripts of the console.

`sbom.py` lists it, `audit.py` checks it.
"""

import json
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
EVERYTHING: Final = ROOT / "requirements.lock"
"""What is installed to develop, test and measure as well."""
SHIPPED: Final = ROOT / "deploy" / "requirements.lock"
"""What an installation has, all extras included."""
VENDORED: Final = ROOT / "src" / "callscribe" / "console" / "static" / "vendor" / "manifest.json"

SCRIPTS: Final = {"preact": "MIT", "htm": "Apache-2.0"}
"""The licences of the console's libraries, whose texts lie beside them."""

_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "DFSG approved": "",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_WORDS: Final = {"3-Clause BSD License": "BSD-3-Clause", "BSD": "BSD-3-Clause", "MIT License": "MIT"}
"""What stands in the old free field "License" and is no expression."""

NATIVE: Final = {
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "Xau": "MIT",
    "asound": "LGPL-2.1-or-later",
    "avcodec": "LGPL-3.0-or-later",
    "avdevice": "LGPL-3.0-or-later",
    "avfilter": "LGPL-3.0-or-later",
    "avformat": "LGPL-3.0-or-later",
    "avutil": "LGPL-3.0-or-later",
    "com_err": "MIT",
    "crypt": "LGPL-2.1-or-later",
    "crypto": "Apache-2.0",
    "ctranslate2": "MIT",
    "dav1d": "BSD-2-Clause",
    "drm": "MIT",
    "gfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gmp": "LGPL-3.0-or-later",
    "gnutls": "LGPL-2.1-or-later",
    "gomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gssapi_krb5": "MIT",
    "hogweed": "LGPL-3.0-or-later",
    "k5crypto": "MIT",
    "keyutils": "LGPL-2.1-or-later",
    "krb5": "MIT",
    "krb5support": "MIT",
    "lber": "OLDAP-2.8",
    "ldap": "OLDAP-2.8",
    "mp3lame": "LGPL-2.0-or-later",
    "nettle": "LGPL-3.0-or-later",
    "opencore-amrnb": "Apache-2.0",
    "opencore-amrwb": "Apache-2.0",
    "opus": "BSD-3-Clause",
    "pq": "PostgreSQL",
    "quadmath": "LGPL-2.1-or-later",
    "sasl2": "BSD-3-Clause-Attribution",
    "scipy_openblas": "BSD-3-Clause",
    "scipy_openblas64_": "BSD-3-Clause",
    "sharpyuv": "BSD-3-Clause",
    "ssl": "Apache-2.0",
    "swresample": "LGPL-3.0-or-later",
    "swscale": "LGPL-3.0-or-later",
    "unistring": "LGPL-3.0-or-later",
    "vpl": "MIT",
    "vpx": "BSD-3-Clause",
    "webp": "BSD-3-Clause",
    "webpmux": "BSD-3-Clause",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "xcb": "MIT",
    "xcb-shape": "MIT",
    "xcb-shm": "MIT",
    "xcb-xfixes": "MIT",
}
"""The licences of libraries that wheels for Linux carry, which no metadata tells. FFmpeg's is what its build says."""


def locked(path: Path) -> dict[str, list[str]]:
    """The packages of a lock file with their versions: of some there is one for each version of Python."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(version)
    return found


def installed(name: str) -> Distribution | None:
    """A package as it is installed here; None where it is for other systems."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence(package: Distribution) -> str:
    """An SPDX expression by what the package says of itself, empty where it says nothing that is one."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [each for each in metadata.get_all("Classifier", []) if each.startswith("License ::")]
    named = [_CLASSIFIERS.get(each.rpartition(" :: ")[2], "") for each in classifiers]
    if any(named):
        return " OR ".join(sorted({each for each in named if each}))  # of several, a user may choose
    field = str(metadata.get("License") or "").strip().partition("\n")[0]
    return _WORDS.get(field, field)


def native(package: Distribution) -> dict[str, str]:
    """The libraries that a wheel carries in a folder of their own, by name, and the file of each."""
    files = [Path(str(file)) for file in package.files or []]
    carried = [file for file in files if file.parts and file.parts[0].endswith(".libs")]
    return {re.sub(r"(^lib)|(-[0-9a-f]{8,})*(\.so.*)?$", "", file.name): file.name for file in carried}


def scripts() -> dict[str, dict[str, object]]:
    """The console's libraries, as `vendor.py` wrote them down: `version` and `files` with their SHA-256."""
    manifest: dict[str, dict[str, object]] = json.loads(VENDORED.read_text(encoding="utf-8"))
    return manifest
