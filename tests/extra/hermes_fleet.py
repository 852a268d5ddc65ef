"""The published Hermes Agent and several of the engine's processes at one home, round after round of expiry, against a
server that ends a grant when a refresh token comes twice: none does, both stay logged in, and a login is listed once."""

import argparse
import concurrent.futures
import contextlib
import datetime
import hashlib
import io
import json
import os

import httpx
from agent import credential_pool
from harness import finish, test
from hermes_cli import auth as hermes
from hermes_cli import auth_commands
from strict_server import Strict

ID = "minimax-oauth"
HOUR = 3600
ROUNDS = 6
PROCESSES = 4
Client = httpx.Client


class ToLoopback(httpx.HTTPTransport):
    """Sends what would go to any host to the server, as `--connect-to` does."""

    def __init__(self, address):
        super().__init__()
        self.host, self.port = address.split(":")

    def handle_request(self, request):
        request.url = request.url.copy_with(scheme="http", host=self.host, port=int(self.port))
        return super().handle_request(request)


class Fleet:
    """Both programs at the home of a house, or at a profile of it."""

    def __init__(self, house):
        self.house = house
        self.server = Strict()

    def home(self, profile=None):
        return self.house.home / "profiles" / profile if profile else self.house.home

    @contextlib.contextmanager
    def hermes(self, profile=None):
        os.environ |= {"HERMES_HOME": str(self.home(profile)), "HOME": str(self.house.home.parent)}
        hermes.httpx.Client = lambda **options: Client(transport=ToLoopback(self.server.address), **options)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        finally:
            hermes.httpx.Client = Client

    def hermes_add(self, profile=None):
        """`hermes auth add minimax-oauth`."""
        with self.hermes(profile):
            auth_commands.auth_add_command(argparse.Namespace(provider=ID, auth_type="oauth", no_browser=True))

    def hermes_token(self, profile=None):
        """What a session of Hermes Agent sends; it renews by itself."""
        with self.hermes(profile):
            return hermes.resolve_minimax_oauth_runtime_credentials()["api_key"]

    def hermes_pool(self, profile=None):
        """Hermes Agent loads its pool, and writes what it derives from the record."""
        with self.hermes(profile):
            return credential_pool.load_pool(ID)

    def engine(self, *args, code=0, profile=None):
        online = args[0] in ("token", "run-flow") or args[:2] == ("auth", "add")
        args = [*args, *(self.server.connect_to() if online else [])]
        return self.house.run(*args, code=code, HERMES_HOME=str(self.home(profile)))[0].strip()

    def engines(self, *args, profile=None):
        """Several processes at once, that all must get the same token."""
        with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
            tokens = {*pool.map(lambda _: self.engine("token", ID, *args, profile=profile), range(PROCESSES))}
        [token] = tokens
        return token

    def rejected(self, token, *args, **options):
        """Reports that a server refused a token, and asks for another."""
        return self.engine("token", ID, "--rejected-sha256", hashlib.sha256(token.encode()).hexdigest(), *args, **options)

    def listed(self, profile=None):
        everything = json.loads(self.engine("auth", "list", "--format", "json", profile=profile))
        return [one for one in everything["credentials"] if one["provider"] == ID]

    def age(self):
        """An hour and more goes by: every time in the files is that much earlier."""
        for path in self.house.home.rglob("auth.json"):
            path.write_text(json.dumps(earlier(json.loads(path.read_text()))))

    def check(self, logins, profile=None):
        assert not self.server.reuses and not self.server.strangers, (self.server.reuses, self.server.strangers)
        listed = self.listed(profile)
        assert len(listed) == logins, listed
        assert all(one["logged_in"] for one in listed), listed
        with self.hermes(profile):
            assert hermes.get_minimax_oauth_auth_status()["logged_in"]
        theirs, ours = self.hermes_token(profile), self.engine("token", ID, profile=profile)
        assert self.server.serves(theirs) is not None and self.server.serves(ours) is not None, (theirs, ours)
        assert theirs == ours or logins > 1, (theirs, ours)


