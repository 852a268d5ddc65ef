// The tests of one file, one after the other, and the engine in a house of its own.
//
// ES modules look for packages beside the file; ours are in the cache folder, so `npm(name)` loads them from there.

import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const cache = join(process.env.CI_TOOLS ?? join(homedir(), '.cache/hermes-engine-ci'), 'extra');
const require = createRequire(join(cache, 'package.json'));
export const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;

/** A pinned package. */
export const npm = (name) => import(pathToFileURL(require.resolve(name)));

const tests = [];
/** Declares a test. */
export const test = (name, body) => tests.push({ name, body });

/** Runs what was declared, then `after`, and ends the process. */
export async function finish(after = () => {}) {
  let failed = 0;
  for (const { name, body } of tests) {
    const house = new House();
    try {
      await within(60, name, body(house));
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n  ${String(error.stack ?? error).replaceAll('\n', '\n  ')}`);
    }
    house.close();
  }
  await after();
  process.exit(failed ? 1 : 0);
}

/** The promise's value, or an error after so many seconds. */
export function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The engine with an empty home and a working directory of its own. */
export class House {
  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'hermes-extra-'));
    this.home = join(this.root, 'home/.hermes');
    this.work = join(this.root, 'work');
    this.env = { PATH: process.env.PATH, HOME: join(this.root, 'home'), HERMES_HOME: this.home };
    this.running = [];
    mkdirSync(this.work, { recursive: true });
    mkdirSync(this.env.HOME, { recursive: true });
  }

  /** Writes a file below the working directory. */
  write(path, text, mode = 0o644) {
    mkdirSync(join(this.work, path, '..'), { recursive: true });
    writeFileSync(join(this.work, path), text, { mode });
    return join(this.work, path);
  }

  /** `auth.json`. */
  auth() {
    return JSON.parse(readFileSync(join(this.home, 'auth.json'), 'utf8'));
  }

  /** Puts an older `auth.json` back. */
  putAuth(auth) {
    writeFileSync(join(this.home, 'auth.json'), JSON.stringify(auth, null, 2), { mode: 0o600 });
  }

  /** Starts the engine. */
  start(...args) {
    const run = new Run(spawn(process.env.HERMES_ENGINE, args, { cwd: this.work, env: this.env }));
    this.running.push(run);
    return run;
  }

  /** Runs the engine to its end, which must have this exit code. */
  async run(code, ...args) {
    const run = this.start(...args);
    run.child.stdin.end();
    return run.expect(code);
  }

  /** Starts a simulated server that waits for a person; `connect` are the arguments that lead to it. */
  async simulate(...args) {
    const run = this.start('simulate', ...args);
    const line = await run.stdout.line(/--connect-to .*/);
    return { run, connect: line.split(' '), url: `http://${line.match(/=(127\.0\.0\.1:\d+)/)[1]}` };
  }

  close() {
    for (const run of this.running) run.child.kill('SIGKILL');
    // A browser that was killed may still be writing.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Text that arrives bit by bit. */
class Stream {
  constructor(source) {
    this.text = '';
    this.waiting = [];
    source.setEncoding('utf8').on('data', (part) => {
      this.text += part;
      this.waiting.forEach((look) => look());
    });
  }

  /** Waits for the pattern; gives its last group, or all of it. */
  line(pattern, seconds = 20) {
    const found = new Promise((resolve) => {
      const look = () => {
        const match = this.text.match(pattern);
        if (match) resolve(match.at(-1));
      };
      this.waiting.push(look);
      look();
    });
    return within(seconds, String(pattern), found).catch((error) => {
      throw new Error(`${error.message}, in:\n${this.text}`);
    });
  }
}

class Run {
  constructor(child) {
    this.child = child;
    this.stdout = new Stream(child.stdout);
    this.stderr = new Stream(child.stderr);
    this.ended = new Promise((resolve) => child.on('close', resolve));
  }

  /** Waits for the end. */
  async expect(code) {
    const got = await within(40, 'the end of the engine', this.ended).catch((error) => error.message);
    if (got !== code) {
      throw new Error(`exit ${got} instead of ${code}\n${this.stdout.text}\n${this.stderr.text}`);
    }
    return { stdout: this.stdout.text, stderr: this.stderr.text };
  }
}
