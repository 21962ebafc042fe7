"""Callers of the issuer, and what its operations need to succeed."""

import base64
import re
import secrets
import time
import urllib.parse

import requests

from folder_watch import FolderWatch

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "another horse, another staple"
DAY = 86_400
STRANGER = "3f1c2a9e-0b7d-4c55-8e21-6a90d4b7f318"
TOKEN = re.compile(r"\?token=([A-Za-z0-9_-]+)")
QUOTED = re.compile(r"=([0-9A-F]{2})")


class IssuerMaterial:
    """Makes accounts, sessions and tokens of one running service."""

    IDENTITIES = ("nobody", "wrong", "device", "administrator", "session")

    def __init__(self, service):
        self._service = service
        self._url = service.issuer
        self._headers = {}

    def authorization(self, identity):
        """The `Authorization` of an identity."""
        if identity not in self._headers:
            self._headers[identity] = self._new_authorization(identity)
        return self._headers[identity]

    def renewed(self, identity, authorization):
        """The same `Authorization`, or a new one if a request has ended it."""
        if identity in ("nobody", "wrong"):
            return authorization
        answer = requests.get(
            self._url + "/v1/accounts/whoami",
            headers={"Authorization": authorization},
            timeout=30,
        )
        if answer.status_code == 200:
            return authorization
        return self._new_authorization(identity)

    def _new_authorization(self, identity):
        if identity == "nobody":
            return ""
        if identity == "wrong":
            return self._basic({"uuid": STRANGER, "deviceId": 1, "password": "wrong"})
        if identity == "device":
            return self._basic(self._service.command("account", "add"))
        if identity == "administrator":
            return self._basic(self._service.command("account", "add", "--admin"))
        return "Bearer " + self._session()["access_token"]

    def fresh(self, method, path, identity):
        """Values by member or parameter that let an operation succeed once, under an identity.

        Operations that are not listed get the values that fit any.
        """
        known = {
            ("POST", "/auth/signup"): self._sign_up,
            ("POST", "/auth/login"): self._login,
            ("POST", "/auth/refresh"): self._refresh,
            ("POST", "/auth/logout"): self._refresh,
            ("POST", "/auth/verify-email"): self._verification,
            ("POST", "/auth/password-reset/confirm"): self._reset,
            ("DELETE", "/v1/devices/{id}"): lambda: self._device(identity),
            ("PATCH", "/v1/devices/{id}"): lambda: self._device(identity),
        }
        make = known.get((method, path))
        values = make() if make else {}
        today = int(time.time()) // DAY * DAY
        return {
            "email": "ann@example.org",
            "password": PASSWORD,
            "name": "laptop",
            "redemptionStartSeconds": today,
            "redemptionEndSeconds": today + 7 * DAY,
            **values,
        }

    def _basic(self, account):
        text = f"{account['uuid']}.{account['deviceId']}:{account['password']}"
        return "Basic " + base64.b64encode(text.encode()).decode()

    def _login(self):
        email = f"{secrets.token_hex(8)}@example.org"
        self._service.command(
            "account", "add", "--email", email, "--password-file", "-", stdin=PASSWORD + "\n"
        )
        return {"email": email, "password": PASSWORD}

    def _session(self):
        return self._post("/auth/login", self._login()).json()

    def _refresh(self):
        return {"refresh_token": self._session()["refresh_token"]}

    def _sign_up(self):
        return {
            "email": f"{secrets.token_hex(8)}@example.org",
            "password": PASSWORD,
            "inviteCode": self._service.command("account", "invite")["code"],
        }

    def _verification(self):
        applicant = self._sign_up()
        self._post("/auth/signup", applicant)
        return {"token": self._mailed_token(applicant["email"])}

    def _reset(self):
        login = self._login()
        self._post("/auth/password-reset", {"email": login["email"]})
        return {"token": self._mailed_token(login["email"]), "password": NEW_PASSWORD}

    def _device(self, identity):
        headers = {"Authorization": self.authorization(identity)}
        if identity in ("nobody", "wrong"):
            return {"id": 1}
        answer = self._post("/v1/devices", {"name": "to be changed"}, headers)
        return {"id": answer.json()["deviceId"]}

    def _post(self, path, body, headers=None):
        answer = requests.post(self._url + path, json=body, headers=headers, timeout=30)
        if answer.status_code >= 300:
            raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer

    def _mailed_token(self, address):
        """The token in the newest mail to an address; a mail is written after the answer."""
        with FolderWatch(self._service.mails) as watch:
            while True:
                for mail in sorted(self._service.mails.glob("*.eml"), reverse=True):
                    text = mail.read_text().replace("=\r\n", "").replace("=\n", "")
                    text = QUOTED.sub(lambda found: chr(int(found[1], 16)), text)
                    found = TOKEN.search(text)
                    if address in text and found:
                        return urllib.parse.unquote(found[1])
                watch.wait()
