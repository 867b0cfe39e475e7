import http from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import ecs from './index.ts';

type Pairs = readonly (readonly [string, string])[];

const ID = '79c796ed2a7f864f485c76f83f3165488097279d296a7c05bd5201a1c69b2920';
const OTHER = 'aaaaaaaaaaaa864f485c76f83f3165488097279d296a7c05bd5201a1c69b2920';
const CLUSTER = {
  Cluster: 'main',
  ContainerInstanceArn: 'arn:aws:ecs:eu-central-1:123456789012:container-instance/main/inst1',
  Version: 'Amazon ECS Agent - v1.30.0',
};
const TASK = {
  Arn: 'arn:aws:ecs:eu-central-1:123456789012:task/main/task1',
  Family: 'web',
  Version: '2',
  Containers: [
    { DockerId: ID, DockerName: 'ecs-web-2-nginx', Name: 'nginx' },
    { DockerId: OTHER, DockerName: 'ecs-web-2-app', Name: 'app' },
  ],
};

async function agent(t: Test) {
  const state = { asked: [] as string[], cluster: CLUSTER as unknown, task: TASK as unknown, status: 200 };
  const server = http.createServer((request, reply) => {
    state.asked.push(request.url ?? '');
    const answer = request.url === '/v1/metadata' ? state.cluster : state.task;
    reply.writeHead(state.status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, port: (server.address() as AddressInfo).port };
}

async function enriched(port: number, pairs: Pairs) {
  const clock = new VirtualClock();
  const { plugin, host } = await make(ecs, [['ECS_Meta_Port', String(port)], ['ECS_Tag_Prefix', 'ecs.'], ...pairs], {
    clock,
  });
  return {
    host,
    clock,
    plugin,
    one: async (tag = `ecs.${ID}-json.log`, body: Fields = { log: 'x' }) => {
      const event = eventOf(Object.freeze(body));
      await plugin.filter([event], tag);
      return event.body;
    },
  };
}

const ADD: Pairs = [['Add', 'name $ECSContainerName.$TaskID.$ClusterName']];

t.test('fields are made of what the agent says of container, task and cluster; it is asked once a task', async (t) => {
  const { state, port } = await agent(t);
  const names = ['ContainerID', 'DockerContainerName', 'ECSContainerName', 'TaskDefinitionFamily', 'TaskARN', 'TaskID'];
  const more = [
    'TaskDefinitionVersion',
    'ClusterName',
    'ContainerInstanceArn',
    'ContainerInstanceID',
    'ECSAgentVersion',
  ];
  const { one } = await enriched(
    port,
    [...names, ...more].map((name) => ['Add', `${name} $${name}`] as const),
  );
  t.same(Object.entries(await one()), [
    ['log', 'x'],
    ['ContainerID', ID],
    ['DockerContainerName', 'ecs-web-2-nginx'],
    ['ECSContainerName', 'nginx'],
    ['TaskDefinitionFamily', 'web'],
    ['TaskARN', TASK.Arn],
    ['TaskID', 'task1'],
    ['TaskDefinitionVersion', '2'],
    ['ClusterName', 'main'],
    ['ContainerInstanceArn', CLUSTER.ContainerInstanceArn],
    ['ContainerInstanceID', 'inst1'],
    ['ECSAgentVersion', CLUSTER.Version],
  ]);
  t.match(await one(`ecs.${OTHER}`), { ECSContainerName: 'app' });
  t.same(state.asked, ['/v1/metadata', `/v1/tasks?dockerid=${ID.slice(0, 12)}`]);
});

t.test('an answer holds until its TTL is over', async (t) => {
  const { state, port } = await agent(t);
  const { one, clock } = await enriched(port, [...ADD, ['ECS_Meta_Cache_TTL', '10m']]);
  await one();
  await clock.advance(599_000);
  await one();
  t.equal(state.asked.length, 2);
  await clock.advance(1000);
  t.match(await one(), { name: 'nginx.task1.main' });
  t.equal(state.asked.length, 3);
});

t.test('without the cluster records stay as they are, and it is asked for again', async (t) => {
  const { state, port } = await agent(t);
  state.status = 500;
  const { one, host } = await enriched(port, ADD);
  t.same(await one(), { log: 'x' });
  t.match(host.lines, [{ level: 'warn', message: /HTTP status 500/ }]);
  state.status = 200;
  t.match(await one(), { name: 'nginx.task1.main' });
});

t.test('without the task records get what is known of the cluster; a tag is asked for twice', async (t) => {
  const { state, port } = await agent(t);
  state.task = { ...TASK, Containers: [] };
  const { one, host, clock } = await enriched(port, ADD);
  for (let i = 0; i < 4; i++) t.same(await one(), { log: 'x', name: '..main' });
  t.equal(state.asked.length, 3);
  t.equal(host.counts.failed_requests_total, 2);
  state.task = TASK;
  await clock.advance(3_600_000);
  t.match(await one(), { name: 'nginx.task1.main' });
});

t.test('a tag without an id of a container never reaches the agent', async (t) => {
  const { state, port } = await agent(t);
  const { one } = await enriched(port, ADD);
  t.match(await one('ecs.short'), { name: '..main' });
  t.match(await one(`other.${ID}`), { name: '..main' });
  t.same(state.asked, ['/v1/metadata']);
});

t.test('Cluster_Metadata_Only asks for no task', async (t) => {
  const { state, port } = await agent(t);
  const { one } = await enriched(port, [...ADD, ['Cluster_Metadata_Only', 'on']]);
  t.match(await one('anything'), { name: '..main' });
  t.same(state.asked, ['/v1/metadata']);
});

t.test('answers that are not what they should be are failures', async (t) => {
  const { state, port } = await agent(t);
  const { one, host } = await enriched(port, ADD);
  for (const cluster of ['{', '[]', { Cluster: 5 }, { ...CLUSTER, ContainerInstanceArn: 'arn' }, {}]) {
    state.cluster = cluster;
    t.same(await one(), { log: 'x' }, JSON.stringify(cluster));
  }
  state.cluster = CLUSTER;
  for (const task of [
    { ...TASK, Containers: 'none' },
    { ...TASK, Containers: [null] },
    { ...TASK, Family: 1 },
  ]) {
    state.task = task;
    t.same(await one(`ecs.${JSON.stringify(task).length}${ID}`), { log: 'x', name: '..main' });
  }
  t.equal(host.counts.failed_requests_total, 8);
});

t.test('what is no field to add fails at the start', async (t) => {
  for (const add of ['alone', 'a b c', "a $b['c"]) await t.rejects(make(ecs, [['Add', add]]), OptionError, add);
});

t.test('random records: nothing changes but what is added', async (t) => {
  const { port } = await agent(t);
  const { plugin } = await enriched(port, [...ADD, ['Cluster_Metadata_Only', 'on']]);
  await leavesTheRestAlone(t, async () => plugin, { keys: ['name', 'a'], touches: (key) => key === 'name' });
});
