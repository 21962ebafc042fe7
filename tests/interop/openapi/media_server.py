"""A media server as far as the room service's contract goes: one that takes everyone."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENTS = re.compile(r"^/v1/call/([0-9a-f]+)/clients$")
CLIENT = re.compile(r"^/v1/call/([0-9a-f]+)/client/([0-9]+)$")


class Handler(BaseHTTPRequestHandler):
    """Answers the contract's three requests."""

    protocol_version = "HTTP/1.1"
    calls = {}

    def do_GET(self):
        if self.path == "/health":
            clients = sum(len(call) for call in self.calls.values())
            health = {"callCount": len(self.calls), "clientCount": clients, "cpuIdlePct": 90.0}
            return self.answer(200, health)
        found = CLIENTS.match(self.path)
        if not found or found[1] not in self.calls:
            return self.answer(404, {})
        call = self.calls[found[1]]
        body = {
            "endpointIds": [user for _, user in call],
            "demuxIds": [demux for demux, _ in call],
            "pendingClients": [],
        }
        return self.answer(200, body)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        request = json.loads(self.rfile.read(length))
        found = CLIENT.match(self.path)
        if not found:
            return self.answer(404, {})
        call = self.calls.setdefault(found[1], [])
        # Only the newest clients are listed: a peek stays small however many have joined.
        call.append((int(found[2]), request["endpointId"]))
        del call[:-8]
        body = {
            "serverIps": ["192.0.2.1"],
            "serverPort": 10_000,
            "serverPortTcp": 10_000,
            "serverIceUfrag": "ufrag",
            "serverIcePwd": "password-of-the-server",
            "serverDhePublicKey": "00" * 32,
            "clientStatus": "ACTIVE",
        }
        return self.answer(200, body)

    def answer(self, status, body):
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_):
        pass


class MediaServer:
    """Serves on a free port until the context is left."""

    def __init__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
