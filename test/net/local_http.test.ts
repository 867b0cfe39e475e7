import http from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { askLocal } from '../../src/net/local_http.ts';

async function serve(answer: http.RequestListener) {
  const server = http.createServer(answer);
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const request = (port: number, path = '/') =>
  ({ method: 'GET', host: '127.0.0.1', port, path, timeoutMs: 5000 }) as const;

t.test('an answer is its status and its text', async (t) => {
  const port = await serve((asked, reply) =>
    reply.writeHead(404).end(`${asked.method} ${asked.url} ${asked.headers.a}`),
  );
  t.same(await askLocal({ ...request(port, '/x?y'), headers: { a: 'b' } }), { status: 404, text: 'GET /x?y b' });
  t.same(await askLocal({ ...request(port), method: 'PUT' }), { status: 404, text: 'PUT / undefined' });
});

t.test('no answer in time, a cut one and an endless one are errors', async (t) => {
  const silent = await serve(() => {});
  await t.rejects(askLocal({ ...request(silent), timeoutMs: 20 }), /no answer within 20 ms/);
  const cut = await serve((_asked, reply) => {
    reply.writeHead(200, { 'content-length': 10 }).write('x');
    setImmediate(() => reply.destroy());
  });
  await t.rejects(askLocal(request(cut)));
  const endless = await serve((_asked, reply) => reply.end(Buffer.alloc(17 * 1024 * 1024)));
  await t.rejects(askLocal(request(endless)), /more than/);
});

t.test('who gives up waits no longer', async (t) => {
  const silent = await serve(() => {});
  const abort = new AbortController();
  const asked = askLocal({ ...request(silent), signal: abort.signal });
  abort.abort();
  await t.rejects(asked);
});
