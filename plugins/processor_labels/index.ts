/**
 * The `labels` processor: in Fluent Bit it changes the labels of metrics, and does nothing with logs. It is accepted so
 * that such a configuration starts; log records have no labels, so they pass untouched.
 */
import { defineProcessor, type OptionTable } from '../../src/plugin.ts';

const options = {
  insert: { type: 'words', many: true, help: 'KEY VALUE; accepted, for metrics only.' },
  update: { type: 'words', many: true, help: 'KEY VALUE; accepted, for metrics only.' },
  upsert: { type: 'words', many: true, help: 'KEY VALUE; accepted, for metrics only.' },
  delete: { type: 'text', many: true, help: 'KEY; accepted, for metrics only.' },
  hash: { type: 'text', many: true, help: 'KEY; accepted, for metrics only.' },
} as const satisfies OptionTable;

export default defineProcessor({
  name: 'labels',
  summary: 'Accepted without effect: log records have no labels.',
  options,
  create: (_given, host) => {
    host.log('warn', 'labels are for metrics: log records pass untouched; content_modifier changes their fields');
    return { filter: (events) => events };
  },
});
