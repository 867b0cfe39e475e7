import t from 'tap';
import { compileParser } from '../../src/parsers/parser.ts';
import { body, parser, section } from './support.ts';

const line = (log: string) => JSON.stringify({ log, x: 1 });
const as = (...rules: string[]) => ({ format: 'json', decode_field_as: rules });

t.test('Decode_Field_As json puts the object in the place of its text; arrays and other text stay', async (t) => {
  t.equal(body(as('json log'), line('{"a":1}')), '{"log":{"a":1},"x":1}');
  t.equal(body(as('json log'), line('[1]')), line('[1]'));
  t.equal(body(as('json log'), line('text')), line('text'));
  t.equal(body(as('json nosuch'), line('{}')), line('{}'));
});

t.test('Decode_Field json adds the keys behind the others', async (t) => {
  t.equal(body({ format: 'json', decode_field: 'json log' }, line('{"a":1}')), '{"log":"{\\"a\\":1}","x":1,"a":1}');
});

t.test('escaped, escaped_utf8 and mysql_quoted', async (t) => {
  t.equal(body(as('escaped log'), line('a\\nb\\"c\\\\d')), line('a\nb"c\\d'));
  t.equal(body(as('escaped_utf8 log'), line('\\u00e9\\ud83d\\ude00\\t')), line('\u00e9\u{1f600}\t'));
  t.equal(body(as('mysql_quoted log'), line("'it\\'s\\n'")), line("it's\n"));
  t.equal(body(as('mysql_quoted log'), line('no quotes')), line('no quotes'));
});

t.test('do_next goes on after a success, try_next after a failure', async (t) => {
  t.equal(body(as('escaped log do_next', 'json log'), line('{\\"a\\":1}')), '{"log":{"a":1},"x":1}');
  t.equal(body(as('json log try_next', 'escaped log'), line('a\\tb')), line('a\tb'));
  t.equal(body(as('escaped log', 'json log'), line('{\\"a\\":1}')), line('{"a":1}'));
});

t.test('do_next goes on after a failure, too', async (t) => {
  t.equal(body(as('json log do_next', 'escaped log'), line('a\\tb')), line('a\tb'));
});

t.test('both kinds of rules on one field are one list', async (t) => {
  const both = (first: string, second: string) => [
    { key: 'format', value: 'json' },
    { key: 'name', value: 'p' },
    { key: 'decode_field_as', value: first },
    { key: 'decode_field', value: second },
  ];
  const parse = (first: string, second: string) =>
    JSON.stringify(compileParser(both(first, second)).parse(line('{\\"a\\":1}'), 1, 2)?.body);
  t.equal(parse('escaped log do_next', 'json log'), '{"log":"{\\"a\\":1}","x":1,"a":1}');
  t.equal(parse('escaped log', 'json log'), line('{"a":1}'), 'the first that succeeds is the last');
});

t.test('Decode_Field: a key that was there moves to the end', async (t) => {
  t.equal(
    body({ format: 'json', decode_field: 'json log' }, '{"x":1,"log":"{\\"x\\":2}","y":3}'),
    '{"log":"{\\"x\\":2}","y":3,"x":2}',
  );
});

t.test('json: what a decoder adds may hold the time', async (t) => {
  const json = parser({ format: 'json', decode_field: 'json log', time_key: 't', time_format: '%s' });
  t.match(json.parse('{"log":"{\\"t\\":\\"1700000000\\",\\"a\\":1}"}', 1, 2), {
    seconds: 1_700_000_000,
    body: { a: 1, t: undefined },
  });
});

t.test('escaped_utf8: short codes, half pairs and bytes that are no UTF-8', async (t) => {
  t.equal(body(as('escaped_utf8 log'), line('\\ue9 \\u \\ud83d \\U1f600')), line('\u00e9 u \ufffd \u{1f600}'));
  const event = parser(as('escaped_utf8 log')).parse('{"log":"a\udcff\\\\n"}', 1, 2);
  t.equal(event?.body.log, 'a\udcff\n');
});

t.test('a decoder and a field that do not exist leave the parser without decoders, with a complaint', async (t) => {
  const log = line('{"a":1}');
  for (const rules of [['json log', 'rot13 log'], ['json'], ['json log whenever']]) {
    const said: string[] = [];
    const made = compileParser(section({ name: 'p', ...as(...rules) }), (option) => said.push(option));
    t.same(said, ['decode_field_as']);
    const known = rules[0] === 'json log whenever';
    t.equal(JSON.stringify(made.parse(log, 1, 2)?.body), known ? '{"log":{"a":1},"x":1}' : log);
  }
});
