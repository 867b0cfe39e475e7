import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Fields } from '../../src/data/event.ts';
import type { VirtualClock } from '../../test/support/host.ts';
import { make } from '../../test/support/plugin.ts';
import mem from './index.ts';
import { shortSize } from './memory.ts';

const MEMINFO = `MemTotal:       16384 kB
MemFree:         4096 kB
MemAvailable:    8192 kB
SwapTotal:       2048 kB
SwapFree:        1024 kB
`;
const FIELDS = {
  'Mem.total': 16384,
  'Mem.used': 12288,
  'Mem.free': 8192,
  'Swap.total': 2048,
  'Swap.used': 1024,
  'Swap.free': 1024,
};

async function open(t: Test, given: Record<string, string> = {}, room = () => true) {
  const folder = t.testdir({ meminfo: MEMINFO, 7: { status: 'Name:\tx\nVmRSS:\t   12800 kB\n' } });
  const made = await make(mem, [['path_procfs', folder], ...Object.entries(given)], { name: 'mem.0', room });
  await made.plugin.start();
  t.teardown(() => made.plugin.stop());
  const look = (ms = 1000): Promise<void> => (made.host.clock as VirtualClock).advance(ms);
  return { ...made, folder, look };
}

t.test('every second the memory of the machine, in kilobytes', async (t) => {
  const { host, folder, look } = await open(t);
  await look(999);
  t.same(host.bodies, [], 'not before an interval is over');
  await look(1);
  fs.writeFileSync(path.join(folder, 'meminfo'), 'MemTotal: 10 kB\nMemFree: 4 kB\n');
  await look();
  const old = { 'Mem.total': 10, 'Mem.used': 6, 'Mem.free': 4, 'Swap.total': 0, 'Swap.used': 0, 'Swap.free': 0 };
  t.same(host.bodies, [FIELDS, old], 'an old kernel does not tell what is available');
  t.equal(host.emitted[0]?.tag, 'mem.0');
});

t.test('the interval may be another one', async (t) => {
  const { host, look } = await open(t, { interval_sec: '2', interval_nsec: '500000000' });
  await look(2499);
  t.equal(host.bodies.length, 0);
  await look(1);
  t.equal(host.bodies.length, 1);
});

t.test('a process is measured until it is gone', async (t) => {
  const { host, folder, look } = await open(t, { pid: '7' });
  await look();
  t.same(host.bodies, [{ ...FIELDS, proc_bytes: 13_107_200, proc_hr: '12.5M' }]);
  fs.rmSync(path.join(folder, '7'), { recursive: true });
  await look();
  await look();
  t.same(host.bodies.slice(1), [FIELDS, FIELDS]);
  t.same(
    host.lines.map(({ level }) => level),
    ['warn'],
  );
});

t.test('what cannot be read gives no record, and one error', async (t) => {
  const { host, folder, look } = await open(t);
  fs.writeFileSync(path.join(folder, 'meminfo'), 'nothing\n');
  await look();
  await look();
  t.same(host.bodies, []);
  t.equal(host.lines.length, 1);
  fs.writeFileSync(path.join(folder, 'meminfo'), MEMINFO);
  await look();
  t.same(host.bodies, [FIELDS]);
});

t.test('without room nothing is measured', async (t) => {
  let hasRoom = false;
  const { host, plugin, look } = await open(t, {}, () => hasRoom);
  await look();
  await look();
  t.equal(host.bodies.length, 1);
  hasRoom = true;
  plugin.resume?.();
  await look();
  t.equal(host.bodies.length, 2);
});

t.test('the memory of this machine', async (t) => {
  const made = await make(mem, [['pid', String(process.pid)]], {});
  await made.plugin.start();
  await (made.host.clock as VirtualClock).advance(1000);
  await made.plugin.stop();
  const body = made.host.bodies[0] as Fields;
  t.ok(Number(body['Mem.total']) > Number(body['Mem.free']) && Number(body.proc_bytes) > 1e6);
});

t.test('sizes in short', async (t) => {
  const sizes = [0, 1023, 1024, 1536, 1048576, 2 ** 40].map(shortSize);
  t.same(sizes, ['0b', '1023b', '1.0K', '1.5K', '1.0M', '1.0T']);
});
