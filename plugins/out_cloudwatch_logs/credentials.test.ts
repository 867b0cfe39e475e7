/** Where the `cloudwatch_logs` output has its credentials from, and how it signs: the real SDK against local stand-ins. */
import path from 'node:path';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import t, { type Test } from 'tap';
import { OK } from '../../src/plugin.ts';
import { batchOf } from '../../test/support/batch.ts';
import { logOf, numbered, useTestCredentials } from '../../test/support/fake_cloudwatch/rig.ts';
import { HttpCapture, type Reply } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import definition from './index.ts';

useTestCredentials();
const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'x' };

const END = new Date(Date.now() + 3_600_000).toISOString();
const stsAnswer = (action: string, key: string): Reply => ({
  status: 200,
  body: `<${action}Response><${action}Result><Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>${END}</Expiration></Credentials></${action}Result></${action}Response>`,
});
const containerAnswer = (key: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ AccessKeyId: key, SecretAccessKey: 's', Token: 'tok', Expiration: END }),
});

/** Nothing of the chain is there but what `env` says. */
function useOnly(t: Test, env: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, { AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' }, env);
  t.teardown(() => {
    process.env = before;
  });
}

/** How the request is signed that an event makes. */
async function signedWith(t: Test, pairs: readonly (readonly [string, string])[] = []) {
  const logs = await HttpCapture.start({ status: 200, headers: json, body: '{}' });
  const { plugin } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
    ...pairs,
  ]);
  t.teardown(async () => {
    await plugin.stop?.();
    await logs.stop();
  });
  t.same(await plugin.flush(batchOf(numbered(1)), new AbortController().signal), OK);
  const headers = logs.received.at(-1)?.headers;
  return { key: /Credential=(\w+)/.exec(headers?.authorization ?? '')?.[1], token: headers?.['x-amz-security-token'] };
}

async function source(t: Test, ...replies: Reply[]): Promise<HttpCapture> {
  const server = await HttpCapture.start(...replies);
  t.teardown(() => server.stop());
  return server;
}

t.test('credentials of a profile', async (t) => {
  const file = path.join(
    t.testdir({ credentials: '[mine]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = s\n' }),
    'credentials',
  );
  useOnly(t, { AWS_SHARED_CREDENTIALS_FILE: file });
  t.match(await signedWith(t, [['profile', 'mine']]), { key: 'PROFILEKEY' });
});

t.test('credentials of the web identity of a service account (IRSA)', async (t) => {
  const sts = await source(t, stsAnswer('AssumeRoleWithWebIdentity', 'IRSAKEY'));
  useOnly(t, {
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/irsa',
    AWS_WEB_IDENTITY_TOKEN_FILE: path.join(t.testdir({ token: 'jwt' }), 'token'),
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${sts.port}`,
  });
  t.match(await signedWith(t), { key: 'IRSAKEY', token: 'tok' });
  t.match(Object.fromEntries(new URLSearchParams(sts.received[0]?.body.toString())), {
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: 'arn:aws:iam::123456789012:role/irsa',
    WebIdentityToken: 'jwt',
  });
});

t.test('credentials of a web identity are renewed without events going anywhere else', async (t) => {
  const ends = new Date(Date.now() + 1000).toISOString();
  const short = stsAnswer('AssumeRoleWithWebIdentity', 'IRSAKEY') as { status: number; body: string };
  const sts = await source(t, { ...short, body: short.body.replace(END, ends) });
  const logs = await source(t, { status: 200, headers: json, body: '{}' });
  useOnly(t, {
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/irsa',
    AWS_WEB_IDENTITY_TOKEN_FILE: path.join(t.testdir({ token: 'jwt' }), 'token'),
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${sts.port}`,
  });
  const { plugin } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
  ]);
  for (let i = 0; i < 4; i++) t.same(await plugin.flush(batchOf(numbered(1, i)), new AbortController().signal), OK);
  await plugin.stop?.();
  t.ok(sts.received.length > 1, 'they end soon, so they were asked for again');
  t.ok(sts.received.every(({ body }) => body.toString().includes('AssumeRoleWithWebIdentity')));
  t.equal(logs.received.length, 5);
});

t.test('credentials of EKS Pod Identity, whose token stands in a file', async (t) => {
  const agent = await source(t, containerAnswer('PODKEY'));
  useOnly(t, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${agent.port}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path.join(t.testdir({ token: 'pod-token' }), 'token'),
  });
  t.match(await signedWith(t), { key: 'PODKEY', token: 'tok' });
  t.match(agent.received[0], { method: 'GET', url: '/v1/credentials', headers: { authorization: 'pod-token' } });
});

t.test('credentials of an ECS task', async (t) => {
  const agent = await source(t, containerAnswer('TASKKEY'));
  useOnly(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${agent.port}/task` });
  t.match(await signedWith(t), { key: 'TASKKEY', token: 'tok' });
});

t.test('credentials of the instance, asked for with a session (IMDSv2)', async (t) => {
  const keys = { Code: 'Success', AccessKeyId: 'NODEKEY', SecretAccessKey: 's', Token: 'tok', Expiration: END };
  const metadata = await source(
    t,
    { status: 200, body: 'session' },
    { status: 200, body: 'node-role' },
    { status: 200, body: JSON.stringify(keys) },
  );
  useOnly(t, { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${metadata.port}` });
  t.match(await signedWith(t), { key: 'NODEKEY', token: 'tok' });
  t.same(
    metadata.received.map(({ method }) => method),
    ['PUT', 'GET', 'GET'],
  );
  t.equal(metadata.received[2]?.headers['x-aws-ec2-metadata-token'], 'session');
});

