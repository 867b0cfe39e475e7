import t from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import { BUILT_IN_MULTILINE, MultilinePlan, MultilineStream } from '../../src/parsers/multiline.ts';
import type { MultilineParser } from '../../src/plugin.ts';
import fc from '../support/fast_check.ts';

/** Lines of every kind that the built-in parsers know, each with a mark of its own at the end. */
const FORMS: readonly ((mark: string) => string)[] = [
  (mark) => `plain ${mark}`,
  (mark) => `java.lang.Exception: ${mark}`,
  (mark) => `\tat A.b(A.java) ${mark}`,
  (mark) => `Caused by: ${mark}`,
  (mark) => `  nested exception is: ${mark}`,
  (mark) => `  File "x" ${mark}`,
  (mark) => `KeyError: ${mark}`,
  (mark) => `panic: ${mark}`,
  (mark) => `[signal ${mark}`,
  (mark) => `a.rb:1:in x ${mark}`,
  (mark) => `\tfrom a.rb:1:in ${mark}`,
  (mark) => `{ ${mark}`,
  (mark) => `2024-03-01T12:00:01.1Z stdout P ${mark}`,
  (mark) => `2024-03-01T12:00:01.1Z stdout F ${mark}`,
  (mark) => `2024-03-01T12:00:01.1Z stderr P ${mark}`,
  (mark) => `2024-03-01T12:00:01.1Z stderr F ${mark}`,
  (mark) => JSON.stringify({ log: mark, stream: 'stdout' }),
  (mark) => JSON.stringify({ log: `${mark}\n`, stream: 'stderr' }),
  (mark) => JSON.stringify({ other: mark }),
];

const NAMES = [...BUILT_IN_MULTILINE.keys()];
const lists = fc.shuffledSubarray(NAMES, { minLength: 1 });
/** A line by its form, or a flush of what has waited (-1). */
const steps = fc.array(fc.integer({ min: -1, max: FORMS.length - 1 }), { maxLength: 40 });
const MARK = /<(\d+)>/g;

const planOf = (names: readonly string[]): MultilinePlan =>
  new MultilinePlan(names.map((name) => BUILT_IN_MULTILINE.get(name) as MultilineParser));

const marksOf = (events: readonly LogEvent[]): number[][] =>
  events.map((event) => [...JSON.stringify(event.body).matchAll(MARK)].map((match) => Number(match[1])));

t.test('whatever the lines and the parsers, every line comes out once, in order within its record', async () => {
  fc.assert(
    fc.property(lists, steps, (names, actions) => {
      const stream = new MultilineStream(planOf(names));
      const out: LogEvent[] = [];
      actions.forEach((form, i) => {
        if (form < 0) stream.flush(i * 1000, out);
        else stream.push(FORMS[form]?.(`<${i}>`) ?? '', i, 1, 2, i * 1000, out);
      });
      stream.flush(Number.POSITIVE_INFINITY, out);
      const records = marksOf(out);
      for (const marks of records) if (marks.some((mark, i) => i > 0 && mark <= (marks[i - 1] ?? 0))) return false;
      const expected = actions.flatMap((form, i) => (form < 0 ? [] : [i]));
      const seen = records.flat().sort((a, b) => a - b);
      return JSON.stringify(seen) === JSON.stringify(expected) && stream.pendingPosition === Number.POSITIVE_INFINITY;
    }),
    { numRuns: 500 },
  );
});

t.test('the pending position is always that of the first line that has not come out', async () => {
  fc.assert(
    fc.property(lists, steps, (names, actions) => {
      const stream = new MultilineStream(planOf(names));
      const out: LogEvent[] = [];
      const missing = new Set<number>();
      for (const [i, form] of actions.entries()) {
        if (form < 0) stream.flush(i * 1000, out);
        else {
          missing.add(i);
          stream.push(FORMS[form]?.(`<${i}>`) ?? '', i, 1, 2, i * 1000, out);
        }
        for (const mark of marksOf(out.splice(0)).flat()) missing.delete(mark);
        const first = Math.min(...missing);
        if (stream.pendingPosition !== first) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
});
