/**
 * The `counter` output: one JSON line a chunk on standard output, with its number of records. `serialized_events` and
 * `log_records` are those of the chunk (equal here: chunks hold log records only), `total` those since the start.
 */
import { standardOutput } from '../../src/net/stdout.ts';
import { type Batch, type Clock, defineOutput, OK, retry } from '../../src/plugin.ts';

export default defineOutput({
  name: 'counter',
  summary: 'Prints how many records came.',
  options: {},
  create: (_options, host) => {
    const line = countLines(host.clock);
    return {
      flush: async (batch) => {
        try {
          await standardOutput().write(Buffer.from(line(batch)));
          return OK;
        } catch (error) {
          return retry(`cannot write to standard output: ${(error as Error).message}`);
        }
      },
    };
  },
});

/** Counts batches; a batch that is tried again is counted once. */
export function countLines(clock: Clock): (batch: Pick<Batch, 'count'>) => string {
  let total = 0;
  const counted = new WeakSet<object>();
  return (batch) => {
    if (!counted.has(batch)) total += batch.count;
    counted.add(batch);
    const ts = (clock.now() / 1000).toFixed(6);
    const { count } = batch;
    return `{"ts":${ts},"serialized_events":${count},"log_records":${count},"total":${total}}\n`;
  };
}
