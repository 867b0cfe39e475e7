/**
 * The dead letters of an output (its option dead_letter): what it refused or gave up goes to a file, one JSON object a
 * line, or to another output, with the reason, the time, the tag and the output that gave it up. The source of the
 * events waits until they are there, as for any other delivery.
 *
 *     {"time":"2026-11-21T03:05:04.123Z","output":"loki.0","tag":"kube.app","reason":"HTTP status 400",
 *      "date":1795230304.123456789,"record":{"log":"..."}}
 *
 * Another output gets the record as it was with `dead_letter` as its last key: a map of time, output, tag and reason.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Fields, LogEvent } from '../data/event.ts';
import { toJson } from '../data/json.ts';
import type { Logger } from '../log.ts';
import { Chunk } from './chunk.ts';
import type { OutputUnit } from './output_unit.ts';

export interface Letter {
  /** ISO 8601. */
  readonly time: string;
  /** Who gave the events up: Alias or name. */
  readonly output: string;
  readonly tag: string;
  readonly reason: string;
}

export interface DeadLetters {
  /** Resolves once the events are kept (or their loss was counted); never rejects. */
  send(events: readonly LogEvent[], letter: Letter): Promise<'safe' | 'lost'>;
}

export function letterTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Appends to a file. What cannot be written is said and, as without dead letters, gone. */
export class DeadLetterFile implements DeadLetters {
  readonly #place: string;
  readonly #log: Logger;

  constructor(place: string, log: Logger) {
    this.#place = place;
    this.#log = log;
  }

  async send(events: readonly LogEvent[], { time, output, tag, reason }: Letter): Promise<'safe'> {
    const head = toJson({ time, output, tag, reason }, false).slice(0, -1);
    let text = '';
    for (const { seconds, nanos, metadata, body } of events) {
      const date = `${seconds}.${String(nanos).padStart(9, '0')}`;
      const more = Object.keys(metadata).length > 0 ? `,"metadata":${toJson(metadata, false)}` : '';
      text += `${head},"date":${date}${more},"record":${toJson(body, false)}}\n`;
    }
    try {
      fs.mkdirSync(path.dirname(this.#place), { recursive: true });
      fs.appendFileSync(this.#place, text);
    } catch (error) {
      this.#log.error(
        `[engine] ${events.length} dead letters of ${output} are lost: ${this.#place} cannot be written: ${(error as Error).message}`,
      );
    }
    return 'safe';
  }
}

let letterNumber = 0;

/** Hands them to another output, whatever its Match says. */
export class DeadLetterOutput implements DeadLetters {
  readonly #unit: OutputUnit;

  constructor(unit: OutputUnit) {
    this.#unit = unit;
  }

  send(events: readonly LogEvent[], letter: Letter): Promise<'safe' | 'lost'> {
    if (events.length === 0) return Promise.resolve('safe');
    const { time, output, tag, reason } = letter;
    const note: Fields = Object.freeze({ time, output, tag, reason });
    const chunk = new Chunk(tag, `dead-letter-${letterNumber++}`);
    chunk.append(
      events.map((event) => ({ ...event, body: { ...event.body, dead_letter: note } })),
      undefined,
    );
    chunk.isSealed = true;
    return new Promise((resolve) => {
      this.#unit.accept(chunk, output, (outcome) => {
        chunk.settle(outcome);
        resolve(outcome);
      });
    });
  }
}
