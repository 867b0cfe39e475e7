import t from 'tap';
import { OK } from '../../src/plugin.ts';
import { batchOf, eventOf, NEW_YEAR } from '../../test/support/batch.ts';
import { logOf, NOW_MS, numbered, rig, useTestCredentials } from '../../test/support/fake_cloudwatch/rig.ts';
import { TestHost } from '../../test/support/host.ts';
import { HttpCapture, outputSuite } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import definition from './index.ts';

useTestCredentials();
const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'x' };

outputSuite({
  definition,
  section: (port) => [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
    ['http.response_timeout', '1'],
  ],
  replies: {
    ok: { status: 200, headers: json, body: '{}' },
    drop: { status: 200, headers: json, body: '{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}' },
  },
});

t.test('the stream is made once, and events arrive as JSON with their time in milliseconds', async (t) => {
  const { fake, flush } = await rig(t);
  t.same(await flush([eventOf({ log: 'a "q" é' }, NEW_YEAR, 987_654_321)]), OK);
  t.same(await flush([eventOf({ log: 'b' })]), OK);
  t.same(fake.store.stream('grp', 'str').events, [
    { timestamp: NOW_MS + 987, message: '{"log":"a \\"q\\" \\u00e9"}' },
    { timestamp: NOW_MS, message: '{"log":"b"}' },
  ]);
  t.same(fake.server.counts, { CreateLogStream: 1, PutLogEvents: 2 });
});

t.test('events are put in the order of their time, those of one millisecond as they came', async (t) => {
  const { fake, flush } = await rig(t);
  await flush([eventOf({ n: 1 }, NEW_YEAR + 2), eventOf({ n: 2 }, NEW_YEAR), eventOf({ n: 3 }, NEW_YEAR + 2)]);
  t.same(fake.messages('grp', 'str'), ['{"n":2}', '{"n":1}', '{"n":3}']);
});

t.test('more than 10,000 events, or 24 hours, go in several requests', async (t) => {
  const { fake, flush } = await rig(t);
  fake.store.now = () => NOW_MS + 86_400_000;
  const events = [...numbered(10_003), eventOf({ n: -1 }, NEW_YEAR + 86_411)];
  t.same(await flush(events), OK);
  t.equal(fake.messages('grp', 'str').length, 10_004);
  t.equal(fake.server.counts.PutLogEvents, 3);
});

t.test('requests stay below a MiB, whatever the characters', async (t) => {
  const { fake, flush } = await rig(t);
  const events = Array.from({ length: 30 }, (_, i) =>
    eventOf({ log: ['a', '"', 'é', '\u0001', '😀'][i % 5]?.repeat(50_000) ?? '' }),
  );
  t.same(await flush(events), OK);
  t.equal(fake.messages('grp', 'str').length, 30);
});

t.test('it learns how large a chunk makes one full request, where all goes to one stream', async (t) => {
  const { fake, output, flush } = await rig(t);
  t.equal(output.chunkBytes, undefined);
  const events = Array.from({ length: 500 }, (_, n) => eventOf({ n, log: '"'.repeat(100) }));
  t.same(await flush(events), OK);
  const { chunkBytes = 0 } = output;
  const one = batchOf([eventOf({ n: 1, log: '"'.repeat(100) })]).size;
  const fitting = Array.from({ length: Math.floor(chunkBytes / one) }, (_, n) => eventOf({ n, log: '"'.repeat(100) }));
  fake.server.counts.PutLogEvents = 0;
  t.same(await flush(fitting), OK);
  t.equal(fake.server.counts.PutLogEvents, 1);
  t.same(await flush([...fitting, ...fitting.slice(0, Math.ceil(fitting.length * 0.05))]), OK);
  t.equal(fake.server.counts.PutLogEvents, 3, 'a twentieth more does not fit');
});

t.test('a request goes whenever the stream changes; where it changes often, each stream has one', async (t) => {
  const { fake, flush } = await rig(t, [['log_stream_template', '$pod']]);
  const alternating = (count: number) =>
    Array.from({ length: count }, (_, n) => eventOf({ n, pod: n % 2 ? 'b' : 'a' }));
  for (const [count, requests] of [
    [10, 10],
    [11, 2],
  ] as const) {
    fake.store.group('grp').streams.clear();
    fake.server.counts.PutLogEvents = 0;
    for (const stream of ['a', 'b']) fake.store.createStream('grp', stream);
    t.same(await flush(alternating(count)), OK);
    t.equal(fake.server.counts.PutLogEvents, requests);
    const numbers = (stream: string) => fake.messages('grp', stream).map((text) => JSON.parse(text).n);
    t.same(numbers('a'), [0, 2, 4, 6, 8, 10].slice(0, Math.ceil(count / 2)));
    t.same(numbers('b'), [1, 3, 5, 7, 9]);
  }
});

