/** How the `http` output logs in beyond a fixed header: OAuth 2.0 and signatures for AWS. */
import { createVerify, generateKeyPairSync, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { useTestCredentials } from '../../test/support/fake_cloudwatch/rig.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { HttpCapture, type Reply } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import http from './index.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;
const NOW_MS = Date.UTC(2026, 0, 1);
useTestCredentials();

const token = (name: string, more: object = { token_type: 'Bearer', expires_in: 3600 }): Reply => ({
  status: 200,
  body: JSON.stringify({ access_token: name, ...more }),
});

interface Rig {
  readonly server: readonly Reply[];
  readonly tokens: readonly Reply[];
  readonly pairs?: Pairs;
}

async function rig(t: Test, { server: replies, tokens: answers, pairs = [] }: Rig) {
  const server = await HttpCapture.start(...replies);
  const tokens = await HttpCapture.start(...answers);
  const clock = new VirtualClock(NOW_MS);
  const { plugin } = await make(
    http,
    [
      ['Port', String(server.port)],
      ['oauth2.enable', 'on'],
      ['oauth2.token_url', `http://127.0.0.1:${tokens.port}/oauth/token?tenant=1`],
      ['oauth2.client_id', 'me'],
      ['oauth2.client_secret', 's3cret'],
      ...pairs,
    ],
    { clock },
  );
  await plugin.start?.();
  t.teardown(async () => {
    await plugin.stop?.();
    await Promise.all([server.stop(), tokens.stop()]);
  });
  const flush = (abort = signal) => plugin.flush(batchOf([eventOf({ log: 'x' })]), abort);
  const logins = () => server.received.map(({ headers }) => headers.authorization);
  return { server, tokens, clock, flush, logins };
}

t.test('a token is asked for once, by client credentials, and goes with every request', async (t) => {
  const { tokens, flush, logins } = await rig(t, {
    server: [{ status: 200 }],
    tokens: [token('abc', { token_type: 'bearer', expires_in: 3600 })],
    pairs: [
      ['oauth2.scope', 'logs write'],
      ['oauth2.audience', 'https://logs'],
      ['oauth2.resource', 'r'],
      ['oauth2.user_agent', 'collector/1'],
      ['Header', 'Authorization Basic other'],
    ],
  });
  t.same(await Promise.all([flush(), flush(), flush()]), [OK, OK, OK]);
  t.same(await flush(), OK);
  t.same(logins(), Array(4).fill('Bearer abc'));
  t.equal(tokens.received.length, 1);
  const [asked] = tokens.received;
  t.equal(asked?.url, '/oauth/token?tenant=1');
  t.equal(asked?.headers.authorization, `Basic ${Buffer.from('me:s3cret').toString('base64')}`);
  t.equal(asked?.headers['content-type'], 'application/x-www-form-urlencoded');
  t.equal(asked?.headers['user-agent'], 'collector/1');
  t.same(Object.fromEntries(new URLSearchParams(asked?.body.toString())), {
    grant_type: 'client_credentials',
    scope: 'logs write',
    audience: 'https://logs',
    resource: 'r',
  });
});

t.test('with auth_method post the secret stands in the form', async (t) => {
  const { tokens, flush } = await rig(t, {
    server: [{ status: 200 }],
    tokens: [token('abc')],
    pairs: [['oauth2.auth_method', 'post']],
  });
  t.same(await flush(), OK);
  t.equal(tokens.received[0]?.headers.authorization, undefined);
  t.equal(tokens.received[0]?.body.toString(), 'grant_type=client_credentials&client_id=me&client_secret=s3cret');
});

t.test('a token is renewed shortly before its end, a short one at half its life', async (t) => {
  const { clock, flush, logins } = await rig(t, {
    server: [{ status: 200 }],
    tokens: [
      token('long', { expires_in: 600 }),
      token('short', { expires_in: 20 }),
      token('without', {}),
      token('last'),
    ],
    pairs: [['oauth2.refresh_skew_seconds', '100']],
  });
  for (const seconds of [0, 499, 1, 9, 1, 199, 1]) {
    await clock.advance(seconds * 1000);
    t.same(await flush(), OK);
  }
  t.same(
    logins().map((login) => login?.slice('Bearer '.length)),
    ['long', 'long', 'short', 'short', 'without', 'without', 'last'],
  );
});

t.test('where the server does not take the token, a new one is tried at once', async (t) => {
  const { tokens, flush, logins } = await rig(t, {
    server: [{ status: 200 }, { status: 401 }, { status: 200 }],
    tokens: [token('one'), token('two')],
  });
  t.same([await flush(), await flush()], [OK, OK]);
  t.same(logins(), ['Bearer one', 'Bearer one', 'Bearer two']);
  t.equal(tokens.received.length, 2);
});

t.test('a server that takes no token at all refuses the chunk, as without OAuth', async (t) => {
  const { server, flush } = await rig(t, { server: [{ status: 401 }], tokens: [token('one'), token('two')] });
  t.match(await flush(), { kind: 'drop', reason: /HTTP status 401/ });
  t.equal(server.received.length, 2);
});

t.test('without a token the chunk is tried again, with what the token server said', async (t) => {
  const { server, flush } = await rig(t, {
    server: [{ status: 200 }],
    tokens: [
      { status: 401, body: '{"error":"invalid_client","error_description":"unknown client"}' },
      { status: 500, body: 'oops' },
      { status: 200, body: '{"access_token":"a\\r\\nb"}' },
      'drop',
      token('abc'),
    ],
  });
  t.match(await flush(), {
    kind: 'retry',
    reason: /no token from \S+: HTTP status 401: invalid_client, unknown client$/,
  });
  t.match(await flush(), { kind: 'retry', reason: /no token from \S+: HTTP status 500$/ });
  t.match(await flush(), { kind: 'retry', reason: /without access_token/ });
  t.match(await flush(), { kind: 'retry', reason: /no token from \S+: other side closed/ });
  t.equal(server.received.length, 0);
  t.same(await flush(), OK);
});

t.test(
  'a token server that does not answer: retry after oauth2.timeout, or at once when the engine gives up',
  async (t) => {
    const { clock, tokens, flush } = await rig(t, {
      server: [{ status: 200 }],
      tokens: ['silence'],
      pairs: [['oauth2.timeout', '3s']],
    });
    const abort = new AbortController();
    const both = [flush(abort.signal), flush()];
    await tokens.request(1);
    abort.abort();
    t.match(await both[0], { kind: 'retry', reason: /given up/ });
    await clock.advance(3000);
    t.match(await both[1], { kind: 'retry', reason: /no token.*no answer within 3 seconds/ });
  },
);

const FIXTURES = path.join(import.meta.dirname, '../../test/conformance/cases/cloudwatch/template-interleaved-streams');

t.test('private_key_jwt shows who it is by an assertion that its key signs', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certFile = path.join(FIXTURES, 'cert.pem');
  const dir = t.testdir({ 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }) as string });
  const keys: Pairs = [
    ['oauth2.auth_method', 'private_key_jwt'],
    ['oauth2.jwt_key_file', path.join(dir, 'key.pem')],
    ['oauth2.jwt_cert_file', certFile],
  ];
  const certificate = new X509Certificate(fs.readFileSync(certFile));
  const hex = certificate.fingerprint.replaceAll(':', '');
  const cases: [Pairs, object][] = [
    [[], { kid: hex }],
    [[['oauth2.jwt_header', 'x5t']], { x5t: Buffer.from(hex, 'hex').toString('base64url') }],
  ];
  for (const [pairs, header] of cases) {
    const { tokens, flush } = await rig(t, {
      server: [{ status: 200 }],
      tokens: [token('abc')],
      pairs: [...keys, ...pairs, ['oauth2.jwt_aud', 'aud'], ['oauth2.jwt_ttl_seconds', '60']],
    });
    t.same(await flush(), OK);
    const form = new URLSearchParams(tokens.received[0]?.body.toString());
    t.equal(form.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    t.equal(form.get('client_id'), 'me');
    t.equal(form.get('client_secret'), null);
    const [head = '', claims = '', signature = ''] = (form.get('client_assertion') ?? '').split('.');
    t.ok(createVerify('sha256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url'));
    t.same(JSON.parse(Buffer.from(head, 'base64url').toString()), { alg: 'RS256', typ: 'JWT', ...header });
    const iat = NOW_MS / 1000;
    t.match(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
      iss: 'me',
      sub: 'me',
      aud: 'aud',
      iat,
      exp: iat + 60,
      jti: /^[0-9a-f-]{36}$/,
    });
  }
});

