/**
 * Cursors in an object of the cluster, for places without a disk: in the data of a ConfigMap, or in an annotation of a
 * Lease. The object is this program's own; what it holds is one JSON text:
 *
 *     {"lastSeen": 1767225600.5, "rows": [[uid, namespace, pod, container, restarts, start, since, floor, floorNanos,
 *       isRead, lines in base64], ...]}
 *
 * It is written every few seconds at most, so after a kill the lines of that time come again. The API takes 1 MiB of a
 * ConfigMap and 256 KiB of annotations: where the text would be too long, rows keep times only, and no lines.
 */
import { type KubeClient, KubeError, type KubeObject } from '../../src/net/kube.ts';
import { toEntries } from './database.ts';
import type { CursorObject } from './settings.ts';
import type { Loaded, RowKey, Saved, Store } from './store.ts';

interface Held extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Row = readonly [
  uid: string,
  namespace: string,
  pod: string,
  container: string,
  restarts: number,
  start: number | null,
  since: number | null,
  floor: number | null,
  floorNanos: number,
  isRead: 0 | 1,
  lines: string,
];

const DATA_KEY = 'cursors';
const ANNOTATION = 'sluice.cursors';
const LONGEST = { configmap: 900_000, lease: 240_000 } as const;

export class ObjectStore implements Store {
  readonly everyMs: number;
  /** More of a second's lines are known by their time alone. */
  readonly entries = 16;
  readonly #client: KubeClient;
  readonly #where: Required<CursorObject> & { readonly namespace: string };
  readonly #rows = new Map<string, Row>();
  #object: Held | undefined;

  constructor(client: KubeClient, where: CursorObject & { readonly namespace: string }, everyMs: number) {
    this.#client = client;
    this.#where = where;
    this.everyMs = everyMs;
  }

  /** @throws KubeError, or the error of the connection. */
  async load(): Promise<Loaded> {
    this.#object = await this.#get();
    const { kind } = this.#where;
    const text = kind === 'lease' ? this.#object?.metadata?.annotations?.[ANNOTATION] : this.#object?.data?.[DATA_KEY];
    if (text === undefined) return { rows: [], lastSeen: undefined };
    const { rows, lastSeen } = parse(text);
    for (const row of rows) this.#rows.set(keyOf(row), row);
    return { rows: rows.map(toSaved), lastSeen };
  }

  async write(changed: readonly Saved[], removed: readonly RowKey[], lastSeen: number): Promise<void> {
    for (const saved of changed) {
      const row = toRow(saved);
      this.#rows.set(keyOf(row), row);
    }
    for (const { uid, container, restarts } of removed) this.#rows.delete(`${uid}/${container}/${restarts}`);
    const text = this.#text(lastSeen);
    try {
      this.#object = await this.#put(text);
    } catch (error) {
      if (!(error instanceof KubeError && (error.status === 409 || error.status === 404))) throw error;
      // Somebody changed it, or took it away.
      this.#object = await this.#get();
      this.#object = await this.#put(text);
    }
  }

  close(): void {}

  #text(lastSeen: number): string {
    const rows = [...this.#rows.values()];
    const text = JSON.stringify({ lastSeen, rows });
    if (text.length <= LONGEST[this.#where.kind]) return text;
    return JSON.stringify({ lastSeen, rows: rows.map(withoutLines) });
  }

  async #get(): Promise<Held | undefined> {
    try {
      return await this.#client.get<Held>(`${this.#path}/${this.#where.name}`);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  #put(text: string): Promise<Held> {
    const { kind, namespace, name } = this.#where;
    const before = this.#object;
    const isLease = kind === 'lease';
    const metadata = before?.metadata ?? { name, namespace };
    const object = {
      ...(before ?? {}),
      apiVersion: isLease ? 'coordination.k8s.io/v1' : 'v1',
      kind: isLease ? 'Lease' : 'ConfigMap',
      metadata: isLease
        ? { ...metadata, annotations: { ...before?.metadata?.annotations, [ANNOTATION]: text } }
        : metadata,
      ...(isLease ? {} : { data: { ...before?.data, [DATA_KEY]: text } }),
    };
    if (!before) return this.#client.send<Held>({ method: 'POST', path: this.#path, body: object });
    return this.#client.send<Held>({ method: 'PUT', path: `${this.#path}/${name}`, body: object });
  }

  get #path(): string {
    const { kind, namespace } = this.#where;
    if (kind === 'lease') return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    return `/api/v1/namespaces/${namespace}/configmaps`;
  }
}

/** @throws where the text is not ours. */
function parse(text: string): { rows: Row[]; lastSeen: number | undefined } {
  try {
    const { rows, lastSeen } = JSON.parse(text) as { rows: Row[]; lastSeen: number };
    return { rows: [...rows], lastSeen };
  } catch {
    throw new Error('it holds something else than cursors');
  }
}

const keyOf = ([uid, , , container, restarts]: Row): string => `${uid}/${container}/${restarts}`;

function toRow({ uid, namespace, pod, container, restarts, start, snapshot, isRead }: Saved): Row {
  const { entries } = snapshot ?? {};
  const lines = entries && Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength).toString('base64');
  const hasFloor = snapshot && Number.isFinite(snapshot.floorSeconds);
  return [
    ...([uid, namespace, pod, container, restarts] as const),
    start.kind === 'start' ? null : start.seconds,
    snapshot?.since ?? null,
    hasFloor ? snapshot.floorSeconds : null,
    hasFloor ? snapshot.floorNanos : 0,
    isRead ? 1 : 0,
    lines ?? '',
  ];
}

function toSaved([uid, namespace, pod, container, restarts, start, since, floor, floorNanos, read, lines]: Row): Saved {
  const entries = toEntries(Buffer.from(lines, 'base64'));
  const floorSeconds = floor ?? Number.NEGATIVE_INFINITY;
  return {
    ...{ uid, namespace, pod, container, restarts },
    start: start === null ? { kind: 'start' } : { kind: 'since', seconds: start },
    snapshot: since === null ? undefined : { since, floorSeconds, floorNanos, entries },
    isRead: read === 1,
  };
}

/** The latest line becomes the floor: what is not later counts as read. */
function withoutLines(row: Row): Row {
  const { snapshot } = toSaved(row);
  if (!snapshot || snapshot.entries.length === 0) return row;
  let latest = 0;
  for (let i = 0; i < snapshot.entries.length; i += 3)
    latest = Math.max(latest, (snapshot.entries[i] as number) * 1e9 + (snapshot.entries[i + 1] as number));
  const seconds = Math.floor(latest / 1e9);
  return [...row.slice(0, 7), snapshot.since + seconds, latest - seconds * 1e9, row[9], ''] as unknown as Row;
}
