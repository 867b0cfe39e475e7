/**
 * A mirror of the objects of one kind that a selector fits: listed once, then kept up to date by a watch. It says what
 * was added, changed and deleted, also across everything that can go wrong.
 *
 *     list (page by page) ─▶ watch from its resourceVersion ─▶ ended, cut: watch again from the last one
 *       ▲                                                   └▶ 410 Gone: list anew; the difference is reported
 *       └──────────────────────────────────────────────────────┘
 *
 * Always: an object that is in the mirror was reported as added, one that left it as deleted, each exactly once.
 * Of each object only what `transform` picks is kept. While the server cannot be reached the mirror stays as it is. Why
 * it cannot be reached is logged once per outage.
 */
import type { Clock, Level } from '../plugin.ts';
import { Backoff } from './kube_backoff.ts';
import type { KubeClient } from './kube_client.ts';
import { explain, isExpired, isRefused } from './kube_error.ts';
import type { KubeList, KubeObject } from './kube_types.ts';
import { openWatch, type WatchEvent } from './kube_watch.ts';

export interface ReflectorSettings<O extends KubeObject, T> {
  readonly client: KubeClient;
  /** `/api/v1/namespaces/x/pods`. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Takes the first list from the server's cache: cheap for the cluster, maybe a little old, not in pages. */
  readonly fromCache?: boolean;
  /** Objects of one page of the list, where it does not come from the cache. */
  readonly pageSize?: number;
  /** What completes "may not ...": `list and watch pods in namespace x`. */
  readonly what: string;
  log(level: Level, message: string): void;
  /** What is kept of an object; undefined: it is as if it were not there. */
  transform(object: O): T | undefined;
  added?(item: T): void;
  changed?(item: T, before: T): void;
  deleted?(item: T): void;
  /** The first list is complete; called once. */
  synced?(): void;
  /** It is not allowed, or not there: trying again will not help until somebody changes that. Called each time. */
  refused?(): void;
  /** A watch is open: from now on changes are heard as they happen. */
  watching?(): void;
}

interface Kept<T> {
  readonly version: string | undefined;
  readonly item: T;
}

const PAGE_SIZE = 250;
/** A watch that lasted this long worked. */
const WORKED_MS = 1000;

export class Reflector<O extends KubeObject, T> {
  readonly #settings: ReflectorSettings<O, T>;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  /** For lists that the server asks for again and again (410). */
  readonly #relists: Backoff;
  /** By uid. */
  readonly #kept = new Map<string, Kept<T>>();
  readonly #abort = new AbortController();
  #closeWatch: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Where the next watch starts; undefined: list first. */
  #version: string | undefined;
  /** The cache was too old: the next list must not come from it. */
  #fresh = false;
  #liveSince: number | undefined;
  #synced = false;
  /** What was logged of the outage. */
  #told: string | undefined;
  #stopped = false;

  constructor(settings: ReflectorSettings<O, T>) {
    this.#settings = settings;
    this.#clock = settings.client.clock;
    this.#backoff = new Backoff(this.#clock);
    this.#relists = new Backoff(this.#clock);
  }

