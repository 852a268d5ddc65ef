"""The words of the project: links that lead somewhere, help that fits a line, and a dialect that only shrinks.

    python3 tests/extra/prose.py            check
    python3 tests/extra/prose.py --update   write the counts of the dialect, which may only fall
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNTS = ROOT / "tests/extra/dialect.txt"
LONGEST_SUMMARY = 70

# Words that no user would search for, and what to write instead.
DIALECT = {
    r"a person('s)?": "user",
    r"stands": "is",
    r"said": "set, reported",
    r"told": "shown, asked",
    r"mend(s|ed|ing)?": "fix",
    r"nobody": "no one, or the passive",
    r"complain": "no problems found",
    r"has ended": "expired, discontinued",
    r"may be given again": "repeatable",
    r"whatever": "any",
    r"that is come to": "reached",
}


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def anchors(page):
    """The anchors of a page's headings, as Git hosts make them."""
    found = set()
    fenced = False
    for line in page.read_text().splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line.lstrip("#").strip()).lower()
            slug = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
            number = next(n for n in range(100) if (slug if n == 0 else f"{slug}-{n}") not in found)
            found.add(slug if number == 0 else f"{slug}-{number}")
    return found


def dead_links():
    for page in tracked("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            to = (page.parent / path).resolve() if path else page
            if not to.exists():
                yield f"{page.relative_to(ROOT)}: {target} does not exist"
            elif anchor and to.suffix == ".md" and anchor not in anchors(to):
                yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def long_summaries():
    """Summaries of commands in `--help`: one line, no full stop."""
    page = (ROOT / "docs/cli.md").read_text()
    for name, block in re.findall(r"^## (.+?)\n\n```text\n(.*?)```", page, re.MULTILINE | re.DOTALL):
        summary = block.split("\n\n")[0].replace("\n", " ").rstrip(".")
        if len(summary) > LONGEST_SUMMARY:
            yield f"docs/cli.md: the summary of `{name}` has {len(summary)} characters, of {LONGEST_SUMMARY}: {summary}"


def counts():
    own = {COUNTS, ROOT / "tests/extra/prose.py"}
    files = [file for file in tracked("*.rs", "*.md", "*.toml", "*.py", "*.mjs", "*.sh") if file not in own]
    text = "\n".join(file.read_text() for file in files if "corpus" not in file.parts)
    return {word: len(re.findall(rf"\b{word}\b", text, re.IGNORECASE)) for word in DIALECT}


def dialect():
    allowed = dict(line.rsplit(" ", 1) for line in COUNTS.read_text().splitlines())
    for word, count in counts().items():
        most = int(allowed.get(word, 0))
        if count > most:
            yield f"`{word}` occurs {count} times, of {most} before: write {DIALECT[word]!r}"
        elif count < most:
            print(f"note: `{word}` occurs {count} times now, {most} before: python3 tests/extra/prose.py --update")


def main():
    if "--update" in sys.argv:
        COUNTS.write_text("".join(f"{word} {count}\n" for word, count in counts().items()))
        return
    failed = False
    for name, rule in [("links", dead_links), ("help", long_summaries), ("dialect", dialect)]:
        faults = list(rule())
        for fault in faults:
            print(f"  {fault}")
        print(f"{'FAILED' if faults else 'ok'} prose: {name}")
        failed |= bool(faults)
    sys.exit(failed)


main()
