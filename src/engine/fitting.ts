/**
 * Where a chunk ends: outputs that know what makes one full request (`Output.chunkBytes`) get chunks of just that size, so
 * what an input emits at once is cut where the open chunk is full. Events as msgpack are not cut. Pure.
 */
import type { LogEvent } from '../data/event.ts';
import type { PackedEvents } from '../plugin.ts';
import { CHUNK_IDLE_BYTES, type Chunk } from './chunk.ts';
import type { OutputUnit } from './output_unit.ts';

/** As many of the events as make the chunk one full request of its outputs, where those know what that is. */
export function fitting(
  chunk: Chunk,
  routes: readonly OutputUnit[],
  events: readonly LogEvent[] | PackedEvents,
): readonly LogEvent[] | PackedEvents {
  if ('bytes' in events || chunk.count === 0) return events;
  let most = 0;
  for (const { chunkBytes = Number.POSITIVE_INFINITY } of routes) most = Math.max(most, chunkBytes);
  // Very small ones are not worth a chunk.
  if (most < CHUNK_IDLE_BYTES) return events;
  const fit = Math.floor((most - chunk.size) / (chunk.size / chunk.count));
  return fit >= events.length ? events : events.slice(0, Math.max(fit, 0));
}