t.test('what cannot work is refused at the start', async (t) => {
  const oauth: Pairs = [
    ['oauth2.enable', 'on'],
    ['oauth2.token_url', 'https://login.example/token'],
    ['oauth2.client_id', 'me'],
    ['oauth2.client_secret', 's'],
  ];
  const without = (name: string) => oauth.filter(([key]) => key !== `oauth2.${name}`);
  await t.rejects(make(http, without('token_url')), { message: /'oauth2.token_url'/ });
  await t.rejects(make(http, [...without('token_url'), ['oauth2.token_url', 'login']]), { message: /token_url/ });
  await t.rejects(make(http, without('client_id')), { message: /'oauth2.client_id'/ });
  await t.rejects(make(http, without('client_secret')), { message: /'oauth2.client_secret'/ });
  const jwt: Pairs = [...without('client_secret'), ['oauth2.auth_method', 'private_key_jwt']];
  await t.rejects(make(http, jwt), { message: /'oauth2.jwt_key_file'/ });
  await t.rejects(make(http, [...jwt, ['oauth2.jwt_key_file', '/k']]), { message: /'oauth2.jwt_cert_file'/ });
  const { plugin } = await make(http, [...jwt, ['oauth2.jwt_key_file', '/no/k'], ['oauth2.jwt_cert_file', '/no/c']]);
  await t.rejects(Promise.resolve(plugin.start?.()), { message: /cannot read \/no\/k/ });
  const aws: Pairs = [
    ['aws_auth', 'on'],
    ['aws_service', 'es'],
    ['aws_region', 'eu-central-1'],
  ];
  await t.rejects(make(http, aws.slice(0, 1)), { message: /'aws_service'/ });
  await t.rejects(make(http, aws.slice(0, 2)), { message: /'aws_region'/ });
  await t.rejects(make(http, [...aws, ...oauth]), { message: /exclude each other/ });
});

