/**
 * The `counter` output: one JSON line a chunk on standard output, with its number of records. As in Fluent Bit 5.1 all
 * three numbers are those of the chunk (equal here: chunks hold log records only), also `total`.
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

/** The line of a batch. */
export function countLines(clock: Clock): (batch: Pick<Batch, 'count'>) => string {
  return ({ count }) => {
    const ts = (clock.now() / 1000).toFixed(6);
    return `{"ts":${ts},"serialized_events":${count},"log_records":${count},"total":${count}}\n`;
  };
}