t.test('a missing group is made once for many streams, with its class and retention', async (t) => {
  const { fake, flush, host } = await rig(t, [
    ['log_group_name', '/eks/shop'],
    ['log_stream_template', '$pod'],
    ['auto_create_group', 'on'],
    ['log_retention_days', '30'],
    ['log_group_class', 'INFREQUENT_ACCESS'],
  ]);
  const batch = (pod: string) => batchOf([eventOf({ pod })]);
  t.same(await Promise.all(['a', 'b', 'a', 'c'].map((pod) => flush(batch(pod)))), [OK, OK, OK, OK]);
  t.equal(fake.server.counts.CreateLogGroup, 1);
  t.match(fake.store.group('/eks/shop'), { retentionInDays: 30, logGroupClass: 'INFREQUENT_ACCESS' });
  t.same([...fake.store.group('/eks/shop').streams.keys()], ['a', 'b', 'c']);
  t.equal(fake.messages('/eks/shop', 'a').length, 2);
  t.match(logOf(host, 'info'), ['made log group /eks/shop', 'made log stream a in log group /eks/shop']);
});

t.test('a group that is missing and may not be made is a retry that says so', async (t) => {
  const { flush } = await rig(t, [['log_group_name', 'other']]);
  t.match(await flush(numbered(1)), { kind: 'retry', reason: /log group other is not there.*auto_create_group/ });
});

t.test('a stream that was deleted is made again, and nothing is lost', async (t) => {
  const { fake, flush } = await rig(t);
  await flush(numbered(1));
  fake.store.group('grp').streams.clear();
  t.same(await flush(numbered(2, 1)), OK);
  t.same(fake.messages('grp', 'str'), ['{"n":1}', '{"n":2}']);
});

t.test('where streams are not to be made, a missing one is a retry', async (t) => {
  const { fake, flush } = await rig(t, [['auto_create_stream', 'off']]);
  t.match(await flush(numbered(1)), { kind: 'retry', reason: /ResourceNotFoundException/ });
  fake.store.createStream('grp', 'str');
  t.same(await flush(numbered(1)), OK);
  t.equal(fake.server.counts.CreateLogStream, undefined);
});

t.test('a retry sends only what was not accepted', async (t) => {
  const { fake, flush } = await rig(t, [['log_stream_template', '$pod']]);
  const batch = batchOf(['a', 'b', 'c', 'a'].map((pod, n) => eventOf({ n, pod })));
  fake.server.faults.next('PutLogEvents', undefined, 'throttle');
  t.match(await flush(batch), { kind: 'retry', reason: /ThrottlingException/ });
  t.same(fake.messages('grp', 'a').length, 1);
  t.same(await flush(batch), OK);
  t.same(
    ['a', 'b', 'c'].map((stream) => fake.messages('grp', stream).length),
    [2, 1, 1],
  );
});

t.test('events that CloudWatch takes no more are discarded with the reason, the others stay', async (t) => {
  const { fake, flush, host } = await rig(t, [['auto_create_group', 'on']]);
  fake.store.setRetention('grp', 3);
  const days = (n: number) => eventOf({ n }, NEW_YEAR + n * 86_400);
  t.same(await flush([days(-20), days(-5), days(0), days(1)]), OK);
  t.same(fake.messages('grp', 'str'), ['{"n":0}']);
  t.match(host.discarded, [
    { reason: /14 days/, events: [{ body: { n: -20 } }] },
    { reason: /retention/, events: [{ body: { n: -5 } }] },
    { reason: /2 hours/, events: [{ body: { n: 1 } }] },
  ]);
});

t.test('a batch of which all is refused is dropped', async (t) => {
  const { flush, host } = await rig(t);
  t.match(await flush([eventOf({ n: 1 }, NEW_YEAR - 40 * 86_400)]), { kind: 'drop', reason: /14 days/ });
  t.same(host.discarded, []);
});

