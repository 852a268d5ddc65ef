#!/usr/bin/env python3
"""Kills a refresh at each of its system calls, and breaks each of its writes.

Runs the real binary under strace against a small server on loopback whose refresh tokens are spent by one use.
Usage: faults.py BINARY [--kill] [--break] [--mounted] [--all-calls]; without a choice, all. Prints the counts; exits with 1
where something was lost that could have been kept.
"""

import argparse
import collections
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

ID = "minimax-oauth"
HOST = "account.minimax.io"
# What a refresh does that can leave something half done, or not done.
RELEVANT = {
    "openat", "open", "mkdir", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2",
    "unlink", "unlinkat", "ftruncate", "fallocate", "fchmod", "chmod", "flock", "close", "connect", "sendto", "sendmsg",
    "recvfrom", "recvmsg", "read", "epoll_wait", "shutdown", "exit_group",
}
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


class Service:
    """A server of single-use refresh tokens; within a reuse interval a spent one gives its successor again."""

    def __init__(self, reuse):
        self.reuse, self.lock = reuse, threading.Lock()
        self.spent, self.access, self.live, self.redeemed, self.asked = {}, set(), {"refresh-0"}, 0, 0
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(body))
                status, answer = service.refresh(form.get("refresh_token", ""))
                text = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # The client was killed.

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def process_request(self, request, address):
                with service.lock:
                    service.busy += 1
                super().process_request(request, address)

            def process_request_thread(self, request, address):
                try:
                    super().process_request_thread(request, address)
                finally:
                    with service.lock:
                        service.busy -= 1

        self.busy = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # Clients are killed here.
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refresh(self, token):
        with self.lock:
            self.asked += 1
            if token in self.live:
                self.redeemed += 1
                self.live.discard(token)
                access, successor = f"access-{self.redeemed}", f"refresh-{self.redeemed}"
                self.live.add(successor)
                self.access.add(access)
                self.spent[token] = {
                    "status": "success", "access_token": access, "refresh_token": successor,
                    "expired_in": int(time.time() + 7200) * 1000, "token_type": "Bearer",
                }
                return 200, self.spent[token]
            if token in self.spent and self.reuse:
                return 200, self.spent[token]
            return 400, {"error": "invalid_grant", "error_description": "refresh_token_reused"}

    def settle(self):
        """Waits until all is read that clients which are gone had sent: connections are accepted in their order."""
        with socket.create_connection(self.server.server_address) as last:
            last.sendall(b"GET / HTTP/1.0\r\n\r\n")
            last.recv(1)
        end = time.monotonic() + 10
        while self.busy and time.monotonic() < end:
            time.sleep(0.002)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Home:
    """A home with an expired login, and the binary that uses it."""

    def __init__(self, binary, service, mounted=False):
        self.binary, self.service, self.mounted = binary, service, mounted
        self.path = tempfile.mkdtemp(prefix="faults-")
        # A single file of the host, as a container has it: no rename onto it succeeds.
        self.host = tempfile.mkdtemp(prefix="faults-host-") if mounted else self.path
        record = {
            "provider": ID, "region": "global", "token_type": "Bearer",
            "access_token": "access-0", "refresh_token": "refresh-0", "kept": "by another program",
            "obtained_at": "2020-01-01T00:00:00+00:00", "expires_at": "2020-01-02T00:00:00+00:00", "expires_in": 86400,
        }
        with open(os.path.join(self.host, "auth.json"), "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            json.dump({"version": 1, "providers": {ID: record}, "active_provider": ID}, file, indent=2)
        if mounted:
            inside = os.path.join(self.path, "auth.json")
            open(inside, "x").close()
            subprocess.run(["mount", "--bind", os.path.join(self.host, "auth.json"), inside], check=True)

    def token(self, *strace):
        """Asks for a token; under strace with these options, if any."""
        command = ["strace", "-f", "-qq", *strace] if strace else []
        command += [self.binary, "token", ID, "--connect-to", f"{HOST}={self.service.address}"]
        env = {"HERMES_HOME": self.path, "HOME": self.path, "PATH": os.environ["PATH"]}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, cwd=self.path, check=False)

    def record(self):
        """The stored record; an exception where the store can't be read."""
        with open(os.path.join(self.host, "auth.json"), encoding="utf-8") as file:
            return json.load(file)["providers"][ID]

    def unanswered(self):
        """Whether the journal of a refresh was begun and has no whole answer; it goes once auth.json has the answer."""
        try:
            with open(os.path.join(self.path, "journal", ID), "rb") as file:
                return file.read().count(b"\n") <= 1
        except FileNotFoundError:
            return False

    def close(self):
        if self.mounted:
            subprocess.run(["umount", os.path.join(self.path, "auth.json")], check=True)
            shutil.rmtree(self.host, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def calls(binary, mounted=False):
    """The system calls of one good refresh: (name, which of its name, arguments), in order."""
    service = Service(reuse=False)
    home = Home(binary, service, mounted)
    log = os.path.join(home.path, "strace.log")
    run = home.token("-y", "-s", "64", "-o", log)
    assert run.returncode == 0, run.stderr
    if mounted:
        assert home.record()["refresh_token"] == "refresh-1", "the host has the new token"
        assert not run.stderr and not os.listdir(os.path.join(home.path, "journal")), run.stderr
        assert home.token().stdout == run.stdout and service.redeemed == 1
    count, found = collections.Counter(), []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = CALL.match(line)
            if match:
                count[match[1]] += 1
                found.append((match[1], count[match[1]], match[2].strip().replace(home.path, "HOME")))
    home.close()
    service.close()
    return found


def sent_at(found):
    """Where in the calls the request goes out."""
    is_send = lambda call: call[0] in ("sendto", "sendmsg", "write", "writev") and "POST " in call[2]
    return next(number for number, call in enumerate(found) if is_send(call))


def short(call):
    name, number, arguments = call
    path = re.search(r"HOME/([\w./-]+)", arguments)
    return f"{name}#{number}({path[1] if path else arguments.split(',')[0][:24]})"


def recovered(home, service):
    """Whether the next use needs no login: (yes, why not)."""
    # A file that is written in place is whole for the engine at any time, and for others after its next write.
    first = home.token() if home.mounted else None
    try:
        record = home.record()
    except (OSError, ValueError, KeyError) as error:
        return False, f"UNREADABLE: {error}"
    if record.get("kept") != "by another program" or not record.get("refresh_token"):
        return False, "LOST: the record is not whole"
    run = first or home.token()
    if run.returncode == 0 and run.stdout.strip() in service.access:
        after = home.record()
        whole = after["refresh_token"] in service.live and not os.listdir(os.path.join(home.path, "journal"))
        return whole, "the stored login is not the live one"
    return False, f"exit {run.returncode}: {run.stderr.strip().splitlines()[-1:]}"


def kill_at(binary, call, reuse, mounted=False):
    service = Service(reuse)
    home = Home(binary, service, mounted)
    try:
        name, number, _ = call
        run = home.token("-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
        hit = run.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        service.settle()
        # Spent, and the answer nowhere on the disk: what no client can save on a server that gives it once.
        unsavable = service.redeemed == 1 and home.unanswered()
        good, why = recovered(home, service)
        return call, hit, good, why, unsavable and not reuse
    finally:
        home.close()
        service.close()


def s29_a_refresh_killed_at_any_call_is_recovered(binary, every, workers):
    found = calls(binary)
    begin = next(number for number, call in enumerate(found) if "journal/" in call[2] and call[0] == "openat")
    points = [call for call in found[begin:] if every or call[0] in RELEVANT]
    after_send = {call[:2] for call in found[sent_at(found):]}
    bad = 0
    for reuse in (True, False):
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(lambda call: kill_at(binary, call, reuse), points))
        hit = [result for result in results if result[1]]
        lost = [result for result in hit if not result[2]]
        sent = sum(1 for result in hit if result[0][:2] in after_send)
        kind = "with a reuse interval" if reuse else "strict"
        print(f"kill -9, server {kind}: {len(hit)} points ({sent} from the send on), "
              f"{len(hit) - len(lost)} recovered without a login, {len(lost)} not")
        for call, _, _, why, unsavable in lost:
            print(f"  {'no client can save' if unsavable else 'LOST'} {short(call)}: {why}")
        bad += sum(1 for result in lost if not result[4])
    return bad


def a_refresh_of_a_mounted_file_killed_at_any_call_after_the_answer_is_recovered(binary, workers):
    found = calls(binary, mounted=True)
    # From the answer on: before it the file is not touched.
    begin = next(number for number, call in enumerate(found) if "journal/..auth.json" in call[2])
    points = [call for call in found[begin:] if call[0] in RELEVANT]
    assert any(call[0] == "write" and "HOME/auth.json" in call[2] for call in points), "it is written in place"
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda call: kill_at(binary, call, False, True), points))
    hit = [result for result in results if result[1]]
    lost = [result for result in hit if not result[2]]
    print(f"kill -9, auth.json a mount of its own: {len(hit)} points, {len(hit) - len(lost)} recovered, {len(lost)} not")
    # Which of its name a call is depends on how long the answer took: some of these came before it.
    for call, _, _, why, unsavable in lost:
        print(f"  {'no client can save' if unsavable else 'LOST'} {short(call)}: {why}")
    return sum(1 for result in lost if not result[4]) + (not hit)


