/** The fault suite in its short form; `npm run torture` is the long one. */
import t from 'tap';
import { torture } from '../torture/torture.ts';

t.test(
  'killed, out of disk, with a clock that jumps and a bad destination: nothing is lost',
  { timeout: 110_000 },
  async (t) => {
    const result = await torture({
      events: 60_000,
      kills: 6,
      seed: 7,
      folder: t.testdir({}),
      sync: 'full',
      giveUpMs: 60_000,
    });
    t.equal(result.written, 60_000);
    t.equal(result.lost, 0);
    if (result.lost > 0) t.comment(result.stderr);
    t.equal(result.kills, 6);
    t.ok(result.requests > 5);
  },
);
