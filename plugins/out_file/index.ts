/**
 * The `file` output: appends records to files, in several formats.
 *
 * A batch is written with one write a file, and `ok` means that the system took all of it. What fails is tried again by
 * the scheduler, and nothing of it stays in the file (see `append.ts`). Batches are written one after another, so that
 * lines of a file keep their order whatever `workers` says. A file is opened for every batch: one that was renamed or
 * removed by others (logrotate) is simply made anew.
 */
import type { LogEvent } from '../../src/data/event.ts';
import {
  type Batch,
  defineOutput,
  drop,
  OK,
  OptionError,
  type OptionsOf,
  type Output,
  type OutputHost,
  retry,
  type Verdict,
} from '../../src/plugin.ts';
import { append, type Open, openForAppend, openWithDirectories } from './append.ts';
import { compileDestinations, type Destinations } from './destination.ts';
import { compileFormat, type Format } from './format.ts';
import { options } from './options.ts';
import { Rotator } from './rotate.ts';

type Options = OptionsOf<typeof options>;

export default defineOutput({
  name: 'file',
  summary: 'Appends records to files.',
  options,
  create: (given, host) => new FileOutput(given, host),
});

interface Piece {
  readonly name: string;
  readonly events: Iterable<LogEvent>;
}

class FileOutput implements Output {
  readonly #host: OutputHost;
  readonly #destinations: Destinations;
  readonly #format: Format;
  readonly #open: Open;
  readonly #rotator: Rotator | undefined;
  /** Which files of a batch are written already, for its next try. */
  readonly #written = new WeakMap<Batch, Set<string>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(given: Options, host: OutputHost) {
    this.#host = host;
    this.#destinations = compileDestinations(given);
    this.#format = compileFormat(given, host.escapeUnicode);
    this.#open = given.mkdir ? openWithDirectories : openForAppend;
    this.#rotator = given.rotate ? new Rotator(rotationOf(given), host) : undefined;
  }

  flush(batch: Batch): Promise<Verdict> {
    const done = this.#last.then(() => this.#write(batch));
    this.#last = done;
    return done;
  }

  async #write(batch: Batch): Promise<Verdict> {
    const { pieces, refused } = this.#divide(batch);
    const written = this.#written.get(batch) ?? new Set();
    for (const { name, events } of pieces) {
      if (written.has(name)) continue;
      try {
        await this.#rotator?.rotateIfFull(name);
        await append(this.#open, name, (fresh) => this.#format(batch.tag, events, fresh));
      } catch (error) {
        return retry(`cannot write ${name}: ${(error as Error).message}`);
      }
      if (pieces.length > 1) this.#written.set(batch, written.add(name));
    }
    return refused === undefined ? OK : drop(refused);
  }

  #divide(batch: Batch): { pieces: Piece[]; refused?: string } {
    if (this.#destinations.fixed) {
      const [first] = batch;
      if (!first) return { pieces: [] };
      const name = this.#destinations.of(first, batch.tag);
      return typeof name === 'string' ? { pieces: [{ name, events: batch }] } : { pieces: [], refused: name.reason };
    }
    return this.#divideByRecord(batch);
  }

  /** As Fluent Bit, the action error gives up what follows in the batch; what came before is written. */
  #divideByRecord(batch: Batch): { pieces: Piece[]; refused?: string } {
    const pieces = new Map<string, LogEvent[]>();
    let refused: string | undefined;
    let dropped = 0;
    for (const event of batch) {
      const destination = this.#destinations.of(event, batch.tag);
      if (typeof destination === 'string') {
        const events = pieces.get(destination);
        if (events) events.push(event);
        else pieces.set(destination, [event]);
      } else if (destination.action === 'drop') {
        dropped++;
      } else {
        refused = destination.reason;
        break;
      }
    }
    if (dropped > 0) {
      this.#host.count('dropped_records_total', dropped);
      this.#host.log('warn', `${dropped} records that name no safe file were dropped`);
    }
    const list = [...pieces].map(([name, events]) => ({ name, events }));
    return refused === undefined ? { pieces: list } : { pieces: list, refused };
  }
}

function rotationOf(given: Options): { maxBytes: number; maxFiles: number; gzip: boolean } {
  const { rotate_max_size: maxBytes, rotate_max_files: maxFiles, rotate_gzip: gzip } = given;
  if (maxBytes === 0) throw new OptionError('rotate_max_size must be more than 0', 'rotate_max_size');
  if (maxFiles < 1) throw new OptionError('rotate_max_files must be 1 or more', 'rotate_max_files');
  return { maxBytes, maxFiles, gzip };
}
