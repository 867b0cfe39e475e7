/** SERVICE storage.*, storage.type and dead_letter: what is read, and what is a mistake. */
import t from 'tap';
import { check } from '../support/check.ts';

const service = (lines: string, input = '', output = ''): string =>
  `[SERVICE]\n${lines}[INPUT]\n  Name source\n  Path /x\n${input}[OUTPUT]\n  Name sink\n  Match *\n${output}`;

t.test('storage has the defaults of Fluent Bit, and none without storage.path', async (t) => {
  const { spec, findings } = await check(t, service('  storage.path /var/lib/sluice\n', '  storage.type filesystem\n'));
  t.same(findings, []);
  t.same(spec.service.storage, {
    path: '/var/lib/sluice',
    sync: 'normal',
    checksum: false,
    backlogMemLimitBytes: 5_000_000,
    flushBacklogOnShutdown: false,
    deleteIrrecoverableChunks: false,
    keepRejected: false,
    rejectedPath: 'rejected',
  });
  t.equal(spec.inputs[0]?.storageType, 'filesystem');
  t.equal((await check(t, service(''))).spec.service.storage, undefined);
});

t.test('everything can be said', async (t) => {
  const { spec, findings } = await check(
    t,
    service(
      `  storage.path a
  storage.sync Full
  storage.checksum on
  storage.backlog.mem_limit 20M
  storage.backlog.flush_on_shutdown on
  storage.delete_irrecoverable_chunks on
  storage.keep.rejected on
  storage.rejected.path dlq
  storage.max_chunks_up 10
  mem_limit 64M
`,
      '',
      '  storage.total_limit_size 1G\n',
    ),
  );
  t.same(findings, []);
  t.match(spec.service.storage, {
    sync: 'full',
    checksum: true,
    backlogMemLimitBytes: 20_000_000,
    flushBacklogOnShutdown: true,
    deleteIrrecoverableChunks: true,
    keepRejected: true,
    rejectedPath: 'dlq',
  });
  t.equal(spec.service.memLimitBytes, 64_000_000);
  t.equal(spec.outputs[0]?.storageTotalLimitBytes, 1_000_000_000);
});

t.test('inputs take storage.type of SERVICE with storage.inherit only', async (t) => {
  const on = await check(t, service('  storage.path a\n  storage.type filesystem\n  storage.inherit on\n'));
  t.equal(on.spec.inputs[0]?.storageType, 'filesystem');
  const off = await check(t, service('  storage.path a\n  storage.type filesystem\n'));
  t.equal(off.spec.inputs[0]?.storageType, 'memory');
  t.match(off.text, /3:3: warning: storage\.type in SERVICE has no effect without storage\.inherit on/);
});

t.test('what cannot work is an error at its place', async (t) => {
  const { text } = await check(
    t,
    service('  storage.sync fll\n  storage.path a\n  storage.type tape\n  mem_limit none\n', '  storage.type fs\n'),
  );
  t.match(text, /2:16: error: 'fll' is no storage\.sync; there are normal and full; did you mean 'full'\?/);
  t.match(text, /4:16: error: 'tape' is no storage\.type; there are memory, filesystem, memrb/);
  t.match(text, /5:13: error: .*none/);
  t.match(text, /9:16: error: /);
  const missing = await check(t, service('', '  storage.type filesystem\n'));
  t.match(missing.text, /error: storage\.type filesystem needs the key 'storage\.path' in SERVICE/);
});

t.test('dead letters lead to a file or to another output that is there, never in a circle', async (t) => {
  const second = (more: string): string => `[OUTPUT]\n  Name sink\n  Alias grave\n  Match none\n${more}`;
  const file = await check(t, service('', '', '  dead_letter ./letters\n'));
  t.same(file.spec.outputs[0]?.deadLetter, { kind: 'file', name: './letters' });
  const output = await check(t, service('', '', `  Dead_Letter grave\n${second('')}`));
  t.same(output.spec.outputs[0]?.deadLetter, { kind: 'output', name: 'grave' });
  t.notMatch(output.text, /error/);
  const wrong = await check(t, service('', '', `  dead_letter grav\n${second('')}`));
  t.match(
    wrong.text,
    /8:15: error: dead_letter leads to 'grav', but no output has this name or Alias; did you mean 'grave'\?/,
  );
  t.match((await check(t, service('', '', '  dead_letter sink.0\n'))).text, /leads to the output itself/);
  const circle = await check(t, service('', '', `  dead_letter grave\n${second('  dead_letter sink.0\n')}`));
  t.match(circle.text, /'grave', whose own dead letters lead to an output again/);
});
