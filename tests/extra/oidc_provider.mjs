// The shipped flows against node-oidc-provider, a certified authorization server: device grant, code grant with PKCE,
// rotation of refresh tokens with detection of reuse, revocation.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { finish, here, npm, test } from './harness.mjs';
import { Person } from './person.mjs';

const host = 'oidc.example';
console.info = console.warn = () => {}; // the server's advice on how to run it for real
const { Provider } = await npm('oidc-provider');
const provider = new Provider(`https://${host}`, {
  clients: [{
    client_id: 'engine',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
  rotateRefreshToken: true,
  cookies: { keys: ['not a secret'] },
  ttl: { AccessToken: 600, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, DeviceCode: 300 },
});
provider.proxy = true;
const handle = provider.callback();
const server = http.createServer((request, response) => {
  request.headers['x-forwarded-proto'] = 'https'; // what a proxy that ends TLS says
  handle(request, response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const options = ['--providers-dir', join(here, 'providers')];
const connect = ['--connect-to', `${host}=127.0.0.1:${port}`];

/** The page on the terminal: told by the server's own address, and seen by its host's name. */
async function pageOf(run) {
  const page = await run.stderr.line(/Open: (http\S+)\n/);
  assert.ok(page.startsWith(`http://127.0.0.1:${port}/`), page);
  return page.replace(`http://127.0.0.1:${port}`, `https://${host}`);
}

/** Logs in and consents, on the pages that the server has for development. */
async function approve(person, page) {
  page = await person.submit(page, { login: 'ann', password: 'any' });
  return person.submit(page, {});
}

async function loginByCode(house) {
  const run = house.start(...options, 'run-flow', 'peer-code', '--no-browser', ...connect);
  const person = new Person(host, port);
  const page = await person.visit(await pageOf(run));
  const end = await approve(person, page);
  assert.match(end.body, /You can close this window/);
  await run.expect(0);
  return house.auth().providers['peer-code'];
}

async function loginByDevice(house) {
  const run = house.start(...options, 'run-flow', 'peer-device', '--no-browser', ...connect);
  const url = await pageOf(run);
  const code = await run.stderr.line(/enter code: (\S+)/);
  assert.ok(url.startsWith(`https://${host}/device`), url);
  const person = new Person(host, port);
  let page = await person.visit(`https://${host}/device`);
  page = await person.submit(page, { user_code: code });
  page = await person.submit(page, { confirm: 'yes' });
  await approve(person, page);
  await run.expect(0);
  return house.auth().providers['peer-device'];
}

/** Refreshes; the exit code must be this. */
const refresh = (house, id, code) => house.run(code, ...options, 'run-flow', id, '--flow', 'refresh', ...connect);

test('oidc-provider: the code flow with PKCE logs in', async (house) => {
  const { access_token, refresh_token } = await loginByCode(house);
  assert.ok(await provider.AccessToken.find(access_token));
  assert.ok(await provider.RefreshToken.find(refresh_token));
});

test('oidc-provider: the device flow logs in', async (house) => {
  const { access_token } = await loginByDevice(house);
  assert.ok(await provider.AccessToken.find(access_token));
});

test('oidc-provider: the device flow that a person aborts is denied', async (house) => {
  const run = house.start(...options, 'run-flow', 'peer-device', '--no-browser', ...connect);
  const code = await run.stderr.line(/enter code: (\S+)/);
  const person = new Person(host, port);
  const page = await person.submit(await person.visit(`https://${host}/device`), { user_code: code });
  await person.submit(page, { abort: 'yes' });
  assert.match((await run.expect(4)).stderr, /denied/);
});

test('oidc-provider: a refresh rotates, and a spent refresh token asks for a login and keeps the record', async (house) => {
  const first = await loginByCode(house);
  const before = house.auth();
  await refresh(house, 'peer-code', 0);
  const second = house.auth().providers['peer-code'];
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.notEqual(second.access_token, first.access_token);

  house.putAuth(before);
  assert.match((await refresh(house, 'peer-code', 3)).stderr, /run `hermes-engine run-flow peer-code`/);
  const kept = house.auth().providers['peer-code'];
  assert.equal(kept.access_token, first.access_token);
  assert.equal(kept.last_auth_error.relogin_required, true);
  assert.equal(await provider.RefreshToken.find(second.refresh_token), undefined, 'the server ended the family');
});

test('oidc-provider: a logout revokes the refresh token, and forgets it', async (house) => {
  const { refresh_token } = await loginByDevice(house);
  await house.run(0, ...options, 'run-flow', 'peer-device', '--flow', 'logout', ...connect);
  assert.equal(await provider.RefreshToken.find(refresh_token), undefined);
  assert.equal(house.auth().providers['peer-device'], undefined);
});

await finish(() => server.close());
