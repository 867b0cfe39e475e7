/**
 * What is known of a container: its map, its namespace's map, what the annotations wish. Asked for once an array of
 * events, so every way through here that is not the first is short.
 *
 *     find ─▶ the namespace (its own cache, a GET) ─▶ the pod ┬▶ a cache over GETs, one a container, as in Fluent Bit
 *                                                             └▶ Watch: the pods of the node, a GET for what is missing,
 *                                                                or for each while Watch is not allowed
 */
import type { Fields } from '../../src/data/event.ts';
import { explain, KubeError, type Namespace, type Pod } from '../../src/net/kube.ts';
import { type ContainerName, kubernetesMap, namespaceMap, slimPod } from '../../src/net/kube_metadata.ts';
import type { FilterHost, Soon } from '../../src/plugin.ts';
import { Api } from './api.ts';
import { type Answer, AnswerCache } from './cache.ts';
import type { Options } from './settings.ts';
import { NO_WISHES, readWishes, type Wishes, type WishRules, withNamespace } from './suggestions.ts';
import { NodePods } from './watch.ts';

export interface Found {
  readonly kubernetes: Fields | undefined;
  readonly namespace: Fields | undefined;
  readonly wishes: Wishes;
  /** On the monotonic clock; past it, it must be found again. */
  readonly until: number;
}

interface Known {
  readonly map: Fields;
  readonly wishes: Wishes;
}

export const NOTHING: Found = Object.freeze({
  kubernetes: undefined,
  namespace: undefined,
  wishes: NO_WISHES,
  until: Number.NEGATIVE_INFINITY,
});

const MOST_CONTAINERS = 10_000;
const MOST_NAMESPACES = 1000;
const MOST_RUNS = 100;
/** No more often is a failure of the same kind told above debug. */
const TELL_MS = 10_000;

export class Metadata {
  readonly #options: Options;
  readonly #host: FilterHost;
  readonly #rules: WishRules;
  readonly #api: Api;
  readonly #containers: AnswerCache<ContainerName, Known>;
  readonly #namespaces: AnswerCache<string, Known>;
  readonly #pods: NodePods | undefined;
  /** With Watch: pods that the watch does not know, by `NAMESPACE/NAME`. */
  readonly #strangers: AnswerCache<ContainerName, Pod>;
  readonly #made = new WeakMap<Pod, Map<string, Known>>();
  readonly #asksNamespace: boolean;
  #beginning: Promise<void> | undefined;
  #waitedForList = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Counts the changes of what Watch knows: what was found before one must be found again. */
  generation = 0;

