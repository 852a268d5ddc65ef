"""Other clients, requests-oauthlib and Authlib of PyPI, log in to the simulated server."""

import os
import urllib.parse

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from harness import PROVIDERS, finish, test
from requests_oauthlib import OAuth2Session

REDIRECT = "http://127.0.0.1:9/callback"
SCOPE = ["openid", "models", "offline_access"]


def consented(page):
    """Where the server sends the person who has consented."""
    answer = requests.get(page, allow_redirects=False, timeout=10)
    assert answer.headers["location"].startswith(REDIRECT), answer.headers
    return answer.headers["location"]


@test("requests-oauthlib: logs in to the simulator by code with PKCE, and refreshes")
def _(house):
    _, url = house.simulate("--scenario", "approve", *PROVIDERS, "acme-code")
    session = OAuth2Session("hermes-cli", redirect_uri=REDIRECT, scope=SCOPE, pkce="S256")
    page, _ = session.authorization_url(f"{url}/authorize")
    token = session.fetch_token(f"{url}/token", authorization_response=consented(page), include_client_id=True)
    assert token["token_type"].lower() == "bearer" and token["expires_in"] > 0, token
    again = session.refresh_token(f"{url}/token", client_id="hermes-cli")
    assert again["access_token"] != token["access_token"]


@test("authlib's client: logs in to the simulator by code with PKCE, refreshes, and revokes")
def _(house):
    _, url = house.simulate("--scenario", "approve", *PROVIDERS, "acme-code")
    session = AuthlibSession("hermes-cli", redirect_uri=REDIRECT, scope=" ".join(SCOPE), code_challenge_method="S256",
                             token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
    verifier = "a-verifier-that-is-long-enough-for-the-rfc-7636"
    page, state = session.create_authorization_url(f"{url}/authorize", code_verifier=verifier)
    token = session.fetch_token(f"{url}/token", authorization_response=consented(page), code_verifier=verifier,
                                state=state)
    again = session.refresh_token(f"{url}/token", refresh_token=token["refresh_token"], scope=None)
    assert again["access_token"] != token["access_token"]
    answer = session.revoke_token(f"{url}/revoke", token=again["refresh_token"], token_type_hint="refresh_token")
    assert answer.status_code == 200, answer.text


@test("requests-oauthlib: is told by the simulator that a person denied")
def _(house):
    _, url = house.simulate("--scenario", "deny", *PROVIDERS, "acme-code")
    session = OAuth2Session("hermes-cli", redirect_uri=REDIRECT, scope=SCOPE, pkce="S256")
    page, state = session.authorization_url(f"{url}/authorize")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(consented(page)).query)
    assert query["error"] == ["access_denied"] and query["state"] == [state], query


finish()
