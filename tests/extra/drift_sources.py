"""The published packages that drift.py compares the catalogue with: how each is fetched, and what it says.

A package is read where it lies in its archive; nothing of it is run or installed. Two things are taken from it: *lists*, each a
provider with its models, base URLs and variables, and *mentions*, the hosts and words that occur anywhere in its text.
"""

import ast
import dataclasses
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import urllib.request
import zipfile

# Where a package's own code ends: what it bundles of others says nothing about it.
FOREIGN = ("/node_modules/", "/codex-resources/", ".map", ".d.ts", ".png", ".wasm")
CAPITALS = re.compile(rb"[A-Z][A-Z0-9_]{3,}")
# No catalogue in a program is longer.
LITERAL = 32 << 20
HOST = re.compile(rb"https?://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


@dataclasses.dataclass
class Model:
    context: int | None = None
    output: int | None = None
    ends: datetime.date | None = None
    deprecated: bool = False
    released: str = ""


@dataclasses.dataclass
class Listing:
    """What a package says of one provider."""

    models: dict = dataclasses.field(default_factory=dict)
    urls: set = dataclasses.field(default_factory=set)
    variables: set = dataclasses.field(default_factory=set)

    def add(self, other):
        self.models |= other.models
        self.urls |= other.urls
        self.variables |= other.variables


@dataclasses.dataclass(eq=False)
class Source:
    name: str
    version: str
    published: datetime.date
    lists: dict = dataclasses.field(default_factory=dict)
    hosts: set = dataclasses.field(default_factory=set)
    words: set = dataclasses.field(default_factory=set)

    def listing(self, provider):
        return self.lists.setdefault(provider, Listing())


# Reading the lists


def number(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def date(value):
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def read_pi(source, name, content):
    """pi: a JSON file a provider, models by protocol; and a table of variables in its code."""
    if re.search(r"/providers/data/[\w-]+\.json$", name):
        listing = source.listing(pathlib.PurePath(name).stem)
        for group in json.loads(content).values():
            for model in group.values():
                if model.get("type", "chat") == "chat":
                    listing.models[model["id"]] = Model(number(model.get("contextWindow")), number(model.get("maxTokens")))
                    listing.urls.add(model.get("baseUrl", ""))
    elif name.endswith("/env-api-keys.js"):
        text = content.decode()
        table = re.search(r"envMap = (\{)", text)
        for provider, names in (literal(text, table.start(1))[0] if table else {}).items():
            source.listing(provider).variables |= {names} if isinstance(names, str) else set(names)


def read_litellm(source, name, content):
    """litellm: one JSON file of all models, with the dates at which some end."""
    if not name.endswith("/model_prices_and_context_window_backup.json"):
        return
    for key, model in json.loads(content).items():
        provider = model.get("litellm_provider", "")
        if model.get("mode") in ("chat", "responses", "completion"):
            output = model.get("max_output_tokens") or model.get("max_tokens")
            listing = source.listing(provider)
            listing.models[key.removeprefix(f"{provider}/")] = Model(
                number(model.get("max_input_tokens")), number(output), date(model.get("deprecation_date"))
            )


def read_opencode(source, name, content):
    """opencode: the catalogue of models.dev as an object literal in its program; the longest one is it."""
    longest = {}
    for start in re.finditer(rb'\{(?:"[\w-]+"|[\w$]+):\{id:"[\w-]+",env:', content):
        try:
            found = literal(content[start.start() : start.start() + LITERAL].decode("utf-8", "replace"), 0)[0]
        except ValueError:
            continue
        if len(found) > len(longest) and all(isinstance(p, dict) and "models" in p for p in found.values()):
            longest = found
    for provider, told in longest.items():
        listing = source.listing(provider)
        listing.variables |= set(told.get("env", []))
        listing.urls.add(told.get("api", ""))
        for key, model in told["models"].items():
            limit = model.get("limit", {})
            listing.models[key] = Model(
                number(limit.get("context")),
                number(limit.get("output")),
                deprecated=model.get("status") == "deprecated",
                released=model.get("release_date", ""),
            )


def read_openclaw(source, name, content):
    """OpenClaw: a manifest a plugin."""
    if not name.endswith("/openclaw.plugin.json"):
        return
    manifest = json.loads(content)
    for provider in manifest.get("setup", {}).get("providers", []):
        source.listing(provider["id"]).variables |= set(provider.get("envVars", []))
    for provider, told in manifest.get("modelCatalog", {}).get("providers", {}).items():
        listing = source.listing(provider)
        listing.urls.add(told.get("baseUrl", ""))
        for model in told.get("models", []):
            listing.models[model["id"]] = Model(number(model.get("contextWindow")), number(model.get("maxTokens")))


def read_hermes(source, name, content):
    """Hermes Agent: a table of models by provider, and calls that describe a provider."""
    if not name.endswith(".py") or not name.startswith(("hermes_cli/", "plugins/model-providers/")):
        return
    for node in ast.walk(ast.parse(content)):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Dict) and "_PROVIDER_MODELS" in ast.dump(node):
            for key, models in zip(value.keys, value.values):
                ids = strings(models)
                if isinstance(key, ast.Constant) and ids:
                    source.listing(key.value).models |= {one: Model() for one in ids}
        if isinstance(node, ast.Call):
            told = {word.arg: word.value for word in node.keywords}
            ids = strings(told.get("id")) or strings(told.get("name"))
            urls = strings(told.get("inference_base_url")) + strings(told.get("base_url"))
            names = strings(told.get("api_key_env_vars")) + strings(told.get("env_vars"))
            if ids and re.fullmatch("[a-z0-9-]+", ids[0]) and (urls or names):
                source.listing(ids[0]).urls |= set(urls)
                source.listing(ids[0]).variables |= {one for one in names if not one.endswith("_BASE_URL")}


def strings(node):
    """The texts of a constant, or of a list or tuple of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return [one.value for one in getattr(node, "elts", []) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def read_codex(source, name, content):
    """Codex: its built-in list, as JSON in its program."""
    for found in re.finditer(rb'"slug": *"([a-z0-9.-]+)"', content):
        rest = content[found.end() : found.end() + 4000].partition(b'"slug"')[0]
        context = re.search(rb'"context_window": *([0-9]+)', rest)
        source.listing("openai-codex").models[found[1].decode()] = Model(int(context[1]) if context else None)


def read_minimax(source, name, content):
    """MiniMax's CLI: the names of its models, wherever they are."""
    models = {found.decode(): Model() for found in re.findall(rb"""["'`](MiniMax-M[\w.-]*\w)["'`]""", content)}
    for provider in ("minimax", "minimax-cn", "minimax-oauth"):
        source.listing(provider).models |= models


def read_nothing(source, name, content):
    """Kimi's CLI gets its models from the service: only hosts, variables and client ids are in it."""


TOKEN = re.compile(r"""\s*(?:([{}\[\],:])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(!0|!1|true|false|null|void 0)|(-?[\d.]+(?:e[+-]?\d+)?)|([\w$]+))""", re.DOTALL)
WORDS = {"!0": True, "true": True, "!1": False, "false": False, "null": None, "void 0": None}


def literal(text, at):
    """Reads an object literal of JavaScript, JSON included: its value, and where it ends. ValueError on anything else."""

    def token(at):
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(at)
        return found, found.end()

    def value(at):
        found, after = token(at)
        if found[1] == "{":
            return members(after)
        if found[1] == "[":
            return elements(after)
        if found[4]:
            return WORDS[found[4]], after
        if found[5]:
            told = float(found[5])
            return int(told) if told.is_integer() else told, after
        if found[1] or found[6]:
            raise ValueError(at)
        return found[2] if found[2] is not None else found[3], after

    def members(at):
        result = {}
        while True:
            key, after = token(at)
            if key[1] == "}":
                return result, after
            name = next(one for one in (key[2], key[3], key[6], key[5], key[1]) if one is not None)
            colon, after = token(after)
            if colon[1] != ":":
                raise ValueError(at)
            result[name], at = value(after)
            end, after = token(at)
            at = after if end[1] == "," else at
            if end[1] not in (",", "}"):
                raise ValueError(at)

    def elements(at):
        result = []
        while True:
            end, after = token(at)
            if end[1] == "]":
                return result, after
            if end[1] == ",":
                at = after
            one, at = value(at)
            result.append(one)

    return value(at)


# Fetching


@dataclasses.dataclass(frozen=True)
class Package:
    name: str
    registry: str
    read: object
    # Where the program itself is in a package for each system: the package, and the version.
    program: tuple | None = None


PACKAGES = [
    Package("hermes-agent", "pypi", read_hermes),
    Package("@earendil-works/pi-ai", "npm", read_pi),
    Package("litellm", "pypi", read_litellm),
    Package("opencode-ai", "npm", read_opencode, ("opencode-linux-x64", "{version}")),
    Package("@openai/codex", "npm", read_codex, ("@openai/codex", "{version}-linux-x64")),
    Package("openclaw", "npm", read_openclaw),
    Package("mmx-cli", "npm", read_minimax),
    Package("@moonshot-ai/kimi-code", "npm", read_nothing),
]


def newest(package):
    """The newest version, and when its registry got it."""
    if package.registry == "npm":
        told = json.loads(command("npm", "view", f"{package.name}@latest", "version", "time", "--json"))
        told = told[0] if isinstance(told, list) else told
        return told["version"], datetime.date.fromisoformat(told["time"][told["version"]][:10])
    with urllib.request.urlopen(f"https://pypi.org/pypi/{package.name}/json", timeout=60) as answer:
        told = json.load(answer)
    return told["info"]["version"], datetime.date.fromisoformat(told["urls"][0]["upload_time_iso_8601"][:10])


def download(package, version, folder):
    """The archive, fetched once."""
    name, wanted = package.program or (package.name, "{version}")
    wanted = wanted.format(version=version)
    folder = folder / f"{name.replace('/', '-').lstrip('@')}-{wanted}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if package.registry == "npm":
            # By its version: without one npm takes the newest that runs on this Node, which can be years old.
            command("npm", "pack", f"{name}@{wanted}", "--ignore-scripts", "--silent", "--pack-destination", str(folder))
        else:
            spec = [f"{name}=={wanted}", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
            command(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder), *spec)
        (folder / "done").touch()
    return next(path for path in sorted(folder.iterdir()) if path.suffix in (".tgz", ".whl"))


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode != 0:
        raise OSError(f"{' '.join(words[:3])}: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return done.stdout


def fetch(package, folder, offline, wanted):
    """A package as a source. Offline, the newest that was fetched before."""
    note = folder / f"{package.name.replace('/', '-').lstrip('@')}.json"
    if offline:
        told = json.loads(note.read_text())
        version, published = told["version"], datetime.date.fromisoformat(told["published"])
    else:
        version, published = newest(package)
    archive = download(package, version, folder)
    note.write_text(json.dumps({"version": version, "published": published.isoformat()}))
    source = Source(package.name, version, published)
    read(source, package.read, files(archive), wanted)
    if package.read is not read_nothing and not any(listing.models for listing in source.lists.values()):
        raise ValueError(f"{version} has no list of models where earlier versions had one")
    return source


def files(archive):
    """The files of an archive, with their names from its root."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                yield name, opened.read(name)
    else:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile():
                    yield member.name.partition("/")[2], opened.extractfile(member).read()


def read(source, reader, contents, wanted):
    """Reads files: lists by the package's reader, hosts, and which of the wanted words occur."""
    for name, content in contents:
        if any(part in f"/{name}" for part in FOREIGN):
            continue
        source.hosts |= {host.decode().lower() for host in HOST.findall(content)}
        # Variables by one pass over all words in capitals; the few others each by a search.
        source.words |= wanted & {word.decode() for word in CAPITALS.findall(content)}
        source.words |= {word for word in wanted if not CAPITALS.fullmatch(word.encode()) and word.encode() in content}
        reader(source, name, content)
