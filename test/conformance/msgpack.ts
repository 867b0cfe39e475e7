/**
 * Reads msgpack that the router sent, as the recordings write it: an extension value is `{"$ext": type, "$hex": ...}`, a
 * bin value `{"$hex": ...}`, an integer past 2^53 the text `123n`. Of its own, so that a mistake of the router's
 * encoder cannot hide itself.
 */

/** All values of a buffer; what is cut off at its end is left out. */
export function readMsgpack(bytes: Buffer): unknown[] {
  return readWhole(bytes).values;
}

/** The same, and how many bytes they take. As latin1 a text holds bytes that are no text. */
export function readWhole(bytes: Buffer, encoding: BufferEncoding = 'utf8'): { values: unknown[]; used: number } {
  const reader = new Reader(bytes, encoding);
  const values: unknown[] = [];
  let used = 0;
  try {
    while (!reader.done) {
      values.push(reader.value());
      used = reader.at;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return { values, used };
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #encoding: BufferEncoding;

  constructor(bytes: Buffer, encoding: BufferEncoding) {
    this.#bytes = bytes;
    this.#encoding = encoding;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  value(): unknown {
    const code = this.#uint(1);
    if (code < 0x80) return code;
    if (code < 0x90) return this.#map(code & 15);
    if (code < 0xa0) return this.#list(code & 15);
    if (code < 0xc0) return this.#text(code & 31);
    if (code >= 0xe0) return code - 256;
    return this.#long(code);
  }

  #long(code: number): unknown {
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return code === 0xc3;
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8));
    }
    if (code <= 0xc6) return { $hex: this.#hex(this.#uint(1 << (code - 0xc4))) };
    if (code <= 0xc9) return this.#ext(this.#uint(1 << (code - 0xc7)));
    if (code <= 0xce) return this.#uint(1 << (code - 0xcc));
    if (code === 0xcf) return integer(this.#bytes.readBigUInt64BE(this.#take(8)));
    if (code <= 0xd2) return this.#bytes.readIntBE(this.#take(1 << (code - 0xd0)), 1 << (code - 0xd0));
    if (code === 0xd3) return integer(this.#bytes.readBigInt64BE(this.#take(8)));
    if (code <= 0xd8) return this.#ext(1 << (code - 0xd4));
    if (code <= 0xdb) return this.#text(this.#uint(1 << (code - 0xd9)));
    if (code <= 0xdd) return this.#list(this.#uint(2 << (code - 0xdc)));
    return this.#map(this.#uint(2 << (code - 0xde)));
  }

  #list(length: number): unknown[] {
    return Array.from({ length }, () => this.value());
  }

  #map(length: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let i = 0; i < length; i++) {
      const key = this.value();
      entries.push([typeof key === 'string' ? key : JSON.stringify(key), this.value()]);
    }
    return Object.fromEntries(entries);
  }

  #text(length: number): string {
    const start = this.#take(length);
    return this.#bytes.toString(this.#encoding, start, start + length);
  }

  #ext(length: number): unknown {
    const type = this.#bytes.readInt8(this.#take(1));
    return { $ext: type, $hex: this.#hex(length) };
  }

  #hex(length: number): string {
    const start = this.#take(length);
    return this.#bytes.toString('hex', start, start + length);
  }

  #uint(length: number): number {
    return this.#bytes.readUIntBE(this.#take(length), length);
  }

  /** @throws RangeError at the end of the bytes. */
  #take(length: number): number {
    const start = this.at;
    if (start + length > this.#bytes.length) throw new RangeError('the bytes end inside a value');
    this.at += length;
    return start;
  }
}

function integer(value: bigint): number | string {
  const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return small ? Number(value) : `${value}n`;
}