t.test('one bad event costs only itself', async (t) => {
  const { fake, flush, host } = await rig(t);
  fake.store.limits.eventBytes = 5000;
  const events = numbered(100);
  events[37] = eventOf({ n: 37, log: 'x'.repeat(6000) }, NEW_YEAR, 37_000_000);
  t.same(await flush(events), OK);
  t.equal(fake.messages('grp', 'str').length, 99);
  t.match(host.discarded, [
    { reason: /InvalidParameterException: Log event too large/, events: [{ body: { n: 37 } }] },
  ]);
});

t.test('a request that is refused as a whole is tried once more, then its events are dropped', async (t) => {
  const { fake, flush } = await rig(t);
  const error = { action: 'PutLogEvents', type: 'InvalidParameterException', message: 'no' };
  fake.errors.push(error, error);
  const batch = batchOf(numbered(1));
  t.match(await flush(batch), { kind: 'retry', reason: /InvalidParameterException: no/ });
  t.match(await flush(batch), { kind: 'drop', reason: /InvalidParameterException: no/ });
});

t.test('a refused name is not searched for among the events', async (t) => {
  const { fake, flush } = await rig(t);
  const error = { action: 'PutLogEvents', type: 'InvalidParameterException', message: "Value 'x' at 'logStreamName'" };
  fake.errors.push(error, error);
  const batch = batchOf(numbered(50));
  t.match(await flush(batch), { kind: 'retry' });
  t.match(await flush(batch), { kind: 'drop', reason: /logStreamName/ });
  t.equal(fake.server.counts.PutLogEvents, 2);
});

t.test('a missing permission is explained once, and the other streams go on', async (t) => {
  const { fake, flush, host } = await rig(t, [['log_stream_template', '$pod']]);
  const denied = { action: 'CreateLogStream', type: 'AccessDeniedException', message: 'not authorized' };
  fake.errors.push(denied, denied);
  const batch = batchOf(['a', 'b', 'c'].map((pod) => eventOf({ pod })));
  t.match(await flush(batch), { kind: 'retry', reason: /AccessDeniedException/ });
  t.equal(fake.messages('grp', 'c').length, 1);
  t.match(logOf(host, 'error'), [/needs the IAM permission logs:CreateLogStream$/]);
  t.equal(logOf(host, 'error').length, 1);
});

t.test('an answer that is cut off behind its head counts, so nothing is sent twice', async (t) => {
  const { fake, flush } = await rig(t);
  fake.server.faults.next('PutLogEvents', 'cut');
  t.same(await flush(numbered(3)), OK);
  t.equal(fake.messages('grp', 'str').length, 3);
});

t.test('events count as accepted only where the answer is surely from CloudWatch', async (t) => {
  const bare = { status: 200, body: '' };
  const server = await HttpCapture.start(bare, bare, { status: 200, headers: json, body: '{}' });
  t.teardown(() => server.stop());
  const { plugin } = await make(definition, [
    ['region', 'eu-central-1'],
    ['endpoint', `http://127.0.0.1:${server.port}`],
    ['log_group_name', 'grp'],
    ['log_stream_name', 'str'],
  ]);
  t.teardown(() => plugin.stop?.());
  t.same(await plugin.flush(batchOf(numbered(1)), new AbortController().signal), OK);
  const actions = server.received.map(({ headers }) => headers['x-amz-target']);
  t.same(
    actions,
    ['CreateLogStream', 'PutLogEvents', 'PutLogEvents'].map((action) => `Logs_20140328.${action}`),
  );
});

t.test('a request without an answer is repeated once, at once', async (t) => {
  const { fake, flush } = await rig(t);
  fake.server.faults.next('PutLogEvents', 'drop', undefined, 'drop', 'drop');
  t.same(await flush(numbered(1)), OK);
  t.equal(fake.messages('grp', 'str').length, 1);
  t.match(await flush(numbered(1)), { kind: 'retry' });
});

t.test('auto_retry_requests off leaves that to the scheduler', async (t) => {
  const { fake, flush } = await rig(t, [['auto_retry_requests', 'off']]);
  fake.server.faults.next('PutLogEvents', 'drop');
  t.match(await flush(numbered(1)), { kind: 'retry', reason: /PutLogEvents/ });
});

