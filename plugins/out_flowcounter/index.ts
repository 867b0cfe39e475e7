/**
 * The `flowcounter` output: how many records and bytes came in each second, minute, hour or day, a line for each on
 * standard output. A line is written when a record of a later time comes.
 */
import { encodeEvents } from '../../src/data/msgpack.ts';
import { standardOutput } from '../../src/net/stdout.ts';
import { type Batch, defineOutput, OK, type OutputHost, retry } from '../../src/plugin.ts';

const UNITS = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const;
type Unit = keyof typeof UNITS;

export default defineOutput({
  name: 'flowcounter',
  summary: 'Prints how many records and bytes came in each second, minute, hour or day.',
  options: {
    unit: { type: 'text', default: 'minute', help: 'second, minute, hour or day; anything else is minute.' },
    event_based: {
      type: 'boolean',
      default: 'off',
      help: "Counts by the records' own times, not by that of the clock.",
    },
  },
  create: (given, host) => {
    const word = given.unit.toLowerCase();
    const counter = new FlowCounter(Object.hasOwn(UNITS, word) ? (word as Unit) : 'minute', given.event_based, host);
    return {
      flush: async (batch) => {
        try {
          const text = counter.count(batch);
          if (text !== '') await standardOutput().write(Buffer.from(text));
          return OK;
        } catch (error) {
          return retry(`cannot write to standard output: ${(error as Error).message}`);
        }
      },
    };
  },
});

/** Times without records have lines, too; after a longer silence only so many. */
const MOST_EMPTY_LINES = 1000;

export class FlowCounter {
  readonly #unit: Unit;
  readonly #isEventBased: boolean;
  readonly #host: Pick<OutputHost, 'clock' | 'log' | 'count'>;
  readonly #counted = new WeakSet<object>();
  /** The last second that belongs to what is being counted. */
  #until: number;
  #counts = 0;
  #bytes = 0;

  constructor(unit: Unit, isEventBased: boolean, host: Pick<OutputHost, 'clock' | 'log' | 'count'>) {
    this.#unit = unit;
    this.#isEventBased = isEventBased;
    this.#host = host;
    this.#until = this.#now();
  }

  /** The lines that are finished now; '' for none. A batch that is tried again is counted once. */
  count(batch: Batch): string {
    if (this.#counted.has(batch)) return '';
    this.#counted.add(batch);
    if (!this.#isEventBased) return this.#add(this.#now(), batch.count, batch.bytes().length);
    let text = '';
    let late = 0;
    for (const event of batch) {
      if (event.seconds < this.#until - UNITS[this.#unit]) late++;
      else text += this.#add(event.seconds, 1, encodeEvents([event]).length);
    }
    if (late > 0) {
      this.#host.count('late_records_total', late);
      this.#host.log('warn', `${late} records are older than what is being counted, and are left out`);
    }
    return text;
  }

  #add(second: number, counts: number, bytes: number): string {
    const tick = UNITS[this.#unit];
    let text = '';
    for (let lines = 0; second > this.#until; lines++) {
      if (lines > MOST_EMPTY_LINES) this.#until += Math.floor((second - this.#until) / tick) * tick;
      else text += this.#line(tick);
      if (second > this.#until) this.#until += tick;
      this.#counts = 0;
      this.#bytes = 0;
    }
    this.#counts += counts;
    this.#bytes += bytes;
    return text;
  }

  #line(tick: number): string {
    const per = (count: number) => Math.floor(count / tick);
    const [counts, bytes, unit] = [this.#counts, this.#bytes, this.#unit];
    return `[out_flowcounter] [${this.#until}, {"counts":${counts}, "bytes":${bytes}, "counts/${unit}":${per(counts)}, "bytes/${unit}":${per(bytes)} }]\n`;
  }

  #now(): number {
    return Math.floor(this.#host.clock.now() / 1000);
  }
}
