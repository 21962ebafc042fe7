"""`anteroom serve` with both roles, on free ports and with a data directory of its own."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

LISTENS = re.compile(r"the (issuer|room service) listens on (http://[0-9.:]+)")
STOP_SECONDS = 60

# Limits that are out of the way, and a password hash that costs little.
SETTINGS = {
    "ANTEROOM_MEDIA_LISTEN": "127.0.0.1",
    "ANTEROOM_MEDIA_PORT": "0",
    "ANTEROOM_LIMITS_LOGINS_PER_MINUTE": "1000000",
    "ANTEROOM_LIMITS_MAILS_PER_HOUR": "1000000",
    "ANTEROOM_LIMITS_CREATE_AUTH_CAPACITY": "1000000",
    "ANTEROOM_LIMITS_RELAYS_CAPACITY": "1000000",
    "ANTEROOM_LIMITS_BATCHES_CAPACITY": "1000000",
    "ANTEROOM_LIMITS_VERIFICATIONS_CAPACITY": "1000000",
    "ANTEROOM_LIMITS_VERIFICATIONS_PER_SECOND": "1000000",
    "ANTEROOM_LOGIN_HASH_MEMORY_KIB": "64",
    "ANTEROOM_LOGIN_HASH_PASSES": "1",
    "ANTEROOM_LOGIN_LOCK_FAILURES": "1000000",
    "ANTEROOM_HTTP_TRUSTED_PROXIES": "127.0.0.1",
}


class Handle:
    """Where a running service is, and its commands."""

    def __init__(self, urls, data, mails):
        self.issuer = urls["issuer"]
        self.rooms = urls["room service"]
        self.data = Path(data)
        self.mails = Path(mails)

    def state(self):
        """The arguments of another process's handle on the same service."""
        urls = {"issuer": self.issuer, "room service": self.rooms}
        return {"urls": urls, "data": str(self.data), "mails": str(self.mails)}

    def command(self, *arguments, stdin=""):
        """Runs `anteroom` on the service's data, and gives the JSON that it prints."""
        done = subprocess.run(
            [os.environ["INTEROP_ANTEROOM"], *arguments, "--data", str(self.data), "--json"],
            env={**os.environ, **SETTINGS},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"anteroom {' '.join(arguments)} fails:\n{done.stderr}")
        return json.loads(done.stdout)


class Service(Handle):
    """A running `anteroom serve`. Leaving the context stops it and removes its data."""

    def __init__(self, settings):
        self._folder = tempfile.TemporaryDirectory(prefix="anteroom-openapi-")
        data = Path(self._folder.name) / "data"
        mails = Path(self._folder.name) / "mails"
        mails.mkdir()
        urls = {}
        self._log = []
        arguments = ["serve", "--role", "all", "--data", str(data)]
        arguments += ["--issuer-listen", "127.0.0.1:0", "--rooms-listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(
            [os.environ["INTEROP_ANTEROOM"], *arguments],
            env={**os.environ, **SETTINGS, **settings, "ANTEROOM_MAIL_FOLDER": str(mails)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self._process.stderr:
            self._log.append(line)
            found = LISTENS.search(line)
            if found:
                urls[found[1]] = found[2]
            if len(urls) == 2:
                break
        else:
            self._process.wait()
            raise RuntimeError("anteroom did not start:\n" + "".join(self._log))
        super().__init__(urls, data, mails)
        # The pipe is read to its end, so that the service never waits for a reader.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def panics(self):
        """Lines of the log that tell of a panic."""
        return [line for line in self._log if "panicked" in line]

    def _read(self):
        self._log.extend(self._process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join()
        self._folder.cleanup()
        if code != 0:
            raise RuntimeError(f"anteroom ended with {code}:\n" + "".join(self._log[-20:]))
