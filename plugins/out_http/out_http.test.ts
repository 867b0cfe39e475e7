import zlib from 'node:zlib';
import t from 'tap';
import type { Fields } from '../../src/data/event.ts';
import { decodeEvents } from '../../src/data/msgpack.ts';
import { flatHeaders, headersOf, headerValue, readHeader } from '../../src/net/headers.ts';
import { OK, OptionError } from '../../src/plugin.ts';
import { batchOf, eventOf } from '../../test/support/batch.ts';
import { HttpCapture, outputSuite, type Reply } from '../../test/support/output_suite.ts';
import { make } from '../../test/support/plugin.ts';
import http from './index.ts';

type Pairs = readonly (readonly [string, string])[];
const signal = new AbortController().signal;

outputSuite({
  definition: http,
  section: (port) => [
    ['Host', '127.0.0.1'],
    ['Port', String(port)],
    ['http.response_timeout', '1s'],
  ],
});

const EVENTS = [eventOf({ log: 'one', n: 1 }), eventOf({ log: 'two' }, undefined, 123_456_789)];

async function sent(pairs: Pairs, events = EVENTS, replies: Reply[] = [{ status: 200 }]) {
  const server = await HttpCapture.start(...replies);
  const { plugin, host } = await make(http, [['Port', String(server.port)], ...pairs]);
  const verdict = await plugin.flush(batchOf(events, 'kube.web'), signal);
  await plugin.stop?.();
  await server.stop();
  return { verdict, host, received: server.received, first: server.received[0]! };
}

t.test('by default a list of records is posted to /', async (t) => {
  const { verdict, first } = await sent([]);
  t.equal(verdict, OK);
  t.same([first.method, first.url], ['POST', '/']);
  t.match(first.headers, { 'content-type': 'application/json', 'user-agent': 'Fluent-Bit' });
  t.equal(first.body.toString(), '[{"date":1767225600.0,"log":"one","n":1},{"date":1767225600.123457,"log":"two"}]');
});

t.test('method, path and the other formats', async (t) => {
  const lines = await sent([
    ['Format', 'json_lines'],
    ['URI', 'in?x=1'],
    ['http_method', 'put'],
    ['json_date_key', 'ts'],
    ['json_date_format', 'epoch'],
  ]);
  t.same(
    [lines.first.method, lines.first.url, lines.first.headers['content-type']],
    ['PUT', '/in?x=1', 'application/x-ndjson'],
  );
  t.equal(lines.first.body.toString(), '{"ts":1767225600,"log":"one","n":1}\n{"ts":1767225600,"log":"two"}\n');
  const msgpack = await sent([['Format', 'msgpack']]);
  t.equal(msgpack.first.headers['content-type'], 'application/msgpack');
  t.same(decodeEvents(msgpack.first.body), EVENTS);
  const stream = await sent([
    ['Format', 'json_stream'],
    ['json_date_key', 'false'],
  ]);
  t.equal(stream.first.body.toString(), '{"log":"one","n":1}{"log":"two"}');
});

t.test('gelf gives up records without a short message, and sends nothing where none is left', async (t) => {
  const gelf: Pairs = [
    ['Format', 'gelf'],
    ['gelf_short_message_key', 'log'],
  ];
  const unfit = eventOf({ n: 1 });
  const { first, host } = await sent(gelf, [...EVENTS, unfit]);
  t.equal(first.body.toString().split('\n').length, 3);
  t.match(first.body.toString(), '{"version":"1.1", "short_message":"one", "_n":1, "timestamp":1767225600.000}\n');
  t.match(host.discarded, [{ events: [unfit], reason: /no log, which GELF needs/ }]);
  const none = await sent(gelf, [unfit]);
  t.match(none.verdict, { kind: 'drop', reason: /GELF/ });
  t.same([none.received.length, none.host.discarded.length], [0, 0]);
});

