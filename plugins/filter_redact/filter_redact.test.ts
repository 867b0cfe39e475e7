import t from 'tap';
import { Bin, type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import fc from '../../test/support/fast_check.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import redact from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function redacted(body: Fields, pairs: Pairs = []): Promise<Fields> {
  const { plugin } = await make(redact, pairs);
  const event = eventOf(Object.freeze(body));
  await plugin.filter([event], 'tag');
  return event.body;
}

const textOf = async (text: string, pairs: Pairs = []) => (await redacted({ log: text }, pairs)).log;
/** Masks are short, so that what stays is easy to read. */
const SHORT: Pairs = [['mask', '<{kind}>']];

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

const TEXTS: readonly (readonly [string, string])[] = [
  // Cards: the schemes' own test numbers.
  ['paid with 4111111111111111.', 'paid with <card>.'],
  ['4111 1111 1111 1111 123', '<card> 123'],
  ['visa 4111-1111-1111-1111, amex 3782 822463 10005', 'visa <card>, amex <card>'],
  ['"pan":"5555555555554444","n":2223003122003222', '"pan":"<card>","n":<card>'],
  ['6011111111111117 30569309025904 3530111333300000', '<card> <card> <card>'],
  ['12 4111 1111 1111 1111', '12 <card>'],
  // Not: Luhn, no scheme, parts of something longer, a fraction, a time.
  ['4111111111111112', '4111111111111112'],
  ['1234567812345670', '1234567812345670'],
  ['a4111111111111111 4111111111111111x', 'a4111111111111111 4111111111111111x'],
  ['0.4111111111111111', '0.4111111111111111'],
  ['41111111111111111111111', '41111111111111111111111'],
  ['ts=1767225600000', 'ts=1767225600000'],
  // Social security numbers.
  ['ssn 123-45-6789, 123 45 6789.', 'ssn <ssn>, <ssn>.'],
  [
    '000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000',
    '000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000',
  ],
  ['123-45-67890 1123-45-6789 123-45 6789 5-123-45-6789', '123-45-67890 1123-45-6789 123-45 6789 5-123-45-6789'],
  // Mail.
  ["from=<Joe.O'Neil+x@mail.example.co.uk> to b@c.de", 'from=<<email>> to <email>'],
  ["'a@b.com' /u?mail=u%40example.org&x", "'<email>' /u?mail=<email>&x"],
  ['josé@exämple.org, 电话4111111111111111', '<email>, 电话<card>'],
  [
    'user@1000.service logo@2x.png a@b @x.com root@localhost lodash@4.17.21',
    'user@1000.service logo@2x.png a@b @x.com root@localhost lodash@4.17.21',
  ],
  ['postgres://app:secret@db.example.com/x', 'postgres://app:<email>/x'],
  // AWS.
  ['key AKIAIOSFODNN7EXAMPLE, ASIAIOSFODNN7EXAMPLE', 'key <aws>, <aws>'],
  ['xAKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLe AKIA1', 'xAKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLe AKIA1'],
  [`aws_secret_access_key = ${SECRET}`, 'aws_secret_access_key = <aws>'],
  [`{"SecretAccessKey":"${SECRET}","a":1}`, '{"SecretAccessKey":"<aws>","a":1}'],
  [`{\\"secretAccessKey\\": \\"${SECRET}\\"}`, '{\\"secretAccessKey\\": \\"<aws>\\"}'],
  [`AWS_SESSION_TOKEN=${'Ab1/'.repeat(40)}==`, 'AWS_SESSION_TOKEN=<aws>'],
  [`commit ${SECRET}`, `commit ${SECRET}`],
  // Tokens.
  ['Authorization: Bearer abcdef1234567', 'Authorization: Bearer <token>'],
  [`bearer%20${JWT}, then`, 'bearer%20<token>, then'],
  [`token=${JWT}`, 'token=<token>'],
  ['bearer authentication failed, Bearer of news', 'bearer authentication failed, Bearer of news'],
  ['eyJhbGciOiJIUzI1NiJ9 eyJh.b', 'eyJhbGciOiJIUzI1NiJ9 eyJh.b'],
  // Addresses.
  ['10.0.0.1 - - "x" 192.168.255.254:80', '<ip> - - "x" <ip>:80'],
  ['v1.2.3.4 1.2.3.4.5 256.1.1.1 01.2.3.4 1.2.3 0.25', 'v1.2.3.4 1.2.3.4.5 256.1.1.1 01.2.3.4 1.2.3 0.25'],
  ['fe80::1%eth0 [2001:db8::8a2e:370:7334]:443 2001:db8::/32', '<ip>%eth0 [<ip>]:443 <ip>/32'],
  ['at 12:00:00 1:2:3:4:5:6:7:8. ::ffff:10.0.0.1', 'at 12:00:00 <ip>. <ip>'],
  ['a::b std::string 00:1b:44:11:3a:b7 12:00:00:00 x::', 'a::b std::string 00:1b:44:11:3a:b7 12:00:00:00 x::'],
  // Nothing at all.
  ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123456789Z'],
  ['2026-01-01T00:00:00 a@b.co', '2026-01-01T00:00:00 <email>'],
  ['', ''],
];

