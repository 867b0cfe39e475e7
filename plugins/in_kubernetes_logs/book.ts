/**
 * Which runs of containers there are, from what the watch says of the pods, and which of them are to be read from where.
 *
 * A run is known by its container ID. Of a container that restarted the run before can still be read (`previous`), the
 * ones before that are out of reach. What the store has of a run goes before the option read_from; a container that
 * started while nobody was there is read from its start.
 */
import type { Fields } from '../../src/data/event.ts';
import type { ContainerStatus, Pod } from '../../src/net/kube_types.ts';
import type { InputHost } from '../../src/plugin.ts';
import { type Place, Run } from './run.ts';
import type { Selected } from './select.ts';
import type { ReadFrom } from './settings.ts';
import { isOutdated, secondsOf, startOf } from './status.ts';
import type { Loaded, RowKey, Saved, Start } from './store.ts';
import { bareId, tagOf } from './tag.ts';

/** What is kept of a pod. */
export interface KeptPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly containers: readonly Selected[];
  /** Only where the map `kubernetes` is wanted. */
  readonly pod: Pod | undefined;
}

export interface BookOwner {
  readonly host: InputHost;
  readonly tagTemplate: string;
  readonly readFrom: ReadFrom;
  /** The map of a container; undefined where it is not wanted. */
  map(pod: KeptPod, container: Selected, dockerId: string): Fields | undefined;
  /** A run is to be read. */
  found(run: Run): void;
  /** Something about a run has changed. */
  changed(run: Run): void;
  /** A run turned out to be the one after it, and goes on being read as that one. */
  renamed(run: Run): void;
  /** A run is not wanted any more: its pod is left out now. */
  left(run: Run): void;
  /** A run that is read has a successor, or its pod is gone: its row is of no use. */
  old(run: Run): void;
  /** Rows of runs that are gone. */
  forgotten(rows: readonly RowKey[]): void;
}

/** A container that started this long before somebody was last seen may have been overlooked. */
const OVERLOOKED_SECONDS = 60;

export class Book {
  readonly #owner: BookOwner;
  /** By uid, then by container: runs that are not read yet, and the latest one. */
  readonly #pods = new Map<string, Map<string, Run[]>>();
  /** By uid: rows of the store that no pod has claimed yet. */
  readonly #saved = new Map<string, Saved[]>();
  readonly #lastSeen: number | undefined;

  constructor(owner: BookOwner, { rows, lastSeen }: Loaded) {
    this.#owner = owner;
    this.#lastSeen = lastSeen;
    for (const row of rows) {
      const list = this.#saved.get(row.uid);
      if (list) list.push(row);
      else this.#saved.set(row.uid, [row]);
    }
  }

