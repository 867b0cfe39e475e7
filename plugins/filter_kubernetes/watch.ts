/**
 * Watch On: the pods of this node as one list and one watch have them, by name.
 *
 * A pod that is gone is still known for some minutes, since its last lines come after it; also where another one has its
 * name already (a StatefulSet): the id of the container tells them apart. What is kept of a pod is small,
 * and the same object until something changed that a record would show, so that the maps made of it can be kept with it.
 */
import { type KubeClient, type Pod, Reflector } from '../../src/net/kube.ts';
import { slimPod } from '../../src/net/kube_metadata.ts';
import type { ContainerStatus } from '../../src/net/kube_types.ts';
import type { Clock, Level } from '../../src/plugin.ts';

export interface WatchSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly node: string;
  readonly keepGoneMs: number;
  log(level: Level, message: string): void;
  /** A pod came, changed or is forgotten: what was found before may hold no longer. */
  changed(): void;
}

/** Pods that are gone and still known; more are forgotten, the oldest first. */
const MOST_GONE = 2000;
/** Behind the name of a pod whose name another one has; no name holds it. */
const REPLACED = '#';

export class NodePods {
  readonly #settings: WatchSettings;
  readonly #reflector: Reflector<Pod, Pod>;
  /** By `NAMESPACE/NAME`. */
  readonly #pods = new Map<string, Pod>();
  /** When a pod went, in the order in which they went. */
  readonly #gone = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #isRefused = false;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    const { client, node } = settings;
    this.#reflector = new Reflector<Pod, Pod>({
      client,
      path: '/api/v1/pods',
      fieldSelector: `spec.nodeName=${node}`,
      fromCache: true,
      what: `list and watch pods of node ${node}`,
      log: (level, message) => settings.log(level, message),
      transform: slimPod,
      added: (pod) => this.#put(pod),
      changed: (pod) => this.#put(pod),
      deleted: (pod) => this.#went(pod),
      synced: () => this.#synced(),
      refused: () => this.#refused(),
    });
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): void {
    this.#reflector.stop();
    this.#wake();
  }

  get isSynced(): boolean {
    return this.#reflector.isSynced;
  }

  /** The list is not allowed: pods are to be asked for one at a time. */
  get isRefused(): boolean {
    return this.#isRefused && !this.isSynced;
  }

  /** Resolves when the first list is there or was refused, or after `waitMs`. */
  whenSynced(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#settings.clock.after(waitMs, done);
      this.#waiting.add(done);
    });
  }

  /** @param containerId where several pods had the name, the one that ran this container. */
  get(namespace: string, name: string, containerId?: string): Pod | undefined {
    const pod = this.#pods.get(`${namespace}/${name}`);
    if (!pod || containerId === undefined || hasRun(pod, containerId)) return pod;
    const before = this.#pods.get(`${namespace}/${name}${REPLACED}`);
    return before && hasRun(before, containerId) ? before : pod;
  }

  get size(): number {
    return this.#pods.size;
  }

  #put(pod: Pod): void {
    const key = keyOf(pod);
    const before = this.#pods.get(key);
    this.#gone.delete(key);
    if (before && JSON.stringify(before) === JSON.stringify(pod)) return;
    if (before && before.metadata?.uid !== pod.metadata?.uid) this.#keepReplaced(`${key}${REPLACED}`, before);
    this.#pods.set(key, pod);
    this.#settings.changed();
    this.#forget();
  }

  #keepReplaced(key: string, pod: Pod): void {
    this.#pods.set(key, pod);
    this.#gone.delete(key);
    this.#gone.set(key, this.#settings.clock.monotonic());
  }

  #went(pod: Pod): void {
    const key = keyOf(pod);
    // Another pod of this name may be there already (a StatefulSet).
    if (this.#pods.get(key)?.metadata?.uid !== pod.metadata?.uid) return;
    this.#gone.delete(key);
    this.#gone.set(key, this.#settings.clock.monotonic());
    this.#forget();
  }

  /** Called when pods come and go: without that, there is nothing new to make room for. */
  #forget(): void {
    const now = this.#settings.clock.monotonic();
    for (const [key, at] of this.#gone) {
      if (now - at < this.#settings.keepGoneMs && this.#gone.size <= MOST_GONE) return;
      this.#gone.delete(key);
      this.#pods.delete(key);
      this.#settings.changed();
    }
  }

  #synced(): void {
    const { node, log } = this.#settings;
    if (this.#pods.size > 0) log('info', `knows ${this.#pods.size} pods of node ${node}`);
    else log('warn', `no pod runs on node ${node}; is Node_Name the name of a node?`);
    this.#wake();
  }

  #refused(): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#settings.log('warn', 'until Watch is allowed, each pod is asked for by itself (get pods)');
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

function keyOf({ metadata }: Pod): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function hasRun({ status }: Pod, containerId: string): boolean {
  const isIt = ({ containerID }: ContainerStatus) =>
    typeof containerID === 'string' && containerID.endsWith(containerId);
  return !!status?.containerStatuses?.some(isIt) || !!status?.initContainerStatuses?.some(isIt);
}
