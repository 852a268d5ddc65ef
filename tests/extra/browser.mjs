// Logins in a real browser: the simulator's approval page and the listener's callback page.
//
// SCREENSHOTS=folder keeps pictures of the pages.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { finish, here, npm, test } from './harness.mjs';

const { chromium } = (await npm('playwright-core')).default;
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
const providers = ['--providers-dir', join(here, 'providers')];

/** A page in a browser that remembers nothing; what its console says goes to `page.said`. */
async function open(url) {
  const page = await browser.newPage({ viewport: { width: 800, height: 640 } });
  page.said = [];
  page.on('console', (message) => page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(String(error)));
  await page.goto(url);
  return page;
}

const picture = async (page, name) =>
  process.env.SCREENSHOTS && (await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) }));

/** A device login that waits: the page where it is decided, the code on the terminal, and the run. */
async function device(house) {
  const { run: server, connect, url } = await house.simulate('minimax-oauth');
  const login = house.start('run-flow', 'minimax-oauth', '--no-browser', ...connect);
  const code = await login.stderr.line(/enter code: (\S+)/);
  const decide = await server.stderr.line(/decide at (http\S+)/);
  assert.ok(decide.startsWith(url), decide);
  return { login, code, page: await open(decide) };
}

test('browser: the page shows the code of the terminal, and Approve ends the login', async (house) => {
  const { login, code, page } = await device(house);
  assert.equal(await page.locator('.code').innerText(), code);
  await picture(page, 'device-approve');
  await page.getByRole('button', { name: 'Approve' }).click();
  assert.match((await login.expect(0)).stderr, /MiniMax \(OAuth\).*login successful/i);
  await picture(page, 'device-approved');
  assert.ok(house.auth().providers['minimax-oauth'].access_token);
  assert.deepEqual(page.said, []);
});

test('browser: Deny ends the login as denied', async (house) => {
  const { login, page } = await device(house);
  await page.getByRole('button', { name: 'Deny' }).click();
  assert.match((await login.expect(4)).stderr, /denied/);
  await picture(page, 'device-denied');
  assert.throws(() => house.auth());
});

test('browser: a person types the code, and is told of a wrong one', async (house) => {
  const { login, code, page } = await device(house);
  await page.goto(page.url().split('?')[0]);
  await picture(page, 'device-code');
  await page.getByLabel('Code').fill('NOT-ONE');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('alert').waitFor();
  await picture(page, 'device-wrong-code');
  await page.getByLabel('Code').fill(code.toLowerCase());
  await page.getByLabel('Code').press('Enter');
  await page.getByRole('button', { name: 'Approve' }).click();
  await login.expect(0);
});

/** The address on the terminal, as this computer reaches it. */
async function authorizeUrl(login, url) {
  const page = await login.stderr.line(/Open: (http\S+)\n/);
  assert.ok(page.startsWith(url), page);
  return page;
}

/** A login by redirect that waits: the consent page and the run. */
async function loopback(house) {
  const { connect, url } = await house.simulate(...providers, 'acme-code');
  const login = house.start(...providers, 'run-flow', 'acme-code', '--no-browser', ...connect);
  return { login, page: await open(await authorizeUrl(login, url)) };
}

test('browser: Approve leads to the callback page, and the login ends', async (house) => {
  const { login, page } = await loopback(house);
  await picture(page, 'code-approve');
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback/);
  assert.equal(await page.getByRole('heading').innerText(), 'You can close this window');
  await picture(page, 'callback');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'callback-dark');
  await login.expect(0);
  assert.ok(house.auth().providers['acme-code'].refresh_token);
  assert.deepEqual(page.said.filter((line) => !line.includes('favicon')), []);
});

test('browser: Deny leads to the callback page too, and the login ends as denied', async (house) => {
  const { login, page } = await loopback(house);
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.waitForURL(/\/callback/);
  assert.match((await login.expect(4)).stderr, /denied/);
});

test('browser: $BROWSER is started with the address, and its page ends the login', async (house) => {
  const { connect } = await house.simulate('--scenario', 'approve', ...providers, 'acme-code');
  const script = house.write('browser', `#!/bin/sh
/usr/bin/chromium ${flags.join(' ')} --user-data-dir="$HOME/chromium" --dump-dom "$1" >"$HOME/page.part"
mv "$HOME/page.part" "$HOME/page.html"
`, 0o755);
  house.env.BROWSER = script;
  const login = house.start(...providers, 'run-flow', 'acme-code', ...connect);
  assert.match((await login.expect(0)).stderr, /\(Opened browser for verification\)/);
  const page = join(house.env.HOME, 'page.html');
  while (!existsSync(page)) await sleep(50); // the browser outlives the login
  assert.match(readFileSync(page, 'utf8'), /You can close this window/);
});

await finish(() => browser.close());
