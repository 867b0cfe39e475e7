/** Log lines: Fluent Bit's form, levels, JSON, and files that are rotated away. */
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { fileSink, Logger, type LogSettings } from '../src/log.ts';

function logger(settings: Partial<LogSettings> = {}): { log: Logger; lines: string[]; settings: LogSettings } {
  const lines: string[] = [];
  const all: LogSettings = {
    level: 'info',
    format: 'text',
    sink: { write: (line) => void lines.push(line) },
    now: () => new Date(2026, 10, 21, 3, 5, 4, 123).getTime(),
    ...settings,
  };
  return { log: new Logger(all), lines, settings: all };
}

t.test('a line has the form that Fluent Bit prints', async (t) => {
  const { log, lines } = logger();
  log.child('input:tail:tail.0').info('starts');
  log.error('[engine] broken');
  t.same(lines, [
    '[2026/11/21 03:05:04.123] [ info] [input:tail:tail.0] starts\n',
    '[2026/11/21 03:05:04.123] [error] [engine] broken\n',
  ]);
});

t.test('what is below the level is not written; an instance may have its own', async (t) => {
  const { log, lines, settings } = logger();
  log.debug('a');
  log.child('x', 'debug').debug('b');
  log.child('x', null).error('c');
  settings.level = null;
  log.error('d');
  settings.level = 'trace';
  log.log('trace', 'e');
  t.same(
    lines.map((line) => line.slice(-2, -1)),
    ['b', 'e'],
  );
});

t.test('a line break in a message forges no second line', async (t) => {
  const { log, lines } = logger();
  log.info('a\n[2026/11/21 03:05:04.123] [error] b');
  t.equal(lines.length, 1);
  t.equal(lines[0]?.split('\n').length, 2);
});

t.test('JSON is one object a line', async (t) => {
  const { log, lines } = logger({ format: 'json' });
  log.child('output:null:null.0').warn('a "quoted"\nthing');
  t.match(JSON.parse(lines[0] ?? ''), { level: 'warn', component: 'output:null:null.0', message: 'a "quoted"\nthing' });
});

t.test('after its file was renamed, the next line makes it anew', async (t) => {
  const file = path.join(t.testdir({}), 'a.log');
  const sink = fileSink(file);
  sink.write('1\n');
  fs.renameSync(file, `${file}.1`);
  sink.write('2\n');
  t.equal(fs.readFileSync(file, 'utf8'), '2\n');
});
