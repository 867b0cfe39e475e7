/**
 * Which stream a record belongs to: its labels, as one text. Records of a pod share their metadata as one object, so the
 * answer is looked up by the values that the labels come from, not made anew.
 *
 * A guard watches how many label sets are in use: too many of them are what brings a Loki down. It warns, and then
 * records of further label sets get the fixed labels only (what would be labels stays in their lines).
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import { type Fields, getField, isFields, setField, type Value } from '../../src/data/event.ts';
import type { Clock } from '../../src/plugin.ts';
import { fitName, type Pair } from './pairs.ts';

/** One label set. */
export interface Stream {
  /** As a JSON map: what tells streams apart. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Over the limit of the guard: its lines keep what would have been labels. */
  readonly capped: boolean;
}

export interface StreamSettings {
  readonly pairs: readonly Pair[];
  readonly autoKubernetes: boolean;
  /** 0: no limit. */
  readonly maxStreams: number;
  readonly clock: Clock;
  warn(message: string): void;
}

const DEFAULT_LABELS = { job: 'fluent-bit' };
/** A label set that was not used for this long, to twice as long, is forgotten. */
const GENERATION_MS = 3_600_000;
const KUBERNETES_LABELS = compileAccessor("$kubernetes['labels']");

export class Streams {
  /** The top-level fields from which labels are made. */
  readonly roots: readonly string[];
  readonly #settings: StreamSettings;
  readonly #capped: Stream;
  #young = new Map<string, Stream>();
  #old = new Map<string, Stream>();
  #turnAt: number;
  #warned: 'no' | 'half' | 'full' = 'no';
  /** The last answer, and what it was made of. */
  #lastTag: string | undefined;
  readonly #lastValues: (Value | undefined)[] = [];
  #last: Stream | undefined;

  constructor(settings: StreamSettings) {
    this.#settings = settings;
    const roots = settings.pairs.flatMap(({ value }) => value.roots);
    this.roots = [...new Set(settings.autoKubernetes ? [...roots, 'kubernetes'] : roots)];
    const fixed = settings.pairs.filter(({ value }) => value.constant);
    this.#capped = streamOf(Object.fromEntries(fixed.map(({ name, value }) => [name, value.text])), true);
    this.#turnAt = settings.clock.now() + GENERATION_MS;
  }

  /** Called for every event. */
  of(body: Fields, tag: string): Stream {
    let same = tag === this.#lastTag && this.#last !== undefined;
    for (let i = 0; i < this.roots.length; i++) {
      const value = getField(body, this.roots[i] as string);
      if (value === this.#lastValues[i]) continue;
      this.#lastValues[i] = value;
      same = false;
    }
    if (!same) {
      this.#lastTag = tag;
      this.#last = this.#find(body, tag);
    }
    return this.#last as Stream;
  }

  /** Forgets the last answer, and with time the label sets that are not used any more. Called once a batch. */
  turn(): void {
    this.#last = undefined;
    const now = this.#settings.clock.now();
    if (now < this.#turnAt) return;
    this.#turnAt = now + GENERATION_MS;
    this.#old = this.#young;
    this.#young = new Map();
    this.#warned = 'no';
  }

  #find(body: Fields, tag: string): Stream {
    const stream = streamOf(this.#labels(body, tag), false);
    const known = this.#young.get(stream.key);
    if (known) return known;
    const old = this.#old.get(stream.key);
    if (!old && this.#isFull(stream)) return this.#capped;
    this.#old.delete(stream.key);
    this.#young.set(stream.key, old ?? stream);
    return old ?? stream;
  }

  #labels(body: Fields, tag: string): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const { name, value } of this.#settings.pairs) {
      const text = value.constant ? value.text : value.fill(body, tag);
      if (text !== '' || value.constant) setField(labels, name, text);
    }
    if (this.#settings.autoKubernetes) {
      const own = KUBERNETES_LABELS.get(body);
      if (isFields(own))
        for (const [key, value] of Object.entries(own))
          if (typeof value === 'string') setField(labels, fitName(key), value);
    }
    return labels;
  }

  #isFull(next: Stream): boolean {
    const { maxStreams, warn } = this.#settings;
    if (maxStreams === 0) return false;
    const count = this.#young.size + this.#old.size + 1;
    if (count > maxStreams) {
      if (this.#warned !== 'full')
        warn(
          `more than ${maxStreams} label sets are in use (max_streams); further records get the fixed labels only. ${this.#mostVaried(next)}`,
        );
      this.#warned = 'full';
      return true;
    }
    if (count > maxStreams / 2 && this.#warned === 'no') {
      this.#warned = 'half';
      warn(`${count} label sets are in use, half of max_streams. ${this.#mostVaried(next)}`);
    }
    return false;
  }

  /** Which label is to blame. */
  #mostVaried(next: Stream): string {
    let most = { name: '', count: 0 };
    for (const name of Object.keys(next.labels)) {
      const values = new Set<string | undefined>();
      for (const { labels } of [...this.#young.values(), ...this.#old.values()]) values.add(labels[name]);
      if (values.size > most.count) most = { name, count: values.size };
    }
    return `The label ${most.name} has ${most.count} values; structured_metadata may be the better place for it`;
  }
}

function streamOf(labels: Record<string, string>, capped: boolean): Stream {
  const own = Object.keys(labels).length > 0 ? labels : DEFAULT_LABELS;
  return { key: JSON.stringify(own), labels: own, capped };
}
