/**
 * The filter at work: finds out which container an array of events comes from, what is known of it, and enriches. What was
 * found for a tag is remembered with the tag, so that most arrays cost one look into a map.
 */
import type { LogEvent } from '../../src/data/event.ts';
import type { ContainerName } from '../../src/net/kube_metadata.ts';
import type { Filter, FilterHost, Soon } from '../../src/plugin.ts';
import { enrich, enrichAll } from './enrich.ts';
import type { MergeSettings } from './merge_log.ts';
import { type Found, NOTHING } from './metadata.ts';
import type { ReadName } from './names.ts';
import { NO_WISHES } from './suggestions.ts';

export interface Source {
  readonly generation: number;
  start(ownPod: ContainerName | undefined): void;
  stop(): Soon<void>;
  find(name: ContainerName): Soon<Found>;
}

export interface FilterParts {
  readonly host: FilterHost;
  readonly merge: MergeSettings | undefined;
  readonly metadata: Source;
  readonly readName: ReadName;
  readonly prefix: string;
  readonly isJournal: boolean;
  /** There is nothing to do. */
  readonly isIdle: boolean;
  ownPod(): ContainerName | undefined;
}

/** A tag, or a CONTAINER_NAME, and what was found for it last. */
interface Place {
  /** undefined: it names no container. */
  readonly name: ContainerName | undefined;
  found: Found;
  generation: number;
}

/** Tags come from outside: an endless number of them must not fill the memory. */
const MOST_PLACES = 10_000;

export class KubernetesFilter implements Filter {
  readonly #parts: FilterParts;
  readonly #places = new Map<string, Place>();
  #toldNames = false;
  #toldUnnamed = false;

  constructor(parts: FilterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.metadata.start(this.#parts.ownPod());
  }

  stop(): Soon<void> {
    return this.#parts.metadata.stop();
  }

  filter(events: LogEvent[], tag: string): Soon<LogEvent[]> {
    if (this.#parts.isIdle) return events;
    if (this.#parts.isJournal) return this.#filterJournal(events);
    const place = this.#places.get(tag) ?? this.#addPlace(tag);
    const { name } = place;
    if (name === undefined) return events;
    const found = this.#find(place, name);
    return found instanceof Promise ? found.then((late) => this.#enrich(events, late)) : this.#enrich(events, found);
  }

  #enrich(events: LogEvent[], found: Found): LogEvent[] {
    if (found.kubernetes === undefined) this.#parts.host.count('records_without_metadata_total', events.length);
    return enrichAll(events, found, this.#parts.merge);
  }

  #find(place: Place, name: ContainerName): Soon<Found> {
    const { metadata, host } = this.#parts;
    const { found } = place;
    const isCurrent = place.generation === metadata.generation;
    if (isCurrent && (found.until === Number.POSITIVE_INFINITY || found.until > host.clock.monotonic())) return found;
    const { generation } = metadata;
    const next = metadata.find(name);
    if (next instanceof Promise) return next.then((late) => remember(place, late, generation));
    return remember(place, next, generation);
  }

  #addPlace(text: string): Place {
    const name = this.#parts.readName(text);
    if (!name) this.#tellName(text);
    if (this.#places.size >= MOST_PLACES) this.#places.clear();
    const place = { name, found: NOTHING, generation: -1 };
    this.#places.set(text, place);
    return place;
  }

  #tellName(text: string): void {
    const { isJournal, prefix, host } = this.#parts;
    const what = isJournal ? `CONTAINER_NAME '${text}'` : `tag '${text}' without the length of '${prefix}'`;
    host.log(this.#toldNames ? 'debug' : 'warn', `${what} names no container of a pod; its records stay as they are`);
    this.#toldNames = true;
  }

  /** Neighbours in the journal come from many pods. */
  #filterJournal(events: LogEvent[]): Soon<LogEvent[]> {
    const founds: (Found | undefined)[] = [];
    const late: Promise<unknown>[] = [];
    const named = events.filter(({ body }) => typeof body.CONTAINER_NAME === 'string');
    if (named.length < events.length) this.#dropUnnamed(events.length - named.length);
    named.forEach((event, i) => {
      const text = event.body.CONTAINER_NAME as string;
      const place = this.#places.get(text) ?? this.#addPlace(text);
      const found = place.name && this.#find(place, place.name);
      if (found instanceof Promise) late.push(found.then((value) => (founds[i] = value)));
      else founds[i] = found;
    });
    const finish = () => named.filter((event, i) => this.#enrichOne(event, founds[i]));
    return late.length === 0 ? finish() : Promise.all(late).then(finish);
  }

  /** @returns whether the event is kept. */
  #enrichOne(event: LogEvent, found: Found | undefined): boolean {
    return found === undefined || this.#enrich([event], found).length > 0;
  }

  /** As Fluent Bit (kubernetes/use-journal-no-container-name): what comes from no container at all is dropped. */
  #dropUnnamed(count: number): void {
    const { host } = this.#parts;
    host.count('records_without_container_name_total', count);
    if (!this.#toldUnnamed)
      host.log(
        'warn',
        'records of the journal without CONTAINER_NAME are dropped (Use_Journal); Match those of containers',
      );
    this.#toldUnnamed = true;
  }
}

function remember(place: Place, found: Found, generation: number): Found {
  place.found = found;
  place.generation = generation;
  return found;
}

/** Dummy_Meta: a map with the present time, for tests. */
export class DummyFilter implements Filter {
  readonly #merge: MergeSettings | undefined;
  readonly #host: FilterHost;

  constructor(merge: MergeSettings | undefined, host: FilterHost) {
    this.#merge = merge;
    this.#host = host;
    host.log('warn', 'using Dummy Metadata');
  }

  filter(events: LogEvent[]): LogEvent[] {
    const dummy = asctime(new Date(this.#host.clock.now()));
    const found = { kubernetes: Object.freeze({ dummy }), namespace: undefined, wishes: NO_WISHES, until: 0 };
    for (const event of events) enrich(event, found, this.#merge, undefined);
    return events;
  }
}

/** As C's: `Thu Jan  1 00:00:00 2026`, local time. */
function asctime(date: Date): string {
  const [day, month] = date.toString().split(' ');
  return `${day} ${month} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)} ${date.getFullYear()}`;
}
