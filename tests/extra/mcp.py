"""The official MCP conformance suite, its client scenarios of authorization: each on its own, none skipped, a warning a failure.

`mcp_driver.py` plays user and client; every token is the engine's, from `providers/mcp.toml`.
"""

import os
import re
import shlex
import subprocess
import sys

from harness import ENGINE

HERE = os.path.dirname(os.path.abspath(__file__))
# What the format can't say yet: a JWT that is signed here, and proofs of possession (RFC 9449).
UNSIGNED = {"auth/client-credentials-jwt", "auth/dpop", "auth/dpop-nonce"}
# The scenarios that two revisions share are run at both.
NEXT = "2026-07-28"
SUITE = {**os.environ, "HERMES_PROVIDERS_DIR": os.path.join(HERE, "providers")}


def suite(*arguments):
    return subprocess.run(["conformance", *arguments], env=SUITE, capture_output=True, text=True, timeout=180)


def names(*arguments):
    """The scenarios of a list, in its order."""
    return list(dict.fromkeys(re.findall(r"auth/[\w-]+", suite("list", "--client", *arguments).stdout)))


def scenario(name, *revision):
    """Runs one scenario; says what was wrong with it."""
    command = shlex.join([sys.executable, os.path.join(HERE, "mcp_driver.py"), ENGINE])
    ran = suite("client", "--command", command, "--scenario", name, "--timeout", "60000", *revision)
    output = ran.stdout + ran.stderr
    result = re.search(r"Passed: (\d+)/(\d+), (\d+) failed, (\d+) warnings", output)
    if not result:
        return f"it did not run: {output[-400:]}"
    passed, all_checks, failed, warnings = map(int, result.groups())
    is_fine = ran.returncode == 0 and failed == warnings == 0 and passed == all_checks > 0
    return None if is_fine else f"{result.group(0)}: {output[-600:]}"


def main():
    wanted = sys.argv[1:]
    every = [name for name in names() if name not in UNSIGNED]
    shared = [name for name in names("--spec-version", "2025-11-25") if name in names("--spec-version", NEXT)]
    runs = [(name, []) for name in every] + [(name, ["--spec-version", NEXT]) for name in shared if name in every]
    runs = [(name, revision) for name, revision in runs if not wanted or name in wanted]
    for name in sorted(UNSIGNED):
        print(f"not run: {name}: the format can't say it")
    failed = 0
    for name, revision in runs:
        problem = scenario(name, *revision)
        failed += problem is not None
        print(f"{'FAILED' if problem else 'ok'} {name} {' '.join(revision)}".rstrip(), problem or "", flush=True)
    expected = 30 if not wanted else 1
    if len(runs) < expected:
        print(f"FAILED only {len(runs)} scenarios were run")
    sys.exit(bool(failed or len(runs) < expected))


main()
