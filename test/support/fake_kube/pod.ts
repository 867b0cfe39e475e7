/**
 * A pod of the fake server: its object with all the statuses that a kubelet writes, and the logs of its containers.
 *
 * The life of a container: waiting → running → (restart: terminated, running again | crash: terminated, waiting for the
 * next run | finish: terminated). Each step is one change of the object, as a watch sees it.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ContainerState, ContainerStatus, Pod } from '../../../src/net/kube_types.ts';
import { ContainerLog } from './container_log.ts';
import { type ObjectStore, Refused } from './store.ts';

export interface PodPlan {
  readonly name: string;
  readonly namespace?: string;
  readonly containers?: readonly string[];
  readonly initContainers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  /** Starts as Pending, with containers that wait. */
  readonly waiting?: boolean;
}

type Kind = 'containers' | 'initContainers' | 'ephemeralContainers';

class FakeContainer {
  readonly name: string;
  readonly kind: Kind;
  id = '';
  restartCount = 0;
  state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  lastState: ContainerState = {};
  log = new ContainerLog();
  /** The log of the run before. */
  previous: ContainerLog | undefined;

  constructor(name: string, kind: Kind) {
    this.name = name;
    this.kind = kind;
  }

  get status(): ContainerStatus {
    const { name, restartCount, state, lastState, id } = this;
    const image = `registry.example/${name}:1`;
    const imageID = `registry.example/${name}@sha256:${createHash('sha256').update(name).digest('hex')}`;
    const ready = state.running !== undefined;
    return { name, ready, restartCount, state, lastState, image, imageID, containerID: id };
  }

  run(): void {
    this.id = `containerd://${createHash('sha256').update(randomUUID()).digest('hex')}`;
    this.state = { running: { startedAt: nowText() } };
  }

  terminate(exitCode: number): ContainerState {
    this.log.end();
    const { id: containerID, state } = this;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const startedAt = state.running?.startedAt ?? nowText();
    return { terminated: { exitCode, reason, startedAt, finishedAt: nowText(), containerID } };
  }
}

const nowText = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export class FakePod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string = randomUUID();
  readonly #store: ObjectStore;
  readonly #plan: PodPlan;
  readonly #containers: FakeContainer[] = [];
  #labels: Readonly<Record<string, string>>;
  #phase = 'Pending';

  constructor(store: ObjectStore, plan: PodPlan) {
    this.#store = store;
    this.#plan = plan;
    this.name = plan.name;
    this.namespace = plan.namespace ?? 'default';
    this.#labels = plan.labels ?? { app: plan.name };
    for (const name of plan.initContainers ?? []) this.#containers.push(new FakeContainer(name, 'initContainers'));
    for (const name of plan.containers ?? ['app']) this.#containers.push(new FakeContainer(name, 'containers'));
    if (plan.waiting) this.#save();
    else this.start();
  }

  /** All containers run. */
  start(): void {
    for (const container of this.#containers) if (container.state.waiting) container.run();
    this.#phase = 'Running';
    this.#save();
  }

  /** The object as the server holds it now. */
  get object(): Pod | undefined {
    return this.#store.get('pods', this.namespace, this.name) as Pod | undefined;
  }

  write(text: string, container?: string): void {
    this.log(container).write(text);
  }

  /** The log of the present run. */
  log(container?: string): ContainerLog {
    return this.container(container).log;
  }

  /** `containerd://...` of the present run. */
  containerId(container?: string): string {
    return this.container(container).id;
  }

  container(name = this.#containers.find(({ kind }) => kind === 'containers')?.name): FakeContainer {
    const found = this.#containers.find((one) => one.name === name);
    if (found) return found;
    throw new Refused(400, 'BadRequest', `container ${name} is not valid for pod ${this.name}`);
  }

  get containerNames(): string[] {
    return this.#containers.filter(({ kind }) => kind === 'containers').map(({ name }) => name);
  }

  /** A container of the pod ends and waits for its next run (CrashLoopBackOff); its log can still be read. */
  crash(name?: string, exitCode = 1): void {
    const container = this.container(name);
    container.lastState = container.terminate(exitCode);
    container.state = { waiting: { reason: 'CrashLoopBackOff' } };
    this.#save();
  }

  /** The next run of a container. Without a crash before, it ends and starts in one step. */
  restart(name?: string, exitCode = 1): void {
    this.restartUntold(name, exitCode);
    this.tell();
  }

  /** The same, and the kubelet has not told the API server yet: the log is the new run's, the status is not. */
  restartUntold(name?: string, exitCode = 1): void {
    const container = this.container(name);
    if (container.state.running) container.lastState = container.terminate(exitCode);
    container.previous = container.log;
    container.log = new ContainerLog();
    container.restartCount++;
    container.run();
  }

  /** The API server hears of what happened. */
  tell(): void {
    this.#save();
  }

  /** A container, or all of them, end for good. */
  finish(name?: string, exitCode = 0): void {
    for (const container of this.#containers) {
      if ((name !== undefined && container.name !== name) || !container.state.running) continue;
      container.state = container.terminate(exitCode);
    }
    const isOver = this.#containers.every(({ state }) => state.terminated);
    if (isOver) this.#phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    this.#save();
  }

  addEphemeral(name: string): void {
    const container = new FakeContainer(name, 'ephemeralContainers');
    container.run();
    this.#containers.push(container);
    this.#save();
  }

  label(labels: Readonly<Record<string, string>>): void {
    this.#labels = { ...this.#labels, ...labels };
    this.#save();
  }

  /** The containers end and the object goes. */
  delete(): void {
    for (const container of this.#containers) if (container.state.running) container.state = container.terminate(143);
    this.#save();
    this.#store.delete('pods', this.namespace, this.name);
  }

  #save(): void {
    const { annotations, node = 'node-1', owner } = this.#plan;
    const references = owner
      ? [{ apiVersion: 'apps/v1', ...owner, uid: `uid-${owner.name}`, controller: true, blockOwnerDeletion: true }]
      : undefined;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: this.name,
        namespace: this.namespace,
        uid: this.uid,
        labels: this.#labels,
        ...(annotations ? { annotations } : {}),
        ...(references ? { ownerReferences: references } : {}),
      },
      spec: { nodeName: node, ...this.#sections(({ name }) => ({ name, image: `registry.example/${name}:1` }), '') },
      status: {
        phase: this.#phase,
        podIP: '10.0.0.7',
        hostIP: '192.168.0.3',
        ...this.#sections(({ status }) => status, 'Statuses'),
      },
    };
    this.#store.put('pods', pod as Pod);
  }

  /** One list a kind of containers that there is. */
  #sections<T>(map: (container: FakeContainer) => T, ending: '' | 'Statuses'): Record<string, T[]> {
    const sections: Record<string, T[]> = {};
    for (const kind of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
      const of = this.#containers.filter((container) => container.kind === kind);
      const key = ending === '' ? kind : kind.replace(/s$/, ending);
      if (of.length > 0 || kind === 'containers') sections[key] = of.map(map);
    }
    return sections;
  }
}
