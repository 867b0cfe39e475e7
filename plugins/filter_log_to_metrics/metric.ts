/**
 * One metric with its series, in plain numbers: an observation costs one look-up. A series is known by the values of its
 * labels; there are at most `maxSeries`, so that a label with ever new values cannot fill the memory.
 */
import type { FamilySample, MetricFamily } from '../../src/plugin.ts';

export interface MetricSettings {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds, ascending; for a histogram. */
  readonly buckets: readonly number[];
  readonly maxSeries: number;
}

export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  readonly labels: readonly (readonly [string, string])[];
  /** The count, the last value, or a histogram's sum. */
  value: number;
  /** How many values fell into each bucket and no smaller one; the last is that without a bound. */
  readonly buckets: number[];
}

export class Metric implements MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricSettings['type'];
  readonly #settings: MetricSettings;
  readonly #series = new Map<string, Series>();

  constructor(settings: MetricSettings) {
    this.name = settings.name;
    this.help = settings.help;
    this.type = settings.type;
    this.#settings = settings;
  }

  /** @returns false where this would be one series too many. */
  observe(labels: readonly string[], value: number): boolean {
    const series = this.#find(labels);
    if (!series) return false;
    if (this.type === 'gauge') series.value = value;
    else series.value += value;
    if (this.type === 'histogram') {
      const { buckets } = this.#settings;
      let at = 0;
      while (at < buckets.length && value > (buckets[at] as number)) at++;
      series.buckets[at] = (series.buckets[at] as number) + 1;
    }
    return true;
  }

  *samples(): Iterable<FamilySample> {
    for (const series of this.#series.values()) {
      if (this.type === 'histogram') yield* this.#histogram(series);
      else yield { suffix: '', labels: series.labels, value: series.value };
    }
  }

  #find(labels: readonly string[]): Series | undefined {
    const key = labels.length === 1 ? (labels[0] as string) : labels.join('\0');
    let series = this.#series.get(key);
    if (!series && this.#series.size < this.#settings.maxSeries) {
      series = {
        labels: this.#settings.labels.map((name, at) => [name, labels[at] as string]),
        value: 0,
        buckets: new Array<number>(this.type === 'histogram' ? this.#settings.buckets.length + 1 : 0).fill(0),
      };
      this.#series.set(key, series);
    }
    return series;
  }

  *#histogram({ labels, value, buckets }: Series): Iterable<FamilySample> {
    let count = 0;
    for (let at = 0; at < buckets.length; at++) {
      count += buckets[at] as number;
      const bound = this.#settings.buckets[at];
      const le = bound === undefined ? '+Inf' : Number.isInteger(bound) ? `${bound}.0` : String(bound);
      yield { suffix: '_bucket', labels: [['le', le], ...labels], value: count };
    }
    yield { suffix: '_sum', labels, value };
    yield { suffix: '_count', labels, value: count };
  }
}
