"""The shipped flows against an authorization server of Authlib, at an address that the person gives."""

import time
import urllib.request

from authlib_peer import Peer
from harness import PROVIDERS, finish, test

peer = Peer()
SET = ["--set", f"server={peer.url}"]


def login_by_device(house):
    """Logs in; the person approves at the first question already."""
    login = house.start(*PROVIDERS, "run-flow", "peer-local", "--no-browser", *SET)
    peer.decisions[login.wait_for("stderr", r"enter code: (\S+)")] = ("ann", True)
    login.expect(0)
    return house.auth()["providers"]["peer-local"]


def visit(address):
    """What a browser that follows redirects comes to."""
    with urllib.request.urlopen(address) as page:
        return page.url, page.read().decode()


@test("authlib: the device flow logs in, and slows down when it is told to")
def _(house):
    login = house.start(*PROVIDERS, "run-flow", "peer-local", "--no-browser", *SET)
    code = login.wait_for("stderr", r"enter code: (\S+)")
    device = next(device for device in peer.devices.values() if device["user_code"] == code)
    while device.get("asked", 0) < 2:
        time.sleep(0.02)
    slowed, peer.decisions[code] = time.monotonic(), ("ann", True)
    login.expect(0)
    assert time.monotonic() - slowed > 5.5, "one second, and five more"
    assert peer.token_of(house.auth()["providers"]["peer-local"]["refresh_token"])


@test("authlib: the device flow that a person denies is denied")
def _(house):
    login = house.start(*PROVIDERS, "run-flow", "peer-local", "--no-browser", *SET)
    peer.decisions[login.wait_for("stderr", r"enter code: (\S+)")] = ("ann", False)
    assert "denied" in login.expect(4)


@test("authlib: the code flow with PKCE logs in")
def _(house):
    login = house.start(*PROVIDERS, "run-flow", "peer-local-code", "--no-browser", *SET)
    url, page = visit(login.wait_for("stderr", r"Open: (http\S+)\n"))
    assert "/callback?" in url and "You can close this window" in page, (url, page)
    login.expect(0)
    assert peer.token_of(house.auth()["providers"]["peer-local-code"]["refresh_token"])


@test("authlib: the code flow that a person denies is denied")
def _(house):
    login = house.start(*PROVIDERS, "run-flow", "peer-local-code", "--no-browser", *SET)
    visit(login.wait_for("stderr", r"Open: (http\S+)\n") + "&deny=1")
    assert "denied" in login.expect(4)


@test("authlib: a refresh rotates, and a spent refresh token asks for a login and keeps the record")
def _(house):
    first = login_by_device(house)
    before = house.auth()
    house.run(*PROVIDERS, "run-flow", "peer-local", "--flow", "refresh")
    second = house.auth()["providers"]["peer-local"]
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]

    house.put_auth(before)
    house.run(*PROVIDERS, "run-flow", "peer-local", "--flow", "refresh", code=3)
    kept = house.auth()["providers"]["peer-local"]
    assert kept["access_token"] == first["access_token"] and kept["last_auth_error"]["relogin_required"], kept


@test("authlib: a logout revokes the refresh token, and forgets it")
def _(house):
    token = peer.token_of(login_by_device(house)["refresh_token"])
    house.run(*PROVIDERS, "run-flow", "peer-local", "--flow", "logout")
    assert token.is_revoked() and "peer-local" not in house.auth()["providers"]


finish()
