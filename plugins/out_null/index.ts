/** The `null` output: takes every batch and throws it away. For measuring, and for records that nobody wants. */
import { defineOutput, OK } from '../../src/plugin.ts';

export default defineOutput({
  name: 'null',
  summary: 'Throws records away.',
  options: {
    format: {
      type: 'text',
      help: 'Accepted because Fluent Bit has it (it makes its null output encode what it throws away); no effect.',
    },
    json_date_format: { type: 'text', help: 'Accepted because Fluent Bit has it; no effect.' },
    json_date_key: { type: 'text', help: 'Accepted because Fluent Bit has it; no effect.' },
  },
  create: () => ({ flush: () => OK }),
});
