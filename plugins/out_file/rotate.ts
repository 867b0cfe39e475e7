/**
 * Rotation by size, as Fluent Bit's `rotate` options do it: before a batch is written to a file that has reached the
 * limit, the file is renamed to `NAME.YYYYMMDD_HHMMSS_xxxxxxxx`, compressed if wished, and the oldest renamed ones beyond
 * `rotate_max_files` are removed. A failure is logged and never stops the writing.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import type { OutputHost } from '../../src/plugin.ts';

export interface Rotation {
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly gzip: boolean;
}

const ROTATED = /^\.\d{8}_\d{6}(?:_[0-9a-fA-F]{8})?(?:\.gz)?$/;

export class Rotator {
  readonly #rotation: Rotation;
  readonly #host: OutputHost;

  constructor(rotation: Rotation, host: OutputHost) {
    this.#rotation = rotation;
    this.#host = host;
  }

  /** Called before each batch. */
  async rotateIfFull(name: string): Promise<void> {
    const size = await fs.stat(name).then(
      (stat) => (stat.isFile() ? stat.size : 0),
      () => 0,
    );
    if (size < this.#rotation.maxBytes) return;
    const rotated = `${name}.${this.#suffix()}`;
    try {
      await fs.rename(name, rotated);
    } catch (error) {
      this.#host.log('warn', `cannot rotate ${name}: ${(error as Error).message}`);
      return;
    }
    this.#host.log('info', `rotated ${name} to ${rotated}`);
    if (this.#rotation.gzip) await this.#compress(rotated);
    await this.#trim(name);
  }

  #suffix(): string {
    const now = new Date(this.#host.clock.now());
    const two = (value: number) => String(value).padStart(2, '0');
    const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
    const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
    const id = Math.floor(Math.random() * 2 ** 32);
    return `${date}_${time}_${id.toString(16).padStart(8, '0')}`;
  }

  async #compress(name: string): Promise<void> {
    const packed = `${name}.gz`;
    try {
      await pipeline(createReadStream(name), zlib.createGzip(), createWriteStream(packed, { flags: 'wx' }));
      await fs.unlink(name);
    } catch (error) {
      this.#host.log('warn', `cannot compress ${name}, it stays as it is: ${(error as Error).message}`);
      await fs.rm(packed, { force: true }).catch(() => undefined);
    }
  }

  /** Removes the oldest rotated files, by the time of their last change. */
  async #trim(name: string): Promise<void> {
    const directory = path.dirname(name);
    const base = path.basename(name);
    try {
      const names = (await fs.readdir(directory)).filter(
        (entry) => entry.startsWith(base) && ROTATED.test(entry.slice(base.length)),
      );
      const dated = await Promise.all(
        names.map(async (entry) => {
          const file = path.join(directory, entry);
          return { file, time: (await fs.stat(file)).mtimeMs };
        }),
      );
      dated.sort((a, b) => a.time - b.time || (a.file < b.file ? -1 : 1));
      for (const { file } of dated.slice(0, Math.max(dated.length - this.#rotation.maxFiles, 0))) await fs.unlink(file);
    } catch (error) {
      this.#host.log('warn', `cannot remove old files of ${name}: ${(error as Error).message}`);
    }
  }
}
