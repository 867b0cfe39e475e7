/** What the status of a container says about its runs. Pure. */
import type { ContainerStatus } from '../../src/net/kube_types.ts';
import type { Run } from './run.ts';

/** Unix seconds of a time as Kubernetes writes it; undefined where there is none. */
export function secondsOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

/** When the run began that a status speaks of: it runs, or ended, or ended and the next one waits. */
export function startOf({ state, lastState }: ContainerStatus): number | undefined {
  return secondsOf((state?.running ?? state?.terminated ?? lastState?.terminated)?.startedAt);
}

/**
 * Whether a status tells of a time before the run that is known as the latest. A pod that was asked for overtakes the
 * watch, which goes on where it was cut and tells of every state since; and the watch may overtake the answer.
 *
 * Kubernetes may lose count and begin at 0 again: then the start is later. Where nobody knows when the latest run began,
 * the status counts: a line twice is better than none.
 */
export function isOutdated(status: ContainerStatus, latest: Run | undefined): boolean {
  if (!latest || (status.restartCount ?? 0) >= latest.identity.restarts) return false;
  return (startOf(status) ?? Number.NEGATIVE_INFINITY) <= (latest.startedAt ?? Number.NEGATIVE_INFINITY);
}
