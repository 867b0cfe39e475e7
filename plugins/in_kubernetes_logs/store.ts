/**
 * Where the cursors are kept: what every store does, and the row that it keeps of one run of a container. The stores are
 * database.ts (SQLite) and object_store.ts (a ConfigMap or a Lease of the cluster).
 */
import type { Soon } from '../../src/plugin.ts';
import type { Snapshot } from './trail.ts';

/** Where reading begins while no line was read. */
export type Start =
  | { readonly kind: 'start' }
  /** From the end of the log, as it is when it is opened for the first time; later from `seconds` on. */
  | { readonly kind: 'now'; readonly seconds: number }
  | { readonly kind: 'since'; readonly seconds: number };

export interface Saved {
  readonly uid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly restarts: number;
  readonly start: Start;
  /** The settled lines that come last; undefined where there is none. */
  readonly snapshot: Snapshot | undefined;
  /** All that there is was delivered. */
  readonly isRead: boolean;
}

export interface Loaded {
  readonly rows: readonly Saved[];
  /** Unix seconds: until then somebody followed the logs; undefined where nobody ever did. */
  readonly lastSeen: number | undefined;
}

export type RowKey = Pick<Saved, 'uid' | 'container' | 'restarts'>;

export interface Store {
  /** Rows are written at most this often; one after a quiet time at once. */
  readonly everyMs: number;
  /** How many lines a snapshot may hold. */
  readonly entries: number;
  load(): Soon<Loaded>;
  /** @throws where it cannot write; the rows are given again then. */
  write(changed: readonly Saved[], removed: readonly RowKey[], lastSeen: number): Soon<void>;
  close(): void;
}
