/**
 * Where an event goes: log group and log stream, from templates, from fields, or from the fixed names where those give
 * none. Each pair is one `Target` object for as long as it is remembered; what is known of the stream stands in it.
 */
import { type Fields, getField, type LogEvent, type Value } from '../../src/data/event.ts';
import type { Names } from './settings.ts';

export class Target {
  readonly group: string;
  readonly stream: string;
  /** The beginning of each of its requests. */
  readonly head: string;
  /** Whether the stream is known to be there; the promise of its making while that is under way. */
  ready: boolean | Promise<void> = false;
  /** How many batches have requests to it under way or waiting. */
  pending = 0;
  /** Settles when the last request to this stream that was asked for has its answer. */
  last: Promise<unknown> = Promise.resolve();

  constructor(group: string, stream: string) {
    this.group = group;
    this.stream = stream;
    this.head = `{"logGroupName":${JSON.stringify(group)},"logStreamName":${JSON.stringify(stream)},"logEvents":[`;
  }
}

/** Streams come and go with pods; those beyond this, longest unused, are forgotten (and made again: that is no fault). */
const MOST_TARGETS = 10_000;

export interface TargetKeys {
  readonly group: string | undefined;
  readonly stream: string | undefined;
}

export class Targets {
  readonly #names: Names;
  readonly #keys: TargetKeys;
  readonly #targets = new Map<string, Target>();
  /** Whether all events of a tag go to the same target. */
  readonly fixed: boolean;
  readonly #roots: readonly string[];
  #lastTag: string | undefined;
  #lastRoots: (Value | undefined)[] = [];
  #last: Target | undefined;

  constructor(names: Names, keys: TargetKeys) {
    this.#names = names;
    this.#keys = keys;
    const roots = [...(names.groupTemplate?.roots ?? []), ...(names.streamTemplate?.roots ?? [])];
    for (const key of [keys.group, keys.stream]) if (key !== undefined) roots.push(key);
    this.#roots = [...new Set(roots)];
    this.fixed = this.#roots.length === 0;
  }

  /** Called for every event where they are not fixed. undefined: nothing names a group or a stream. */
  of(event: LogEvent, tag: string): Target | undefined {
    const { body } = event;
    let same = tag === this.#lastTag;
    for (let i = 0; i < this.#roots.length; i++) {
      const value = getField(body, this.#roots[i] as string);
      if (value === this.#lastRoots[i]) continue;
      this.#lastRoots[i] = value;
      same = false;
    }
    if (same) return this.#last;
    this.#lastTag = tag;
    this.#last = this.#find(body, tag);
    return this.#last;
  }

  #find(body: Fields, tag: string): Target | undefined {
    const names = this.#names;
    const group = names.groupTemplate?.fillAll(body, tag, true) || this.#field(this.#keys.group, body) || names.group;
    const stream =
      names.streamTemplate?.fillAll(body, tag, true) ||
      this.#field(this.#keys.stream, body) ||
      (names.streamPrefix === undefined ? names.stream : names.streamPrefix + tag);
    return group === undefined || stream === undefined ? undefined : this.#target(group, stream);
  }

  #field(key: string | undefined, body: Fields): string | undefined {
    const value = key === undefined ? undefined : getField(body, key);
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  }

  #target(group: string, stream: string): Target {
    const key = `${group}\n${stream}`;
    let target = this.#targets.get(key);
    if (target) this.#targets.delete(key);
    else target = new Target(group, stream);
    this.#targets.set(key, target);
    if (this.#targets.size > MOST_TARGETS) this.#targets.delete(this.#targets.keys().next().value as string);
    return target;
  }
}
