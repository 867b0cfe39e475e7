/**
 * The kubernetes_logs input at work.
 *
 *     watch of pods ─▶ select.ts ─▶ book.ts (runs) ─▶ slots.ts ─▶ follower.ts ─▶ turns.ts ─▶ commits.ts ─▶ the engine
 *                                                                                                └▶ the store
 */
import {
  explain,
  explicitAccess,
  findAccess,
  type KubeAccess,
  KubeClient,
  type Pod,
  Reflector,
} from '../../src/net/kube.ts';
import { slimPod } from '../../src/net/kube_metadata.ts';
import type { Input, InputHost } from '../../src/plugin.ts';
import { Book, type BookOwner, type KeptPod } from './book.ts';
import { Commits } from './commits.ts';
import { Database } from './database.ts';
import { type FollowerParts, RunFollower } from './follower.ts';
import { mapMaker } from './map.ts';
import { ObjectStore } from './object_store.ts';
import type { Run } from './run.ts';
import { Selection } from './select.ts';
import type { Options, Settings } from './settings.ts';
import { Slots } from './slots.ts';
import type { Loaded, Store } from './store.ts';
import { DEFAULT_TAG } from './tag.ts';
import { Troubles } from './troubles.ts';
import { Turns } from './turns.ts';

const LOOK_MS = 5000;
const LOAD_AGAIN_MS = 5000;
/** How long logs that were found by a list wait for the watch. */
const WATCH_MS = 2000;

type Env = Readonly<Record<string, string | undefined>>;

