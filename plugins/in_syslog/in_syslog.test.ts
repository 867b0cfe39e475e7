import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Bin, NO_METADATA } from '../../src/data/event.ts';
import { OptionError, type Parser } from '../../src/plugin.ts';
import fc from '../../test/support/fast_check.ts';
import { openInput } from '../../test/support/net_input.ts';
import { make } from '../../test/support/plugin.ts';
import syslog from './index.ts';
import { CountedMessages, LineMessages } from './messages.ts';

/** `<PRI>text`, with the time 7 where the text is `dated`. */
const PARSER: Parser = {
  name: 'p',
  parse: (text, seconds, nanos) => {
    const match = /^<(\d+)>(.*)/.exec(text);
    if (!match) return undefined;
    const body = { pri: match[1] as string, message: match[2] as string };
    return match[2] === 'dated'
      ? { seconds: 7, nanos: 8, metadata: NO_METADATA, body }
      : { seconds, nanos, metadata: NO_METADATA, body };
  },
};
const parsers = { p: PARSER, 'syslog-rfc5424': PARSER, 'syslog-rfc3164-local': PARSER };

const cut = (cutter: LineMessages | CountedMessages, ...pieces: string[]): unknown[] =>
  pieces.map((piece) => cutter.push(Buffer.from(piece))?.map(String));

t.test('messages end at a line break or a NUL', async (t) => {
  t.same(cut(new LineMessages(), 'a\nb', 'c\0\n\nd\r\n', '', 'e'), [['a'], ['bc', 'd\r'], [], []]);
});

t.test('counted messages may hold line breaks', async (t) => {
  t.same(cut(new CountedMessages(), '3 a\nb5 c', 'd ef\n1', ' x0 2 yz'), [['a\nb'], ['cd ef'], ['x', 'yz']]);
  for (const wrong of ['x 1', ' a', '12345678901 a', '-1 a', '<34>1 2'])
    t.equal(new CountedMessages().push(Buffer.from(wrong)), undefined, wrong);
});

t.test('it does not matter in what pieces counted messages come', async () => {
  const messages = fc.array(fc.string({ unit: fc.constantFrom('a', '1', ' ', '\n'), minLength: 1, maxLength: 15 }));
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 9 }), fc.constantFrom('', '\n'), (texts, size, between) => {
      const bytes = Buffer.from(texts.map((text) => `${text.length} ${text}${between}`).join(''));
      const cutter = new CountedMessages();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        for (const message of cutter.push(bytes.subarray(at, at + size)) ?? ['wrong']) found.push(String(message));
      // A message that begins with a line break cannot be told from one after a line break; nor do texts here.
      return JSON.stringify(found) === JSON.stringify(texts);
    }),
  );
});

t.test('over TCP: a message a line; those that do not fit are counted and told once', async (t) => {
  const { host, connect } = await openInput(t, syslog, { mode: 'tcp' }, { parsers });
  const socket = await connect();
  socket.write('<1>one\n\nno message\nnor this\n<2>dated\n<3>tw');
  await host.events(2);
  socket.write('o\n');
  t.same(await host.events(3), [
    { pri: '1', message: 'one' },
    { pri: '2', message: 'dated' },
    { pri: '3', message: 'two' },
  ]);
  t.same(
    host.emitted[0]?.events.map(({ seconds }) => seconds),
    [1_700_000_000, 7],
  );
  t.equal(host.counts.invalid_texts_total, 2);
  t.equal(host.lines.filter(({ level }) => level === 'warn').length, 1);
});

t.test('over UDP: a message a datagram', async (t) => {
  const { host, send } = await openInput(t, syslog, { mode: 'udp', source_address_key: 'from' }, { parsers });
  await send('<1>one\n');
  await host.events(1);
  await send('no message');
  await host.until(() => host.counts.invalid_texts_total === 1);
  t.match(host.bodies, [{ pri: '1', message: 'one', from: /^udp:\/\/127\.0\.0\.1:\d+$/ }]);
});

t.test('over a unix socket, with its permissions; what an earlier run left is no hindrance', async (t) => {
  // The name of a socket has at most 107 bytes.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'syslog-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const socket = path.join(folder, 's.sock');
  for (const message of ['one', 'two']) {
    const given = { mode: 'unix_tcp', path: socket, unix_perm: '0600', source_address_key: 'from' };
    const { host, connect, input } = await openInput(t, syslog, given, { parsers });
    t.equal(fs.statSync(socket).mode & 0o777, 0o600);
    (await connect()).write(`<1>${message}\n`);
    t.same(await host.events(1), [{ pri: '1', message, from: `unix://${socket}` }]);
    await input.stop();
  }
});

t.test('counted messages over TCP; what is none ends the connection', async (t) => {
  const { host, connect } = await openInput(t, syslog, { mode: 'tcp', format: 'octet_counting' }, { parsers });
  const socket = await connect();
  const closed = once(socket, 'close');
  socket.write('5 <1>ab6 <2>cde');
  t.same(await host.events(2), [
    { pri: '1', message: 'ab' },
    { pri: '2', message: 'cde' },
  ]);
  socket.write('<3>no count\n');
  await closed;
  t.equal(host.counts.refused_connections_total, 1);
});

t.test('Raw_Message_Key keeps the message as bytes', async (t) => {
  const { host, connect } = await openInput(t, syslog, { mode: 'tcp', raw_message_key: 'raw' }, { parsers });
  (await connect()).write(Buffer.from([0x3c, 0x31, 0x3e, 0xff, 0x0a]));
  const [body] = (await host.events(1)) as { raw: Bin }[];
  t.same(body, { pri: '1', message: '\udcff', raw: new Bin(Buffer.from([0x3c, 0x31, 0x3e, 0xff])) });
});

t.test('a message that is too long ends its connection', async (t) => {
  const { host, connect } = await openInput(t, syslog, { mode: 'tcp', buffer_max_size: '100' }, { parsers });
  const socket = await connect();
  const closed = once(socket, 'close');
  socket.write(`<1>${'x'.repeat(90)}\n<1>${'x'.repeat(200)}`);
  await closed;
  t.equal(host.bodies.length, 1);
});

t.test('what cannot work is refused at the start, with the way out', async (t) => {
  await t.rejects(make(syslog, [], { parsers }), /no unix datagram sockets; use mode unix_tcp/);
  await t.rejects(make(syslog, [['mode', 'unix_tcp']], { parsers }), /needs a path/);
  await t.rejects(make(syslog, [['mode', 'tcp']]), new OptionError("there is no parser 'syslog-rfc5424'", 'parser'));
  await t.rejects(
    make(
      syslog,
      [
        ['mode', 'tcp'],
        ['parser', 'nobody'],
      ],
      { parsers },
    ),
    /no parser 'nobody'/,
  );
});
