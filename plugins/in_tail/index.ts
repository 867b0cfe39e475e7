/** The input `tail`: follows text files, through rotations and restarts, and makes a record of every line. */
import { defineInput } from '../../src/plugin.ts';
import { Tail } from './follow.ts';
import { TAIL_OPTIONS } from './options.ts';
import { readSettings } from './settings.ts';

export default defineInput({
  name: 'tail',
  summary: 'Follows text files, through rotations and restarts, and makes a record of every line.',
  options: TAIL_OPTIONS,
  canWait: true,
  create: (options, host) => new Tail(readSettings(options, host), host),
});
