/**
 * The `stdout` filter: prints every record to standard output and passes it on unchanged. The filter waits until the
 * text is written, so that a slow reader slows the pipeline instead of filling memory; where nobody reads any longer,
 * records pass all the same.
 */
import { encodeText } from '../../src/data/bytes.ts';
import type { LogEvent } from '../../src/data/event.ts';
import { nanoText } from '../../src/data/event_time.ts';
import { msgpackText } from '../../src/data/msgpack_text.ts';
import { standardOutput } from '../../src/net/stdout.ts';
import { defineFilter } from '../../src/plugin.ts';

export default defineFilter({
  name: 'stdout',
  summary: 'Prints records to standard output and passes them on.',
  options: {},
  create: (_options, host) => {
    let warned = false;
    return {
      filter: async (events, tag) => {
        const text = eventLines(events, tag);
        try {
          await standardOutput().write(encodeText(text));
        } catch (error) {
          if (!warned) host.log('warn', `cannot write to standard output: ${(error as Error).message}`);
          warned = true;
        }
        return events;
      },
    };
  },
});

/** Time and metadata stand side by side here, not in a list of their own as in the `stdout` output: so does Fluent Bit. */
export function eventLines(events: readonly LogEvent[], tag: string): string {
  let text = '';
  for (const [number, { seconds, nanos, metadata, body }] of events.entries())
    text += `[${number}] ${tag}: [${nanoText(seconds, nanos)}, ${msgpackText(metadata)}, ${msgpackText(body)}]\n`;
  return text;
}
