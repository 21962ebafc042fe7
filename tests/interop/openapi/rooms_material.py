"""Callers of the room service, and what its operations need to succeed."""

import base64
import hashlib
import hmac
import secrets
import time

import requests

from peer import Peer

DAY = 86_400
GROUP_KEY = b"the key of the group calls here."
USER = "8a41c7d0e5b94f2a9c3e1f6d7b0a5e42"
GROUP = "5f0d2c9be71a4d3b8c6e0f1a2b3c4d5e"


def encoded(hex_text):
    return base64.b64encode(bytes.fromhex(hex_text)).decode()


def send(request):
    """Sends a request that has to succeed."""
    answer = requests.request(**request, timeout=30)
    if answer.status_code != 200:
        raise RuntimeError(f"{request['url']}: {answer.status_code} {answer.text}")


class RoomsMaterial:
    """A call link, presentations for it, and a group's token."""

    def __init__(self, service):
        self._url = service.rooms
        self._issuer = service.issuer
        self._peer = Peer()
        account = service.command("account", "add")
        self._aci = account["uuid"]
        self._login = {
            "url": self._issuer,
            "account": f"{account['uuid']}.{account['deviceId']}",
            "password": account["password"],
        }
        self._passkey = base64.b64encode(secrets.token_bytes(16)).decode()
        self._root_key = secrets.token_hex(16)
        self._link = self._peer.ask("call_link.params", rootKey=self._root_key)
        other = self._peer.ask("call_link.params", rootKey=secrets.token_hex(16))
        self._presentations = {
            "auth": "Bearer auth." + encoded(self._auth_presentation(self._link)),
            # A presentation that holds, but for another room.
            "stranger": "Bearer auth." + encoded(self._auth_presentation(other)),
            "create": "Bearer create." + encoded(self._create_presentation()),
        }
        self.restore()

    def close(self):
        self._peer.close()

    def authorization(self, identity):
        if identity == "nobody":
            return ""
        if identity == "wrong":
            return "Bearer auth." + base64.b64encode(bytes(505)).decode()
        if identity == "group":
            return "Basic " + base64.b64encode(f"x:{self._group_token()}".encode()).decode()
        return self._presentations[identity]

    def restore(self):
        """Creates the link, unless it is there."""
        send(self.restoration())

    def restoration(self):
        """The request that creates the link, unless it is there."""
        return {
            "method": "PUT",
            "url": self._url + "/v1/call-link",
            "json": {
                "adminPasskey": self._passkey,
                "zkparams": encoded(self._link["public"]),
                "restrictions": "none",
            },
            "headers": {
                "Authorization": self._presentations["create"],
                "X-Room-Id": self._link["roomId"],
            },
        }

    def join(self):
        """Starts a call on the media server, so that a peek finds one."""
        headers = {"X-Room-Id": self._link["roomId"], "Authorization": self.authorization("auth")}
        join = {"iceUfrag": "ufrag", "icePwd": "password", "dhePublicKey": "01" * 32}
        url = self._url + "/v2/conference/participants"
        send({"method": "PUT", "url": url, "json": join, "headers": headers})

    IDENTITIES = ("nobody", "wrong", "stranger", "auth", "create", "group")

    def fresh(self, _method, _path, identity):
        """Values by member or parameter that let an operation succeed, under an identity."""
        values = {"adminPasskey": self._passkey, "X-Room-Id": self._link["roomId"]}
        if identity == "group":
            values["X-Room-Id"] = GROUP
        # Only a create names the params of the link.
        values["zkparams"] = encoded(self._link["public"]) if identity == "create" else None
        return values

    def _auth_presentation(self, link):
        today = int(time.time()) // DAY * DAY
        days = self._peer.ask(
            "sdk.auth", now=int(time.time()), first=today, last=today, **self._login
        )
        day = next(day for day in days if day["redemption"] == today)
        return self._peer.ask(
            "call_link.auth_present",
            credential=day["auth"],
            aci=self._aci,
            redemption=today,
            params=self._public_params(),
            callLink=link["secret"],
            randomness=secrets.token_hex(32),
        )

    def _create_presentation(self):
        issued = self._peer.ask(
            "sdk.create",
            now=int(time.time()),
            roomId=self._link["roomId"],
            randomness=secrets.token_hex(32),
            **self._login,
        )
        return self._peer.ask(
            "call_link.create_present",
            credential=issued["credential"],
            aci=self._aci,
            roomId=self._link["roomId"],
            params=self._public_params(),
            callLink=self._link["secret"],
            randomness=secrets.token_hex(32),
        )

    def _public_params(self):
        listed = requests.get(self._issuer + "/v1/params", timeout=30).json()["params"]
        issuing = next(one for one in listed if one["kind"] == "generic" and one["issuing"])
        return base64.b64decode(issuing["publicParams"]).hex()

    def _group_token(self):
        signed = f"2:{USER}:{GROUP}:{int(time.time())}:1"
        tag = hmac.new(GROUP_KEY, signed.encode(), hashlib.sha256).digest()[:10]
        return f"{signed}:{tag.hex()}"
