/**
 * The handshake of secure forward, for both sides, as values without I/O:
 *
 *     server  ["HELO", {nonce, auth}]                                             auth: empty where no user is asked for
 *     client  ["PING", hostname, salt, SHA512(salt hostname nonce key), user, SHA512(auth user password)]
 *     server  ["PONG", ok, reason, hostname, SHA512(salt hostname nonce key)]
 *
 * Digests are hexadecimal. Nonces and salts may be any bytes, in a bin (Fluentd) or a str (Fluent Bit); as text they are
 * what `data/bytes.ts` makes of them, so they come back as they were. Our own nonce is a bin and our own salt ASCII, since
 * to peers whose strings are text (the loggers for Node) anything else in a str is not the same bytes.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeText, encodeText } from '../data/bytes.ts';
import { getField, isFields, type Value } from '../data/event.ts';
import { encodeValue } from '../data/msgpack.ts';
import { ForwardError } from './forward_message.ts';

const NONCE_BYTES = 16;

/** What a server asks of its clients. */
export interface ServerKeys {
  readonly sharedKey: string;
  /** The own name. */
  readonly hostname: string;
  /** Passwords by user; where there are none, any user will do. */
  readonly users: ReadonlyMap<string, string>;
}

/** The server's half of one connection. */
export class ServerHandshake {
  readonly #keys: ServerKeys;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #auth = randomBytes(NONCE_BYTES);

  constructor(keys: ServerKeys) {
    this.#keys = keys;
  }

  helo(): Uint8Array {
    return encodeValue(['HELO', { nonce: this.#nonce, auth: this.#auth }]);
  }

  /**
   * @returns the PONG to send, and why the client is refused where it is.
   * @throws ForwardError where the client does not know the key or sends something else: it gets no answer.
   */
  answer(ping: Value): { readonly pong: Uint8Array; readonly refusal: string | undefined } {
    if (!Array.isArray(ping) || ping[0] !== 'PING' || ping.length !== 6)
      throw new ForwardError('the client sent no PING');
    const [hostname, salt, digest, user, password] = ping.slice(1).map(bytesOf);
    if (!hostname || !salt || !digest || !user || !password) throw new ForwardError('the PING of the client is broken');
    const { sharedKey, hostname: self } = this.#keys;
    if (!isSame(digest, sha512(salt, hostname, this.#nonce, sharedKey)))
      throw new ForwardError('the client has another shared_key');
    if (!this.#knows(decodeText(user), password)) {
      const refusal = 'username/password mismatch';
      return { pong: encodeValue(['PONG', false, refusal, '', '']), refusal };
    }
    const proof = sha512(salt, self, this.#nonce, sharedKey);
    return { pong: encodeValue(['PONG', true, '', self, proof]), refusal: undefined };
  }

  #knows(user: string, digest: Buffer): boolean {
    const { users } = this.#keys;
    if (users.size === 0) return true;
    const password = users.get(user);
    const isRight = isSame(digest, sha512(this.#auth, user, password ?? ''));
    return isRight && password !== undefined;
  }
}

/** What a client shows to a server. */
export interface ClientKeys {
  readonly sharedKey: string;
  readonly hostname: string;
  readonly username: string;
  readonly password: string;
}

/** The client's half of one connection. */
export class ClientHandshake {
  readonly #keys: ClientKeys;
  /** 16 characters. */
  readonly #salt = randomBytes(12).toString('base64');
  #nonce: Buffer = Buffer.alloc(0);

  constructor(keys: ClientKeys) {
    this.#keys = keys;
  }

  /** @returns the PING to send. @throws ForwardError */
  ping(helo: Value): Uint8Array {
    const [word, options] = Array.isArray(helo) ? helo : [];
    if (word !== 'HELO' || !isFields(options)) throw new ForwardError('the server sent no HELO');
    const nonce = bytesOf(getField(options, 'nonce'));
    if (!nonce) throw new ForwardError('the HELO of the server has no nonce');
    this.#nonce = nonce;
    const auth = bytesOf(getField(options, 'auth'));
    const { sharedKey, hostname, username, password } = this.#keys;
    const proof = sha512(this.#salt, hostname, nonce, sharedKey);
    const login = auth ? [username, sha512(auth, username, password)] : ['', ''];
    return encodeValue(['PING', hostname, this.#salt, proof, ...login]);
  }

  /** @throws ForwardError where the server refuses, or does not prove that it knows the key. */
  check(pong: Value): void {
    if (!Array.isArray(pong) || pong[0] !== 'PONG' || pong.length < 2)
      throw new ForwardError('the server sent no PONG');
    const [, isOk, reason, hostname, proof] = pong;
    if (isOk !== true)
      throw new ForwardError(`the server refuses: ${typeof reason === 'string' ? reason : 'without a reason'}`);
    const name = bytesOf(hostname);
    const digest = bytesOf(proof);
    if (!name || !digest || !isSame(digest, sha512(this.#salt, name, this.#nonce, this.#keys.sharedKey)))
      throw new ForwardError('the server does not prove that it knows the shared_key');
  }
}

function bytesOf(value: Value | undefined): Buffer | undefined {
  if (typeof value === 'string') return encodeText(value);
  return value instanceof Uint8Array ? Buffer.from(value) : undefined;
}

function sha512(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(typeof part === 'string' ? encodeText(part) : part);
  return hash.digest('hex');
}

function isSame(given: Buffer, digest: string): boolean {
  return given.length === digest.length && timingSafeEqual(given, Buffer.from(digest, 'latin1'));
}
