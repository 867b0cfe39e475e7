/**
 * The objects of the fake API server and their history: every change gets the next resourceVersion, lists come in pages,
 * watches go on from any version that is not forgotten yet. Behaves as the API reference says of resourceVersion,
 * limit, continue and 410.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../../src/net/kube_types.ts';
import { type Selection, selects } from './selectors.ts';

export type Collection = 'pods' | 'namespaces' | 'configmaps' | 'leases';

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: Collection;
  readonly object: KubeObject;
  /** As it was before. */
  readonly before: KubeObject | undefined;
}

/** Refused by the server, with the status and the reason of its answer. */
export class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface Page {
  readonly items: readonly KubeObject[];
  readonly version: string;
  readonly continue: string;
  readonly remaining: number;
}

export class ObjectStore {
  #version = 1000;
  /** Changes up to this version are forgotten. */
  #forgotten = 1000;
  #history: Change[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Set<(change: Change) => void>();
  /** Lists that are read page by page, as they were at their first page. */
  readonly #snapshots = new Map<string, { version: number; items: readonly KubeObject[] }>();

  get version(): number {
    return this.#version;
  }

  get(collection: Collection, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${collection}/${namespace}/${name}`);
  }

  /** Makes or replaces an object. With a resourceVersion that is not the newest: 409. */
  put(collection: Collection, object: KubeObject): KubeObject {
    const { namespace = '', name = '' } = object.metadata ?? {};
    const key = `${collection}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    const asked = object.metadata?.resourceVersion;
    if (before && asked && asked !== before.metadata?.resourceVersion)
      throw new Refused(409, 'Conflict', `the object ${name} has been modified; take the latest version and try again`);
    const version = ++this.#version;
    const metadata = {
      creationTimestamp: before?.metadata?.creationTimestamp ?? `${new Date().toISOString().slice(0, 19)}Z`,
      ...object.metadata,
      uid: object.metadata?.uid ?? before?.metadata?.uid ?? randomUUID(),
      resourceVersion: String(version),
    };
    const stored = { ...object, metadata };
    this.#objects.set(key, stored);
    this.#changed({ version, type: before ? 'MODIFIED' : 'ADDED', collection, object: stored, before });
    return stored;
  }

  delete(collection: Collection, namespace: string, name: string): KubeObject {
    const key = `${collection}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (!before) throw new Refused(404, 'NotFound', `${collection} "${name}" not found`);
    this.#objects.delete(key);
    const version = ++this.#version;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    this.#changed({ version, type: 'DELETED', collection, object, before });
    return object;
  }

  /** Forgets the history: watches from before now and lists that are half read get 410. */
  compact(): void {
    this.#forgotten = this.#version;
    this.#history = [];
    this.#snapshots.clear();
  }

  list(collection: Collection, selection: Selection, limit: number, token: string): Page {
    const [id = '', start = '0'] = token.split(':');
    const snapshot = token === '' ? this.#snapshot(collection, selection) : this.#snapshots.get(id);
    if (!snapshot)
      throw new Refused(
        410,
        'Expired',
        'The provided continue parameter is too old to display a consistent list result.',
      );
    const from = Number(start);
    const to = limit > 0 ? from + limit : snapshot.items.length;
    const remaining = Math.max(snapshot.items.length - to, 0);
    const key = token === '' ? randomUUID() : id;
    if (remaining > 0) this.#snapshots.set(key, snapshot);
    else this.#snapshots.delete(key);
    return {
      items: snapshot.items.slice(from, to),
      version: String(snapshot.version),
      continue: remaining > 0 ? `${key}:${to}` : '',
      remaining,
    };
  }

  /** Changes since `version`, then those to come. @returns what ends it. @throws Refused where `version` is forgotten. */
  watch(collection: Collection, version: number, take: (change: Change) => void): () => void {
    if (version < this.#forgotten)
      throw new Refused(410, 'Expired', `too old resource version: ${version} (${this.#forgotten})`);
    for (const change of this.#history) if (change.version > version && change.collection === collection) take(change);
    const listener = (change: Change) => {
      if (change.collection === collection) take(change);
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #snapshot(collection: Collection, selection: Selection): { version: number; items: readonly KubeObject[] } {
    const prefix = `${collection}/`;
    const items = [...this.#objects]
      .filter(([key, object]) => key.startsWith(prefix) && selects(selection, object))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
    return { version: this.#version, items };
  }

  #changed(change: Change): void {
    this.#history.push(change);
    for (const listener of [...this.#listeners]) listener(change);
  }
}
