/**
 * What stands in the place of what was found: a mask, a salted hash (the same text gives the same hash, so that records
 * can still be put together) or nothing; and the counts of what was found.
 */
import { createHmac } from 'node:crypto';
import { encodeText } from '../../src/data/bytes.ts';
import type { FilterHost } from '../../src/plugin.ts';

export const ACTIONS = ['mask', 'hash', 'remove'] as const;
export type Action = (typeof ACTIONS)[number];

export type Replace = (found: string) => string;

const HASH_LENGTH = 16;
/** Hashes that are remembered: addresses and accounts come again and again. */
const REMEMBERED = 1000;

/**
 * @param mask the text of a mask, in which {kind} is the kind
 * @param keepLast how many characters at the end a mask leaves
 */
export function compileReplace(kind: string, action: Action, mask: string, salt: string, keepLast: number): Replace {
  if (action === 'remove') return () => '';
  if (action === 'hash') return hasher(kind, salt);
  const text = mask.replaceAll('{kind}', kind);
  return keepLast > 0 ? (found) => text + found.slice(-keepLast) : () => text;
}

function hasher(kind: string, salt: string): Replace {
  const known = new Map<string, string>();
  return (found) => {
    let hashed = known.get(found);
    if (hashed === undefined) {
      const digest = createHmac('sha256', salt).update(encodeText(found)).digest('hex');
      hashed = `[${kind}:${digest.slice(0, HASH_LENGTH)}]`;
      if (known.size >= REMEMBERED) known.clear();
      known.set(found, hashed);
    }
    return hashed;
  };
}

/** Counts by kind, told to the host once for many events. */
export class Counts {
  readonly #host: FilterHost;
  readonly #counts = new Map<string, number>();

  constructor(host: FilterHost) {
    this.#host = host;
  }

  add(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  tell(): void {
    if (this.#counts.size === 0) return;
    for (const [kind, count] of this.#counts) this.#host.count(`redacted_${kind}_total`, count);
    this.#counts.clear();
  }
}
