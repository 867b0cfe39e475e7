/**
 * How long a whole line takes through the multiline machine, with the cutting of the text into lines around it.
 *
 *     node bench/multiline.ts [cri|docker|java|...]
 */
import type { LogEvent } from '../src/data/event.ts';
import { BUILT_IN_MULTILINE, MultilinePlan, MultilineStream } from '../src/parsers/multiline.ts';

const LINES = 2000;
const BLOCKS = 300;
const ROUNDS = 5;

function lineOf(form: string, i: number): string {
  const text = 'x'.repeat(200);
  const time = `2024-03-01T12:00:0${Math.floor((i * 2) / LINES)}.${String((i * 499979) % 1e9).padStart(9, '0')}Z`;
  const stream = i % 3 === 0 ? 'stderr' : 'stdout';
  if (form === 'docker') return JSON.stringify({ log: `${text}\n`, stream, time });
  return form === 'cri' ? `${time} ${stream} F ${text}` : text;
}

/** Microseconds of CPU a line. */
function round(stream: MultilineStream, bytes: Buffer): number {
  const before = process.cpuUsage();
  for (let block = 0; block < BLOCKS; block++) {
    const text = bytes.toString('latin1');
    const out: LogEvent[] = [];
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      stream.push(text.slice(from, end), from, 1, 2, 3, out);
      from = end + 1;
    }
    if (out.length !== LINES) throw new Error(`${out.length} records of ${LINES} lines`);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (LINES * BLOCKS);
}

const form = process.argv[2] ?? 'cri';
const parser = BUILT_IN_MULTILINE.get(form);
if (!parser) throw new Error(`no built-in multiline parser '${form}'`);
const stream = new MultilineStream(new MultilinePlan([parser]));
const bytes = Buffer.from(`${Array.from({ length: LINES }, (_, i) => lineOf(form, i)).join('\n')}\n`);
const times = Array.from({ length: ROUNDS }, () => round(stream, bytes));
process.stdout.write(`${form}: ${Math.min(...times).toFixed(3)} µs a line\n`);
