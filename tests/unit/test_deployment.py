"""Dockerfile, compose.yaml and the manifests name only what there is: files, commands, options, settings."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from callscribe.cli import app
from callscribe.durable.queues import Role, family, worker_queues
from callscribe.media.decoder_process import MAX_MEMORY
from callscribe.media.derived import PLACES
from callscribe.observability.metrics import QUEUE_OLDEST
from callscribe.recordings.intake import INSPECTIONS
from callscribe.settings import Settings, variables

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "deploy" / "kubernetes"
COMPOSE = ROOT / "compose.yaml"

Document = dict[str, Any]


def manifests(name: str = "*") -> list[Document]:
    return [
        document
        for path in sorted(MANIFESTS.glob(f"{name}.yaml"))
        for document in yaml.safe_load_all(path.read_text())
        if "kind" in document
    ]


def workloads() -> dict[str, Document]:
    """The pods' templates, by the name of what makes them."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in manifests()
        if each["kind"] in {"Deployment", "Job"}
    }


def containers(template: Document) -> list[Document]:
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


def services() -> dict[str, Document]:
    """Those of compose.yaml that run this program."""
    document = yaml.safe_load(COMPOSE.read_text())
    return {name: each for name, each in document["services"].items() if "build" in each}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """What follows `callscribe` in each place that starts it, and where that is."""
    yield from ((f"compose {name}", each["command"]) for name, each in services().items())
    for name, template in workloads().items():
        yield from ((f"{name} {each['name']}", each["args"]) for each in containers(template))
    [command] = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    yield "Dockerfile", yaml.safe_load(command)


def settings_of(each: Document) -> dict[str, str]:
    """The variables of a container in a pod, from any source."""
    found = {each["name"]: each["value"] for each in each.get("env", ())}
    for source in each.get("envFrom", ()):
        kind, reference = next(iter(source.items()))
        [document] = [
            document
            for document in manifests()
            if document["kind"] == {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind]
            and document["metadata"]["name"] == reference["name"]
        ]
        found |= document.get("data", {}) | document.get("stringData", {})
    return found


@pytest.mark.parametrize(("place", "line"), list(command_lines()))
def test_command_lines_exist(place: str, line: list[str]) -> None:
    command = get_command(app).commands[line[0]]  # type: ignore[attr-defined]
    command.make_context(line[0], line[1:])


def test_every_variable_is_a_setting() -> None:
    for path in (ROOT / "Dockerfile", COMPOSE, *MANIFESTS.glob("*.yaml")):
        named = set(re.findall(r"\bCALLSCRIBE_[A-Z_]+\b", path.read_text())) - {"CALLSCRIBE_VERSION"}
        assert named <= variables(), path


def test_values_fit_their_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # Values that an operator puts in, in the form that they have.
    own = {
        "CALLSCRIBE_SECRET_KEY": "A" * 43 + "=",
        "CALLSCRIBE_ACCOUNT_SID": "AC" + "0" * 32,
        "CALLSCRIBE_AUTH_TOKEN": "0" * 32,
        "CALLSCRIBE_METRICS_TOKEN": "0" * 32,
    }
    every = [settings_of(container) for template in workloads().values() for container in containers(template)]
    every += [each["environment"] for each in services().values()]
    for environment in every:
        with monkeypatch.context() as patch:
            for name, value in (environment | own).items():
                assert isinstance(value, str), f"{name} must be quoted"
                patch.setenv(name, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value))
            Settings()


def test_connections_fit_database() -> None:
    pool = int(next(each for each in manifests() if each["kind"] == "ConfigMap")["data"]["CALLSCRIBE_DATABASE_POOL"])
    highest = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["maxReplicas"]
        for each in manifests("api")
        if each["kind"] == "HorizontalPodAutoscaler"
    }
    pods = {each["metadata"]["name"]: each["spec"]["replicas"] for each in manifests() if each["kind"] == "Deployment"}
    assert sum((pods | highest).values()) * pool <= 97  # of 100, three are kept for superusers

    compose = services()
    processes = sum(each["deploy"]["replicas"] for each in compose.values() if "deploy" in each)
    assert processes * int(compose["api"]["environment"]["CALLSCRIBE_DATABASE_POOL"]) <= 97