  start(): void {
    void this.#listAndWatch();
  }

  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
    this.#closeWatch?.();
    this.#cancelTimer?.();
  }

  get isSynced(): boolean {
    return this.#synced;
  }

  /** Since when the present watch is open, on the clock that only goes forward; undefined while none is. */
  get liveSince(): number | undefined {
    return this.#liveSince;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** What is kept of the object with this uid. */
  get(uid: string): T | undefined {
    return this.#kept.get(uid)?.item;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const { item } of this.#kept.values()) yield item;
  }

  async #listAndWatch(): Promise<void> {
    try {
      this.#version ??= await this.#list();
    } catch (error) {
      if (isExpired(error)) this.#fresh = true;
      this.#failed(error);
      return;
    }
    if (!this.#stopped) this.#watch(this.#version);
  }

  /** @returns the resourceVersion to watch from. */
  async #list(): Promise<string> {
    const { client, fromCache, pageSize = PAGE_SIZE } = this.#settings;
    const seen = new Set<string>();
    const query: Record<string, string> =
      fromCache && !this.#fresh ? { resourceVersion: '0' } : { limit: String(pageSize) };
    for (;;) {
      const page = await client.get<KubeList<O>>(this.#path(query), this.#abort.signal);
      if (this.#stopped) return '';
      for (const object of page.items ?? []) {
        seen.add(keyOf(object));
        this.#take(object);
      }
      const { continue: next, resourceVersion } = page.metadata ?? {};
      if (next) query.continue = next;
      else return this.#listed(seen, resourceVersion ?? '');
    }
  }

  #listed(seen: ReadonlySet<string>, version: string): string {
    for (const key of this.#kept.keys()) if (!seen.has(key)) this.#drop(key);
    this.#fresh = false;
    this.#recovered();
    if (!this.#synced) {
      this.#synced = true;
      this.#settings.synced?.();
    }
    return version;
  }

  #watch(version: string): void {
    const { client } = this.#settings;
    let openedAt: number | undefined;
    this.#closeWatch = openWatch(client, this.#path({}), version, {
      opened: () => {
        openedAt = this.#clock.monotonic();
        this.#liveSince = openedAt;
        this.#recovered();
        this.#settings.watching?.();
      },
      event: (event) => {
        if (!this.#stopped) this.#event(event);
      },
      ended: (error) => {
        this.#closeWatch = undefined;
        this.#liveSince = undefined;
        const worked = openedAt !== undefined && this.#clock.monotonic() - openedAt >= WORKED_MS;
        if (!this.#stopped) this.#watchEnded(error, openedAt !== undefined, worked);
      },
    });
  }

  #watchEnded(error: Error | undefined, opened: boolean, worked: boolean): void {
    if (worked) {
      this.#backoff.reset();
      this.#relists.reset();
    }
    if (isExpired(error)) {
      this.#settings.log('debug', 'the watch is too old to go on; listing anew');
      this.#version = undefined;
      this.#fresh = true;
      this.#later(this.#relists.nextMs());
    } else if (error && !opened) this.#failed(error);
    else if (worked && !error) void this.#listAndWatch();
    else {
      // Cut off while it worked: nothing to worry about, as long as it can be opened again.
      if (error) this.#settings.log('debug', `the watch was cut off: ${error.message}`);
      this.#later(this.#backoff.nextMs(error));
    }
  }

  #event({ type, object }: WatchEvent): void {
    this.#backoff.reset();
    this.#version = object.metadata?.resourceVersion ?? this.#version;
    if (type === 'DELETED') {
      // The last state of an object tells how its containers ended.
      this.#take(object as O);
      this.#drop(keyOf(object));
    } else if (type !== 'BOOKMARK') this.#take(object as O);
  }

  #take(object: O): void {
    const key = keyOf(object);
    const before = this.#kept.get(key);
    const version = object.metadata?.resourceVersion;
    if (before && version !== undefined && before.version === version) return;
    const item = this.#settings.transform(object);
    if (item === undefined) {
      if (before) this.#drop(key);
      return;
    }
    this.#kept.set(key, { version, item });
    if (before) this.#settings.changed?.(item, before.item);
    else this.#settings.added?.(item);
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#settings.deleted?.(kept.item);
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    const { log, what } = this.#settings;
    const why = explain(error, what);
    if (this.#told === undefined) log('warn', `cannot ${what}: ${why}; trying again until it works`);
    else log('debug', `cannot ${what}: ${why}`);
    this.#told = why;
    if (isRefused(error)) this.#settings.refused?.();
    this.#later(this.#backoff.nextMs(error));
  }

  #recovered(): void {
    if (this.#told !== undefined) this.#settings.log('info', `can ${this.#settings.what} again`);
    this.#told = undefined;
  }

  #later(ms: number): void {
    this.#cancelTimer = this.#clock.after(ms, () => void this.#listAndWatch());
  }

  #path(more: Readonly<Record<string, string>>): string {
    const { path, labelSelector, fieldSelector } = this.#settings;
    const query = new URLSearchParams(more);
    if (labelSelector) query.set('labelSelector', labelSelector);
    if (fieldSelector) query.set('fieldSelector', fieldSelector);
    const text = query.toString();
    return text === '' ? path : `${path}?${text}`;
  }
}

function keyOf({ metadata }: KubeObject): string {
  return metadata?.uid ?? `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}