async function signed(pairs: Pairs, sts?: Reply) {
  const server = await HttpCapture.start({ status: 200 });
  const asked = await HttpCapture.start(sts ?? { status: 500 });
  const { plugin } = await make(
    http,
    [
      ['Port', String(server.port)],
      ['aws_auth', 'on'],
      ['aws_service', 'es'],
      ['aws_region', 'eu-central-1'],
      ['aws_sts_endpoint', `http://127.0.0.1:${asked.port}`],
      ...pairs,
    ],
    { clock: new VirtualClock(NOW_MS) },
  );
  await plugin.start?.();
  const verdicts = [
    await plugin.flush(batchOf([eventOf({ log: 'x' })]), signal),
    await plugin.flush(batchOf([eventOf({ log: 'y' })]), signal),
  ];
  await plugin.stop?.();
  await Promise.all([server.stop(), asked.stop()]);
  return { verdicts, received: server.received, asked: asked.received };
}

t.test('requests are signed for AWS, also compressed ones, and other logins are left out', async (t) => {
  const { verdicts, received } = await signed([
    ['URI', '/index/_bulk?pipeline=a'],
    ['Compress', 'gzip'],
    ['http_User', 'me'],
    ['Header', 'X-Amz-Thing 1'],
  ]);
  t.same(verdicts, [OK, OK]);
  t.match(received[0]?.headers, {
    'x-amz-date': '20260101T000000Z',
    'content-encoding': 'gzip',
    'user-agent': 'Fluent-Bit',
    'x-amz-content-sha256': /^[0-9a-f]{64}$/,
    authorization:
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260101\/eu-central-1\/es\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-thing, Signature=[0-9a-f]{64}$/,
  });
  t.not(received[0]?.headers.authorization, received[1]?.headers.authorization);
});

t.test('aws_role_arn takes on a role, with the external id, once for all requests', async (t) => {
  const keys = '<AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken>';
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const body = `<AssumeRoleResponse><Credentials>${keys}<Expiration>${end}</Expiration></Credentials></AssumeRoleResponse>`;
  const { verdicts, received, asked } = await signed(
    [
      ['aws_role_arn', 'arn:aws:iam::123456789012:role/logs'],
      ['aws_external_id', 'ext'],
    ],
    { status: 200, body },
  );
  t.same(verdicts, [OK, OK]);
  t.equal(asked.length, 1);
  t.match(Object.fromEntries(new URLSearchParams(asked[0]?.body.toString())), {
    Action: 'AssumeRole',
    RoleArn: 'arn:aws:iam::123456789012:role/logs',
    ExternalId: 'ext',
  });
  t.match(received[1]?.headers, { authorization: /Credential=ROLEKEY\//, 'x-amz-security-token': 'tok' });
});

t.test('without credentials the chunk is tried again, and the reason says so', async (t) => {
  const { verdicts, received } = await signed([['aws_role_arn', 'arn:aws:iam::1:role/x']], {
    status: 403,
    body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
  });
  t.match(verdicts[0], { kind: 'retry', reason: /role arn:aws:iam::1:role\/x cannot be taken on: .*AccessDenied: no/ });
  t.equal(received.length, 0);
});
