"""An authorization server of Authlib on loopback: device grant, code grant with PKCE, rotation, revocation."""

import logging
import os
import threading
import time

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import (DEVICE_CODE_GRANT_TYPE, DeviceAuthorizationEndpoint, DeviceCodeGrant,
                                    DeviceCredentialDict)
from flask import Flask, request
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line a request


class Client(ClientMixin):
    """The one client, which has no secret."""

    def get_client_id(self):
        return "engine"

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith("/callback")

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token", DEVICE_CODE_GRANT_TYPE)


class Code(dict, AuthorizationCodeMixin):
    """An authorization code."""

    def get_redirect_uri(self):
        return self["redirect_uri"]

    def get_scope(self):
        return self["scope"]


class Token(dict, TokenMixin):
    """A pair of tokens."""

    def check_client(self, client):
        return True

    def get_scope(self):
        return self["scope"]

    def get_expires_in(self):
        return self["expires_in"]

    def is_expired(self):
        return False

    def is_revoked(self):
        return self.get("revoked", False)


class Peer:
    """The server and all that it remembers."""

    def __init__(self):
        self.codes, self.devices, self.decisions, self.tokens = {}, {}, {}, []
        app = Flask("peer")
        app.config.update(OAUTH2_REFRESH_TOKEN_GENERATOR=True,
                          OAUTH2_TOKEN_EXPIRES_IN={"authorization_code": 600, DEVICE_CODE_GRANT_TYPE: 600})
        self.oauth = AuthorizationServer(app, query_client=lambda name: Client() if name == "engine" else None,
                                         save_token=lambda token, asked: self.tokens.append(Token(token)))
        self.register()
        app.add_url_rule("/token", view_func=self.oauth.create_token_response, methods=["POST"])
        for path, name in (("/device_authorization", "device_authorization"), ("/revoke", "revocation")):
            app.add_url_rule(path, name, lambda name=name: self.oauth.create_endpoint_response(name), methods=["POST"])
        app.add_url_rule("/authorize", "authorize", self.authorize)
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def authorize(self):
        """The person who visits always consents, unless `?deny` was added."""
        grant = self.oauth.get_consent_grant(end_user="ann")
        user = None if "deny" in request.args else "ann"
        return self.oauth.create_authorization_response(grant_user=user, grant=grant)

    def token_of(self, refresh_token):
        """The tokens with this refresh token."""
        return next((token for token in self.tokens if token.get("refresh_token") == refresh_token), None)

    def register(self):
        """Registers the grants; each looks into this peer's memory."""
        peer = self

        class CodeGrant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

            def save_authorization_code(self, code, asked):
                data = asked.payload.data
                peer.codes[code] = Code(
                    redirect_uri=asked.payload.redirect_uri, scope=asked.payload.scope)
                peer.codes[code].code_challenge = data.get("code_challenge")
                peer.codes[code].code_challenge_method = data.get("code_challenge_method")

            def query_authorization_code(self, code, client):
                return peer.codes.get(code)

            def delete_authorization_code(self, code):
                peer.codes = {name: kept for name, kept in peer.codes.items() if kept is not code}

            def authenticate_user(self, code):
                return "ann"

        class Refresh(grants.RefreshTokenGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["none"]
            INCLUDE_NEW_REFRESH_TOKEN = True

            def authenticate_refresh_token(self, text):
                token = peer.token_of(text)
                return token if token and not token.is_revoked() else None

            def authenticate_user(self, token):
                return "ann"

            def revoke_old_credential(self, token):
                token["revoked"] = True

        class Device(DeviceCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

            def query_device_credential(self, code):
                return peer.devices.get(code)

            def query_user_grant(self, code):
                return peer.decisions.get(code)

            def should_slow_down(self, credential):
                # Once, at the second question.
                credential["asked"] = credential.get("asked", 0) + 1
                return credential["asked"] == 2

        class DeviceAuthorization(DeviceAuthorizationEndpoint):
            INTERVAL = 1

            def get_verification_uri(self):
                return f"{peer.url}/verify"

            def save_device_credential(self, client_id, scope, data):
                peer.devices[data["device_code"]] = DeviceCredentialDict(
                    client_id=client_id, scope=scope, expires_at=time.time() + 300, **data)

        class Revocation(RevocationEndpoint):
            CLIENT_AUTH_METHODS = ["none"]

            def query_token(self, text, hint):
                return peer.token_of(text)

            def revoke_token(self, token, asked):
                token["revoked"] = True

        self.oauth.register_grant(CodeGrant, [CodeChallenge(required=True)])
        self.oauth.register_grant(Refresh)
        self.oauth.register_grant(Device)
        self.oauth.register_endpoint(DeviceAuthorization)
        self.oauth.register_endpoint(Revocation)
