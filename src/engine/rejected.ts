/**
 * Where chunks go that an output gives up for good: refused, or tried too often. With storage.keep.rejected they are
 * written to `STORAGE.PATH/rejected/TAG_0_OUTPUT_0xADDRESS.flb`, in the layout of a chunk without metadata, as Fluent
 * Bit does, for somebody to look at; they are never delivered again.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '../log.ts';
import type { StorageSpec } from '../spec.ts';
import type { Chunk } from './chunk.ts';
import { encodeRejected } from './chunk_format.ts';

/** A file's name has 255 bytes; what follows the tag takes its part. */
const LONGEST_TAG = 120;

export class RejectedChunks {
  readonly #spec: StorageSpec;
  readonly #log: Logger;

  constructor(spec: StorageSpec, log: Logger) {
    this.#spec = spec;
    this.#log = log;
  }

  /** Never throws: a chunk that cannot be kept is said to be lost. */
  keep(chunk: Chunk, output: string): void {
    const { path: root, rejectedPath, checksum } = this.#spec;
    const folder = path.join(root, rejectedPath);
    const address = crypto.randomBytes(6).toString('hex');
    const place = path.join(folder, `${nameOf(chunk.tag)}_0_${nameOf(output)}_0x${address}.flb`);
    try {
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(place, encodeRejected(chunk.content(), checksum), { flag: 'wx' });
      this.#log.info(`[storage] rejected chunk '${chunk.name}' is kept as '${place}'`);
    } catch (error) {
      this.#log.error(`[storage] rejected chunk '${chunk.name}' cannot be kept: ${(error as Error).message}`);
    }
  }
}

/** Tags come from outside: nothing in them may leave the folder or upset the file system. */
function nameOf(text: string): string {
  let name = '';
  for (const char of text.slice(0, LONGEST_TAG)) name += char < ' ' || '/\\:'.includes(char) || char > '~' ? '_' : char;
  return name;
}