@pytest.mark.parametrize(("name", "beside"), [("callscribe-fetch", 1), ("callscribe-recognition", 2)])
def test_pod_has_memory_for_decoders(name: str, beside: int, monkeypatch: pytest.MonkeyPatch) -> None:
    [container] = workloads()[name]["spec"]["containers"]
    for variable, value in settings_of(container).items():
        if variable.startswith("CALLSCRIBE_WORKER_"):
            monkeypatch.setenv(variable, value)
    roles = [Role(role) for role in container["args"][container["args"].index("--queues") + 1].split(",")]
    decoding = {"transcriptions", "recognition", "chunks", "suspects"}
    places = sum(lane.room for lane in worker_queues(Settings(), roles, ["base"]) if family(lane.name) in decoding)
    limit = int(container["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert limit * 1024**3 >= places * MAX_MEMORY + beside * 1024**3


def test_api_has_memory_for_decoders() -> None:
    [container] = workloads()["callscribe-api"]["spec"]["containers"]
    limit = int(container["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert limit * 1024**3 >= (INSPECTIONS + PLACES) * MAX_MEMORY + 1024**3


def test_workers_cover_every_role() -> None:
    queues = [line[line.index("--queues") + 1] for _, line in command_lines() if "--queues" in line]
    assert {role for each in queues for role in each.split(",")} == {role.value for role in Role}


def test_pods_unprivileged() -> None:
    for template in workloads().values():
        pod = template["spec"]
        # A Service named callscribe would bring CALLSCRIBE_PORT and others into every pod.
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"]
        for container in containers(template):
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"].keys() == {"requests", "limits"}


def test_probes_ask_existing_paths() -> None:
    for name, template in workloads().items():
        for container in template["spec"]["containers"]:
            probes = [value for key, value in container.items() if key.endswith("Probe")]
            assert len(probes) == (0 if name == "callscribe-migrate" else 3)
            [port] = container.get("ports", [{}])
            for probe in probes:
                assert probe["httpGet"]["path"] in {"/healthz", "/readyz"}
                assert probe["httpGet"]["port"] == port["name"]
            if container["args"][0] == "worker":
                listen = {each["name"]: each["value"] for each in container["env"]}["CALLSCRIBE_WORKER_LISTEN"]
                assert listen == f"0.0.0.0:{port['containerPort']}"


def test_what_listens_everywhere_says_that_a_proxy_does_tls() -> None:
    assert re.search(r"^ENV .*(?:\n .*)*CALLSCRIBE_PLAIN_HTTP=allow$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    [api] = [each for each in services().values() if each["command"][0] == "api"]
    assert api["environment"]["CALLSCRIBE_PLAIN_HTTP"] == "allow"
    assert all(str(port).startswith("127.0.0.1:") for port in api["ports"])
    [configuration] = [each for each in manifests() if each["kind"] == "ConfigMap"]
    assert configuration["data"]["CALLSCRIBE_PLAIN_HTTP"] == "allow"
    [service] = [each for each in manifests() if each["kind"] == "Service"]
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"  # nobody outside the cluster


def test_selectors_select_their_pods() -> None:
    labels = {name: template["metadata"]["labels"] for name, template in workloads().items()}
    for each in manifests():
        selector = each.get("spec", {}).get("selector")
        if not selector or each["kind"] == "PodMonitor":
            continue
        wanted = selector.get("matchLabels", selector)
        selected = {name for name, has in labels.items() if wanted.items() <= has.items()}
        name = each["metadata"]["name"]
        assert selected == {"callscribe-api" if each["kind"] == "Service" else name}


def test_schema_waiters_wait_for_its_job() -> None:
    for name, each in services().items():
        waits = each.get("depends_on", {})
        assert ("migrate" in waits) == (name != "migrate")
        if name != "migrate":
            assert waits["migrate"]["condition"] == "service_completed_successfully"
    for name, template in workloads().items():
        first = [container["args"][:2] for container in template["spec"].get("initContainers", ())]
        assert first == ([] if name == "callscribe-migrate" else [["migrate", "--check"]])


def test_kustomization_names_manifests() -> None:
    document = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())
    others = {path.name for path in MANIFESTS.glob("*.yaml") if not path.name.endswith(".example.yaml")}
    assert {"kustomization.yaml", *document["resources"]} == others
    images = {each["image"] for template in workloads().values() for each in containers(template)}
    assert images == {each["name"] for each in document["images"]}


def test_image_sources_are_in_context() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = [source for line in copied for source in line.split()]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(Path(source).match(pattern) for pattern in kept), source


def test_image_user_is_manifests_user() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    [user] = re.findall(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)
    assert {template["spec"]["securityContext"]["runAsUser"] for template in workloads().values()} == {int(user)}
    [folder] = re.findall(r"CALLSCRIBE_DATA_DIR=(\S+)", dockerfile)
    mounted = {
        mount["mountPath"]
        for template in workloads().values()
        for container in containers(template)
        for mount in container["volumeMounts"]
    }
    assert mounted == {folder, "/tmp"}


def pins(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_image_has_tested_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    everything, image = pins(ROOT / "requirements.lock"), pins(ROOT / "deploy" / "requirements.lock")
    build = pins(ROOT / "deploy" / "build.lock")
    assert (image | build).items() <= everything.items()
    needed = list(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        needed += extra
    names = {re.split(r"[^\w.-]", each, maxsplit=1)[0].lower().replace("_", "-") for each in needed}
    assert names <= image.keys()
    assert "pytest" not in image
    assert "openvino-telemetry" not in everything  # openvino does without
    assert "hatchling" in build


def test_examples_name_existing_metrics() -> None:
    [monitor] = manifests("monitoring.example")
    [wanted] = monitor["spec"]["selector"]["matchExpressions"]
    long_lived = {name.removeprefix("callscribe-") for name in workloads()} - {"migrate"}
    assert set(wanted["values"]) == long_lived
    [scaler] = manifests("autoscaling.example")
    assert scaler["spec"]["scaleTargetRef"]["name"] in workloads()
    named = set(re.findall(r"max\((\w+)\{", (MANIFESTS / "autoscaling.example.yaml").read_text()))
    assert named == {QUEUE_OLDEST.name}
