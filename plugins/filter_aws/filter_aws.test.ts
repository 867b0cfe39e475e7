import http from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import aws from './index.ts';

type Pairs = readonly (readonly [string, string])[];

const VALUES: Record<string, string> = {
  '/latest/meta-data/placement/availability-zone': 'eu-central-1a',
  '/latest/meta-data/instance-id': 'i-0123456789abcdef0',
  '/latest/meta-data/instance-type': 't3.medium',
  '/latest/meta-data/local-ipv4': '10.0.0.5',
  '/latest/meta-data/mac': '00:11:22:33:44:55',
  '/latest/meta-data/network/interfaces/macs/00:11:22:33:44:55/vpc-id': 'vpc-1',
  '/latest/meta-data/ami-id': 'ami-1',
  '/latest/dynamic/instance-identity/document': '{"accountId":"123456789012"}',
  '/latest/meta-data/hostname': 'ip-10-0-0-5.internal',
  '/latest/meta-data/tags/instance': 'Name\nteam\ncost center',
  '/latest/meta-data/tags/instance/Name': 'web',
  '/latest/meta-data/tags/instance/team': 'shop',
  '/latest/meta-data/tags/instance/cost%20center': '42',
};

/** A metadata service whose tokens can be made invalid. */
async function imds(t: Test, values: Record<string, string> = VALUES, needsToken = true) {
  const state = { token: 1, asked: [] as string[], failing: (_path: string) => false };
  const server = http.createServer((request, reply) => {
    const path = request.url ?? '';
    state.asked.push(`${request.method} ${path}`);
    if (state.failing(path)) return reply.writeHead(500).end();
    if (request.method === 'PUT' && path === '/latest/api/token')
      return request.headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600'
        ? reply.end(`token-${state.token}`)
        : reply.writeHead(400).end();
    if (needsToken && request.headers['x-aws-ec2-metadata-token'] !== `token-${state.token}`)
      return reply.writeHead(401).end();
    const value = values[path];
    return value === undefined ? reply.writeHead(404).end('<html>') : reply.end(value);
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    delete process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  });
  return state;
}

async function enriched(pairs: Pairs) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(aws, pairs, { clock });
  return {
    host,
    clock,
    plugin,
    one: async (body: Fields = { log: 'x' }) => {
      const event = eventOf(Object.freeze(body));
      await plugin.filter([event], 'tag');
      return event.body;
    },
  };
}

t.test('zone and id by default; asked once, with one token', async (t) => {
  const state = await imds(t);
  const { one } = await enriched([]);
  const both = await Promise.all([one({ az: 'old', log: 'x' }), one()]);
  t.equal(JSON.stringify(both[0]), '{"log":"x","az":"eu-central-1a","ec2_instance_id":"i-0123456789abcdef0"}');
  t.same(both[1], both[0]);
  await one();
  t.equal(state.asked.filter((line) => line.startsWith('PUT')).length, 1);
  t.equal(state.asked.length, 4, 'a refusal, a token and two answers');
});

const ALL: Pairs = [
  'ec2_instance_type',
  'private_ip',
  'vpc_id',
  'ami_id',
  'account_id',
  'hostname',
  'tags_enabled',
].map((name) => [name, 'true'] as const);

t.test('all that there is, in the order of Fluent Bit, and the tags', async (t) => {
  await imds(t);
  t.same(Object.entries(await (await enriched(ALL)).one({})), [
    ['az', 'eu-central-1a'],
    ['ec2_instance_id', 'i-0123456789abcdef0'],
    ['ec2_instance_type', 't3.medium'],
    ['private_ip', '10.0.0.5'],
    ['vpc_id', 'vpc-1'],
    ['ami_id', 'ami-1'],
    ['account_id', '123456789012'],
    ['hostname', 'ip-10-0-0-5.internal'],
    ['Name', 'web'],
    ['team', 'shop'],
    ['cost center', '42'],
  ]);
});