t.test('what a retry sends is given up only once', async (t) => {
  const server = await HttpCapture.start({ status: 503 }, { status: 200 });
  t.teardown(() => server.stop());
  const { plugin, host } = await make(http, [
    ['Port', String(server.port)],
    ['Format', 'gelf'],
  ]);
  t.teardown(() => plugin.stop?.());
  const batch = batchOf([eventOf({ short_message: 'x' }), eventOf({ n: 1 })]);
  t.match(await plugin.flush(batch, signal), { kind: 'retry' });
  t.equal(await plugin.flush(batch, signal), OK);
  t.equal(host.discarded.length, 1);
});

t.test('an unknown format is logged and msgpack used; an unknown date becomes double', async (t) => {
  const { first, host } = await sent([['Format', 'yaml']]);
  t.equal(first.headers['content-type'], 'application/msgpack');
  t.match(host.lines, [{ level: 'error', message: /yaml/ }]);
  t.match((await sent([['json_date_format', 'x']])).host.lines, [{ level: 'error', message: /json_date_format/ }]);
});

t.test("headers of one's own, the tag, and basic authentication", async (t) => {
  const { first } = await sent([
    ['Header', 'X-One first value'],
    ['Header', 'X-Two 2'],
    ['Header', 'x-one again'],
    ['header_tag', 'X-Tag'],
    ['http_User', 'me'],
    ['http_Passwd', 'pä ss'],
  ]);
  t.match(first.headers, {
    'x-one': 'first value, again',
    'x-two': '2',
    'x-tag': 'kube.web',
    authorization: 'Basic bWU6cMOkIHNz',
  });
  const last = await sent([
    ['allow_duplicated_headers', 'off'],
    ['Header', 'X-One first'],
    ['Header', 'x-one again'],
    ['Header', 'content-type text/x'],
  ]);
  t.match(last.first.headers, { 'x-one': 'again', 'content-type': 'text/x' });
});

