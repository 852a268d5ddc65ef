"""Those who take a credential by a convention of their own: git, kubectl, AWS tools, the Anthropic and OpenAI SDKs."""

import datetime
import json
import os
import subprocess
import sys

from harness import ENGINE, PROVIDERS, finish, test

KEY = "sk-test-not-a-real-key-000001"


def log_in(house, provider="minimax-oauth"):
    """Logs in; gives the record, and how to get the next."""
    connect, _ = house.simulate(*PROVIDERS, provider, "--scenario", "approve")
    house.run(*PROVIDERS, "run-flow", provider, "--no-browser", *connect)

    def record():
        return house.auth()["providers"][provider]

    def renewed():
        house.run(*PROVIDERS, "run-flow", provider, "--flow", "refresh", *connect)
        return record()

    return record(), renewed


def token_of(house):
    """Logs in; gives the token."""
    return log_in(house)[0]["access_token"]


def ran(house, command, stdin="", **env):
    done = subprocess.run(command, env=house.env | env, cwd=house.work, input=stdin, text=True, capture_output=True,
                          timeout=50)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


@test("git: fills a credential from `credential git`")
def _(house):
    token = token_of(house)
    helper = f"credential.helper=!'{ENGINE}' credential git"
    fill = ["git", "-c", "credential.helper=", "-c", helper, "credential", "fill"]
    out = ran(house, fill, "protocol=https\nhost=api.minimax.io\n\n", GIT_TERMINAL_PROMPT="0")
    assert f"password={token}\n" in out and "username=oauth2\n" in out, out


@test("kubectl: `resolve --as exec-credential` has the shape of client.authentication.k8s.io/v1")
def _(house):
    token = token_of(house)
    answer = json.loads(house.run("resolve", "minimax-oauth", "--as", "exec-credential")[0])
    assert answer.keys() == {"apiVersion", "kind", "status"}
    assert (answer["apiVersion"], answer["kind"]) == ("client.authentication.k8s.io/v1", "ExecCredential")
    assert answer["status"].keys() == {"token", "expirationTimestamp"} and answer["status"]["token"] == token
    until = datetime.datetime.fromisoformat(answer["status"]["expirationTimestamp"])
    assert until > datetime.datetime.now(datetime.timezone.utc)


@test("AWS: botocore takes `credential_process` from `resolve --as aws-process`, and renews by it")
def _(house):
    import botocore.session

    record, renewed = log_in(house, "acme-aws")
    config = house.root / "aws"
    command = " ".join([ENGINE, *PROVIDERS, "resolve", "acme-aws", "--as", "aws-process"])
    config.write_text(f"[profile p]\ncredential_process = {command}\n")
    os.environ |= house.env | {"AWS_CONFIG_FILE": str(config), "AWS_EC2_METADATA_DISABLED": "true"}

    def keys(of):
        return of["access_key_id"], of["secret_access_key"], of["session_token"]

    credentials = botocore.session.Session(profile="p").get_credentials()
    assert credentials.method == "custom-process"
    assert tuple(credentials.get_frozen_credentials())[:3] == keys(record)
    assert not credentials.refresh_needed()
    record = renewed()
    credentials._expiry_time = datetime.datetime.now(datetime.timezone.utc)
    assert tuple(credentials.get_frozen_credentials())[:3] == keys(record)


# What a client of a SDK has got, as a program prints it that knows nothing of the engine.
ANTHROPIC = """
import anthropic, json
client = anthropic.Anthropic()
print(json.dumps({"url": str(client.base_url), "key": client.api_key, "token": client.auth_token,
                  "headers": dict(client.auth_headers) | dict(client._custom_headers)}))
"""
OPENAI = """
import json, openai
client = openai.OpenAI()
print(json.dumps({"url": str(client.base_url), "key": client.api_key, "organization": client.organization}))
"""


def through_exec(house, provider, program, **env):
    out, _ = house.run(*PROVIDERS, "exec", provider, "--", sys.executable, "-c", program, **env)
    return json.loads(out)


@test("Anthropic SDK: gets the login's token and base URL through `exec`, and no key that was about")
def _(house):
    token = token_of(house)
    about = {"ANTHROPIC_API_KEY": "sk-ant-stray", "CLAUDE_CODE_OAUTH_TOKEN": "stray", "ANTHROPIC_TOKEN": "stray"}
    got = through_exec(house, "minimax-oauth", ANTHROPIC, **about)
    assert got["url"].rstrip("/") == "https://api.minimax.io/anthropic", got
    assert got["token"] == token and got["key"] is None, got
    assert got["headers"].get("Authorization") == f"Bearer {token}" and "X-Api-Key" not in got["headers"], got


@test("OpenAI SDK: gets the key and base URL through `exec`, and no organisation that was about")
def _(house):
    house.run("auth", "add", "deepseek", "--no-verify", "--stdin", "api_key", stdin=KEY)
    got = through_exec(house, "deepseek", OPENAI, OPENAI_API_KEY="sk-stray", OPENAI_ORG_ID="org-stray")
    want = json.loads(house.run("resolve", "deepseek")[0])["base_url"]
    got["url"] = got["url"].rstrip("/")
    assert got == {"url": want.rstrip("/"), "key": KEY, "organization": None}, got


@test("a shell: `resolve --as env` gives the Anthropic SDK the same")
def _(house):
    token = token_of(house)
    script = f"eval \"$('{ENGINE}' resolve minimax-oauth --as env)\" && exec '{sys.executable}' -c \"$PROGRAM\""
    got = json.loads(ran(house, ["sh", "-c", script], PROGRAM=ANTHROPIC, ANTHROPIC_API_KEY="sk-ant-stray"))
    assert got["token"] == token and got["key"] is None, got


finish()
