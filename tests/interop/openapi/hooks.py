"""What the checker does around each request: who calls, what is noted, and checks of our own."""

import json
import os
from ipaddress import IPv4Address
from pathlib import Path

import schemathesis
from schemathesis.core.failures import Failure, MalformedJson, ServerError
from schemathesis.openapi.checks import MissingContentType

from issuer_material import IssuerMaterial
from rooms_material import send
from service import Handle

RUN = json.loads(Path(os.environ["OPENAPI_RUN"]).read_text())
IDENTITY = RUN["identity"]
FIRST_CLIENT = int(IPv4Address("10.0.0.0"))
WITHOUT_BODY = "without a body"


class Caller:
    """The identity under which this run calls."""

    def __init__(self):
        self.authorization = RUN["authorization"]
        self.requests = 0
        self._may_have_ended = False

    def note(self, method, status):
        """Notes an answer that may have ended the identity or what it needs."""
        self._may_have_ended |= method != "GET" and 200 <= status < 300

    def renew(self):
        """Makes anew what a request has ended."""
        if not self._may_have_ended:
            return
        self._may_have_ended = False
        if RUN["service"] == "issuer":
            material = IssuerMaterial(Handle(**RUN["handle"]))
            self.authorization = material.renewed(IDENTITY, self.authorization)
        else:
            send(RUN["restoration"])


CALLER = Caller()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    CALLER.renew()
    case.headers.pop("Authorization", None)
    # A client of its own for each request: limits per address are for other tests.
    CALLER.requests += 1
    case.headers["X-Forwarded-For"] = str(IPv4Address(FIRST_CLIENT + CALLER.requests))
    if CALLER.authorization:
        case.headers["Authorization"] = CALLER.authorization


@schemathesis.hook
def after_call(_context, case, response):
    CALLER.note(case.method.upper(), response.status_code)
    is_documented = case.method.upper() == case.operation.method.upper()
    seen = {
        "operation": f"{case.operation.method.upper()} {case.operation.path}",
        "status": response.status_code if is_documented else 0,
    }
    with open(RUN["seen"], "a", encoding="utf-8") as file:
        file.write(json.dumps(seen) + "\n")


@schemathesis.hook
def filter_failure(_context, failure, case, response):
    """Drops what the checker takes for a failure and is none.

    A change of protocols is no server error, and an empty body has neither type nor JSON where the
    description says that it may be empty.
    """
    if isinstance(failure, ServerError):
        return response.status_code >= 500
    if isinstance(failure, (MissingContentType, MalformedJson)) and not response.content:
        definition = definition_of(case, response) or {}
        return WITHOUT_BODY not in definition.get("description", "")
    return True


def definition_of(case, response):
    """What the document says of an answer."""
    return case.operation.definition.raw["responses"].get(str(response.status_code))


@schemathesis.check
def documented_body(_ctx, response, case):
    """A body is there only where the document has one."""
    definition = definition_of(case, response)
    if definition is None or not response.content:
        return
    if case.method.upper() == case.operation.method.upper() and not definition.get("content"):
        raise Failure(
            operation=case.operation.label,
            title="Undocumented body",
            message=f"{response.status_code} has a body that the document does not know",
        )


@schemathesis.check
def guarded(_ctx, response, case):
    """Who shows nothing or a wrong secret gets nothing of what asks for one."""
    if IDENTITY not in ("nobody", "wrong") or not 200 <= response.status_code < 300:
        return
    if case.method.upper() != case.operation.method.upper():
        return
    needed = RUN["guarded"].get(f"{case.operation.method.upper()} {case.operation.path}")
    if needed:
        raise Failure(
            operation=case.operation.label,
            title="Unguarded operation",
            message=f"{response.status_code} for {IDENTITY}",
        )
