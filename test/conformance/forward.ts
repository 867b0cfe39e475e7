/** Both ends of the Forward protocol, as the cases need them: a server that keeps messages, a client's handshake. */
import { createHash } from 'node:crypto';
import net from 'node:net';
import zlib from 'node:zlib';
import type { Capture } from './capture.ts';
import type { CaptureSpec, Login } from './case.ts';
import { readMsgpack, readWhole } from './msgpack.ts';
import { packMsgpack } from './msgpack_write.ts';
import { poll } from './wait.ts';

const NONCE = 'noncenoncenonce1';

/** SHA512 over texts whose characters are bytes. */
const digest = (...parts: string[]): string =>
  createHash('sha512')
    .update(Buffer.from(parts.join(''), 'latin1'))
    .digest('hex');

/** A text as bytes, one a character. */
const asBytes = (text = ''): string => Buffer.from(text).toString('latin1');

/** Keeps `{message}`, and `{ping}` where it asks for a login; acknowledges what asks for it, unless a reply says no. */
export async function captureForward(spec: CaptureSpec, port: number): Promise<Capture> {
  const seen: unknown[] = [];
  const sockets = new Set<net.Socket>();
  let count = 0;
  const take = (socket: net.Socket, value: unknown) => {
    seen.push({ message: unpacked(value) });
    const reply = spec.replies?.[Math.min(++count, spec.replies.length) - 1];
    if (reply?.drop) socket.destroy();
    const options = Array.isArray(value) ? (value.at(-1) as { chunk?: string } | null) : undefined;
    if (reply?.drop || reply?.ack === false || !options?.chunk) return;
    socket.write(packMsgpack({ ack: options.chunk }));
  };
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let rest: Buffer = Buffer.alloc(0);
    let login = spec.login;
    if (login) socket.write(packMsgpack(['HELO', { nonce: NONCE, auth: login.username ? AUTH : '', keepalive: true }]));
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      if (login) {
        const { values, used } = readWhole(rest, 'latin1');
        if (values.length === 0) return;
        rest = rest.subarray(used);
        const isKnown = answerPing(login, values[0] as string[], socket, seen);
        if (!isKnown) return;
        login = undefined;
      }
      const { values, used } = readWhole(rest);
      rest = rest.subarray(used);
      for (const value of values) take(socket, value);
    });
  });
  await new Promise<void>((ok) => server.listen(port, '127.0.0.1', ok));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { seen, close };
}

const AUTH = 'authauthauthaut2';

function answerPing(login: Login, ping: string[], socket: net.Socket, seen: unknown[]): boolean {
  const [word, host = '', salt = '', proof, user, password] = ping;
  const isRight = proof === digest(salt, host, NONCE, login.shared_key);
  const isUser = user === login.username && password === digest(AUTH, login.username ?? '', login.password ?? '');
  const shown = password === '' ? '' : !login.username ? 'a digest' : isUser ? 'password right' : 'password wrong';
  seen.push({ ping: [word, host, isRight ? 'digest right' : 'digest wrong', user, shown] });
  const isKnown = !login.username || isUser;
  const why = login.reject ?? (!isRight ? 'shared_key mismatch' : isKnown ? '' : 'username/password mismatch');
  const own = digest(salt, 'server.example', NONCE, login.pong_key ?? login.shared_key);
  socket.write(packMsgpack(['PONG', why === '', why, 'server.example', own]));
  if (why !== '') socket.end();
  return why === '';
}

/** A packed message is shown with its entries. */
function unpacked(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [tag, entries, ...others] = value as [unknown, { $hex?: string; $ext?: number }, ...{ compressed?: string }[]];
  if (entries?.$hex === undefined || entries.$ext !== undefined) return value;
  const bytes = Buffer.from(entries.$hex, 'hex');
  const kind = others.at(-1)?.compressed;
  const plain = kind === 'gzip' ? zlib.gunzipSync(bytes) : kind === 'zstd' ? zlib.zstdDecompressSync(bytes) : bytes;
  return [tag, { $unpacked: readMsgpack(plain) }, ...others];
}

export interface Answers {
  /** What has come and was not taken yet. */
  next(): Buffer;
  ended(): boolean;
}

/** A str that was read as latin1, or a bin, as characters that are bytes. */
function bytesOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Buffer.from((value as { $hex?: string } | undefined)?.$hex ?? '', 'hex').toString('latin1');
}

/** The client's side of the handshake. @returns what the router sent, with lengths and checks for what is random. */
export async function logIn(login: Login, socket: net.Socket, answers: Answers): Promise<unknown> {
  const wait = async (ms: number): Promise<Buffer> => {
    let got = Buffer.alloc(0);
    await poll(() => {
      got = Buffer.concat([got, answers.next()]);
      return got.length > 0 || answers.ended();
    }, ms);
    return got;
  };
  const helo = readWhole(await wait(5000), 'latin1').values[0] as [string, Record<string, unknown>] | undefined;
  const nonce = bytesOf(helo?.[1].nonce);
  const auth = bytesOf(helo?.[1].auth);
  const { hostname = 'client.example', salt = 'saltsaltsaltsalt', username, password } = login;
  const key = asBytes(login.shared_key);
  const user = username ? digest(auth, asBytes(username), asBytes(password)) : '';
  const proof = digest(salt, hostname, nonce, key);
  socket.write(packMsgpack(login.ping ?? ['PING', hostname, salt, proof, username ?? '', user]));
  const pong = readMsgpack(await wait(3000))[0];
  const lengths = (entry: [string, unknown]) =>
    entry[0] === 'nonce' || entry[0] === 'auth' ? [entry[0], bytesOf(entry[1]).length] : entry;
  const shape = helo && [helo[0], Object.fromEntries(Object.entries(helo[1]).map(lengths))];
  if (!Array.isArray(pong) || !pong[4]) return { helo: shape, pong: pong ?? null };
  const isRight = pong[4] === digest(salt, asBytes(String(pong[3])), nonce, key);
  return { helo: shape, pong: [...pong.slice(0, 4), isRight ? 'digest right' : 'digest wrong'] };
}
