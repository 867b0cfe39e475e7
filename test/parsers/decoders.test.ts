import t from 'tap';
import { OptionError } from '../../src/options.ts';
import { body, parser } from './support.ts';

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

t.test('a decoder, a field and an action that do not exist are errors', async (t) => {
  t.throws(() => parser(as('rot13 log')), OptionError);
  t.throws(() => parser(as('json')), OptionError);
  t.throws(() => parser(as('json log whenever')), OptionError);
});
