/** The input `systemd`: reads the journal of systemd from its own files. */
import { defineInput } from '../../src/plugin.ts';
import { SYSTEMD_OPTIONS } from './options.ts';
import { Systemd } from './reader.ts';

export default defineInput({
  name: 'systemd',
  summary: 'Reads the journal of systemd from its own files, through rotations and restarts.',
  options: SYSTEMD_OPTIONS,
  canWait: true,
  create: (options, host) => new Systemd(options, host),
});