t.test('bodies are compressed', async (t) => {
  const gzip = await sent([['Compress', 'GZIP']]);
  t.equal(gzip.first.headers['content-encoding'], 'gzip');
  t.match(zlib.gunzipSync(gzip.first.body).toString(), /^\[\{"date"/);
  const zstd = await sent([['Compress', 'zstd']]);
  t.equal(zstd.first.headers['content-encoding'], 'zstd');
  t.match(zlib.zstdDecompressSync(zstd.first.body).toString(), /^\[\{"date"/);
  t.equal((await sent([['Compress', 'snappy']])).first.headers['content-encoding'], 'snappy');
});

const RECORDS: Fields[] = [
  {
    body: 'plain',
    headers: { 'X-A': '1', 'Content-Type': 'text/plain', 'Content-Length': '99', 'bad name': 'x', n: 5 },
  },
  { body: new Uint8Array([1, 255]), headers: {} },
];
const PER_RECORD: Pairs = [
  ['body_key', '$body'],
  ['headers_key', '$headers'],
];

t.test('with body_key each record is a request of its own', async (t) => {
  const plain: Pairs = [
    ['body_key', 'body'],
    ['headers_key', 'headers'],
  ];
  t.equal(
    (await sent(plain, [eventOf({ body: 'x', headers: {} })])).received[0]?.body.toString(),
    'x',
    'without $, too',
  );
  const { verdict, received } = await sent(
    PER_RECORD,
    RECORDS.map((body) => eventOf(body)),
  );
  t.equal(verdict, OK);
  t.equal(received.length, 2);
  t.match(received[0]?.headers, { 'x-a': '1', 'content-type': 'text/plain', 'content-length': '5' });
  t.equal(received[0]?.body.toString(), 'plain');
  t.same(received[1]?.body, Buffer.from([1, 255]));
});

t.test('records that went through are not sent again with the rest of their chunk', async (t) => {
  const server = await HttpCapture.start({ status: 200 }, { status: 503 }, { status: 200 });
  const { plugin } = await make(http, [['Port', String(server.port)], ...PER_RECORD]);
  const batch = batchOf(['a', 'b', 'c'].map((body) => eventOf({ body, headers: {} })));
  t.match(await plugin.flush(batch, signal), { kind: 'retry' });
  t.equal(await plugin.flush(batch, signal), OK);
  t.same(
    server.received.map(({ body }) => body.toString()),
    ['a', 'b', 'b', 'c'],
  );
  await plugin.stop?.();
  await server.stop();
});

t.test('a record that cannot be sent is given up alone, and one that is refused, too', async (t) => {
  const events = [
    eventOf({ body: 5, headers: {} }),
    eventOf({ body: 'x' }),
    eventOf({ body: 'good', headers: {} }),
    eventOf({ body: 'bad', headers: {} }),
  ];
  const { verdict, host, received } = await sent(PER_RECORD, events, [{ status: 200 }, { status: 400 }]);
  t.equal(verdict, OK);
  t.match(host.discarded, [
    { events: events.slice(0, 2), reason: /body_key/ },
    { events: events.slice(3), reason: /400/ },
  ]);
  t.equal(received.length, 2);
  const none = await sent(PER_RECORD, events.slice(0, 2));
  t.match(none.verdict, { kind: 'drop', reason: /body_key/ });
  t.same([none.received.length, none.host.discarded.length], [0, 0]);
});

t.test('what the server says stands in the reason, unless that is turned off', async (t) => {
  const reply: Reply = { status: 400, body: 'no\n  such   index' };
  t.same((await sent([], EVENTS, [reply])).verdict, { kind: 'drop', reason: 'HTTP status 400: no such index' });
  t.same((await sent([['log_response_payload', 'off']], EVENTS, [reply])).verdict, {
    kind: 'drop',
    reason: 'HTTP status 400',
  });
});

t.test('a 429 with Retry-After waits that long', async (t) => {
  const { verdict } = await sent([], EVENTS, [{ status: 429, headers: { 'retry-after': '7' } }]);
  t.match(verdict, { kind: 'retry', afterMs: 7000 });
});

t.test('a redirect is not followed', async (t) => {
  const { verdict, received } = await sent([], EVENTS, [{ status: 302, headers: { location: '/other' } }]);
  t.match(verdict, { kind: 'retry', reason: 'HTTP status 302' });
  t.equal(received.length, 1);
});

t.test('a proxy gets the request', async (t) => {
  const server = await HttpCapture.start({ status: 200 });
  const { plugin } = await make(http, [
    ['Host', 'logs.example'],
    ['Port', '81'],
    ['Proxy', `http://127.0.0.1:${server.port}`],
  ]);
  t.equal(await plugin.flush(batchOf(EVENTS), signal), OK);
  t.equal(server.received[0]?.url, 'http://logs.example:81/');
  await plugin.stop?.();
  await server.stop();
});

t.test('headers that could break a request do not get into it', async (t) => {
  t.equal(headerValue('a\r\nX-Evil: 1\u0000'), 'aX-Evil: 1');
  t.same(headersOf({ Host: 'x', 'Transfer-Encoding': 'chunked', 'x y': '1', good: 'a\nb', n: 1 }), [['good', 'ab']]);
  t.equal(headersOf('text'), undefined);
  t.same(readHeader('X-A  b c '), ['X-A', 'b c']);
  t.same(readHeader('X-Empty'), ['X-Empty', '']);
  t.same(
    flatHeaders(
      [
        ['A', '1'],
        ['a', '2'],
        ['B', '3'],
      ],
      false,
    ),
    ['a', '2', 'B', '3'],
  );
  t.same(
    flatHeaders(
      [
        ['A', '1'],
        ['a', '2'],
      ],
      true,
    ),
    ['A', '1', 'a', '2'],
  );
});

t.test('options that do not fit fail at the start', async (t) => {
  const wrong: Pairs[] = [
    [['Compress', 'brotli']],
    [['Header', 'bad@name: x']],
    [['header_tag', 'x y']],
    [['http_method', 'DELETE']],
    [['body_key', '$b']],
    [['headers_key', '$h']],
    [['Proxy', 'nowhere']],
    [['aws_auth', 'on']],
    [['oauth2.enable', 'on']],
    [['Port', '0']],
  ];
  for (const pairs of wrong) await t.rejects(make(http, pairs), OptionError, JSON.stringify(pairs));
});
