import t from 'tap';
import { type Fields, Float } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import { detectLevel } from './detect.ts';
import logLevel from './index.ts';

type Pairs = readonly (readonly [string, string])[];

async function levelled(body: Fields, pairs: Pairs = []): Promise<Fields> {
  const { plugin } = await make(logLevel, pairs);
  const event = eventOf(Object.freeze(body));
  await plugin.filter([event], 'tag');
  return event.body;
}

const FIELDS: readonly (readonly [Fields, string | undefined])[] = [
  [{ level: 'WARNING' }, 'warn'],
  [{ level: ' Error ' }, 'error'],
  [{ severity: 'crit' }, 'fatal'],
  [{ lvl: 'dbg' }, 'debug'],
  [{ level: 30 }, 'info'],
  [{ level: 60 }, 'fatal'],
  [{ level: new Float(50) }, 'error'],
  [{ level: '40' }, 'warn'],
  [{ level: 3 }, 'error'],
  [{ PRIORITY: '6' }, 'info'],
  [{ severity_number: 9 }, 'info'],
  [{ severityNumber: 17 }, 'error'],
  [{ severity_number: 25 }, undefined],
  [{ 'log.level': 'info' }, 'info'],
  [{ log: { level: 'Debug' } }, 'debug'],
  [{ '@level': 'trace' }, 'trace'],
  [{ levelname: 'CRITICAL' }, 'fatal'],
  [{ level: 'E' }, 'error'],
  [{ level: 100 }, undefined],
  [{ level: 8 }, undefined],
  [{ level: 'nonsense' }, undefined],
  [{ level: null }, undefined],
  [{ level: ['error'] }, undefined],
  [{ level: 'x', severity: 'warn' }, 'warn'],
  [{}, undefined],
];

for (const [body, level] of FIELDS)
  t.test(`${JSON.stringify(body)} is ${level}`, async (t) => {
    const after = await levelled(body);
    t.same(after, level === undefined ? body : { ...body, level });
  });

const TEXTS: readonly (readonly [string, string | undefined])[] = [
  ['{"time":1,"level":"warn","msg":"ERROR"}', 'warn'],
  ['{"severity" : "NOTICE"}', 'info'],
  ['{"level":50,"msg":"x"}', 'error'],
  ['time=2026-01-01T00:00:00Z level=error msg="info"', 'error'],
  ['ts=1 lvl="dbug" level=debug', 'debug'],
  ['E0102 15:04:05.000000       1 main.go:5] failed', 'error'],
  ['I0102 15:04:05.000000       1 main.go:5] fine', 'info'],
  ['<11>Jan  1 00:00:00 host app: x', 'error'],
  ['2026/01/01 00:00:00 [error] 1#1: upstream timed out', 'error'],
  ['[2026/01/01 00:00:00] [ warn] [input:tail] x', 'warn'],
  ['2026-01-01 12:00:00,123 ERROR [main] c.e.App - boom', 'error'],
  ['2026-01-01T00:00:00Z\tINFO\tserver started', 'info'],
  ['WARNING:root:low', 'warn'],
  ['INFO request (error) handled', 'info'],
  ['{"level":"high","log":{"level":"warn"}}', 'warn'],
  ['npm error: missing', 'error'],
  ['Error: cannot connect', 'error'],
  ['2026-01-01 00:00:00 UTC [1] LOG:  database ready', 'info'],
  ['2026-01-01 00:00:00 UTC [1] FATAL:  password', 'fatal'],
  ['panic: runtime error', 'fatal'],
  ['java.lang.IllegalStateException: x', 'error'],
  ['Traceback (most recent call last):', 'error'],
  ['Caused by: java.io.IOException: x', 'error'],
  ['TypeError: x is not a function', 'error'],
  ['GET /errors/INFORMATION?level 200', undefined],
  ['10.0.0.1 - - "GET / HTTP/1.1" 200 5', undefined],
  ['all is fine, no errors', undefined],
  [`${'x '.repeat(200)}ERROR`, undefined],
  ['', undefined],
];

for (const [text, level] of TEXTS)
  t.test(`"${text.slice(0, 60)}" is ${level}`, async (t) => {
    t.equal(detectLevel(text), level);
    t.equal((await levelled({ log: text })).level, level);
  });

t.test('a field says more than the text; a level stays at its place', async (t) => {
  const body = await levelled({ level: 'Warn', log: 'ERROR x', n: 1 });
  t.equal(JSON.stringify(body), '{"level":"warn","log":"ERROR x","n":1}');
  t.equal((await levelled({ level: 'unknown', message: 'ERROR x' })).level, 'error');
});

t.test('a level that is in normal form costs nothing', async (t) => {
  const body = { level: 'info', a: 1 };
  t.equal(await levelled(body), body);
});

t.test('keys, texts and the default may be chosen', async (t) => {
  const pairs: Pairs = [
    ['Key', 'severity'],
    ['Level_Keys', "$http['lvl'], x.y"],
    ['Text_Keys', 'body'],
    ['Default', 'WARNING'],
  ];
  t.same(await levelled({ http: { lvl: 'err' } }, pairs), { http: { lvl: 'err' }, severity: 'error' });
  t.same(await levelled({ 'x.y': 'err' }, pairs), { 'x.y': 'err', severity: 'error' });
  t.same(await levelled({ body: 'INFO x', level: 'fatal' }, pairs), {
    body: 'INFO x',
    level: 'fatal',
    severity: 'info',
  });
  t.same(await levelled({ a: 1 }, pairs), { a: 1, severity: 'warn' });
  await t.rejects(levelled({}, [['Default', 'loud']]), OptionError);
  await t.rejects(levelled({}, [['Level_Keys', "$a['b"]]), OptionError);
});

t.test('a long line takes no long time', async (t) => {
  const lines = ['a '.repeat(1e6), '"level"'.repeat(1e6), 'level='.repeat(1e6), 'A.'.repeat(1e6), '[[[['.repeat(1e6)];
  const start = performance.now();
  for (const line of lines) detectLevel(line);
  t.ok(performance.now() - start < 1000);
});

t.test('random records: nothing changes but the level', async (t) => {
  await leavesTheRestAlone(t, async () => (await make(logLevel)).plugin, {
    keys: ['level', 'log', 'severity', 'message'],
    touches: (key) => key === 'level',
  });
});
