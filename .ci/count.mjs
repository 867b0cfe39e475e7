// Reads the totals that tap prints at the end of its TAP output: `node count.mjs FILE` prints `PASSED FAILED`. A test that
// is skipped or left as a task counts as failed, as none may be left out. Output without totals broke off: one failure.
import fs from 'node:fs';

const text = fs.readFileSync(process.argv[2] ?? '', 'utf8');
const totals = [...text.matchAll(/^# \{ (.*?) \}$/gm)].at(-1)?.[1];
const of = (word) => Number(new RegExp(`\\b${word}: (\\d+)`).exec(totals ?? '')?.[1] ?? 0);
console.log(totals === undefined ? '0 1' : `${of('pass')} ${of('total') - of('pass')}`);
