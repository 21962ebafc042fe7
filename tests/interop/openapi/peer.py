"""The running `interop-peer`: one JSON request a line, one JSON answer a line."""

import json
import os
import subprocess


class Peer:
    """Does the client's part of the protocol. Byte strings are hex."""

    def __init__(self):
        self._process = subprocess.Popen(
            [os.environ["INTEROP_PEER"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, operation, **members):
        """Gives the result of an operation."""
        self._process.stdin.write(json.dumps({"operation": operation, **members}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{operation}: {answer}")
        return answer["ok"]

    def close(self):
        """Ends the program."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
