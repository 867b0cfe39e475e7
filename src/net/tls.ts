/**
 * TLS settings of a client or a server, from the tls.* options to what `node:tls` takes. Reads the files that the options
 * name, so it is called when a plugin starts.
 *
 * As in Fluent Bit, a client's `tls.verify` checks the chain of the server's certificate and `tls.verify_hostname`, off by
 * default, its name; a server's `tls.verify_client_cert` takes only clients with a certificate.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import type tls from 'node:tls';
import { OptionError, type OptionsOf } from '../options.ts';
import type { TLS_LISTEN_OPTIONS, TLS_OPTIONS } from './options.ts';

export type TlsOptions = OptionsOf<typeof TLS_OPTIONS>;

/** @throws OptionError where a file cannot be read or a version is unknown. */
export async function readTls(given: TlsOptions): Promise<tls.ConnectionOptions> {
  const { 'tls.vhost': vhost } = given;
  return {
    rejectUnauthorized: given['tls.verify'],
    ...(given['tls.verify_hostname'] ? {} : { checkServerIdentity: () => undefined }),
    ...(vhost === undefined ? {} : { servername: vhost }),
    ...(await readContext(given)),
  };
}

/** For who listens. @throws OptionError, also where the own certificate or key is missing. */
export async function readServerTls(given: OptionsOf<typeof TLS_LISTEN_OPTIONS>): Promise<tls.TlsOptions> {
  for (const name of ['tls.crt_file', 'tls.key_file'] as const)
    if (given[name] === undefined) throw new OptionError(`tls needs ${name}`, 'tls');
  const isAsked = given['tls.verify_client_cert'];
  return { requestCert: isAsked, rejectUnauthorized: isAsked, ...(await readContext(given)) };
}

type ContextOptions = Pick<TlsOptions, keyof TlsOptions & keyof OptionsOf<typeof TLS_LISTEN_OPTIONS>>;

async function readContext(given: ContextOptions): Promise<tls.SecureContextOptions> {
  const { 'tls.key_passwd': passphrase, 'tls.ciphers': ciphers } = given;
  const authorities = await readAuthorities(given['tls.ca_file'], given['tls.ca_path']);
  const cert = await readPem('tls.crt_file', given['tls.crt_file']);
  const key = await readPem('tls.key_file', given['tls.key_file']);
  const min = version('tls.min_version', given['tls.min_version']);
  const max = version('tls.max_version', given['tls.max_version']);
  return {
    ...(authorities.length > 0 ? { ca: authorities } : {}),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(min === undefined ? {} : { minVersion: min }),
    ...(max === undefined ? {} : { maxVersion: max }),
  };
}

/** Those of the options replace the system's, as in OpenSSL with a CAfile of one's own. */
async function readAuthorities(file: string | undefined, directory: string | undefined): Promise<string[]> {
  const authorities: string[] = [];
  const one = await readPem('tls.ca_file', file);
  if (one !== undefined) authorities.push(one);
  if (directory === undefined) return authorities;
  try {
    for (const name of (await fs.readdir(directory)).sort()) {
      const text = await fs.readFile(path.join(directory, name), 'utf8').catch(() => '');
      if (text.includes('BEGIN CERTIFICATE')) authorities.push(text);
    }
  } catch (error) {
    throw new OptionError(`cannot read ${directory}: ${(error as Error).message}`, 'tls.ca_path');
  }
  return authorities;
}

async function readPem(option: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    throw new OptionError(`cannot read ${file}: ${(error as Error).message}`, option);
  }
}

const VERSIONS: Readonly<Record<string, tls.SecureVersion>> = {
  tlsv1: 'TLSv1',
  'tlsv1.0': 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
};

function version(option: string, text: string | undefined): tls.SecureVersion | undefined {
  if (text === undefined) return undefined;
  const found = VERSIONS[text.toLowerCase()];
  if (!found) throw new OptionError(`'${text}' is no TLS version; write TLSv1.2 or TLSv1.3`, option);
  return found;
}
