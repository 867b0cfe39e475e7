import t from 'tap';
import type { LogEvent } from '../../src/data/event.ts';
import { eventOf } from '../../test/support/batch.ts';
import { readEmf } from './emf.ts';
import { cutAt, type MessageSettings, Messages, MOST_MESSAGE_BYTES } from './message.ts';
import { Slots } from './slots.ts';

const settings: MessageSettings = {
  logKey: undefined,
  escapeUnicode: true,
  removed: [],
  tooLarge: 'cut',
  emf: undefined,
};
const read = (text: string | undefined): unknown => JSON.parse(`"${text}"`);

/** The text of a message, which is counted right; or why there is none. */
function textOf(messages: Messages, event: LogEvent): string | undefined {
  const message = messages.of(event);
  if (message === undefined || message === 'empty') return message;
  const { text, bytes, size } = message;
  if (bytes !== Buffer.byteLength(text) || size !== Buffer.byteLength(String(read(text))))
    throw new Error(`${bytes} and ${size} for ${text}`);
  return text;
}

t.test('a cut never leaves half an escape, half a character or half a pair', async (t) => {
  const texts = ['\\u00e9\\\\\\"', 'a\\ud83d\\ude00b', 'é😀\\n', '\\\\\\\\\\\\n'].map((text) => text.repeat(5));
  for (const text of texts)
    for (let bytes = 14; bytes < Buffer.byteLength(text); bytes++) {
      const piece = text.slice(0, cutAt(text, 0, bytes));
      t.ok(Buffer.byteLength(piece) <= bytes);
      const read = JSON.parse(`"${piece}"`) as string;
      t.ok(read.isWellFormed(), piece);
      t.ok(Buffer.byteLength(piece) > bytes - 13, 'and it is no shorter than need be');
    }
});

t.test('what is too long is cut, marked or split, as the user says', async (t) => {
  const text = 'x'.repeat(MOST_MESSAGE_BYTES + 10);
  const shorten = (tooLarge: 'cut' | 'mark' | 'split') => new Messages({ ...settings, tooLarge }).shorten(text);
  t.same(
    shorten('cut').map((piece) => piece.length),
    [MOST_MESSAGE_BYTES],
  );
  t.match(shorten('mark')[0]?.slice(-16), /^xx\[Truncated\.\.\.\]$/);
  t.same(
    shorten('mark').map((piece) => piece.length),
    [MOST_MESSAGE_BYTES],
  );
  t.same(
    shorten('split').map((piece) => piece.length),
    [MOST_MESSAGE_BYTES, 10],
  );
});

t.test('log_key: a text as it is, anything else as JSON, unicode either way', async (t) => {
  for (const escapeUnicode of [true, false]) {
    const messages = new Messages({ ...settings, escapeUnicode, logKey: 'log' });
    t.equal(read(textOf(messages, eventOf({ log: 'a "é😀"\n' }))), 'a "é😀"\n');
    t.equal(
      read(textOf(messages, eventOf({ log: { a: ['é'] } }))),
      escapeUnicode ? '{"a":["\\u00e9"]}' : '{"a":["é"]}',
    );
    t.equal(textOf(messages, eventOf({ log: true })), 'true');
    t.equal(textOf(messages, eventOf({ lo: 'x' })), undefined);
    t.equal(textOf(messages, eventOf({ log: '' })), 'empty');
  }
});

t.test('an empty record has an empty message', async (t) => {
  t.equal(new Messages(settings).of(eventOf({})), 'empty');
});

t.test('records of cpu and mem become metrics where the format, a namespace or dimensions are given', async (t) => {
  t.equal(readEmf(undefined, undefined), undefined);
  t.equal(readEmf(undefined, undefined, 'text'), undefined);
  t.same(readEmf(undefined, undefined, 'json/emf'), { namespace: 'fluent-bit-metrics', dimensions: [] });
  const emf = readEmf('ns', 'host, zone;host');
  const messages = new Messages({ ...settings, emf });
  t.same(JSON.parse(String(read(textOf(messages, eventOf({ 'Mem.total': 5, 'Mem.used': 2 }, 7))))), {
    _aws: {
      Timestamp: 7000,
      CloudWatchMetrics: [
        {
          Namespace: 'ns',
          Dimensions: [['host', 'zone'], ['host']],
          Metrics: [
            { Name: 'Mem.total', Unit: 'Bytes' },
            { Name: 'Mem.used', Unit: 'Bytes' },
          ],
        },
      ],
    },
    'Mem.total': 5,
    'Mem.used': 2,
  });
  t.match(read(textOf(messages, eventOf({ cpu_p: 1.5 }))), /"Unit":"Percent"/);
  t.equal(read(textOf(messages, eventOf({ log: 'x' }))), '{"log":"x"}');
  const out = Buffer.alloc(1000);
  t.equal(messages.write(eventOf({ cpu_p: 1.5 }), out, 0), -1, 'text does it');
  t.equal(out.toString('latin1', 0, messages.write(eventOf({ log: 'x' }), out, 0)), '{\\"log\\":\\"x\\"}');
});

t.test('requests under way grow with success and are halved by throttling', async (t) => {
  const slots = new Slots(4);
  const succeed = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await slots.take();
      slots.give('ok');
    }
  };
  t.equal(slots.limit, 1);
  await succeed(8);
  t.equal(slots.limit, 2);
  await succeed(100);
  t.equal(slots.limit, 4);
  await slots.take();
  slots.give('throttled');
  t.equal(slots.limit, 2);
});

t.test('who waits for a slot gets it in the order of asking', async (t) => {
  const slots = new Slots(4);
  const served: number[] = [];
  await slots.take();
  const waiting = [1, 2, 3].map(async (number) => {
    await slots.take();
    served.push(number);
    slots.give('unused');
  });
  t.same(served, []);
  slots.give('failed');
  await Promise.all(waiting);
  t.same(served, [1, 2, 3]);
});
