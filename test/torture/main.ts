/**
 * `npm run torture`: the fault suite at full length.
 *
 *     node test/torture/main.ts [--events 1000000] [--kills 50] [--seed 1] [--sync normal|full]
 *
 * Ends with 1 where an event was lost.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { torture } from './torture.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    sync: { type: 'string', default: 'normal' },
  },
});
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'torture-'));
const { stderr, ...figures } = await torture({
  events: Number(values.events),
  kills: Number(values.kills),
  seed: Number(values.seed),
  sync: values.sync === 'full' ? 'full' : 'normal',
  folder,
  giveUpMs: 120_000,
  say: (line) => console.log(line),
});
console.table(figures);
if (figures.lost > 0) {
  console.error(`events were lost; everything is left in ${folder}\n${stderr}`);
  process.exit(1);
}
fs.rmSync(folder, { recursive: true, force: true });
