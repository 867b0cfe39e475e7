import t from 'tap';
import { type LogEvent, NO_METADATA } from '../../src/data/event.ts';
import { Progress } from '../../src/net/progress.ts';
import fc from '../../test/support/fast_check.ts';
import { Messages } from './message.ts';
import { REQUEST_BYTES, Requests } from './requests.ts';
import { Target } from './target.ts';

const MESSAGES = new Messages({ logKey: 'log', escapeUnicode: true, removed: [], tooLarge: 'cut', emf: undefined });
const TARGET = new Target('g', 's');
const DAY_MS = 86_400_000;

interface Sent {
  readonly timestamp: number;
  readonly message: string;
}

/** What the requests say, one list for each. */
function sent(events: readonly LogEvent[]): Sent[][] {
  const source = { events, messages: MESSAGES, progress: new Progress(events.length), tooLarge: () => undefined };
  const requests = new Requests(TARGET, Array.from(events.keys()), source);
  const lists: Sent[][] = [];
  for (;;) {
    const request = requests.fill(Buffer.alloc(4 * REQUEST_BYTES));
    if (!request) return lists;
    lists.push((JSON.parse(request.body.toString()) as { logEvents: Sent[] }).logEvents);
  }
}

const eventAt = (ms: number, number: number): LogEvent => ({
  seconds: Math.floor(ms / 1000),
  nanos: (ms - Math.floor(ms / 1000) * 1000) * 1_000_000,
  metadata: NO_METADATA,
  body: { log: `n${number}` },
});

t.test('each event has its own time, in order, and those of one time stay as they came', async (t) => {
  const start = 1_767_225_600_000;
  const near = fc.integer({ min: start - 3000, max: start + 3000 });
  const time = fc.oneof(
    near,
    near,
    fc.integer({ min: 0, max: 12_000 }),
    fc.integer({ min: 0, max: 99_999_999_999_999 }),
  );
  fc.assert(
    fc.property(fc.array(time, { maxLength: 60 }), (times) => {
      const lists = sent(times.map(eventAt));
      const wanted = times
        .map((timestamp, number) => ({ timestamp, message: `n${number}` }))
        .sort((a, b) => a.timestamp - b.timestamp);
      const withinDay = lists.every((list) => (list.at(-1)?.timestamp ?? 0) - (list[0]?.timestamp ?? 0) < DAY_MS);
      return withinDay && JSON.stringify(lists.flat()) === JSON.stringify(wanted);
    }),
    { numRuns: 500 },
  );
  t.pass('for all times');
});

t.test(
  'a request is as full as CloudWatch allows, whatever the escapes, and never longer than its buffer',
  async (t) => {
    const all = new Messages({ logKey: undefined, escapeUnicode: true, removed: [], tooLarge: 'cut', emf: undefined });
    const buffer = Buffer.alloc(2 * REQUEST_BYTES);
    const char = fc.constantFrom('a', '"', '\\', '\n', '\u0001', 'é', '😀');
    const text = fc.tuple(char, fc.integer({ min: 1, max: 60_000 })).map(([one, times]) => one.repeat(times));
    const size = (message: string) => Buffer.byteLength(message) + 26;
    fc.assert(
      fc.property(
        fc.constantFrom(MESSAGES, all),
        fc.array(text, { minLength: 20, maxLength: 60 }),
        (messages, texts) => {
          const events = texts.map((log, i) => ({ ...eventAt(i, i), body: { log } }));
          const source = { events, messages, progress: new Progress(events.length), tooLarge: () => undefined };
          const requests = new Requests(TARGET, Array.from(events.keys()), source);
          let full = true;
          let before: { counted: number; bytes: number } | undefined;
          let count = 0;
          for (let request = requests.fill(buffer); request; request = requests.fill(buffer)) {
            const { logEvents } = JSON.parse(request.body.toString()) as { logEvents: Sent[] };
            const counted = logEvents.reduce((sum, { message }) => sum + size(message), 0);
            if (counted !== request.size || counted > REQUEST_BYTES) return false;
            const first = logEvents[0]?.message ?? '';
            // It was closed as the next one would have been too much, or since its escapes had no room.
            if (before) full &&= before.counted + size(first) > REQUEST_BYTES || before.bytes > REQUEST_BYTES;
            before = { counted, bytes: request.body.length };
            count += logEvents.length;
          }
          return full && count === events.length;
        },
      ),
      { numRuns: 60 },
    );
    t.pass('for all texts');
  },
);