  get size(): number {
    return this.#pods.size;
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** A pod as it is now. `wasThere`: it was there before this program. */
  take(pod: KeptPod, wasThere: boolean): void {
    const before = this.#pods.get(pod.uid);
    if (!before && pod.containers.length === 0) return;
    const containers = before ?? new Map<string, Run[]>();
    if (!before) this.#pods.set(pod.uid, containers);
    for (const container of pod.containers) {
      const { status } = container;
      if (!status) continue;
      const runs = containers.get(container.name) ?? [];
      containers.set(container.name, runs);
      this.#takeContainer(pod, container, status, runs, wasThere);
    }
    for (const [name, runs] of containers)
      if (!pod.containers.some((one) => one.name === name)) {
        containers.delete(name);
        for (const run of runs) this.#owner.left(run);
      }
  }

  /** The pod is gone; what is left of its logs is read. */
  drop(pod: KeptPod): void {
    const containers = this.#pods.get(pod.uid);
    for (const runs of [...(containers?.values() ?? [])])
      for (const run of [...runs]) {
        run.isGone = true;
        run.isRunning = false;
        if (run.isRead) {
          this.#owner.old(run);
          this.finished(run);
        } else this.#owner.changed(run);
      }
    if (containers && [...containers.values()].every((runs) => runs.length === 0)) this.#pods.delete(pod.uid);
  }

  /** A run is read, and what came of it settled or not: it is kept while it is the latest of its container. */
  finished(run: Run): void {
    const containers = this.#pods.get(run.identity.uid);
    const runs = containers?.get(run.identity.container);
    if (!containers || !runs) return;
    const latest = runs.at(-1);
    const left = runs.filter((one) => !one.isRead || (one === latest && !one.isGone));
    runs.splice(0, runs.length, ...left);
    if (left.length === 0) containers.delete(run.identity.container);
    if (containers.size === 0) this.#pods.delete(run.identity.uid);
    this.arrived(run);
  }

  /** The run after this one need not wait for it any longer. */
  arrived(run: Run): void {
    for (const one of this.#pods.get(run.identity.uid)?.get(run.identity.container) ?? [])
      if (one.before === run) this.#owner.changed(one);
  }

  /** All pods of these namespaces were seen (undefined: of all): rows of others are of no use any more. */
  synced(namespace: string | undefined): void {
    const gone: Saved[] = [];
    for (const [uid, rows] of this.#saved) {
      if (namespace !== undefined && rows[0]?.namespace !== namespace) continue;
      gone.push(...rows);
      this.#saved.delete(uid);
    }
    const unread = gone.filter((row) => !row.isRead).length;
    if (unread > 0) {
      this.#owner.host.count('logs_gone_total', unread);
      this.#owner.host.log(
        'info',
        `${unread} containers are gone since the last time; their last lines may be missing`,
      );
    }
    if (gone.length > 0) this.#owner.forgotten(gone);
  }

  #takeContainer(pod: KeptPod, container: Selected, status: ContainerStatus, runs: Run[], wasThere: boolean): void {
    const last = status.lastState?.terminated;
    const isStarted = status.state?.running !== undefined || status.state?.terminated !== undefined;
    const id = status.containerID || (isStarted ? '' : (last?.containerID ?? ''));
    if (id === '' || !(isStarted || last) || isOutdated(status, runs.at(-1))) return;
    const restarts = status.restartCount ?? 0;
    const saved = this.#claim(pod.uid, container.name);
    this.#revive(pod, container, saved, restarts, runs);
    if (last?.containerID && last.containerID !== id)
      this.#takePrevious(
        pod,
        container,
        { ...status, containerID: last.containerID },
        restarts - 1,
        runs,
        saved,
        wasThere,
      );
    const known = runs.some((run) => run.containerId === id);
    const before = runs.at(-1);
    const row = saved.find((one) => one.restarts === restarts);
    if (!known) {
      const startedAt = startOf(status);
      const finishedAt = secondsOf(status.state?.terminated?.finishedAt ?? last?.finishedAt);
      const ended = status.state?.running ? undefined : (finishedAt ?? 0);
      const start = row ?? this.#startOf(startedAt, ended, wasThere && saved.length === 0 && runs.length === 0);
      const run = this.#make(pod, container, id, restarts, startedAt, start);
      if (!row && before && !before.isGone && before.hasLinesOf(startedAt)) this.#changePlaces(before, run, runs);
      else this.#add(run, runs);
    }
    this.#update(pod, container, status, id, last?.containerID, runs);
  }

  /** What was read as the run before was the new one's log: they are taken for each other. */
  #changePlaces(before: Run, run: Run, runs: Run[]): void {
    before.changePlaces(run);
    runs.splice(-1, 0, run);
    this.#owner.found(run);
    this.#owner.renamed(before);
  }

  /** The run before the present one, where it was not read and is not out of reach. */
  #takePrevious(
    pod: KeptPod,
    container: Selected,
    { containerID = '', lastState }: ContainerStatus,
    restarts: number,
    runs: Run[],
    saved: readonly Saved[],
    wasThere: boolean,
  ): void {
    if (runs.some((run) => run.containerId === containerID || run.identity.restarts >= restarts)) return;
    const row = saved.find((one) => one.restarts === restarts);
    if (row?.isRead) this.#owner.forgotten([row]);
    // Where only a later run is known, this one was dealt with.
    if (row?.isRead || (!row && saved.some((one) => one.restarts > restarts))) return;
    const finishedAt = secondsOf(lastState?.terminated?.finishedAt) ?? 0;
    const startedAt = secondsOf(lastState?.terminated?.startedAt);
    const isNew = saved.length === 0 && runs.length === 0;
    const start = row ?? this.#startOf(startedAt, finishedAt, wasThere && isNew);
    this.#add(this.#make(pod, container, containerID, restarts, startedAt, start), runs);
  }

  /** Rows of runs that can be read no more: to be told. */
  #revive(pod: KeptPod, container: Selected, saved: readonly Saved[], restarts: number, runs: Run[]): void {
    const old = saved.filter((row) => row.restarts < restarts - 1);
    for (const row of old.filter(({ isRead }) => !isRead))
      this.#add(this.#make(pod, container, '', row.restarts, undefined, row), runs);
    const read = old.filter(({ isRead }) => isRead);
    if (read.length > 0) this.#owner.forgotten(read);
  }

  #startOf(startedAt: number | undefined, endedAt: number | undefined, wasThere: boolean): Start | 'nothing' {
    const { readFrom, host } = this.#owner;
    if (!wasThere || readFrom.kind === 'start') return { kind: 'start' };
    if (this.#lastSeen !== undefined && (startedAt ?? 0) >= this.#lastSeen - OVERLOOKED_SECONDS)
      return { kind: 'start' };
    const now = host.clock.now() / 1000;
    const since = readFrom.kind === 'since' ? now - readFrom.seconds : now;
    if (endedAt !== undefined && endedAt + 1 < since) return 'nothing';
    return readFrom.kind === 'since' ? { kind: 'since', seconds: since } : { kind: 'now', seconds: now };
  }

  #make(
    pod: KeptPod,
    container: Selected,
    containerId: string,
    restarts: number,
    startedAt: number | undefined,
    start: Saved | Start | 'nothing',
  ): Run {
    const { uid, namespace, name } = pod;
    const identity = { uid, namespace, pod: name, container: container.name, restarts };
    const dockerId = bareId(containerId);
    const tag = tagOf(this.#owner.tagTemplate, {
      pod_name: name,
      namespace_name: namespace,
      container_name: container.name,
      docker_id: dockerId,
      pod_id: uid,
    });
    const run = new Run(identity, tag, containerId, startedAt, start === 'nothing' ? { kind: 'start' } : start);
    if (start === 'nothing') run.isRead = true;
    run.map = this.#owner.map(pod, container, dockerId);
    return run;
  }

  #add(run: Run, runs: Run[]): void {
    const before = runs.at(-1);
    run.before = before;
    if (before?.isRead) {
      this.#owner.old(before);
      runs.pop();
    }
    runs.push(run);
    this.#owner.found(run);
  }

  /** What the status says of every run that is known. */
  #update(
    pod: KeptPod,
    container: Selected,
    status: ContainerStatus,
    id: string,
    lastId: string | undefined,
    runs: readonly Run[],
  ): void {
    const changed: Run[] = [];
    for (const run of runs) {
      const place: Place = run.containerId === id ? 'current' : run.containerId === lastId ? 'previous' : 'none';
      const isRunning = place === 'current' && status.state?.running !== undefined;
      const isChanged = place !== run.place || isRunning !== run.isRunning;
      run.place = place;
      run.isRunning = isRunning;
      if (pod.pod && place === 'current') run.map = sameOr(run.map, this.#owner.map(pod, container, bareId(id)));
      if (isChanged) changed.push(run);
    }
    // Only now: what one of them does may start another.
    for (const run of changed) this.#owner.changed(run);
  }

  /** The rows of a container, taken out of those that nobody claimed. */
  #claim(uid: string, container: string): Saved[] {
    const rows = this.#saved.get(uid);
    if (!rows) return [];
    const own = rows.filter((row) => row.container === container);
    const others = rows.filter((row) => row.container !== container);
    if (others.length > 0) this.#saved.set(uid, others);
    else this.#saved.delete(uid);
    return own.sort((a, b) => a.restarts - b.restarts);
  }
}

/** The same object as long as it says the same: outputs keep its text. */
function sameOr(before: Fields | undefined, now: Fields | undefined): Fields | undefined {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
