/** Push requests as Loki reads them: JSON, or protobuf in a block of snappy. Throws where they are neither. */
import { createRequire } from 'node:module';
import zlib from 'node:zlib';

export interface PushedEntry {
  readonly ns: bigint;
  readonly line: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PushedStream {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: readonly PushedEntry[];
}

const snappy = createRequire(import.meta.url)('snappyjs') as { uncompress(bytes: Uint8Array): Uint8Array };

export function decodePush(type: string, encoding: string | undefined, body: Buffer): PushedStream[] {
  if (type.startsWith('application/x-protobuf')) return decodeProtobuf(Buffer.from(snappy.uncompress(body)));
  if (!type.startsWith('application/json')) throw new Error(`content type ${type} is not supported`);
  if (encoding !== undefined && encoding !== 'gzip') throw new Error(`Content-Encoding "${encoding}" not supported`);
  return decodeJson((encoding === 'gzip' ? zlib.gunzipSync(body) : body).toString('utf8'));
}

function decodeJson(text: string): PushedStream[] {
  const { streams } = JSON.parse(text) as {
    streams: { stream: Record<string, string>; values: [string, string, Record<string, string>?][] }[];
  };
  return streams.map(({ stream, values }) => ({
    labels: stream,
    entries: values.map(([ns, line, metadata = {}]) => ({ ns: BigInt(ns), line, metadata })),
  }));
}

interface Field {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Buffer;
}

/** The fields of a message: varints and bytes are all that a push request has. */
function* fieldsOf(message: Buffer): Iterable<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('the protobuf message ends too early');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const value = varint();
    if ((tag & 7) === 0) yield { number: tag >> 3, value, bytes: Buffer.alloc(0) };
    else if ((tag & 7) === 2) {
      const end = at + Number(value);
      if (end > message.length) throw new Error('the protobuf message ends too early');
      yield { number: tag >> 3, value, bytes: message.subarray(at, end) };
      at = end;
    } else throw new Error('unknown wire type');
  }
}

function decodeProtobuf(message: Buffer): PushedStream[] {
  return [...fieldsOf(message)].filter(({ number }) => number === 1).map(({ bytes }) => decodeStream(bytes));
}

function decodeStream(message: Buffer): PushedStream {
  const fields = [...fieldsOf(message)];
  const labels = fields.find(({ number }) => number === 1)?.bytes.toString('utf8') ?? '{}';
  return {
    labels: parseLabels(labels),
    entries: fields.filter(({ number }) => number === 2).map(({ bytes }) => decodeEntry(bytes)),
  };
}

function decodeEntry(message: Buffer): PushedEntry {
  let ns = 0n;
  let line = '';
  const metadata: Record<string, string> = {};
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1)
      for (const part of fieldsOf(bytes))
        ns += BigInt.asIntN(64, part.value) * (part.number === 1 ? 1_000_000_000n : 1n);
    else if (number === 2) line = bytes.toString('utf8');
    else if (number === 3) {
      const [name, value] = [...fieldsOf(bytes)].map((part) => part.bytes.toString('utf8'));
      metadata[name ?? ''] = value ?? '';
    }
  }
  return { ns, line, metadata };
}

/** `{app="web", job="x"}`. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const inner = /^\{(.*)\}$/s.exec(text)?.[1];
  if (inner === undefined) throw new Error(`couldn't parse labels: ${text}`);
  for (const [, name = '', value = '""'] of inner.matchAll(/([^=,\s]+)\s*=\s*("(?:\\.|[^"\\])*")/g))
    labels[name] = JSON.parse(value);
  return labels;
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort();
  return `{${names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(', ')}}`;
}