for (const [before, after] of TEXTS)
  t.test(`"${before.slice(0, 70)}" becomes "${after.slice(0, 70)}"`, async (t) => {
    t.equal(await textOf(before, SHORT), after);
    // Between characters that are not ASCII, and far behind.
    t.equal(await textOf(`€ ${before} é`, SHORT), `€ ${after} é`);
    t.equal(await textOf(`${'x '.repeat(40_000)}${before}`, SHORT), `${'x '.repeat(40_000)}${after}`);
  });

t.test('all of a record is looked at: maps, lists, numbers, bytes; what holds nothing stays the same', async (t) => {
  const fine = { deep: [{ a: 'x' }] };
  const body = {
    mails: ['a@b.com', 'x'],
    card: 4111111111111111,
    long: 6304000000000000000n,
    whole: new Float(4111111111111111),
    bytes: new Bin(Buffer.from('a@b.com')),
    nested: { list: [[{ ip: '10.0.0.1' }]] },
    fine,
    aws_secret_access_key: SECRET,
    ['__proto__']: 'b@c.de',
    n: 1767225600000,
  };
  const after = await redacted(body, SHORT);
  t.equal(
    JSON.stringify(after),
    '{"mails":["<email>","x"],"card":"<card>","long":6304000000000000000,"whole":4111111111111111.0,"bytes":"<email>","nested":{"list":[[{"ip":"<ip>"}]]},"fine":{"deep":[{"a":"x"}]},"aws_secret_access_key":"<aws>","__proto__":"<email>","n":1767225600000}',
  );
  t.equal(after.fine, fine);
  const untouched = { log: 'x', n: 1 };
  t.equal(await redacted(untouched), untouched);
});

t.test('only named fields, not the excluded ones, and secret fields as a whole', async (t) => {
  const body = () => ({
    a: 'a@b.com',
    http: { user: 'a@b.com', to: ['a@b.com', 'b@c.com'] },
    Password: 'x',
    n: { password: [1] },
  });
  t.same(await redacted(body(), [...SHORT, ['key', "$http['to'][1]"]]), {
    ...body(),
    http: { user: 'a@b.com', to: ['a@b.com', '<email>'] },
  });
  t.same(await redacted(body(), [...SHORT, ['key', 'http'], ['exclude_key', "$http['user']"]]), {
    ...body(),
    http: { user: 'a@b.com', to: ['<email>', '<email>'] },
  });
  t.same(
    await redacted(body(), [['kinds', 'none'], ...SHORT, ['secret_key', 'password'], ['secret_key', "$http['to']"]]),
    {
      a: 'a@b.com',
      http: { user: 'a@b.com', to: '<field>' },
      Password: '<field>',
      n: { password: '<field>' },
    },
  );
  const excluded: Pairs = [...SHORT, ['exclude_key', 'n'], ['secret_key', 'password']];
  t.same((await redacted(body(), excluded)).n, { password: '<field>' }, 'a secret name counts everywhere');
});

t.test('what is found is masked, hashed or removed, kind by kind', async (t) => {
  const text = 'a@b.com 10.0.0.1 4111111111111111';
  t.equal(await textOf(text), '[redacted:email] [redacted:ip] [redacted:card]');
  t.equal(
    await textOf(text, [
      ['mask', '**'],
      ['card_keep_last', '4'],
    ]),
    '** ** **1111',
  );
  t.equal(await textOf(text, [['action', 'remove']]), '  ');
  t.same(await redacted({ a: 'a@b.com', l: ['a@b.com'], n: 1 }, [['action', 'remove']]), { l: [''], n: 1 });
  const hashed: Pairs = [
    ['action_of', 'email hash'],
    ['action_of', 'ip remove'],
    ['salt', 'pepper'],
  ];
  // printf a@b.com | openssl dgst -sha256 -hmac pepper
  t.equal(await textOf(text, hashed), '[email:5cdefeca3b2dd2a6]  [redacted:card]');
  t.equal(await textOf('a@b.com a@b.com', hashed), '[email:5cdefeca3b2dd2a6] [email:5cdefeca3b2dd2a6]');
  t.not(
    await textOf('a@b.com', [
      ['action', 'hash'],
      ['salt', 'salt'],
    ]),
    await textOf('a@b.com', hashed),
  );
});

t.test('own patterns are found everywhere; of those with groups only the groups go', async (t) => {
  const own: Pairs = [
    ...SHORT,
    ['pattern', 'customer CUST-\\d{4,8}'],
    ['pattern', 'password (?i)password=(\\S+)'],
    ['pattern', 'line ^start'],
    ['action_of', 'customer remove'],
  ];
  t.equal(await textOf('start CUST-1234, start CUST-99999', own), '<line> , start ');
  t.equal(await textOf('user=x Password=secret PASSWORD=2', own), 'user=x Password=<password> PASSWORD=<password>');
  t.equal(await textOf('CUST-1', own), 'CUST-1');
});

