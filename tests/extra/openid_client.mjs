// Another client, openid-client of npm, logs in to the simulated server: it takes no reply that only we would take.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { finish, here, npm, test } from './harness.mjs';

const client = await npm('openid-client');
const providers = ['--providers-dir', join(here, 'providers')];

/** The client's picture of a server whose endpoints are at these paths. */
function configuration(url, clientId, paths) {
  const endpoints = Object.entries(paths).map(([name, path]) => [`${name}_endpoint`, url + path]);
  const server = { issuer: url, ...Object.fromEntries(endpoints) };
  const config = new client.Configuration(server, clientId, undefined, client.None());
  client.allowInsecureRequests(config);
  return config;
}

test('openid-client: logs in to the simulator by code with PKCE, refreshes, and revokes', async (house) => {
  const { url } = await house.simulate('--scenario', 'approve', ...providers, 'acme-code');
  const paths = { authorization: '/authorize', token: '/token', revocation: '/revoke' };
  const config = configuration(url, 'hermes-cli', paths);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const redirect = 'http://127.0.0.1:9/callback';
  const page = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'openid models offline_access',
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const { headers } = await fetch(page, { redirect: 'manual' });
  const callback = new URL(headers.get('location'));
  assert.ok(callback.href.startsWith(redirect), callback.href);
  const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
  assert.equal(tokens.token_type, 'bearer');
  assert.ok(tokens.expires_in > 0);

  const again = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(again.access_token, tokens.access_token);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await client.tokenRevocation(config, again.refresh_token, { token_type_hint: 'refresh_token' });
});

/** A device login of another's client. */
async function device(house, scenario) {
  const { run, url } = await house.simulate('--scenario', scenario, ...providers, 'peer-device');
  const paths = { device_authorization: '/device/auth', token: '/token' };
  const config = configuration(url, 'engine', paths);
  const asked = await client.initiateDeviceAuthorization(config, { scope: 'openid offline_access' });
  assert.ok(asked.user_code && asked.verification_uri);
  return { run, config, asked };
}

test('openid-client: logs in to the simulator by device code, once a person approves', async (house) => {
  const { run, config, asked } = await device(house, 'ask');
  const page = await (await fetch(await run.stderr.line(/decide at (http\S+)/))).text();
  const body = new URLSearchParams({ session: page.match(/name="session" value="([^"]+)"/)[1], decision: 'approve' });
  const polling = client.pollDeviceAuthorizationGrant(config, asked);
  const origin = new URL(config.serverMetadata().issuer).origin;
  await fetch(`${origin}/simulated/decide`, { method: 'POST', body, headers: { origin } });
  const tokens = await polling;
  assert.ok(tokens.access_token && tokens.refresh_token);
});

test('openid-client: is told by the simulator that a person denied', async (house) => {
  const { config, asked } = await device(house, 'deny');
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, asked), { error: 'access_denied' });
});

await finish();
