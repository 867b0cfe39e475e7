/** Certificates for the fake server, made by openssl when they are needed: an authority, a server and a client. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  readonly ca: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: Pair;
  readonly client: Pair;
}

/** @param folder where openssl may write. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const make = (name: string, extension: string, ...signer: string[]): Pair => {
    const to = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    openssl('req', '-x509', ...key, ...to, '-subj', `/CN=${name}`, '-addext', extension, ...signer);
    return { key: fs.readFileSync(file(`${name}.key`), 'utf8'), cert: fs.readFileSync(file(`${name}.crt`), 'utf8') };
  };
  const authority = make('fake-ca', 'keyUsage=critical,keyCertSign');
  const signer = ['-CA', file('fake-ca.crt'), '-CAkey', file('fake-ca.key'), '-addext', 'basicConstraints=CA:FALSE'];
  return {
    ca: authority.cert,
    server: make('fake-server', 'subjectAltName=IP:127.0.0.1,DNS:localhost', ...signer),
    client: make('fake-client', 'extendedKeyUsage=clientAuth', ...signer),
  };
}
