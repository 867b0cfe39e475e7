/**
 * Journals that systemd-journal-remote 252 wrote (and one of our own writer, for LZ4), each beside what `journalctl -o
 * json --all` said of it. `recorded/README.md` tells how they were made.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import t, { type Test } from 'tap';
import { decodeText } from '../../src/data/bytes.ts';
import type { LogEvent } from '../../src/plugin.ts';
import { JournalFolder } from '../../test/support/journal_folder.ts';

const RECORDED = path.join(import.meta.dirname, 'recorded');
const REMOTE = '/lib/systemd/systemd-journal-remote';

type Told = Record<string, string | number[] | (string | number[])[]>;

/** Unpacks one of the recorded journals into a folder of its own. */
function unpack(t: Test, name: string): { dir: string; told: Told[] } {
  const dir = t.testdir({});
  let told: Told[] = [];
  for (const file of fs.readdirSync(path.join(RECORDED, name))) {
    const bytes = zlib.gunzipSync(fs.readFileSync(path.join(RECORDED, name, file)));
    if (file === 'journalctl.json.gz') told = parse(bytes.toString());
    else fs.writeFileSync(path.join(dir, file.replace(/\.gz$/, '')), bytes);
  }
  return { dir, told };
}

const parse = (text: string): Told[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** journalctl writes bytes that are no text as an array of numbers. */
const text = (value: string | number[]): string => (typeof value === 'string' ? value : decodeText(Buffer.from(value)));

/** What journalctl told, as an event: without its own fields, the keys in the order of the alphabet. */
function expected(entry: Told): unknown {
  const body: Record<string, unknown> = {};
  for (const key of Object.keys(entry).sort()) {
    const value = entry[key] as Told[string];
    if (key.startsWith('__')) continue;
    const isMany = Array.isArray(value) && typeof value[0] !== 'number';
    body[key] = isMany ? (value as (string | number[])[]).map(text) : text(value as string | number[]);
  }
  return [Number(entry.__REALTIME_TIMESTAMP), body];
}

function actual({ seconds, nanos, body }: LogEvent): unknown {
  const sorted = Object.keys(body).sort();
  return [seconds * 1e6 + nanos / 1000, Object.fromEntries(sorted.map((key) => [key, body[key]]))];
}

function compare(t: Test, events: readonly LogEvent[], told: readonly Told[]): void {
  t.equal(events.length, told.length);
  t.same(events.map(actual), told.map(expected));
}

for (const [name, count] of Object.entries({ compact: 120, regular: 120, rotated: 44, killed: 70, lz4: 60 })) {
  t.test(`${name}: the same entries and fields as journalctl, in the same order`, async (t) => {
    const { dir, told } = unpack(t, name);
    t.equal(told.length, count);
    const folder = await new JournalFolder(t, dir).start();
    // journalctl adds the boot, which our own writer does not write.
    if (name === 'lz4') for (const entry of told) delete entry._BOOT_ID;
    compare(t, folder.events, told);
    t.same(
      folder.host.lines.filter(({ level }) => level !== 'debug'),
      [],
    );
  });
}

t.test('a filter finds the same entries as journalctl', async (t) => {
  for (const name of ['compact', 'regular']) {
    const { dir, told } = unpack(t, name);
    const long = told.find(({ MESSAGE }) => String(MESSAGE).length > 512)?.MESSAGE as string;
    for (const match of ['_SYSTEMD_UNIT=sshd.service', 'TAGS=two', `MESSAGE=${long}`, 'MESSAGE=', 'MESSAGE=nobody']) {
      const [key = '', ...rest] = match.split('=');
      const value = rest.join('=');
      const folder = await new JournalFolder(t, dir).start({ systemd_filter: match });
      const wanted = told.filter((entry) => [entry[key]].flat().includes(value));
      t.equal(wanted.length > 0, match !== 'MESSAGE=nobody', match.slice(0, 30));
      compare(t, folder.events, wanted);
    }
  }
});

t.test('the cursor of any entry leads to the entry after it', async (t) => {
  const { dir, told } = unpack(t, 'rotated');
  const { DatabaseSync } = await import('node:sqlite');
  for (const at of [0, 9, 10, 24, 30, 42, 43]) {
    const db = path.join(dir, `cursor${at}.db`);
    const database = new DatabaseSync(db);
    database.exec('CREATE TABLE in_systemd_cursor (  cursor  TEXT NOT NULL,  updated INTEGER);');
    database.prepare('INSERT INTO in_systemd_cursor VALUES (?, 0)').run(told[at]?.__CURSOR as string);
    database.close();
    const folder = await new JournalFolder(t, dir).start({ db });
    compare(t, folder.events, told.slice(at + 1));
  }
});

t.test('the cursor that is kept is the one that journalctl gives for the last entry', async (t) => {
  const { dir, told } = unpack(t, 'compact');
  const folder = await new JournalFolder(t, dir).start({ db: path.join(dir, 'cursor.db') });
  folder.settle();
  await folder.stop();
  const { DatabaseSync } = await import('node:sqlite');
  const row = new DatabaseSync(path.join(dir, 'cursor.db')).prepare('SELECT cursor FROM in_systemd_cursor').get();
  t.equal(row?.cursor, told.at(-1)?.__CURSOR);
});

// Where the tools are, a journal that they make now is read, too.
if (fs.existsSync(REMOTE))
  t.test('a journal that systemd-journal-remote makes now', async (t) => {
    const dir = t.testdir({ journal: {} });
    const entries = Array.from(
      { length: 300 },
      (_, i) =>
        `__REALTIME_TIMESTAMP=${1_767_225_600_000_000 + i * 999}\n__MONOTONIC_TIMESTAMP=${5_000_000 + i * 999}\n` +
        `_BOOT_ID=${'ab'.repeat(16)}\n_SYSTEMD_UNIT=u${i % 4}.service\nMESSAGE=entry ${i} ${'word '.repeat(i)}\n` +
        Array.from({ length: 4 }, (_, k) => `FIELD_${i * 4 + k}=${k}\n`).join(''),
    );
    fs.writeFileSync(path.join(dir, 'in.export'), `${entries.join('\n')}\n`);
    const journal = path.join(dir, 'journal');
    spawnSync(REMOTE, ['-o', path.join(journal, 'remote.journal'), path.join(dir, 'in.export')]);
    const { stdout } = spawnSync('journalctl', ['-D', journal, '-o', 'json', '--all'], { maxBuffer: 1e8 });
    t.ok(fs.readdirSync(journal).length > 1, 'it was rotated');
    const folder = await new JournalFolder(t, journal).start();
    compare(t, folder.events, parse(stdout.toString()));
  });
