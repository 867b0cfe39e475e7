/** A script as users write them: drops what is noise, adds a field. For the benchmark of the `script` filter. */
import type { Event } from '../../plugins/filter_script/types.ts';

export default (event: Event, tag: string): Event | null => {
  const { body } = event;
  if (body.level === 'trace') return null;
  body.source = tag;
  return event;
};
