import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import tls from 'node:tls';
import zlib from 'node:zlib';
import t, { type Test } from 'tap';
import { OptionError } from '../../src/plugin.ts';
import { makeCertificates } from '../../test/support/fake_kube/certificates.ts';
import type { TestHostOptions } from '../../test/support/host.ts';
import { openInput } from '../../test/support/net_input.ts';
import { make } from '../../test/support/plugin.ts';
import { readForm, readJson } from './body.ts';
import input from './index.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Reply {
  status: number | undefined;
  body: string;
  headers: http.IncomingHttpHeaders;
}

async function open(t: Test, given: Record<string, string> = {}, how: TestHostOptions = {}) {
  const opened = await openInput(t, input, given, how);
  const agent = new http.Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const request = async (
    url: string,
    body: string | Buffer = '',
    headers: http.OutgoingHttpHeaders = JSON_TYPE,
    method = 'POST',
  ): Promise<Reply> => {
    const sent = http.request({ port: opened.port, host: '127.0.0.1', path: url, method, headers, agent });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const piece of response) text += piece;
    return { status: response.statusCode, body: text, headers: response.headers };
  };
  return { ...opened, request };
}

t.test('a body is taken as a whole or not at all', async (t) => {
  t.same(readJson(Buffer.from(' {"a":1}\n{"b":2}[{"c":3},4,{"d":5}] ')), [{ a: 1 }, { b: 2 }, { c: 3 }, { d: 5 }]);
  t.same(readJson(Buffer.from('[]')), []);
  for (const wrong of ['', ' ', '12', '"x"', 'no', '{"a":1} x', '{"a":1}{"b":', '{"a":1}{"b":}', '{"a"'])
    t.equal(readJson(Buffer.from(wrong)), undefined, wrong);
  t.same(readJson(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])), [{ a: '\udcff' }]);
});

t.test('forms: values are decoded, names are not', async (t) => {
  t.same(readForm(Buffer.from('a=1&b=two+words&%20c=%C3%BC%00&d=&e&=f&\ng= h &i=%zz+%')), [
    { a: '1', b: 'two words', '%20c': '\u00fc\0', d: '', g: 'h', i: '%zz+%' },
  ]);
  t.same(readForm(Buffer.from('__proto__=x')), [Object.fromEntries([['__proto__', 'x']])]);
  for (const wrong of ['', 'a', '=b', '&&']) t.equal(readForm(Buffer.from(wrong)), undefined, wrong);
});

t.test('records of requests over one connection, with the path as their tag', async (t) => {
  const { host, request } = await open(t);
  t.match(await request('/', '{"i":1}'), { status: 201, body: '', headers: { 'content-length': '0' } });
  t.equal((await request('/app.log/a-%zz?q=1', '[{"i":2},{"i":3}]')).status, 201);
  t.equal((await request('/f', 'i=4', { 'content-type': 'application/x-www-form-urlencoded' })).status, 201);
  t.same(
    host.emitted.map(({ tag, events }) => [tag, events.map(({ body }) => body)]),
    [
      ['http.0', [{ i: 1 }]],
      ['app.log_a__zz', [{ i: 2 }, { i: 3 }]],
      ['f', [{ i: '4' }]],
    ],
  );
  t.equal(host.counts.requests_total, 3);
});

