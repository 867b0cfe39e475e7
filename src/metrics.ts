/**
 * Plain numbers of every instance, counted once a batch. Names are those of Fluent Bit's metrics without the prefix
 * (`input_records_total`); a reason tells dropped events apart. Who exposes them reads `snapshot`. Metrics that a plugin
 * makes itself, with names and labels of the user (log_to_metrics), are published as families, and read by `families`.
 */

/** A metric with its series, as Prometheus has them. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One a line of the exposition: a histogram's have the suffixes `_bucket`, `_sum` and `_count`. */
  samples(): Iterable<FamilySample>;
}

export interface FamilySample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  /** Names and values in their order; an empty value is no label. */
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

export interface Sample {
  readonly kind: 'input' | 'filter' | 'output';
  readonly instance: string;
  readonly name: string;
  /** '' where there is none. */
  readonly reason: string;
  readonly value: number;
}

/** The counters of one instance. */
export class Counters {
  readonly #values = new Map<string, number>();

  add(name: string, by = 1, reason = ''): void {
    const key = reason === '' ? name : `${name}\0${reason}`;
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  /** The sum over all reasons. */
  get(name: string): number {
    let sum = 0;
    for (const [key, value] of this.#values) if (key === name || key.startsWith(`${name}\0`)) sum += value;
    return sum;
  }

  /** The families that the instance's plugin has published. */
  readonly families: MetricFamily[] = [];

  *entries(): Iterable<{ name: string; reason: string; value: number }> {
    for (const [key, value] of this.#values) {
      const [name = key, reason = ''] = key.split('\0');
      yield { name, reason, value };
    }
  }
}

export class Metrics {
  readonly #instances = new Map<string, { kind: Sample['kind']; instance: string; counters: Counters }>();

  counters(kind: Sample['kind'], instance: string): Counters {
    const key = `${kind}\0${instance}`;
    let found = this.#instances.get(key);
    if (!found) {
      found = { kind, instance, counters: new Counters() };
      this.#instances.set(key, found);
    }
    return found.counters;
  }

  /** Those of all instances; two of one name are told apart by their labels, if at all. */
  families(): MetricFamily[] {
    return [...this.#instances.values()].flatMap(({ counters }) => counters.families);
  }

  snapshot(): Sample[] {
    const samples: Sample[] = [];
    for (const { kind, instance, counters } of this.#instances.values())
      for (const entry of counters.entries()) samples.push({ kind, instance, ...entry });
    return samples;
  }
}