t.test('a role on top of the web identity of a service account', async (t) => {
  const sts = await source(t, stsAnswer('AssumeRoleWithWebIdentity', 'IRSAKEY'), stsAnswer('AssumeRole', 'ROLEKEY'));
  useOnly(t, {
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/irsa',
    AWS_WEB_IDENTITY_TOKEN_FILE: path.join(t.testdir({ token: 'jwt' }), 'token'),
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${sts.port}`,
  });
  const role: [string, string][] = [
    ['role_arn', 'arn:aws:iam::210987654321:role/logs'],
    ['sts_endpoint', `http://127.0.0.1:${sts.port}`],
  ];
  t.match(await signedWith(t, role), { key: 'ROLEKEY', token: 'tok' });
  t.match(sts.received[1]?.headers.authorization, /Credential=IRSAKEY/);
});

t.test('no credentials at all: retry, and what is missing is said once', async (t) => {
  useOnly(t, { AWS_EC2_METADATA_DISABLED: 'true' });
  const logs = await source(t, { status: 200, headers: json, body: '{}' });
  const { plugin, host } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
  ]);
  const batch = batchOf(numbered(1));
  for (let i = 0; i < 2; i++)
    t.match(await plugin.flush(batch, new AbortController().signal), { kind: 'retry', reason: /credentials/i });
  t.equal(logOf(host, 'error').length, 1);
  t.equal(logs.received.length, 0);
  await plugin.stop?.();
});

t.test('the role is taken on at the STS, with its external id', async (t) => {
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const keys = `<AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken>`;
  const body = `<AssumeRoleResponse><Credentials>${keys}<Expiration>${expiration}</Expiration></Credentials></AssumeRoleResponse>`;
  const sts = await HttpCapture.start({ status: 200, body });
  const logs = await HttpCapture.start({ status: 200, headers: json, body: '{}' });
  const section = [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
    ['role_arn', 'arn:aws:iam::123456789012:role/logs'],
    ['external_id', 'ext'],
    ['sts_endpoint', `http://127.0.0.1:${sts.port}`],
  ] as [string, string][];
  const { plugin } = await make(definition, section);
  t.same(await plugin.flush(batchOf(numbered(1)), new AbortController().signal), OK);
  const form = new URLSearchParams(sts.received[0]?.body.toString());
  t.match(Object.fromEntries(form), { Action: 'AssumeRole', RoleArn: /role\/logs/, ExternalId: 'ext' });
  t.match(sts.received[0]?.headers.authorization, /Credential=AKIDEXAMPLE\/\d+\/eu-central-1\/sts\//);
  t.equal(sts.received.length, 1);
  t.match(logs.received[1]?.headers, { authorization: /Credential=ROLEKEY\//, 'x-amz-security-token': 'tok' });
  await plugin.stop?.();
  await Promise.all([sts.stop(), logs.stop()]);
});

t.test('requests past the chain of the SDK are signed as the SDK signs', async (t) => {
  const logs = await HttpCapture.start({ status: 200, headers: json, body: '{}' });
  const { plugin } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
    ['log_format', 'json/emf'],
    ['extra_user_agent', 'mine'],
  ]);
  for (let i = 0; i < 2; i++) t.same(await plugin.flush(batchOf(numbered(1, i)), new AbortController().signal), OK);
  await plugin.stop?.();
  await logs.stop();
  t.equal(logs.received.length, 3);
  for (const { headers, body } of logs.received.slice(1)) {
    t.match(headers, { 'user-agent': 'aws-fluent-bit-plugin-mine', 'x-amzn-logs-format': 'json/emf' });
    const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
    const signer = new SignatureV4({
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      region: 'eu-central-1',
      service: 'logs',
      sha256: Sha256,
      applyChecksum: false,
    });
    const signed = await signer.sign(
      {
        method: 'POST',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: '/',
        headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
        body,
      },
      { signingDate: dateOf(String(headers['x-amz-date'])) },
    );
    const signature = /Signature=\w+/;
    t.equal(signature.exec(headers.authorization ?? '')?.[0], signature.exec(signed.headers.authorization ?? '')?.[0]);
  }
});

/** `20260101T000000Z` */
function dateOf(text: string): Date {
  return new Date(text.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
}

t.test('an error that may be about credentials or the clock leaves the next request to the SDK', async (t) => {
  const bad = { status: 403, headers: json, body: '{"__type":"x#ExpiredTokenException","message":"old"}' };
  const good = { status: 200, headers: json, body: '{}' };
  const logs = await HttpCapture.start(good, good, bad, good);
  const { plugin, host } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${logs.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
  ]);
  const flush = (n: number) => plugin.flush(batchOf(numbered(1, n)), new AbortController().signal);
  t.same(await flush(0), OK);
  t.match(await flush(1), { kind: 'retry', reason: /HTTP status 403, ExpiredTokenException: old/ });
  t.match(logOf(host, 'error'), [/credentials are wrong or too old/]);
  t.same(await flush(1), OK);
  t.same(
    logs.received.map(({ headers }) => headers['amz-sdk-request'] !== undefined),
    [true, false, false, true],
    'the SDK sends a header of its own',
  );
  await plugin.stop?.();
  await logs.stop();
});
