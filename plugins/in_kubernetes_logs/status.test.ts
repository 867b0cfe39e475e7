/** Which statuses tell of a time that is over. */
import t from 'tap';
import type { ContainerStatus } from '../../src/net/kube_types.ts';
import { Run } from './run.ts';
import { isOutdated, startOf } from './status.ts';

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;

function running(restartCount: number, second: number): ContainerStatus {
  return { name: 'app', restartCount, state: { running: { startedAt: at(second) } } };
}

function latest(restarts: number, second: number | undefined): Run {
  const identity = { uid: 'u', namespace: 'ns', pod: 'pod', container: 'app', restarts };
  const startedAt = second === undefined ? undefined : Date.parse(at(second)) / 1000;
  return new Run(identity, 'tag', 'containerd://2', startedAt, { kind: 'start' });
}

t.test('the status of a run before the latest is outdated, also within the same second', async (t) => {
  t.equal(isOutdated(running(1, 10), latest(2, 20)), true);
  t.equal(isOutdated(running(1, 20), latest(2, 20)), true);
});

t.test('that of the latest run or of a new one is not', async (t) => {
  t.equal(isOutdated(running(2, 20), latest(2, 20)), false);
  t.equal(isOutdated(running(3, 20), latest(2, 20)), false);
  t.equal(isOutdated(running(0, 20), undefined), false);
});

t.test('a count that begins again counts by its start', async (t) => {
  t.equal(isOutdated(running(0, 30), latest(2, 20)), false);
  const crashed: ContainerStatus = {
    ...{ name: 'app', restartCount: 0, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    lastState: { terminated: { exitCode: 1, startedAt: at(30), finishedAt: at(31) } },
  };
  t.equal(isOutdated(crashed, latest(2, 20)), false);
});

t.test(
  'a status without a time is outdated by its count; one with a time counts where the latest has none',
  async (t) => {
    t.equal(isOutdated({ name: 'app', restartCount: 1, state: {} }, latest(2, 20)), true);
    t.equal(isOutdated({ name: 'app', restartCount: 1, state: {} }, latest(2, undefined)), true);
    t.equal(isOutdated(running(1, 30), latest(2, undefined)), false);
  },
);

t.test('a run that ended began when its last state says, while the next one waits', async (t) => {
  const ended = { exitCode: 1, startedAt: at(5), finishedAt: at(6) };
  t.equal(startOf({ name: 'app', state: { waiting: {} }, lastState: { terminated: ended } }), Date.parse(at(5)) / 1000);
  t.equal(startOf({ ...running(1, 10), lastState: { terminated: ended } }), Date.parse(at(10)) / 1000);
  t.equal(startOf({ name: 'app', state: { terminated: ended } }), Date.parse(at(5)) / 1000);
  t.equal(startOf({ name: 'app' }), undefined);
});