  constructor(options: Options, host: FilterHost, node: string | undefined) {
    this.#options = options;
    this.#host = host;
    this.#rules = {
      allowsParser: options['k8s-logging.parser'],
      allowsExclude: options['k8s-logging.exclude'],
      parser: (name) => host.parser(name),
      log: (level, message) => host.log(level, message),
    };
    this.#api = new Api(options, host.clock);
    this.#asksNamespace = options.namespace_labels || options.namespace_annotations || options.namespace_exclude;
    const { kube_meta_cache_ttl: ttl, kube_meta_namespace_cache_ttl: namespaceTtl } = options;
    this.#containers = this.#cache((name) => this.#askContainer(name), nameOf, ttl, MOST_CONTAINERS);
    this.#strangers = this.#cache((name) => this.#askPod(name), nameOf, options.keep_gone_pods, MOST_CONTAINERS);
    this.#namespaces = this.#cache(
      (name) => this.#askNamespace(name),
      (name) => name,
      namespaceTtl,
      MOST_NAMESPACES,
    );
    if (node === undefined) return;
    this.#pods = new NodePods({
      client: this.#api.server,
      clock: host.clock,
      node,
      keepGoneMs: options.keep_gone_pods * 1000,
      log: (level, message) => host.log(level, message),
      changed: () => {
        this.generation++;
      },
    });
  }

  /** @param ownPod asked for once at the start, to test the access. */
  start(ownPod: ContainerName | undefined): void {
    this.#pods?.start();
    if (ownPod && !this.#pods) this.#beginning = this.#testAccess(ownPod);
  }

  async stop(): Promise<void> {
    this.#pods?.stop();
    await this.#api.close();
  }

  /** A promise only where a request must be waited for. Never fails. */
  find(name: ContainerName): Soon<Found> {
    if (this.#beginning) return this.#beginning.then(() => this.find(name));
    const namespace =
      this.#asksNamespace && name.namespace ? this.#namespaces.lookup(name.namespace, name.namespace) : undefined;
    if (namespace instanceof Promise) return namespace.then((known) => this.#withPod(name, known));
    return this.#withPod(name, namespace);
  }

  #withPod(name: ContainerName, namespace: Answer<Known> | undefined): Soon<Found> {
    if (this.#options.namespace_metadata_only) return this.#compose(namespace, undefined);
    const pod = this.#findPod(name);
    if (pod instanceof Promise) return pod.then((known) => this.#compose(namespace, known));
    return this.#compose(namespace, pod);
  }

  #compose(namespace: Answer<Known> | undefined, pod: Answer<Known> | undefined): Found {
    const isWhole = (pod || this.#options.namespace_metadata_only) && (namespace || !this.#asksNamespace);
    const until = Math.min(pod?.until ?? Number.POSITIVE_INFINITY, namespace?.until ?? Number.POSITIVE_INFINITY);
    const { namespace_labels, namespace_annotations, namespace_exclude } = this.#options;
    const wishes = pod?.value.wishes ?? NO_WISHES;
    return {
      kubernetes: pod?.value.map,
      namespace: namespace_labels || namespace_annotations ? namespace?.value.map : undefined,
      wishes: namespace_exclude && namespace ? withNamespace(wishes, namespace.value.wishes) : wishes,
      until: isWhole ? until : Number.NEGATIVE_INFINITY,
    };
  }

  #findPod(name: ContainerName): Soon<Answer<Known> | undefined> {
    // As Fluent Bit, which asks for a pod that cannot be: a Regex_Parser has to give both.
    if (!name.pod || !name.namespace) return undefined;
    if (this.#pods) return this.#findWatched(this.#pods, name, name.namespace, name.pod);
    const { cache_use_docker_id: byId } = this.#options;
    const key = `${name.namespace}:${name.pod}:${name.container ?? ''}${byId && name.dockerId ? `:${name.dockerId}` : ''}`;
    return this.#containers.lookup(key, name);
  }

  #findWatched(pods: NodePods, name: ContainerName, namespace: string, pod: string): Soon<Answer<Known> | undefined> {
    const watched = pods.get(namespace, pod, name.dockerId);
    if (watched) return lasting(this.#make(watched, name));
    if (!(pods.isSynced || pods.isRefused)) return this.#waitForList(pods, name);
    const answer = this.#strangers.lookup(`${namespace}/${pod}`, name);
    const made = (found: Answer<Pod> | undefined) =>
      found && { value: this.#make(found.value, name), until: found.until };
    return answer instanceof Promise ? answer.then(made) : made(answer);
  }

  /** Records wait once; while the list does not come, nobody waits again. */
  #waitForList(pods: NodePods, name: ContainerName): Soon<Answer<Known> | undefined> {
    if (this.#waitedForList) return undefined;
    return pods.whenSynced(this.#options.metadata_wait * 1000).then(() => {
      if (pods.isSynced || pods.isRefused) return this.#findPod(name);
      if (!this.#waitedForList) this.#tell('the pods of this node are not known yet; records go on without metadata');
      this.#waitedForList = true;
      return undefined;
    });
  }

  /** The same object for the same container of the same pod. */
  #make(pod: Pod, name: ContainerName): Known {
    const made = this.#made.get(pod) ?? new Map<string, Known>();
    this.#made.set(pod, made);
    const key = `${name.container ?? ''}\0${name.dockerId ?? ''}\0${name.containerHash ?? ''}`;
    const known = made.get(key) ?? this.#known(pod, name);
    // A container that restarts without end: each run has its own id.
    if (made.size >= MOST_RUNS) made.clear();
    made.set(key, known);
    return known;
  }

  #known(pod: Pod | undefined, name: ContainerName): Known {
    const { labels, annotations, owner_references: ownerReferences } = this.#options;
    return {
      map: kubernetesMap(name, pod, { labels, annotations, ownerReferences }),
      wishes: readWishes(pod, name.container, `pod ${nameOf(name)}, container ${name.container}`, this.#rules),
    };
  }

  async #askContainer(name: ContainerName): Promise<Known> {
    return this.#known(await this.#api.pod(name.namespace ?? '', name.pod ?? ''), name);
  }

  async #askPod(name: ContainerName): Promise<Pod> {
    return slimPod((await this.#api.pod(name.namespace ?? '', name.pod ?? '')) ?? {});
  }

  async #askNamespace(name: string): Promise<Known> {
    const namespace: Namespace | undefined = await this.#api.namespace(name);
    const { namespace_labels: labels, namespace_annotations: annotations, namespace_exclude: excludes } = this.#options;
    return {
      map: namespaceMap(name, namespace, { labels, annotations }),
      wishes: excludes ? readWishes(namespace, undefined, `namespace ${name}`, this.#rules) : NO_WISHES,
    };
  }

  async #testAccess(own: ContainerName): Promise<void> {
    try {
      await this.#bounded(this.#api.pod(own.namespace ?? '', own.pod ?? ''));
      if (this.#asksNamespace) await this.#bounded(this.#api.namespace(own.namespace ?? ''));
      this.#host.log('info', 'the API answers');
    } catch (error) {
      this.#tell(`no metadata of the own pod ${nameOf(own)}: ${explain(error, 'get pods')}`);
    } finally {
      this.#beginning = undefined;
    }
  }

  #bounded<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waitMs = this.#options.metadata_wait * 1000;
      const cancel = this.#host.clock.after(waitMs, () => reject(new Error(`no answer within ${waitMs / 1000} s`)));
      answer.then(resolve, reject).finally(cancel);
    });
  }

  #cache<Q, T>(ask: (question: Q) => Promise<T>, name: (question: Q) => string, ttlSeconds: number, size: number) {
    const { kube_meta_negative_cache_ttl: failure, metadata_wait: wait } = this.#options;
    return new AnswerCache<Q, T>({
      clock: this.#host.clock,
      ttlMs: ttlSeconds > 0 ? ttlSeconds * 1000 : Number.POSITIVE_INFINITY,
      failureMs: failure * 1000,
      waitMs: wait * 1000,
      size,
      ask,
      failed: (question, error) => {
        this.#host.count('metadata_failures_total');
        this.#tell(`no metadata of ${name(question)}: ${reasonOf(error)}`);
      },
      gaveUp: (question) =>
        this.#tell(`no answer for ${name(question)} after ${wait} s; records go on without metadata`),
    });
  }

  #tell(message: string): void {
    const now = this.#host.clock.monotonic();
    const isNew = now - this.#toldAt >= TELL_MS;
    if (isNew) this.#toldAt = now;
    this.#host.log(isNew ? 'warn' : 'debug', message);
  }
}

const lasting = <T>(value: T): Answer<T> => ({ value, until: Number.POSITIVE_INFINITY });

const nameOf = ({ namespace, pod }: ContainerName): string => `${namespace}/${pod}`;

function reasonOf(error: unknown): string {
  if (error instanceof KubeError && error.reason === 'TooLong') return `${error.message}; set Buffer_Size to 0`;
  return explain(error, 'get pods and namespaces');
}