t.test('it is counted by kind, once for each place', async (t) => {
  const { plugin, host } = await make(redact, [['pattern', 'x1 x1']]);
  await plugin.filter([eventOf({ a: 'a@b.com c@d.com x1' }), eventOf({ b: ['10.0.0.1'] }), eventOf({})], 'tag');
  t.same(host.counts, { redacted_email_total: 2, redacted_x1_total: 1, redacted_ip_total: 1 });
});

t.test('a map that many records share is looked through once, and shared afterwards', async (t) => {
  const { plugin, host } = await make(redact);
  const kubernetes = Object.freeze({ pod_ip: '10.0.0.1' });
  const events = [eventOf({ kubernetes }), eventOf({ kubernetes })];
  await plugin.filter(events, 'tag');
  t.same(events[0]?.body, { kubernetes: { pod_ip: '[redacted:ip]' } });
  t.equal(events[0]?.body.kubernetes, events[1]?.body.kubernetes);
  t.same(host.counts, { redacted_ip_total: 1 });
});

t.test('what is deeper than anybody looks goes as a whole', async (t) => {
  let body: Fields = { mail: 'a@b.com' };
  for (let depth = 0; depth < 2000; depth++) body = { in: body };
  t.notMatch(JSON.stringify(await redacted(body)), 'a@b.com');
});

t.test('mistakes are refused at the start', async (t) => {
  const wrong: Pairs[] = [
    [['kinds', 'card,phone']],
    [['pattern', 'noregex']],
    [['pattern', 'Name x']],
    [['pattern', 'card x']],
    [['pattern', 'all .*']],
    [['pattern', 'open (x']],
    [['action', 'hash']],
    [['action_of', 'email hash']],
    [['action_of', 'email erase']],
    [['action_of', 'phone mask']],
    [['action_of', 'email mask now']],
    [['key', "$a['b"]],
    [['card_keep_last', '5']],
  ];
  for (const pairs of wrong) await t.rejects(redacted({}, pairs), OptionError, JSON.stringify(pairs));
});

t.test('a hostile line takes no long time', async (t) => {
  const parts = [
    '1 ',
    '1-',
    '1.',
    '1234 ',
    '4111-',
    'a@',
    'a@a.',
    '%40',
    ':',
    'a:',
    '::',
    'eyJ',
    'eyJaaaaaaaa.',
    'bearer ',
    'bearer=',
    'secret',
    'secretkey',
    'sessiontoken=',
    'A..A',
    'AKIA',
    'a',
    '1',
    'é@é.',
  ];
  const { plugin } = await make(redact);
  const slow: string[] = [];
  for (const part of parts) {
    const event = eventOf({ log: part.repeat(Math.ceil(500_000 / part.length)) });
    const start = process.cpuUsage().user;
    await plugin.filter([event], 'tag');
    if (process.cpuUsage().user - start > 1_000_000) slow.push(part);
  }
  t.same(slow, []);
});

t.test('whatever stands beside it, a secret goes and the rest stays', async (t) => {
  const secrets = [
    '4111111111111111',
    '4111 1111 1111 1111',
    '123-45-6789',
    'a.b+c@mail.example.org',
    'AKIAIOSFODNN7EXAMPLE',
    JWT,
    '10.1.2.3',
    '2001:db8::8a2e:370:7334',
    '2001:db8:0:0:0:8a2e:370:7334',
  ];
  const others = [
    'hello',
    '12:00:00',
    '2026-01-01',
    'v1.2.3',
    '42',
    '200',
    '1234',
    '0.25',
    'backend',
    'key',
    'a::b',
    'x@',
    '電話',
    'é',
    '"a":1',
    'bearing',
    'secret',
  ];
  const between = fc.constantFrom(' ', ', ', '"', '\n', '€ ', '\t', ' (', '; ');
  const word = fc.oneof(fc.constantFrom(...secrets), fc.constantFrom(...others));
  const { plugin } = await make(redact, [['mask', '\u0001']]);
  const property = fc.asyncProperty(fc.array(fc.tuple(word, between), { maxLength: 30 }), async (pairs) => {
    const event = eventOf({ log: pairs.map(([text, end]) => text + end).join('') });
    await plugin.filter([event], 'tag');
    const wanted = pairs.map(([text, end]) => (secrets.includes(text) ? '\u0001' : text) + end).join('');
    if (event.body.log !== wanted) throw new Error(`${JSON.stringify(event.body.log)}, not ${JSON.stringify(wanted)}`);
  });
  await fc.assert(property, { numRuns: 500 });
  t.pass('500 random texts');
});

t.test('random records: nothing changes but what is found', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(redact, [['exclude_key', 'a']])).plugin, {
    keys: ['log', 'a', 'message'],
    touches: (key) => key !== 'a',
  });
  await leavesTheRestAlone(t, async () => (await make(redact, [['kinds', 'email,card']])).plugin, {
    keys: ['log', 'a', 'message'],
  });
});
