import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import { eventOf, NEW_YEAR } from '../../test/support/batch.ts';
import { VirtualClock } from '../../test/support/host.ts';
import { type MergeSettings, mergeLog } from './merge_log.ts';

const clock = new VirtualClock(1_800_000_000_250);
const DEFAULTS: MergeSettings = { keepLog: true, trim: true, under: undefined, parser: undefined, clock };

function merged(body: Fields, settings: Partial<MergeSettings> = {}, suggested?: Parser): Fields {
  return mergeLog(eventOf(body), suggested, { ...DEFAULTS, ...settings });
}

const log = (text: string, settings: Partial<MergeSettings> = {}): string =>
  JSON.stringify(merged({ log: text, stream: 'stdout' }, settings));

t.test('the keys of a JSON log follow the own ones of the record', async (t) => {
  t.equal(
    log('{"a":1,"b":{"c":[2]}}'),
    '{"log":"{\\"a\\":1,\\"b\\":{\\"c\\":[2]}}","stream":"stdout","a":1,"b":{"c":[2]}}',
  );
  t.equal(log(' {"a":1}\n', { keepLog: false }), '{"stream":"stdout","a":1}');
});

t.test('a new body is made each time, the old one is left alone', async (t) => {
  for (const text of ['{"a":1}', 'plain', '{"stream":"x"}']) {
    const body = Object.freeze({ log: text, stream: 'stdout' });
    t.not(merged(body), body);
    t.not(merged(body, { keepLog: false }), body);
  }
});

t.test('of two keys of the same name the last one counts, at the last place', async (t) => {
  t.equal(log('{"stream":"mine","log":"inner"}'), '{"stream":"mine","log":"inner"}');
  t.equal(log('{"log":"inner"}', { keepLog: false }), '{"stream":"stdout","log":"inner"}');
});

t.test('what is no JSON object stays', async (t) => {
  for (const text of [
    'plain',
    '[1]',
    '42',
    'null',
    '"x"',
    '{"a":1',
    '{"a":1} {"b":2}',
    '{"a":1}[2]',
    '{"a":1} 5',
    '{a}',
    '',
  ]) {
    const same = JSON.stringify({ log: text, stream: 'stdout' });
    t.equal(log(text), same, text);
    t.equal(log(text, { keepLog: false }), same, text);
  }
});

t.test('a text after the object does not hinder the merge, quotes and braces within are looked over', async (t) => {
  t.equal(log('{"a":"}{\\"","b":{}} trailing', { keepLog: false }), '{"stream":"stdout","a":"}{\\"","b":{}}');
});

t.test('line ends are cut off the ends of top-level strings, but never the first character', async (t) => {
  const text = JSON.stringify({
    a: 'x\n\n',
    b: 'y\r\n',
    c: 'z\\n\\r',
    d: '\n',
    e: 'in\nside',
    f: { g: 'x\n' },
    h: '\\n',
    i: 'n',
  });
  t.same(merged({ log: text }, { keepLog: false }), {
    a: 'x',
    b: 'y\r',
    c: 'z',
    d: '\n',
    e: 'in\nside',
    f: { g: 'x\n' },
    h: '',
    i: 'n',
  });
  t.same(merged({ log: text }, { keepLog: false, trim: false }), JSON.parse(text));
});

t.test('Merge_Log_Key takes the merged keys, unless there are none', async (t) => {
  t.equal(log('{"a":1}', { under: 'app' }), '{"log":"{\\"a\\":1}","stream":"stdout","app":{"a":1}}');
  t.equal(log('{}', { under: 'app', keepLog: false }), '{"stream":"stdout"}');
  t.equal(log('{"a":1}', { under: 'log' }), '{"stream":"stdout","log":{"a":1}}');
});

t.test('numbers keep their kind', async (t) => {
  const body = merged({ log: '{"f":1.0,"big":12345678901234567890,"i":7}' }, { keepLog: false });
  t.ok(body.f instanceof Float);
  t.equal(body.big, 12345678901234567890n);
  t.equal(body.i, 7);
});

t.test('__proto__ in a log is a key like any other', async (t) => {
  for (const keepLog of [true, false]) {
    const body = merged({ log: '{"__proto__":{"x":1},"stream":"y"}', stream: 'a' }, { keepLog });
    t.ok(Object.hasOwn(body, '__proto__'));
    t.equal(Object.getPrototypeOf(body), Object.prototype);
    t.notOk('x' in body);
  }
});

t.test('a log that is a map is merged as it is', async (t) => {
  const inner = Object.freeze({ a: 'x\n', stream: 'y' });
  t.equal(
    JSON.stringify(merged({ log: inner, stream: 's' })),
    '{"log":{"a":"x\\n","stream":"y"},"a":"x\\n","stream":"y"}',
  );
  t.equal(JSON.stringify(merged({ log: inner, stream: 's' }, { keepLog: false })), '{"a":"x\\n","stream":"y"}');
});

t.test('a log that is neither text nor a map stays, or is lost with Keep_Log Off', async (t) => {
  for (const value of [7, [1], null, true, new Float(1)]) {
    t.same(merged({ log: value, a: 1 }), { log: value, a: 1 });
    t.same(merged({ log: value, a: 1 }, { keepLog: false }), { a: 1 });
  }
  t.same(merged({ a: 1 }, { keepLog: false }), { a: 1 });
});

const FIRST_WORD: Parser = {
  name: 'first-word',
  parse(text, seconds, nanos) {
    const match = /^(\d+)? ?([a-z]+)/.exec(text);
    if (!match) return undefined;
    const time = match[1] === undefined ? { seconds, nanos } : { seconds: Number(match[1]), nanos: 5 };
    return { ...time, metadata: {}, body: { word: match[2] ?? '' } };
  },
};

t.test('a parser gives the time, or the present one where the text has none', async (t) => {
  const timed = eventOf({ log: '1000 hello' });
  t.same(mergeLog(timed, undefined, { ...DEFAULTS, parser: FIRST_WORD }), { log: '1000 hello', word: 'hello' });
  t.same([timed.seconds, timed.nanos], [1000, 5]);
  const untimed = eventOf({ log: 'hello' });
  mergeLog(untimed, undefined, { ...DEFAULTS, parser: FIRST_WORD });
  t.same([untimed.seconds, untimed.nanos], [1_800_000_000, 250_000_000]);
});

t.test('what a parser does not fit stays, also where it is JSON', async (t) => {
  const event = eventOf({ log: '{"a":1}' });
  t.same(mergeLog(event, FIRST_WORD, DEFAULTS), { log: '{"a":1}' });
  t.equal(event.seconds, NEW_YEAR);
});

t.test('a suggested parser goes before the one of the options', async (t) => {
  const other: Parser = { name: 'x', parse: () => undefined };
  t.same(merged({ log: 'hello' }, { parser: other, keepLog: false }, FIRST_WORD), { word: 'hello' });
});