export class KubernetesLogs implements Input {
  readonly #settings: Settings;
  readonly #host: InputHost;
  readonly #env: Env;
  readonly #turns: Turns<RunFollower>;
  readonly #slots: Slots;
  readonly #troubles: Troubles;
  readonly #followers = new Map<Run, RunFollower>();
  /** Found, and not started yet. */
  readonly #starting = new Set<RunFollower>();
  /** By namespace; undefined: all of them. */
  readonly #reflectors = new Map<string | undefined, Reflector<Pod, KeptPod>>();
  #client: KubeClient | undefined;
  #commits: Commits | undefined;
  #book: Book | undefined;
  #selection: Selection | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(settings: Settings, host: InputHost, env: Env = process.env) {
    this.#settings = settings;
    this.#host = host;
    this.#env = env;
    this.#troubles = new Troubles(host);
    this.#turns = new Turns(host.clock);
    this.#turns.paused = () => this.#each((follower) => follower.pause());
    const { max_streams: most, open_rate: perSecond } = settings.options;
    this.#slots = new Slots(host.clock, { most, perSecond, turnMs: settings.turnMs });
  }

  async start(): Promise<void> {
    const { options } = this.#settings;
    const { clock } = this.#host;
    const access = await accessOf(options, this.#env, this.#host);
    this.#client = new KubeClient({ access, clock });
    const store = this.#openStore(this.#client, access);
    this.#commits = new Commits(this.#host, store);
    this.#host.signal.addEventListener('abort', () => this.#halt(), { once: true });
    this.#host.log('info', `reading logs through ${access.origin}, as ${access.source}`);
    if (store instanceof ObjectStore) void this.#loadThenBegin(store, access);
    else this.#begin(access, (store?.load() as Loaded | undefined) ?? { rows: [], lastSeen: undefined });
  }

  resume(): void {
    this.#turns.resume();
    this.#each((follower) => follower.resume());
  }

  async stop(): Promise<void> {
    this.#halt();
  }

  async close(): Promise<void> {
    this.#halt();
    await this.#commits?.close();
    await this.#client?.close();
  }

  describe(): string[] {
    const { openCount, waitingCount } = this.#slots;
    const lines = [
      `pods=${this.#book?.size ?? 0} streams=${openCount} waiting=${waitingCount} busy=${this.#turns.size}`,
    ];
    for (const [run, follower] of this.#followers) {
      if (lines.length > 100) break;
      lines.push(`  ${run.name} run=${run.identity.restarts} ${follower.state} unsettled=${run.open}`);
    }
    return lines;
  }

  /** Without what was delivered before, lines would come twice: nothing begins until it could be read. */
  async #loadThenBegin(store: ObjectStore, access: KubeAccess): Promise<void> {
    for (let told = false; !this.#stopped; told = true) {
      try {
        const loaded = await store.load();
        if (!this.#stopped) this.#begin(access, loaded);
        return;
      } catch (error) {
        const why = explain(error, `read and write ${this.#settings.options.cursor_object}`);
        this.#host.log(told ? 'debug' : 'error', `cannot read the cursors: ${why}; trying again until it works`);
        await new Promise<void>((go) => this.#host.clock.after(LOAD_AGAIN_MS, go, true));
      }
    }
  }

  #openStore(client: KubeClient, access: KubeAccess): Store | undefined {
    const { options, cursorObject } = this.#settings;
    if (options.db !== undefined) return new Database(options.db, options['db.sync']);
    if (!cursorObject) return undefined;
    const namespace = cursorObject.namespace ?? access.namespace ?? 'default';
    return new ObjectStore(client, { ...cursorObject, namespace }, options.cursor_interval * 1000);
  }

  #begin(access: KubeAccess, loaded: Loaded): void {
    const { options, readFrom } = this.#settings;
    const host = this.#host;
    const name = this.#env.POD_NAME || this.#env.HOSTNAME || '';
    const selection = new Selection(options, name === '' ? undefined : { name, namespace: access.namespace });
    const owner: BookOwner = {
      ...{ host, readFrom, tagTemplate: host.tag ?? DEFAULT_TAG, map: mapMaker(options) },
      found: (run) => this.#found(run),
      changed: (run) => this.#followers.get(run)?.wake(),
      renamed: (run) => this.#renamed(run),
      left: (run) => this.#left(run),
      old: (run) => this.#commits?.forget(run),
      forgotten: (rows) => this.#commits?.removeRows(rows),
    };
    const book = new Book(owner, loaded);
    this.#book = book;
    this.#selection = selection;
    if (this.#commits) this.#commits.arrived = (run) => book.arrived(run);
    const named = options.namespaces ?? [];
    const names = named.length > 0 ? named : [access.namespace ?? 'default'];
    for (const namespace of names.includes('*') ? [undefined] : new Set(names)) this.#watch(namespace, selection);
    this.#look();
  }

  #watch(namespace: string | undefined, selection: Selection): void {
    const { options } = this.#settings;
    const book = this.#book as Book;
    const keepsPods = options.kubernetes;
    const reflector: Reflector<Pod, KeptPod> = new Reflector<Pod, KeptPod>({
      client: this.#client as KubeClient,
      path: namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`,
      labelSelector: options.label_selector,
      fieldSelector: options.field_selector,
      what:
        namespace === undefined
          ? 'list and watch pods of all namespaces'
          : `list and watch pods in namespace ${namespace}`,
      log: (level, message) => this.#host.log(level, message),
      transform: (pod) => keep(pod, selection, keepsPods),
      added: (pod) => book.take(pod, !reflector.isSynced),
      changed: (pod) => book.take(pod, false),
      deleted: (pod) => book.drop(pod),
      synced: () => book.synced(namespace),
      watching: () => this.#startAll(),
    });
    this.#reflectors.set(namespace, reflector);
    reflector.start();
  }

  #found(run: Run): void {
    this.#commits?.note(run);
    if (run.isRead) return;
    const parts: FollowerParts = {
      settings: this.#settings,
      host: this.#host,
      client: this.#client as KubeClient,
      commits: this.#commits as Commits,
      slots: this.#slots,
      turns: this.#turns,
      troubles: this.#troubles,
      finished: (one) => this.#finished(one),
      refresh: (one) => this.#refresh(one),
      isWatched: (one, sinceMs) => this.#isWatched(one, sinceMs),
    };
    const follower = new RunFollower(run, parts);
    this.#followers.set(run, follower);
    this.#starting.add(follower);
    if (this.#starting.size > 1) return;
    // What else the same change says of the run comes first; and of what was listed, what happened since.
    if (this.#isWatched(run, this.#host.clock.monotonic())) queueMicrotask(() => this.#startAll());
    else this.#host.clock.after(WATCH_MS, () => this.#startAll(), true);
  }

  #renamed(run: Run): void {
    if (this.#followers.has(run)) this.#commits?.note(run);
    else this.#found(run);
  }

  #startAll(): void {
    const followers = [...this.#starting];
    this.#starting.clear();
    if (!this.#stopped) for (const follower of followers) follower.start();
  }

  /** The watch may be late; the pod itself tells now. */
  async #refresh(run: Run): Promise<void> {
    const { namespace, pod: name, uid } = run.identity;
    const pod = await (this.#client as KubeClient).get<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`);
    const kept = keep(pod, this.#selection as Selection, this.#settings.options.kubernetes);
    // What is gone by now must not come back by an answer that was under way.
    if (kept?.uid === uid && !this.#stopped && this.#book?.has(uid)) this.#book.take(kept, false);
  }

  #isWatched({ identity: { namespace } }: Run, sinceMs: number): boolean {
    const reflector = this.#reflectors.get(namespace) ?? this.#reflectors.get(undefined);
    return (reflector?.liveSince ?? Number.POSITIVE_INFINITY) <= sinceMs;
  }

  #finished(run: Run): void {
    this.#followers.delete(run);
    // Where a later run is known, nobody will ask for this one again.
    if (run.isGone || run.place !== 'current') this.#commits?.forget(run);
    else this.#commits?.note(run);
    this.#book?.finished(run);
  }

  #left(run: Run): void {
    this.#followers.get(run)?.stop();
    this.#followers.delete(run);
    this.#commits?.forget(run);
  }

  #look(): void {
    this.#cancel = this.#host.clock.after(
      LOOK_MS,
      () => {
        const now = this.#host.clock.monotonic();
        for (const follower of this.#followers.values()) follower.checkIdle(now);
        if ([...this.#reflectors.values()].some(({ isSynced }) => isSynced)) this.#commits?.touch();
        if (!this.#stopped) this.#look();
      },
      true,
    );
  }

  #each(run: (follower: RunFollower) => void): void {
    for (const follower of this.#followers.values()) run(follower);
  }

  #halt(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancel?.();
    for (const reflector of this.#reflectors.values()) reflector.stop();
    this.#turns.stop();
    this.#slots.stop();
    this.#each((follower) => follower.stop());
  }
}

function accessOf(options: Options, env: Env, host: InputHost): KubeAccess | Promise<KubeAccess> {
  const { clock } = host;
  if (options.kube_url === undefined)
    return findAccess({ env, clock, kubeconfig: options.kubeconfig, context: options.kube_context });
  return explicitAccess({
    url: options.kube_url,
    caFile: options.kube_ca_file,
    caPath: options.kube_ca_path,
    tokenFile: options.kube_token_file,
    tokenCommand: options.kube_token_command,
    tokenTtlSeconds: options.kube_token_ttl,
    verify: options['tls.verify'],
    serverName: options['tls.vhost'],
    clock,
  });
}

function keep(pod: Pod, selection: Selection, keepsPods: boolean): KeptPod | undefined {
  const { uid, namespace, name } = pod.metadata ?? {};
  if (!uid || !namespace || !name) return undefined;
  return { uid, namespace, name, containers: selection.containers(pod), pod: keepsPods ? slimPod(pod) : undefined };
}
