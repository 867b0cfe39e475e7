/**
 * Where an entry stands among the entries of all files: which comes first, and a place as text (the cursor of
 * sd_journal_get_cursor, by which journalctl and Fluent Bit know it again).
 *
 * Numbers of one writer (the same seqnum_id) count first, then the clock of one boot, then the wall clock.
 */

export interface Location {
  readonly seqnumId: string;
  readonly seqnum: number;
  readonly bootId: string;
  /** Microseconds since that boot. */
  readonly monotonic: number;
  /** Microseconds since 1970. */
  readonly realtime: number;
  /** A hash of the fields, in two halves. */
  readonly xorHigh: number;
  readonly xorLow: number;
}

/** Below 0: `a` comes first; 0: they are the same entry, or nothing tells. */
export function compareLocations(a: Location, b: Location): number {
  if (a.seqnumId === b.seqnumId && a.seqnum !== b.seqnum) return a.seqnum - b.seqnum;
  const byBoot = a.bootId === b.bootId ? a.monotonic - b.monotonic : 0;
  return byBoot || a.realtime - b.realtime || a.xorHigh - b.xorHigh || a.xorLow - b.xorLow;
}

/** The same entry, found in two files. */
export function isSameEntry(a: Location, b: Location): boolean {
  return (
    a.seqnum === b.seqnum &&
    a.realtime === b.realtime &&
    a.monotonic === b.monotonic &&
    a.xorLow === b.xorLow &&
    a.xorHigh === b.xorHigh &&
    a.seqnumId === b.seqnumId &&
    a.bootId === b.bootId
  );
}

export function copyLocation(from: Location): Location {
  const { seqnumId, seqnum, bootId, monotonic, realtime, xorHigh, xorLow } = from;
  return { seqnumId, seqnum, bootId, monotonic, realtime, xorHigh, xorLow };
}

export function formatCursor(at: Location): string {
  const xor = at.xorHigh === 0 ? at.xorLow.toString(16) : at.xorHigh.toString(16) + hex8(at.xorLow);
  const [i, m, t] = [at.seqnum, at.monotonic, at.realtime].map((number) => number.toString(16));
  return `s=${at.seqnumId};i=${i};b=${at.bootId};m=${m};t=${t};x=${xor}`;
}

const hex8 = (word: number): string => word.toString(16).padStart(8, '0');

const ID = /^[0-9a-f]{32}$/;
const HEX = /^[0-9a-f]{1,16}$/;

/** @returns undefined for a text that is no cursor. */
export function parseCursor(text: string): Location | undefined {
  const parts = new Map(text.split(';').map((part) => [part.slice(0, 2), part.slice(2)]));
  const [s, i, b, m, t, x] = ['s=', 'i=', 'b=', 'm=', 't=', 'x='].map((key) => parts.get(key)?.toLowerCase() ?? '');
  if (!ID.test(s ?? '') || !ID.test(b ?? '')) return undefined;
  if (![i, m, t, x].every((hex) => HEX.test(hex ?? ''))) return undefined;
  const number = (hex = ''): number => Number.parseInt(hex, 16);
  const xor = (x ?? '').padStart(16, '0');
  return {
    seqnumId: s ?? '',
    seqnum: number(i),
    bootId: b ?? '',
    monotonic: number(m),
    realtime: number(t),
    xorHigh: number(xor.slice(0, 8)),
    xorLow: number(xor.slice(8)),
  };
}
