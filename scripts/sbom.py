"""Writes the software bill of materials of an installation, in CycloneDX 1.6: `make sbom`.

It has the packages of `deploy/requirements.lock` with what each needs, the native libraries inside their wheels, the
console's libraries with the SHA-256 of each file, and the models of the catalogue with that of theirs. The same commit
gives the same file.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from cyclonedx.validation.json import JsonStrictValidator

from callscribe import __version__
from callscribe.speech.models import CATALOGUE, CatalogueModel
from locked import NATIVE, ROOT, SCRIPTS, SHIPPED, installed, locked, native, scripts

Document = dict[str, Any]


def environment() -> Document:
    """All that is installed here, as cyclonedx-py finds it."""
    command = [
        *(
            sys.executable,
            "-m",
            "cyclonedx_py",
            "environment",
            sys.executable,
            "--output-reproducible",
            "--no-validate",
        ),
        *("--spec-version", "1.6", "--pyproject", str(ROOT / "pyproject.toml")),
    ]
    found: Document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def packages(found: Document, wanted: dict[str, list[str]]) -> Iterator[Document]:
    """Those that are locked; one that is for another system has name and version alone."""
    here = {_normal(component["name"]): component for component in found["components"]}
    for name, versions in wanted.items():
        component = here.get(name)
        if component is None:
            version = versions[0]
            yield {
                "type": "library",
                "bom-ref": f"{name}=={version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "scope": "optional",
                "description": "Not for the system that this list was made on",
            }
            continue
        if component["version"] not in versions:
            sys.exit(f"{name} {component['version']} is installed, and {' or '.join(versions)} is locked.")
        distribution = installed(name)
        carried = native(distribution) if distribution else {}
        if carried:
            component["components"] = [
                {
                    "type": "library",
                    "bom-ref": f"{component['bom-ref']}#{library}",
                    "name": library,
                    "description": f"in the wheel as {file}",
                    **({"licenses": [{"expression": NATIVE[library]}]} if library in NATIVE else {}),
                }
                for library, file in sorted(carried.items())
            ]
        yield component


def vendored() -> Iterator[Document]:
    """The console's libraries."""
    for name, entry in scripts().items():
        files: Any = entry["files"]
        yield {
            "type": "library",
            "bom-ref": f"npm:{name}@{entry['version']}",
            "name": name,
            "version": entry["version"],
            "purl": f"pkg:npm/{name}@{entry['version']}",
            "licenses": [{"license": {"id": SCRIPTS[name]}}],
            "components": [_file(f"npm:{name}", file, sha256) for file, sha256 in files.items()],
        }


def models() -> Iterator[Document]:
    """The weights of the catalogue. Those that no wheel carries are got by whoever asks for them."""
    for model in CATALOGUE:
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{model.name}",
            "name": model.name,
            "version": model.revision or "1",
            "description": model.title,
            "scope": "required" if _is_carried(model) else "optional",
            "licenses": [
                {"license": {"id" if is_supported_id(each) else "name": each}} for each in model.licence.split(", ")
            ],
            **({"purl": f"pkg:huggingface/{model.repository}@{model.revision}"} if model.repository else {}),
            "components": [
                _file(f"model:{model.name}", file.name, file.sha256) for file in model.files if file.sha256 is not None
            ],
        }


def _is_carried(model: CatalogueModel) -> bool:
    shipped = locked(SHIPPED)
    return all(file.wheels and all(wheel in shipped for wheel, _ in file.wheels) for file in model.files)


def _file(of: str, name: str, sha256: str) -> Document:
    return {
        "type": "file",
        "bom-ref": f"{of}/{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }


def bill() -> Document:
    """The whole of it."""
    found = environment()
    components = [*packages(found, locked(SHIPPED)), *vendored(), *models()]
    listed = {component["bom-ref"] for component in components}
    root = found["metadata"]["component"]
    root["version"] = __version__
    root["purl"] = f"pkg:generic/callscribe@{__version__}"
    # What the root needs is what is shipped: the environment has the project itself between the two.
    needs = [each for each in found["dependencies"] if each["ref"] in listed]
    for each in needs:
        if "dependsOn" in each:
            each["dependsOn"] = [ref for ref in each["dependsOn"] if ref in listed]
    own = next((each for each in found["dependencies"] if each["ref"].startswith("callscribe==")), {})
    direct = [ref for ref in own.get("dependsOn", []) if ref in listed]
    others = [component["bom-ref"] for component in (*vendored(), *models())]
    found["components"] = components
    found["dependencies"] = [{"ref": root["bom-ref"], "dependsOn": sorted([*direct, *others])}, *needs]
    return found


def main() -> None:
    """Make it, check it against the schema, write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "sbom.cdx.json")
    options = parser.parse_args()
    text = json.dumps(bill(), indent=2) + "\n"
    if (fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        sys.exit(f"What was made is not CycloneDX 1.6: {fault}")
    options.output.write_text(text, encoding="utf-8")
    print(f"{options.output}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
