/**
 * The assertion by which a client of OAuth 2.0 shows who it is without a secret (private_key_jwt): a JSON Web Token that
 * its key signs, with the fingerprint of the certificate that the server knows.
 *
 * Source: RFC 7523, RFC 7515 (x5t); a `kid` is the SHA-1 in capital hexadecimal digits, as Fluent Bit writes it.
 */
import { createPrivateKey, type KeyObject, randomUUID, sign, X509Certificate } from 'node:crypto';
import fs from 'node:fs/promises';
import { OptionError } from '../options.ts';
import type { Clock } from '../plugin.ts';

export interface AssertionOptions {
  readonly 'oauth2.token_url': string | undefined;
  readonly 'oauth2.jwt_key_file': string | undefined;
  readonly 'oauth2.jwt_cert_file': string | undefined;
  readonly 'oauth2.jwt_aud': string | undefined;
  readonly 'oauth2.jwt_header': string;
  readonly 'oauth2.jwt_ttl_seconds': number;
}

const DEFAULT_TTL_SECONDS = 300;

export class Assertion {
  readonly #given: AssertionOptions;
  readonly #id: string;
  readonly #clock: Clock;
  readonly #files: { readonly key: string; readonly cert: string };
  #key: KeyObject | undefined;
  #header = '';

  /** @throws OptionError where a file is not named. */
  constructor(given: AssertionOptions, id: string, clock: Clock) {
    this.#given = given;
    this.#id = id;
    this.#clock = clock;
    this.#files = { key: needed(given, 'oauth2.jwt_key_file'), cert: needed(given, 'oauth2.jwt_cert_file') };
  }

  /** @throws OptionError */
  async open(): Promise<void> {
    const { key, cert } = this.#files;
    this.#key = await read('oauth2.jwt_key_file', key, createPrivateKey);
    if (this.#key.asymmetricKeyType !== 'rsa')
      throw new OptionError(`${key} is no RSA key, which RS256 needs`, 'oauth2.jwt_key_file');
    const certificate = await read('oauth2.jwt_cert_file', cert, (bytes) => new X509Certificate(bytes));
    const name = this.#given['oauth2.jwt_header'];
    this.#header = encode({ alg: 'RS256', typ: 'JWT', [name]: fingerprint(certificate, name) });
  }

  /** A new one; `open` has been called. */
  sign(): string {
    const { 'oauth2.jwt_aud': audience, 'oauth2.token_url': url, 'oauth2.jwt_ttl_seconds': ttl } = this.#given;
    const iat = Math.floor(this.#clock.now() / 1000);
    const exp = iat + (ttl > 0 ? ttl : DEFAULT_TTL_SECONDS);
    const claims = { iss: this.#id, sub: this.#id, aud: audience ?? url, iat, exp, jti: randomUUID() };
    const text = `${this.#header}.${encode(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), this.#key as KeyObject).toString('base64url')}`;
  }
}

function needed(given: AssertionOptions, name: 'oauth2.jwt_key_file' | 'oauth2.jwt_cert_file'): string {
  const file = given[name];
  if (file === undefined) throw new OptionError(`private_key_jwt needs '${name}'`, name);
  return file;
}

async function read<T>(option: string, file: string, make: (bytes: Buffer) => T): Promise<T> {
  try {
    return make(await fs.readFile(file));
  } catch (error) {
    throw new OptionError(`cannot read ${file}: ${(error as Error).message}`, option);
  }
}

function fingerprint(certificate: X509Certificate, name: string): string {
  const isLong = name.toLowerCase() === 'x5t#s256';
  const hex = (isLong ? certificate.fingerprint256 : certificate.fingerprint).replaceAll(':', '');
  return isLong || name.toLowerCase() === 'x5t' ? Buffer.from(hex, 'hex').toString('base64url') : hex;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
