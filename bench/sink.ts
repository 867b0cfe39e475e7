/**
 * The far end of benchmarks, in a process of its own: a Kubernetes API, CloudWatch Logs, Loki and any HTTP server in
 * one, that only counts. `node bench/sink.ts` prints its port; GET /count answers how many events each got.
 *
 * With a key and a certificate as arguments it speaks TLS as well, at a second port.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import zlib from 'node:zlib';

const count = { lines: 0, cloudwatch: 0, loki: 0, api: 0, bytes: 0, requests: 0 };

const CONTAINER = 'a'.repeat(64);

function pod(namespace: string, name: string): object {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace,
      uid: '11111111-2222-4333-8444-555555555555',
      labels: { app: 'web', tier: 'front', 'pod-template-hash': '5f6d7c8b9' },
      annotations: { 'example.com/owner': 'team-a' },
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example/web:1.0' }] },
    status: {
      podIP: '10.1.2.3',
      containerStatuses: [
        {
          name: 'app',
          image: 'registry.example/web:1.0',
          imageID: `registry.example/web@sha256:${'0'.repeat(64)}`,
          containerID: `containerd://${CONTAINER}`,
        },
      ],
    },
  };
}

function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const packed = Buffer.concat(parts);
    const body = request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(packed) : packed;
    const { status, answer } = answerTo(request, body);
    const type = request.headers['x-amz-target'] === undefined ? 'json' : 'x-amz-json-1.1';
    const head = { 'content-type': `application/${type}`, 'x-amzn-RequestId': '00000000-0000-4000-8000-000000000000' };
    response.writeHead(status, head).end(answer && JSON.stringify(answer));
  });
}

function answerTo({ url = '', headers }: http.IncomingMessage, body: Buffer): { status: number; answer?: object } {
  if (url === '/count') return { status: 200, answer: count };
  const ofPod = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/?]+)/.exec(url);
  if (url.startsWith('/api/v1/')) {
    count.api++;
    const [, namespace = '', name = ''] = ofPod ?? [];
    return {
      status: 200,
      answer: ofPod ? pod(namespace, name) : { kind: 'Namespace', metadata: { name: 'production' } },
    };
  }
  count.requests++;
  count.bytes += body.length;
  if (url.startsWith('/loki/api/v1/push')) {
    for (const { values } of JSON.parse(body.toString()).streams) count.loki += values.length;
    return { status: 204 };
  }
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') {
    for (let at = body.indexOf(10); at >= 0; at = body.indexOf(10, at + 1)) count.lines++;
    return { status: 200 };
  }
  if (!target.endsWith('PutLogEvents')) return { status: 200, answer: { logStreams: [], logGroups: [] } };
  count.cloudwatch += JSON.parse(body.toString()).logEvents.length;
  return { status: 200, answer: { nextSequenceToken: '1' } };
}

async function listen(server: http.Server): Promise<number> {
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const [, , key, cert] = process.argv;
const ports = [await listen(http.createServer(serve))];
if (key && cert)
  ports.push(await listen(https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, serve)));
console.log(ports.join(' '));
