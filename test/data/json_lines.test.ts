import t from 'tap';
import { compileEventJson, joinJson, readDateKey, readJsonFormat } from '../../src/data/json_lines.ts';
import { eventOf } from '../support/batch.ts';

const events = [eventOf({ log: 'one', n: 1 }), eventOf({}, undefined, 500_000_000)];

t.test('the three ways to join records', async (t) => {
  const json = compileEventJson({ key: 'date', format: 'double' }, true);
  const [one, two] = ['{"date":1767225600.0,"log":"one","n":1}', '{"date":1767225600.5}'];
  t.equal(joinJson('json', events, json), `[${one},${two}]`);
  t.equal(joinJson('json_lines', events, json), `${one}\n${two}\n`);
  t.equal(joinJson('json_stream', events, json), `${one}${two}`);
  t.equal(joinJson('json', [], json), '[]');
});

t.test('the key of the date may be turned off, or odd', async (t) => {
  t.equal(compileEventJson({ key: readDateKey('false'), format: 'double' }, true)(events[0]!), '{"log":"one","n":1}');
  t.equal(compileEventJson({ key: readDateKey('"t"'), format: 'epoch' }, true)(events[1]!), '{"\\"t\\"":1767225600}');
});

t.test("a record's own field of that name wins", async (t) => {
  const json = compileEventJson({ key: 'date', format: 'double' }, true);
  t.equal(json(eventOf({ date: 'mine', log: 'x' })), '{"date":"mine","log":"x"}');
});

t.test('names of formats in any case', async (t) => {
  t.equal(readJsonFormat('JSON_Lines'), 'json_lines');
  t.equal(readJsonFormat('yaml'), undefined);
});
