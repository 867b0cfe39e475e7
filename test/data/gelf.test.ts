import t from 'tap';
import { Float } from '../../src/data/event.ts';
import { gelfJson } from '../../src/data/gelf.ts';
import { eventOf } from '../support/batch.ts';

const keys = { timestamp: 'timestamp', host: 'hostname', short_message: 'log', full_message: 'full', level: 'level' };
const read = (body: Parameters<typeof eventOf>[0], nanos = 0) =>
  JSON.parse(gelfJson(eventOf(body, undefined, nanos), keys) ?? 'null');

t.test('own fields keep their names, others get an underscore', async (t) => {
  t.same(read({ log: 'short', hostname: 'h1', level: '3', extra: { a: 1, b: { c: 'x' } }, n: 5, t: true }), {
    version: '1.1',
    short_message: 'short',
    host: 'h1',
    level: 3,
    _extra_a: 1,
    _extra_b_c: 'x',
    _n: 5,
    _t: 'true',
    timestamp: 1767225600,
  });
});

t.test('the time has milliseconds, unless the record brings its own', async (t) => {
  t.equal(
    gelfJson(eventOf({ log: 'x' }, undefined, 5_999_999), keys),
    '{"version":"1.1", "short_message":"x", "timestamp":1767225600.005}',
  );
  t.equal(read({ log: 'x', timestamp: 1.5 }).timestamp, 1.5);
});

t.test('levels by name, null, id, lists, odd names', async (t) => {
  t.same(
    read({
      log: 'x',
      level: 'WARNING',
      gone: null,
      id: 5,
      list: ['a', 1, { k: 'v' }, [true]],
      'a b/c"': 'v',
      f: new Float(2),
    }),
    {
      version: '1.1',
      short_message: 'x',
      level: 4,
      _list: 'a, 1, k=v, true',
      _a_b_c_: 'v',
      _f: 2,
      timestamp: 1767225600,
    },
  );
});

t.test('a record without a short message is none', async (t) => {
  t.equal(gelfJson(eventOf({ a: 1 }), keys), undefined);
});
