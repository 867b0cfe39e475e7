/**
 * The keys of packed records, by a hash of their bytes: most of them come again with every record, and then their text
 * in JSON is there already.
 */
import type { BodyJson, Edits } from './body_json.ts';
import type { Value } from './event.ts';
import { decodeValue } from './msgpack.ts';

const MAX_KEY = 48;
const SLOTS = 1024;
const NOTHING = Buffer.alloc(0);

/** A key of the records. */
export interface PackedKey {
  /** Its bytes. */
  readonly raw: Uint8Array;
  /** `"key":`, as it stands in the text. */
  readonly text: Uint8Array;
  readonly edit: ((value: Value) => Value | undefined) | undefined;
  /** The map that was its last value, and the text that was made of it: often the next one is the same. */
  lastRaw: Buffer;
  lastText: Uint8Array;
  misses: number;
}

export class PackedKeys {
  readonly #json: BodyJson;
  readonly #edits: Edits | undefined;
  readonly #known: (PackedKey | undefined)[] = new Array(SLOTS).fill(undefined);
  /** Where the key that was read last ends. */
  end = 0;

  constructor(json: BodyJson, edits: Edits | undefined) {
    this.#json = json;
    this.#edits = edits;
  }

  /** The key at `at`; undefined where it is no text, or a very long one. */
  read(bytes: Uint8Array, at: number): PackedKey | undefined {
    const type = bytes[at] as number;
    const isShort = type >= 0xa0 && type < 0xc0;
    if (!isShort && type !== 0xd9) return undefined;
    const length = isShort ? type & 31 : (bytes[at + 1] as number);
    const start = at + (isShort ? 1 : 2);
    if (length > MAX_KEY) return undefined;
    this.end = start + length;
    const first = bytes[start] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const last = bytes[this.end - 1] as number;
    const slot = (length * 31 + first * 7 + middle * 13 + last * 3) & (SLOTS - 1);
    const known = this.#known[slot];
    if (known && known.raw.length === length) {
      const { raw } = known;
      let i = 0;
      while (i < length && raw[i] === bytes[start + i]) i++;
      if (i === length) return known;
    }
    return this.#add(slot, Buffer.from(bytes.subarray(start, this.end)));
  }

  #add(slot: number, raw: Buffer): PackedKey {
    const key = decodeValue(Buffer.concat([Buffer.of(0xd9, raw.length), raw])) as string;
    const text = Buffer.from(`${this.#json.value(key)}:`);
    const made = { raw, text, edit: this.#edits?.get(key), lastRaw: NOTHING, lastText: NOTHING, misses: 0 };
    this.#known[slot] = made;
    return made;
  }
}