def break_at(binary, case):
    """Breaks a call of the store; `None` where the fault struck a wake-up between threads instead, however often it is tried."""
    for _ in range(8):
        result = break_once(binary, case)
        if result is not None:
            return result
    return None


def struck_elsewhere(log, path):
    """Whether a fault struck a call that is not on a file of the store: which of its name a call is differs from run to run."""
    with open(log, encoding="utf-8", errors="replace") as file:
        return any("(INJECTED)" in line and path not in line for line in file)


def break_once(binary, case):
    call, error, plus, reuse = case
    service = Service(reuse)
    home = Home(binary, service)
    log = os.path.join(home.path, "strace.log")
    try:
        name, number, _ = call
        # Up to the last of the store's own: the program's wake-ups and its answer are written by the same call.
        when = f"{number}..{plus}" if plus else str(number)
        run = home.token("-y", "-s", "8", "-o", log, "-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={when}")
        if struck_elsewhere(log, home.path):
            return None
        handed = run.returncode == 0 and run.stdout.strip() in service.access
        warned = "warning" in run.stderr
        told = handed or run.returncode == 8
        good, why = recovered(home, service)
        return case, run, handed, warned, told, good, why
    finally:
        home.close()
        service.close()


def s21_a_write_that_fails_leaves_a_readable_store(binary, workers):
    found = calls(binary)
    ours = [call for call in found if "HOME" in call[2]]
    breakable = {"write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "fallocate", "mkdir"}
    points = [call for call in ours if call[0] in breakable]
    # A new file can be refused too; what is only read or locked can't run out of space.
    points += [call for call in ours if call[0] == "openat" and "O_CREAT" in call[2]]
    bad = 0
    for plus in (False, True):
        last = {name: max(number for other, number, _ in points if other == name) for name, _, _ in points}
        cases = [(call, error, plus and last[call[0]], reuse) for call in points for error in ("ENOSPC", "EIO") for reuse in (True, False)]
        with ThreadPoolExecutor(workers) as pool:
            tried = list(pool.map(lambda case: break_at(binary, case), cases))
        results = [result for result in tried if result is not None]
        assert len(results) >= len(cases) / 2, f"{len(results)} of {len(cases)} faults struck the store"
        handed = sum(1 for result in results if result[2])
        refused = sum(1 for result in results if not result[2] and result[1].returncode == 8)
        print(f"ENOSPC and EIO {'from a call on' if plus else 'at one call'}: {len(points)} points, {len(results)} runs, {len(tried) - len(results)} struck no file: "
              f"{handed} handed out a token, {refused} ended with 8, "
              f"{len(results) - handed - refused} otherwise")
        for (call, error, _, reuse), run, _, _, told, good, why in results:
            strict_and_blind = plus and not reuse
            if not told or "UNREADABLE" in why and not good:
                bad += 1
                print(f"  {error} at {short(call)}: exit {run.returncode}: {run.stderr.strip()[-200:]}; {'' if good else why}")
            elif not good:
                bad += 0 if strict_and_blind else 1
                kind = "reuse" if reuse else "strict"
                print(f"  {error} at {short(call)} ({kind}): not recovered: {why}; it had said: {run.stderr.strip()[-160:]}")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--break", dest="breaks", action="store_true")
    parser.add_argument("--mounted", action="store_true", help="kill while auth.json is a mount of its own")
    parser.add_argument("--all-calls", action="store_true", help="kill at every call, not at the relevant ones alone")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    both = not (options.kill or options.breaks or options.mounted)
    if (options.mounted or both) and "FAULTS_APART" not in os.environ:
        os.environ["FAULTS_APART"] = "1"
        apart = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
        os.execvp("unshare", ["unshare", *apart, sys.executable, *sys.argv])
    bad = 0
    if options.mounted or both:
        bad += a_refresh_of_a_mounted_file_killed_at_any_call_after_the_answer_is_recovered(os.path.abspath(options.binary), options.workers)
    if options.kill or both:
        bad += s29_a_refresh_killed_at_any_call_is_recovered(os.path.abspath(options.binary), options.all_calls, options.workers)
    if options.breaks or both:
        bad += s21_a_write_that_fails_leaves_a_readable_store(os.path.abspath(options.binary), options.workers)
    print("lost without need: nothing" if not bad else f"lost without need, or said wrongly: {bad}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
