/** Signatures of AWS, held against the SDK's own signer. */
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import t from 'tap';
import { signAws } from '../../src/net/aws_sign.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' };
const NOW_MS = Date.UTC(2026, 0, 1, 12, 30, 5);
const signature = (headers: Readonly<Record<string, string>>) => /Signature=\w+/.exec(headers.authorization ?? '')?.[0];

async function bySdk(service: string, path: string, query: Record<string, string | string[]>) {
  const signer = new SignatureV4({
    credentials: KEYS,
    region: 'eu-central-1',
    service,
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: service !== 's3',
  });
  const headers = { host: 'example.com', 'content-type': 'text/plain' };
  const request = { method: 'PUT', protocol: 'https:', hostname: 'example.com', path, query, headers, body: 'body' };
  return (await signer.sign(request, { signingDate: new Date(NOW_MS) })).headers;
}

t.test('paths and queries are signed as the SDK signs them', async (t) => {
  const cases: [string, string, Record<string, string | string[]>][] = [
    ['/', '/', {}],
    ['/a/b', '/a/b', {}],
    ["/a%20b/c(d)'!*~", "/a%20b/c(d)'!*~", {}],
    ['/x?b=2&a=1&empty', '/x', { b: '2', a: '1', empty: '' }],
    ['/x?b=2&b=1&a%20c=%C3%A9%2F(*)', '/x', { b: ['2', '1'], 'a c': 'é/(*)' }],
  ];
  for (const service of ['es', 's3'])
    for (const [path, bare, query] of cases) {
      const headers = { host: 'example.com', 'content-type': 'text/plain' };
      const scope = { region: 'eu-central-1', service, now: NOW_MS };
      const own = signAws({ method: 'PUT', path, headers, body: 'body' }, KEYS, scope);
      t.equal(signature(own), signature(await bySdk(service, bare, query)), `${service} ${path}`);
    }
});