const NOTHING: Pairs = [
  ['az', 'off'],
  ['ec2_instance_id', 'off'],
];

t.test('tags may be chosen or left out', async (t) => {
  await imds(t);
  const tags: Pairs = [...NOTHING, ['tags_enabled', 'on']];
  t.same(await (await enriched([...tags, ['tags_include', 'team,none']])).one({}), { team: 'shop' });
  t.same(await (await enriched([...tags, ['tags_exclude', 'team, cost center']])).one({}), { Name: 'web' });
  await t.rejects(enriched([...tags, ['tags_include', 'a'], ['tags_exclude', 'b']]), OptionError);
});

t.test('version 1 asks without a token', async (t) => {
  const state = await imds(t, VALUES, false);
  const { one } = await enriched([['imds_version', 'V1']]);
  t.match(await one(), { az: 'eu-central-1a' });
  t.same(state.asked, ['GET /latest/meta-data/placement/availability-zone', 'GET /latest/meta-data/instance-id']);
});

t.test('a service that fails leaves records as they are, and is asked again after ten seconds', async (t) => {
  const state = await imds(t);
  state.failing = () => true;
  const { one, host, clock } = await enriched([]);
  t.same(await one(), { log: 'x' });
  const asked = state.asked.length;
  t.same(await one(), { log: 'x' });
  t.equal(state.asked.length, asked);
  t.match(host.lines, [{ level: 'warn', message: /HTTP status 500/ }]);
  t.equal(host.counts.failed_requests_total, 1);
  state.failing = () => false;
  await clock.advance(10_000);
  t.match(await one(), { log: 'x', az: 'eu-central-1a' });
});

t.test('tags that cannot be read keep nothing back; a 404 says that there are none', async (t) => {
  const state = await imds(t);
  state.failing = (path) => path.includes('tags');
  const { one, clock } = await enriched([
    ['tags_enabled', 'on'],
    ['retry_interval_s', '60'],
  ]);
  t.same(Object.keys(await one({})), ['az', 'ec2_instance_id']);
  state.failing = () => false;
  await clock.advance(59_000);
  t.same(Object.keys(await one({})), ['az', 'ec2_instance_id']);
  await clock.advance(1000);
  t.same(Object.keys(await one({})), ['az', 'ec2_instance_id', 'Name', 'team', 'cost center']);
  const none = await imds(t, { '/latest/meta-data/instance-id': 'i' });
  const { one: without, host } = await enriched([
    ['az', 'off'],
    ['tags_enabled', 'on'],
  ]);
  t.same(await without({}), { ec2_instance_id: 'i' });
  const asked = none.asked.length;
  await without({});
  t.equal(none.asked.length, asked, 'and nobody asks again');
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('a token that is taken no longer is asked for anew', async (t) => {
  const state = await imds(t);
  state.failing = (path) => path.includes('tags');
  const { one, clock } = await enriched([['tags_enabled', 'on']]);
  await one();
  state.token = 2;
  state.failing = () => false;
  await clock.advance(300_000);
  t.match(await one(), { Name: 'web' });
});

t.test('nobody there: records go on', async (t) => {
  const probe = http.createServer();
  await new Promise<void>((go) => probe.listen(0, '127.0.0.1', go));
  const { port } = probe.address() as AddressInfo;
  await new Promise((go) => probe.close(go));
  process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${port}`;
  t.teardown(() => {
    delete process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  });
  const { one, host } = await enriched([]);
  t.same(await one(), { log: 'x' });
  t.match(host.lines, [{ level: 'warn', message: /ECONNREFUSED/ }]);
});

t.test('random records: nothing changes but what is added', async (t) => {
  await imds(t);
  const { plugin } = await enriched([]);
  await leavesTheRestAlone(t, async () => plugin, {
    keys: ['az', 'a'],
    touches: (key) => /^(az|ec2_instance_id)$/.test(key),
  });
});