t.test('what is refused, and how', async (t) => {
  const { host, port, request } = await open(t, { buffer_max_size: '1000' });
  const cases: [string, Parameters<typeof request>][] = [
    ["header 'Content-Type' is not set", ['/', '{}', {}]],
    ["invalid 'Content-Type'", ['/', '{}', { 'content-type': 'text/plain' }]],
    ["invalid 'Content-Type'", ['/', '{}', { 'content-type': 'application/jsonx' }]],
    ['no payload found', ['/', '']],
    ['unable to process records', ['/', '{"a"']],
    ['invalid HTTP method', ['/', '', {}, 'GET']],
    ['invalid HTTP method', ['/', '{}', JSON_TYPE, 'PUT']],
    ['invalid HTTP method', ['/', '', {}, 'DELETE']],
    ['unable to process records', ['/', '{}', { ...JSON_TYPE, 'content-encoding': 'br' }]],
    ['unable to process records', ['/', '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }]],
  ];
  for (const [text, given] of cases)
    t.match(await request(...given), { status: 400, body: `error: ${text}\n` }, JSON.stringify(given));
  t.match(await request('/', `{"a":"${'x'.repeat(1000)}"}`), { status: 413, body: '' });
  t.equal(host.counts.refused_requests_total, cases.length);
  const socket = (await import('node:net')).connect(port, '127.0.0.1');
  socket.write('this is no HTTP\r\n\r\n');
  const [answer] = await once(socket, 'data');
  t.match(String(answer), /^HTTP\/1\.1 400 Bad Request[\s\S]*error: invalid request\n$/);
  socket.destroy();
  t.same(host.bodies, []);
});

t.test('packed bodies are unpacked, as far as a bomb does not', async (t) => {
  const { host, request } = await open(t, { buffer_max_size: '1000' });
  const packed = (bytes: Buffer, encoding: string) =>
    request('/', bytes, { ...JSON_TYPE, 'content-encoding': encoding });
  const text = Buffer.from('{"a":1}');
  t.equal((await packed(zlib.gzipSync(text), 'gzip')).status, 201);
  t.equal((await packed(zlib.deflateSync(text), 'Deflate')).status, 201);
  t.equal((await packed(zlib.zstdCompressSync(text), 'zstd')).status, 201);
  t.equal((await packed(zlib.gzipSync(zlib.zstdCompressSync(text)), 'zstd, gzip')).status, 201);
  t.equal((await packed(text, 'identity')).status, 201);
  t.equal(host.bodies.length, 5);
  t.equal((await packed(zlib.gzipSync(Buffer.alloc(1_000_000, ' ')), 'gzip')).status, 413);
});

t.test('Tag_Key, Success_Header, Successful_Response_Code and Add_Remote_Addr', async (t) => {
  const given = {
    tag_key: "$m['app']",
    success_header: 'X-One  two words',
    successful_response_code: '204',
    add_remote_addr: 'on',
    remote_addr_key: 'from',
  };
  const { host, request } = await open(t, given, { tag: 'mine' });
  const headers = { ...JSON_TYPE, 'x-forwarded-for': ' 203.0.113.7 , 10.0.0.1' };
  const body = '[{"m":{"app":"a/b"}},{"m":{"app":5},"from":"own"},{"m":{"app":""}}]';
  const reply = await request('/', body, headers);
  t.match(reply, { status: 204, headers: { 'x-one': 'two words' } });
  t.same(
    host.emitted.map(({ tag, events }) => [tag, events.map((event) => event.body)]),
    [
      ['a_b', [{ m: { app: 'a/b' }, from: '203.0.113.7' }]],
      [
        'mine',
        [
          { m: { app: 5 }, from: 'own' },
          { m: { app: '' }, from: '203.0.113.7' },
        ],
      ],
    ],
  );
  t.equal((await request('/', 'no')).headers['x-one'], undefined);
});

t.test('what is no header is refused; an odd status is told and 201', async (t) => {
  await t.rejects(make(input, [['success_header', 'X-One']]), OptionError);
  const { host } = await make(input, [['successful_response_code', '500']]);
  t.match(host.lines, [{ level: 'warn' }]);
});

t.test('while there is no room requests wait', async (t) => {
  let room = false;
  const { host, input: http, request } = await open(t, {}, { room: () => room });
  t.equal((await request('/', '{"i":1}')).status, 201, 'what was taken is answered');
  const second = request('/', '{"i":2}');
  const third = request('/', '{"i":3}');
  while (http.describe?.()[0] !== '2 connections, 2 requests wait') await new Promise((go) => setImmediate(go));
  t.equal(host.bodies.length, 1);
  room = true;
  http.resume?.();
  t.same([(await second).status, (await third).status], [201, 201]);
  t.equal(host.bodies.length, 3);
});

/** One request over HTTP/2. */
async function requestTwo(session: http2.ClientHttp2Session, body: string): Promise<[unknown, string]> {
  const stream = session.request({ ':method': 'POST', ':path': '/two', ...JSON_TYPE });
  stream.end(body);
  const [headers] = await once(stream, 'response');
  let text = '';
  for await (const piece of stream) text += piece;
  return [headers[':status'], text];
}

t.test('HTTP/2 is spoken at the same port, unless it is switched off', async (t) => {
  const { host, port, request } = await open(t);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.same(await requestTwo(session, '{"i":1}'), [201, '']);
  t.same(await requestTwo(session, 'x'), [400, 'error: unable to process records\n']);
  t.equal((await request('/one', '{"i":2}')).status, 201);
  session.close();
  t.same(
    host.emitted.map(({ tag }) => tag),
    ['two', 'one'],
  );
  const old = await open(t, { http2: 'off' });
  t.equal((await old.request('/', '{"i":3}')).status, 201);
});

t.test('over TLS the client chooses between both', async (t) => {
  const folder = t.testdir({});
  makeCertificates(folder);
  const file = (name: string): string => path.join(folder, name);
  const given = { tls: 'on', 'tls.crt_file': file('fake-server.crt'), 'tls.key_file': file('fake-server.key') };
  const { host, port } = await openInput(t, input, given);
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  t.same(await requestTwo(session, '{"i":1}'), [201, '']);
  session.close();
  for (const protocols of [['http/1.1'], undefined]) {
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...(protocols ? { ALPNProtocols: protocols } : {}),
    });
    await once(socket, 'secureConnect');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"i":2}');
    t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 201 /);
    socket.destroy();
  }
  t.equal(host.bodies.length, 3);
});

t.test('requests in one write, chunked ones and those of HTTP/1.0 are answered in turn', async (t) => {
  const { host, connect } = await open(t);
  const socket = await connect();
  const head = 'Host: x\r\nContent-Type: application/json\r\n';
  socket.write(
    `POST /a HTTP/1.1\r\n${head}Content-Length: 7\r\n\r\n{"i":1}` +
      `POST /b HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n3\r\n{"i\r\n4\r\n":2}\r\n0\r\n\r\n` +
      'POST /c HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"i":3}',
  );
  let text = '';
  for await (const piece of socket) text += piece;
  t.equal(text.match(/ 201 /g)?.length, 3);
  t.same(
    host.emitted.map(({ tag }) => tag),
    ['a', 'b', 'c'],
  );
});

t.test('a stop ends idle connections', async (t) => {
  const { input: http, connect, request } = await open(t);
  await request('/', '{}');
  const socket = await connect();
  socket.resume();
  const closed = once(socket, 'close');
  await http.stop();
  await closed;
});
