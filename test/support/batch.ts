/** Events and batches for the tests of plugins. */
import { estimateBytes, type Fields, type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { encodeEvents } from '../../src/data/msgpack.ts';
import type { Batch, Property } from '../../src/plugin.ts';

/** 2026-01-01 00:00:00 UTC. */
export const NEW_YEAR = 1_767_225_600;

export function eventOf(body: Fields, seconds = NEW_YEAR, nanos = 0, metadata: Fields = NO_METADATA): LogEvent {
  return { seconds, nanos, metadata, body };
}

export function batchOf(events: readonly LogEvent[], tag = 'app.log'): Batch {
  return {
    tag,
    events,
    count: events.length,
    isPacked: false,
    size: events.reduce((sum, event) => sum + estimateBytes(event), 0),
    bytes: () => encodeEvents(events),
    pieces: () => [encodeEvents(events)],
    [Symbol.iterator]: () => events[Symbol.iterator](),
  };
}

/** The same as MessagePack, in two pieces where there are enough events. */
export function packedBatchOf(events: readonly LogEvent[], tag = 'app.log'): Batch {
  const half = Math.floor(events.length / 2);
  const pieces = [events.slice(0, half), events.slice(half)].filter((part) => part.length > 0);
  return { ...batchOf(events, tag), isPacked: true, pieces: () => pieces.map((part) => encodeEvents(part)) };
}

/** The properties of a section, from `[key, value]` pairs in the order of the file. */
export function sectionOf(pairs: readonly (readonly [string, string])[]): Property[] {
  return pairs.map(([key, value]) => ({ key: key.toLowerCase(), value }));
}
