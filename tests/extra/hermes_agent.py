"""The published Hermes Agent and the engine in one home: each reads, renews and keeps what the other wrote."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import httpx
from harness import finish, test
from hermes_cli import auth as hermes

ID = "minimax-oauth"
Client = httpx.Client
# Hermes Agent asks the first host of the login, which redirects; the simulated server is the host where that leads.
MOVED = {"/oauth/code": "/oauth2/device/code", "/oauth/token": "/oauth2/token"}


class ToLoopback(httpx.HTTPTransport):
    """Sends what would go to any host to the simulated server, as `--connect-to` does."""

    def __init__(self, server):
        super().__init__()
        self.server = httpx.URL(server)

    def handle_request(self, request):
        if request.url.path in MOVED:
            location = f"https://account.minimax.io{MOVED[request.url.path]}"
            return httpx.Response(307, headers={"location": location}, request=request)
        request.url = request.url.copy_with(scheme="http", host=self.server.host, port=self.server.port)
        return super().handle_request(request)


@contextlib.contextmanager
def in_house(house, server=None):
    """Hermes Agent at home in this house, and its requests at the simulated server."""
    os.environ |= {"HERMES_HOME": str(house.home), "HOME": str(house.home.parent)}
    hermes.httpx.Client = lambda **options: Client(transport=ToLoopback(server), **options)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        hermes.httpx.Client = Client


def hermes_login(house, server):
    """A login by Hermes Agent's own code."""
    with in_house(house, server):
        return hermes._minimax_oauth_login(open_browser=False)


def hermes_program(house, *args):
    """What the program `hermes` prints."""
    program = pathlib.Path(sys.executable).with_name("hermes")
    return subprocess.run([program, *args], env=house.env, cwd=house.work, text=True, check=True,
                          capture_output=True, timeout=50).stdout


def simulated(house):
    return house.simulate(ID, "--scenario", "approve")


@test("hermes-agent: reads the login that the engine made")
def _(house):
    connect, server = simulated(house)
    house.run("run-flow", ID, "--no-browser", *connect)
    resolved = json.loads(house.run("resolve", ID)[0])
    with in_house(house, server):
        status = hermes.get_minimax_oauth_auth_status()
        theirs = hermes.resolve_minimax_oauth_runtime_credentials()
    assert status["logged_in"] and status["region"] == "global", status
    assert (theirs["api_key"], theirs["base_url"]) == (resolved["api_key"], resolved["base_url"])


@test("hermes-agent: `hermes auth list` lists the engine's login, and the engine keeps the pool that it writes")
def _(house):
    connect, _ = simulated(house)
    house.run("run-flow", ID, "--no-browser", *connect)
    assert f"{ID} (1 credentials)" in hermes_program(house, "auth", "list")
    before = house.auth()
    house.run("run-flow", ID, "--flow", "refresh", *connect)
    after = house.auth()
    [old], [row] = before["credential_pool"][ID], after["credential_pool"][ID]
    record = after["providers"][ID]
    assert row["access_token"] == record["access_token"] != old["access_token"], "one grant, one commit"
    assert {name for name in row if row[name] != old.get(name)} <= {"access_token", "refresh_token", "expires_at_ms"}


@test("hermes-agent: the engine reads and renews the login that it made, and keeps what it does not know")
def _(house):
    connect, server = simulated(house)
    theirs = hermes_login(house, server)
    assert house.run("token", ID)[0].strip() == theirs["access_token"]

    store = house.auth()
    store["providers"][ID]["a_later_key"] = {"deep": [1, 2.5, None]}
    store["providers"]["openai-codex"] = {"tokens": {"access_token": "x", "refresh_token": "y"}, "auth_mode": "chatgpt"}
    store["credential_pool"] = {"zai": [{"id": "aaaaaa", "auth_type": "api_key", "access_token": "k", "tls": {"a": 1}}]}
    store["a_later_table"] = {"kept": True}
    store["active_provider"] = "openai-codex"
    house.put_auth(store)
    house.run("run-flow", ID, "--flow", "refresh", *connect)
    after = house.auth()
    record = after["providers"][ID]
    assert record["access_token"] != theirs["access_token"] and record["refresh_token"] != theirs["refresh_token"]
    for changed in ("access_token", "refresh_token", "obtained_at", "expires_at", "expires_in"):
        record.pop(changed), store["providers"][ID].pop(changed)
    for own in ("generation", "origins", "last_redeem_at", "refresh_tokens_sha256"):
        record.pop(own)
    store.pop("updated_at"), after.pop("updated_at")
    assert after == store, (after, store)


@test("hermes-agent: renews the login that the engine made, and the engine goes on with it")
def _(house):
    connect, server = simulated(house)
    house.run("run-flow", ID, "--no-browser", *connect)
    with in_house(house, server):
        state = hermes._refresh_minimax_oauth_state(hermes.get_provider_auth_state(ID), force=True)
    assert house.run("token", ID)[0].strip() == state["access_token"]
    house.run("run-flow", ID, "--flow", "refresh", *connect)
    assert house.auth()["providers"][ID]["refresh_token"] != state["refresh_token"]


@test("hermes-agent: a spent refresh token ends neither's record")
def _(house):
    connect, server = simulated(house)
    theirs = hermes_login(house, server)
    spent = house.auth()
    house.run("run-flow", ID, "--flow", "refresh", *connect)
    house.put_auth(spent)
    house.run("run-flow", ID, "--flow", "refresh", *connect, code=3)
    record = house.auth()["providers"][ID]
    assert record["access_token"] == theirs["access_token"] and record["last_auth_error"]["relogin_required"], record
    with in_house(house, server):
        assert hermes.get_minimax_oauth_auth_status()["logged_in"]


@test("hermes-agent: the engine writes nothing while Hermes Agent holds the lock")
def _(house):
    connect, server = simulated(house)
    theirs = hermes_login(house, server)
    with in_house(house, server), hermes._auth_store_lock():
        running = house.start("run-flow", ID, "--flow", "refresh", *connect)
        time.sleep(1.5)
        assert running.process.poll() is None, running.text
        assert house.auth()["providers"][ID] == theirs
    running.expect(0)
    assert house.auth()["providers"][ID]["access_token"] != theirs["access_token"]


@test("hermes-agent: of the writes of both at once none is lost")
def _(house):
    connect, server = simulated(house)
    house.run("run-flow", ID, "--no-browser", *connect)
    keys = ["deepseek", "nvidia", "arcee", "gmi", "novita", "upstage"]

    def engine():
        for name in keys:
            house.run("auth", "add", name, "--no-verify", "--stdin", "api_key", stdin=f"sk-{name}-000000")

    engines = threading.Thread(target=engine)
    engines.start()
    written = 0
    with in_house(house, server):
        while engines.is_alive() or written < 20:
            with hermes._auth_store_lock():
                store = hermes._load_auth_store()
                hermes._save_provider_state(store, f"theirs-{written}", {"n": written})
                hermes._save_auth_store(store)
            written += 1
            time.sleep(0.01)
    engines.join()
    records = house.auth()["providers"]
    missing = {*keys, ID, *(f"theirs-{n}" for n in range(written))} - records.keys()
    assert not missing, missing


finish()
