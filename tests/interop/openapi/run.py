"""Runs the checker over the documents of both services, and asserts that each operation succeeds."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import requests

import document
from folder_watch import block_signal
from issuer_material import IssuerMaterial
from media_server import MediaServer
from rooms_material import GROUP_KEY, RoomsMaterial
from service import Service

HERE = Path(__file__).parent
SEED = "20260101"
EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "12")
MAIL = {
    "ANTEROOM_MAIL_TRANSPORT": "folder",
    "ANTEROOM_MAIL_FROM": "Anteroom <anteroom@example.org>",
}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "documented_body",
    "guarded",
)


class Suite:
    """Results of all runs."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.passed = 0
        self.failed = 0
        self.seen = defaultdict(Counter)
        self.documented = set()

    def note(self, name, is_good, detail=""):
        """Counts one result, and says it."""
        if is_good:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok' if is_good else 'not ok'} - {name}", flush=True)
        if detail:
            print("\n".join(f"    {line}" for line in detail.splitlines()), flush=True)

    def check(self, name, service, material, identity, options=()):
        """One run over a service's document under one identity."""
        url = service.issuer if name == "issuer" else service.rooms
        described = requests.get(url + "/openapi.json", timeout=30).json()
        known = {f"{method} {path}" for method, path, _ in document.operations(described)}
        run = {
            "service": name,
            "identity": identity,
            "authorization": material.authorization(identity),
            "handle": service.state(),
            "restoration": material.restoration() if name == "rooms" else None,
            "guarded": document.guarded(described),
            "seen": str(self.folder / "seen.jsonl"),
        }
        Path(run["seen"]).write_text("", encoding="utf-8")
        document.refresh(
            described, lambda method, path: material.fresh(method, path, identity)
        )
        file = self.folder / "openapi.json"
        file.write_text(json.dumps(described), encoding="utf-8")
        settings = self.folder / "run.json"
        settings.write_text(json.dumps(run), encoding="utf-8")
        done = subprocess.run(
            [
                Path(sys.executable).with_name("st"),
                *("--config-file", HERE / "schemathesis.toml"),
                *("run", file, "--url", url),
                *("--checks", ",".join(CHECKS)),
                *("--max-examples", EXAMPLES),
                *("--seed", SEED),
                *options,
            ],
            # The checker leaves files where it runs.
            cwd=self.folder,
            env={
                **os.environ,
                "OPENAPI_RUN": str(settings),
                "PYTHONPATH": str(HERE),
                "SCHEMATHESIS_HOOKS": "hooks",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        statuses = Counter()
        for line in Path(run["seen"]).read_text(encoding="utf-8").splitlines():
            seen = json.loads(line)
            statuses[seen["operation"]] += 1
            if seen["status"]:
                self.seen[f"{name} {seen['operation']}"][seen["status"]] += 1
        if not options:
            self.documented |= {f"{name} {operation}" for operation in known}
        label = f"{name} as {identity}"
        output = done.stdout + done.stderr
        self.note(f"{label}: {sum(statuses.values())} requests", done.returncode == 0,
                  "" if done.returncode == 0 else output)

    def successes(self):
        """Asserts that each operation had a success, and prints what was seen."""
        for operation in sorted(self.documented):
            statuses = self.seen[operation]
            table = " ".join(f"{status}x{statuses[status]}" for status in sorted(statuses))
            is_good = any(status < 300 for status in statuses)
            self.note(f"{operation} succeeds", is_good, table)


def check_issuer(suite):
    """The issuer with mail."""
    with Service(MAIL) as service:
        material = IssuerMaterial(service)
        for identity in IssuerMaterial.IDENTITIES:
            suite.check("issuer", service, material, identity)
        suite.note("the issuer never panicked", not service.panics())


def check_issuer_without_mail(suite):
    """Where no mail can be sent, a body is looked at first all the same."""
    with Service({}) as service:
        url = service.issuer + "/auth/password-reset"
        for body, content_type, status in (
            ('{"email": "ann@example.org"}', "application/json", 503),
            ('{"email": "nobody"}', "application/json", 422),
            ('{"email": 7}', "application/json", 422),
            ("{", "application/json", 422),
            ('{"email": "ann@example.org"}', "text/plain", 415),
        ):
            headers = {"Content-Type": content_type}
            answer = requests.post(url, data=body, headers=headers, timeout=30)
            name = f"without mail a password reset with {body} as {content_type} is {status}"
            suite.note(name, answer.status_code == status, f"{answer.status_code}")


def check_rooms(suite):
    """The room service, with calls of its own and with those of a media server."""
    with Service({}) as service:
        material = RoomsMaterial(service)
        for identity in ("nobody", "wrong", "stranger", "auth", "create"):
            suite.check("rooms", service, material, identity)
        material.close()
        suite.note("the room service never panicked", not service.panics())
    key = suite.folder / "group-call.key"
    key.write_bytes(GROUP_KEY)
    with MediaServer() as media:
        settings = {
            "ANTEROOM_ROOMS_MEDIA": "sfu",
            "ANTEROOM_ROOMS_MEDIA_SERVERS": media.url,
            "ANTEROOM_GROUP_CALL_KEY_FILE": str(key),
        }
        with Service(settings) as service:
            material = RoomsMaterial(service)
            material.join()
            for identity in ("auth", "group"):
                suite.check("rooms", service, material, identity)
            material.close()
            suite.note("the room service with media servers never panicked", not service.panics())


def main():
    """Runs all, and ends with the two lines that the test run counts."""
    block_signal()
    with tempfile.TemporaryDirectory(prefix="anteroom-openapi-") as folder:
        suite = Suite(folder)
        check_issuer(suite)
        check_issuer_without_mail(suite)
        check_rooms(suite)
        suite.successes()
    print(f"# pass {suite.passed}\n# fail {suite.failed}")
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
