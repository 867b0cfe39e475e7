/**
 * Entries become events: the fields of an entry, in its order, as Fluent Bit gives them. A field that an entry has more
 * than once becomes an array, in the place of its second value. Nearly all of the reader's time is spent here.
 */
import { type Fields, type LogEvent, NO_METADATA, setField, type Value } from '../../src/data/event.ts';
import type { FieldReader } from './fields.ts';
import { ENTRY_BYTES, getUint64 } from './format.ts';
import type { JournalFile } from './journal_file.ts';
import type { Matches } from './matches.ts';

export interface EntryOptions {
  readonly maxFields: number;
  /** The tag holds the unit. */
  readonly wantsUnit: boolean;
  readonly matches: Matches;
}

/** What comes after so much of one entry is left out. */
const MAX_ENTRY_CHARACTERS = 32 * 1024 * 1024;

export class EntryReader {
  /** Of the entry that was read last: the value of _SYSTEMD_UNIT, where `wantsUnit`. */
  unit: string | undefined;
  /** About how long its fields are. */
  characters = 0;
  readonly #options: EntryOptions;
  /** The offsets of its fields. */
  #items = new Float64Array(256);
  #found = new Int32Array(256);

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  /** The head of `file`; undefined where the filter does not want it. */
  read(file: JournalFile, fields: FieldReader): LogEvent | undefined {
    const count = this.#readItems(file);
    if (this.#options.matches.count > 0 && !this.#isWanted(fields, count)) return undefined;
    const body = this.#readBody(fields, count);
    const seconds = Math.floor(file.realtime / 1e6);
    return { seconds, nanos: (file.realtime - seconds * 1e6) * 1000, metadata: NO_METADATA, body };
  }

  #readItems(file: JournalFile): number {
    const { data, isCompact } = file;
    const width = isCompact ? 4 : 16;
    const count = (file.bytes - ENTRY_BYTES) / width;
    if (!data.locate(file.offset, file.bytes)) return 0;
    if (count > this.#items.length) {
      this.#items = new Float64Array(count * 2);
      this.#found = new Int32Array(count * 2);
    }
    const { view } = data;
    const items = this.#items;
    let at = data.at + ENTRY_BYTES;
    for (let i = 0; i < count; i++, at += width) items[i] = isCompact ? view.getUint32(at, true) : getUint64(view, at);
    return count;
  }

  #isWanted(fields: FieldReader, count: number): boolean {
    for (let i = 0; i < count; i++) this.#found[i] = fields.matchAt(this.#items[i] as number);
    return this.#options.matches.accept(this.#found, count);
  }

  #readBody(fields: FieldReader, count: number): Fields {
    const { maxFields, wantsUnit } = this.#options;
    let body: Fields = {};
    const entry = fields.begin();
    let characters = 0;
    let taken = 0;
    this.unit = undefined;
    for (let i = 0; i < count && (taken < maxFields || wantsUnit); i++) {
      const field = fields.at(this.#items[i] as number);
      if (!field) continue;
      if (field.isUnit) this.unit ??= field.value;
      if (taken >= maxFields) continue;
      const { name, value } = field;
      if (characters + value.length > MAX_ENTRY_CHARACTERS) {
        fields.leaveOut('is too much for one entry');
        continue;
      }
      taken++;
      characters += name.key.length + value.length;
      if (name.entry === entry) body = again(body, name.key, value);
      else setField(body, name.key, value);
      name.entry = entry;
    }
    this.characters = characters;
    return body;
  }
}

/** Adds another value of a key. The array is ours, made at the second one. */
function again(body: Fields, key: string, value: string): Fields {
  const before = body[key] as Value;
  if (Array.isArray(before)) {
    before.push(value);
    return body;
  }
  const moved: Fields = {};
  for (const other in body) if (other !== key) setField(moved, other, body[other] as Value);
  setField(moved, key, [before, value]);
  return moved;
}