t.test('events of one stream stay in order over several batches at once', async (t) => {
  const { fake, flush } = await rig(t, [['max_requests', '20']]);
  for (let round = 0; round < 10; round++) await flush(numbered(8));
  fake.store.group('grp').streams.clear();
  const batches = Array.from({ length: 12 }, (_, i) => batchOf([eventOf({ n: i })]));
  fake.server.faults.next('PutLogEvents', undefined, { kind: 'delay', ms: 20 });
  await Promise.all(batches.map((batch) => flush(batch)));
  t.same(
    fake.messages('grp', 'str'),
    batches.map((_, n) => `{"n":${n}}`),
  );
});

t.test('Fluentd: names from fields, which may leave the record', async (t) => {
  const { fake, flush, host } = await rig(t, [
    ['log_group_name_key', 'g'],
    ['log_stream_name_key', 's'],
    ['remove_log_group_name_key', 'on'],
    ['remove_log_stream_name_key', 'on'],
    ['auto_create_group', 'on'],
  ]);
  t.same(await flush([eventOf({ g: 'one', s: 'two', log: 'x' }), eventOf({ s: 'two' })]), OK);
  t.same(fake.messages('one', 'two'), ['{"log":"x"}']);
  t.match(host.discarded, [{ reason: /no log group/ }]);
});

t.test('records without log_key are discarded, empty ones leave nothing to send', async (t) => {
  const { fake, flush, host } = await rig(t, [['log_key', 'log']]);
  t.same(await flush([eventOf({ log: 'a\n' }), eventOf({ x: 1 }), eventOf({ log: '' }), eventOf({ log: 12345 })]), OK);
  t.same(fake.messages('grp', 'str'), ['a\n', '12345']);
  t.match(host.discarded, [{ reason: /log_key/, events: [{ body: { x: 1 } }] }]);
});

t.test('a message that is too long is split where the user says so, also over a retry', async (t) => {
  const { fake, flush, host } = await rig(t, [
    ['event_too_large', 'split'],
    ['log_key', 'log'],
  ]);
  const text = `${'é"'.repeat(400_000)}end`;
  const batch = batchOf([eventOf({ log: 'first' }), eventOf({ log: text }), eventOf({ log: 'last' })]);
  fake.server.faults.next('PutLogEvents', undefined, undefined, 'throttle');
  t.match(await flush(batch), { kind: 'retry' });
  t.same(await flush(batch), OK);
  const messages = fake.messages('grp', 'str');
  t.equal(messages[0], 'first');
  t.equal(messages.at(-1), 'last');
  t.ok(messages.slice(1, -1).join('') === text);
  t.ok(messages.length > 4);
  t.match(logOf(host, 'warn'), [/1 records are larger/, /1 records are larger/]);
});

t.test('what cannot work is refused at the start', async (t) => {
  const names = [
    ['region', 'eu-central-1'],
    ['log_group_name', 'g'],
    ['log_stream_name', 's'],
  ] as [string, string][];
  const refused = (pairs: [string, string][], without?: string) =>
    make(definition, [...names.filter(([key]) => key !== without), ...pairs]);
  await t.rejects(refused([], 'region'), { message: /'region' is missing/ });
  await t.rejects(refused([], 'log_group_name'), { message: /'log_group_name' is missing/ });
  await t.rejects(refused([], 'log_stream_name'), { message: /'log_stream_prefix' is needed/ });
  await t.rejects(refused([['log_stream_prefix', 'x']]), { message: /exclude each other/ });
  await t.rejects(refused([['tls', 'on']]), { message: /TLS anyway/ });
  await t.rejects(refused([['log_stream_template', "$app['x"]]), { message: /record accessor/ });
  await t.rejects(
    refused([
      ['auto_create_group', 'on'],
      ['log_group_class', 'GOLD'],
    ]),
    { message: /is no log group class/ },
  );
  await t.rejects(refused([['endpoint', 'http://a b/c']]), { message: /is no host/ });
});

t.test('a retention that CloudWatch does not know is a warning', async (t) => {
  const { host } = await make(definition, [
    ['region', 'r'],
    ['log_group_name', 'g'],
    ['log_stream_name', 's'],
    ['log_retention_days', '31'],
  ]);
  t.ok(host instanceof TestHost);
  t.match(logOf(host, 'warn'), [/log_retention_days of 31/]);
});
