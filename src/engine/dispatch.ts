/**
 * Sends a sealed chunk to all its routes, and ends it when the last one has answered: its sources are told, and its
 * file goes or stays. A chunk with a file that only some outputs took says in the file which ones still want it.
 */
import type { Logger } from '../log.ts';
import type { Chunk } from './chunk.ts';
import type { OutputUnit } from './output_unit.ts';

export function dispatch(
  chunk: Chunk,
  routes: readonly OutputUnit[],
  input: string,
  log: Logger,
  ended: (outcome: 'safe' | 'lost') => void,
): void {
  const left: OutputUnit[] = [];
  chunk.pendingRoutes = routes.length;
  const answered = (unit: OutputUnit, outcome: 'safe' | 'lost') => {
    if (outcome === 'lost') left.push(unit);
    if (--chunk.pendingRoutes > 0) return;
    if (left.length > 0 && left.length < routes.length) keepFor(chunk, left, log);
    const outcomeOfAll = left.length > 0 ? 'lost' : 'safe';
    const trouble = chunk.settle(outcomeOfAll);
    if (trouble)
      log.error(
        `[storage] chunk '${chunk.name}' is delivered but cannot be removed, and will be delivered again: ${trouble.message}`,
      );
    ended(outcomeOfAll);
  };
  for (const unit of routes) unit.accept(chunk, input, (outcome) => answered(unit, outcome));
}

function keepFor(chunk: Chunk, left: readonly OutputUnit[], log: Logger): void {
  try {
    chunk.restrict(left.map((unit) => unit.asRoute()));
  } catch (error) {
    log.warn(
      `[storage] chunk '${chunk.name}' will go to all its outputs again, also to those that have it: ${(error as Error).message}`,
    );
  }
}