def earlier(value, name=None):
    if isinstance(value, dict):
        return {key: earlier(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [earlier(member) for member in value]
    if name == "expires_at_ms" and isinstance(value, int):
        return value - 2 * HOUR * 1000
    if name in ("obtained_at", "expires_at", "last_redeem_at") and isinstance(value, str):
        return (datetime.datetime.fromisoformat(value) - datetime.timedelta(seconds=2 * HOUR)).isoformat()
    return value


@test("fleet: a login of Hermes Agent's, renewed by turns, is one login and no refresh token comes twice")
def _(house):
    fleet = Fleet(house)
    fleet.hermes_add()
    fleet.check(1)
    for turn in range(ROUNDS):
        fleet.age()
        if turn % 2:
            assert fleet.server.serves(fleet.engines()) == 0
        else:
            assert fleet.server.serves(fleet.hermes_token()) == 0
        if turn % 3 == 1:
            fleet.hermes_pool()
        fleet.check(1)
        # The token is good, and was refused all the same: exactly it is renewed.
        fleet.age()
        fresh = fleet.hermes_token()
        assert fleet.server.serves(fleet.rejected(fresh)) == 0
        fleet.check(1)
        # A limit is the account's, and there is no other.
        fleet.rejected(fleet.hermes_token(), "--rejected-status", "429", code=6)
        fleet.engine("auth", "reset", ID)
    assert fleet.server.refreshes >= 2 * ROUNDS


@test("fleet: rows of every source that a running Hermes Agent writes back are never spent")
def _(house):
    fleet = Fleet(house)
    fleet.engine("run-flow", ID, "--no-browser")
    fleet.hermes_pool()
    auth = house.auth()
    [row] = auth["credential_pool"][ID]
    sources = ["manual", "manual:minimax_oauth", "manual:device_code", "device_code", "oauth"]
    auth["credential_pool"][ID] = [row | {"id": f"{n:06}", "source": source, "priority": n}
                                   for n, source in enumerate(sources)]
    house.put_auth(auth)
    fleet.check(1)
    for turn in range(ROUNDS):
        session = fleet.hermes_pool()
        fleet.age()
        fleet.engines() if turn % 2 else fleet.hermes_token()
        with fleet.hermes():
            session._persist()
        fleet.check(1)
        fleet.rejected(fleet.engine("token", ID))
        fleet.check(1)


@test("fleet: two accounts stay two, and each is renewed with its own token")
def _(house):
    fleet = Fleet(house)
    fleet.hermes_add()
    fleet.hermes_add()
    first = house.auth()["credential_pool"][ID][0]["id"]
    for turn in range(ROUNDS):
        fleet.age()
        renewed = fleet.engines("--label", "main") if turn % 2 else fleet.hermes_token()
        assert fleet.server.serves(renewed) == 1
        if turn % 3 == 1:
            fleet.hermes_pool()
        fleet.check(2)
        if turn % 2:
            token = fleet.engine("token", ID, "--label", first)
            assert fleet.server.serves(fleet.rejected(token, "--label", first)) == 0
            fleet.check(2)
    fleet.engine("auth", "add", ID, "--label", "third")
    fleet.hermes_pool()
    fleet.age()
    assert fleet.server.serves(fleet.engine("token", ID, "--label", "third")) == 2
    assert fleet.server.serves(fleet.hermes_token()) == 1
    fleet.check(3)


@test("fleet: a profile uses the login of its root, and what it renews is written there")
def _(house):
    fleet = Fleet(house)
    fleet.hermes_add()
    fleet.home("coder").mkdir(parents=True)
    for turn in range(ROUNDS):
        fleet.age()
        if turn % 2:
            fleet.hermes_pool("coder")
        renewed = fleet.engines(profile="coder") if turn % 3 else fleet.hermes_token()
        assert fleet.server.serves(renewed) == 0
        assert renewed == fleet.engine("token", ID) == fleet.hermes_token("coder") == fleet.hermes_token()
        fleet.check(1)
        fleet.check(1, "coder")
    # A login in the profile is the profile's alone.
    fleet.engine("run-flow", ID, "--no-browser", profile="coder")
    assert fleet.server.serves(fleet.hermes_token("coder")) == 1
    fleet.age()
    assert fleet.server.serves(fleet.engines(profile="coder")) == 1
    assert fleet.server.serves(fleet.engines()) == 0
    fleet.check(1)
    fleet.check(1, "coder")


finish()
