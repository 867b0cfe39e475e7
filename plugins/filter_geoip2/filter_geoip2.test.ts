import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Fields, Float, type Value } from '../../src/data/event.ts';
import { OptionError } from '../../src/plugin.ts';
import { eventOf } from '../../test/support/batch.ts';
import { mmdb } from '../../test/support/mmdb_writer.ts';
import { make } from '../../test/support/plugin.ts';
import { leavesTheRestAlone } from '../../test/support/random_records.ts';
import geoip2 from './index.ts';

type Pairs = readonly (readonly [string, string])[];

const DATA = mmdb([
  {
    cidr: '10.1.0.0/16',
    data: {
      map: {
        country: { map: { iso_code: 'DE', names: { map: { en: 'Germany' } }, eu: true } },
        location: { map: { latitude: { double: 52 }, longitude: { double: 13.4 }, accuracy: { uint32: 50 } } },
        big: { uint64: (1n << 63n) + 1n },
        huge: { uint128: 1n << 100n },
        minus: { int32: -5 },
        float: { float: 1.5 },
        raw: { bytes: new Uint8Array([65, 66]) },
        subdivisions: [{ map: { iso_code: 'BE' } }],
      },
    },
  },
  { cidr: '10.2.3.4/32', data: { map: { country: { map: { iso_code: 'FR' } } } } },
]);

async function started(folder: string, pairs: Pairs) {
  const file = path.join(folder, 'test.mmdb');
  fs.writeFileSync(file, DATA);
  const made = await make(geoip2, [['Database', file], ...pairs]);
  await made.plugin.start?.();
  return made;
}

async function located(folder: string, wanted: string, ip: Value): Promise<Value | undefined> {
  const { plugin } = await started(folder, [
    ['Lookup_Key', 'ip'],
    ['Record', `x ip %{${wanted}}`],
  ]);
  const event = eventOf(Object.freeze({ ip }));
  await plugin.filter([event], 'tag');
  t.same(Object.keys(event.body), ['ip', 'x']);
  return event.body.x;
}

t.test('values of the database keep their types', async (t) => {
  const folder = t.testdir();
  const values: [string, Value][] = [
    ['country.names.en', 'Germany'],
    ['country.iso_code', 'DE'],
    ['country.eu', true],
    ['location.latitude', new Float(52)],
    ['location.longitude', 13.4],
    ['location.accuracy', 50],
    ['big', (1n << 63n) + 1n],
    ['minus', -5],
    ['float', 1.5],
    ['raw', 'AB'],
    ['subdivisions.0.iso_code', 'BE'],
  ];
  for (const [wanted, value] of values) t.same(await located(folder, wanted, '10.1.2.3'), value, wanted);
  t.equal(await located(folder, 'country.iso_code', '10.2.3.4'), 'FR');
});

t.test('what is not known, no address, no string, no plain value is null', async (t) => {
  const folder = t.testdir();
  for (const ip of ['10.2.3.5', '192.168.0.1', 'localhost', '', '::1', 5, null, ['10.1.2.3']] as Value[])
    t.equal(await located(folder, 'country.iso_code', ip), null, String(ip));
  for (const wanted of [
    'country',
    'subdivisions',
    'huge',
    'country.none',
    'none.at.all',
    'country.iso_code.deeper',
    '__proto__',
  ])
    t.equal(await located(folder, wanted, '10.1.2.3'), null, wanted);
});

t.test('fields are found in any case or by an accessor, and new ones stand at the end', async (t) => {
  const { plugin, host } = await started(t.testdir(), [
    ['Lookup_Key', 'Remote_Addr'],
    ['Lookup_Key', "$http['ip']"],
    ['Record', 'a Remote_Addr %{country.iso_code}'],
    ['Record', "b $http['ip'] %{country.iso_code}"],
    ['Record', 'c unlisted %{country.iso_code}'],
    ['Record', 'broken'],
  ]);
  const body: Fields = {
    a: 'old',
    remote_addr: '10.1.0.1',
    remote_addr_x: '10.2.3.4',
    unlisted: '10.1.0.1',
    http: { ip: '10.2.3.4' },
  };
  const event = eventOf(Object.freeze(body));
  await plugin.filter([event], 'tag');
  const { a: _a, ...rest } = body;
  t.same(Object.entries(event.body), Object.entries({ ...rest, a: 'DE', b: 'FR', c: null }));
  t.match(host.lines, [{ level: 'error', message: /'broken' is ignored/ }]);
});

t.test('a database that is none fails the start', async (t) => {
  const folder = t.testdir({ 'none.mmdb': 'no database' });
  const pairs: Pairs = [
    ['Lookup_Key', 'ip'],
    ['Record', 'x ip %{a}'],
  ];
  for (const file of ['missing.mmdb', 'none.mmdb']) {
    const { plugin } = await make(geoip2, [['Database', path.join(folder, file)], ...pairs]);
    await t.rejects(Promise.resolve(plugin.start?.()), OptionError);
  }
  await t.rejects(make(geoip2, pairs), OptionError);
  await t.rejects(
    make(geoip2, [
      ['Database', 'x'],
      ['Lookup_Key', 'ip'],
    ]),
    OptionError,
  );
  await t.rejects(
    make(geoip2, [
      ['Database', 'x'],
      ['Record', 'x ip %{a}'],
    ]),
    OptionError,
  );
  await t.rejects(
    make(geoip2, [
      ['Database', 'x'],
      ['Lookup_Key', 'ip'],
      ['Record', 'x'],
    ]),
    OptionError,
  );
});

t.test('random records: nothing changes but what is added', async (t) => {
  const { plugin } = await started(t.testdir(), [
    ['Lookup_Key', 'ip'],
    ['Record', 'x ip %{country.iso_code}'],
  ]);
  await leavesTheRestAlone(t, async () => plugin, { keys: ['ip', 'x'], touches: (key) => key === 'x' });
});
