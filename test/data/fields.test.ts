import t from 'tap';
import { appendField, withAppended } from '../../src/data/fields.ts';

t.test('a field is appended at the end, also where one of its name stood', async (t) => {
  const body = Object.freeze({ a: 1, b: 2 });
  t.equal(
    JSON.stringify(
      withAppended(body, [
        ['a', 3],
        ['c', 4],
      ]),
    ),
    '{"b":2,"a":3,"c":4}',
  );
  t.equal(JSON.stringify(withAppended(body, [])), '{"a":1,"b":2}');
  const copy = { a: 1, b: 2 };
  appendField(copy, '__proto__', 'x');
  t.equal(JSON.stringify(copy), '{"a":1,"b":2,"__proto__":"x"}');
});
