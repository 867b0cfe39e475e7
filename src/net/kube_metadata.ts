/**
 * The maps `kubernetes` and `kubernetes_namespace` of a record, made of what the API server says of a pod or a namespace.
 * Pure.
 *
 * Keys and their order are those of Fluent Bit; what is not known is left out, what is there but empty is kept. A map is
 * made once for a container and frozen to its depths, because all events of that container share it: outputs may
 * remember its text by its identity. What comes from outside may be of any shape, so nothing is taken on trust.
 */
import type { Fields, Value } from '../data/event.ts';
import type { ContainerStatus, KubeObject, Namespace, Pod } from './kube_types.ts';

/** What a tag, a file name or a record says of the container it comes from. */
export interface ContainerName {
  readonly pod?: string | undefined;
  readonly namespace?: string | undefined;
  readonly container?: string | undefined;
  readonly dockerId?: string | undefined;
  readonly containerHash?: string | undefined;
}

export interface MetadataOptions {
  readonly labels: boolean;
  readonly annotations: boolean;
  readonly ownerReferences: boolean;
}

/** The map of one container. @param pod as the API sends it; undefined: only what the name gives. */
export function kubernetesMap(name: ContainerName, pod: Pod | undefined, options: MetadataOptions): Fields {
  const status = pod ? statusOf(pod, name.container) : undefined;
  const { metadata, spec, status: state } = (pod ?? {}) as Partial<Record<'metadata' | 'spec' | 'status', unknown>>;
  const map: Fields = {};
  putText(map, 'pod_name', name.pod);
  putText(map, 'namespace_name', name.namespace);
  put(map, 'pod_id', metadata, 'uid');
  if (options.labels) put(map, 'labels', metadata, 'labels');
  if (options.annotations) put(map, 'annotations', metadata, 'annotations');
  if (options.ownerReferences) put(map, 'ownerReferences', metadata, 'ownerReferences');
  put(map, 'host', spec, 'nodeName');
  put(map, 'pod_ip', state, 'podIP');
  putText(map, 'container_name', name.container);
  putText(map, 'docker_id', name.dockerId || withoutScheme(status?.containerID));
  putText(map, 'container_hash', name.containerHash || withoutScheme(status?.imageID));
  putText(map, 'container_image', status?.image);
  return freeze(map);
}

export interface NamespaceOptions {
  readonly labels: boolean;
  readonly annotations: boolean;
}

export function namespaceMap(name: string | undefined, namespace: Namespace | undefined, options: NamespaceOptions) {
  const metadata: unknown = namespace?.metadata;
  const map: Fields = {};
  putText(map, 'name', name);
  if (options.labels) put(map, 'labels', metadata, 'labels');
  if (options.annotations) put(map, 'annotations', metadata, 'annotations');
  return freeze(map);
}

/** The annotations of an object, the texts among them. */
export function annotationsOf(object: KubeObject | undefined): readonly (readonly [string, string])[] {
  const annotations: unknown = object?.metadata?.annotations;
  if (!isObject(annotations)) return [];
  return Object.entries(annotations).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** A pod without all that no map and no annotation needs: what is kept of thousands of pods must be small. */
export function slimPod({ metadata, spec, status }: Pod): Pod {
  const slim = (all: readonly ContainerStatus[] | undefined): ContainerStatus[] | undefined =>
    Array.isArray(all)
      ? all.filter(isObject).map((one: ContainerStatus) => pick(one, ['name', 'image', 'imageID', 'containerID']))
      : undefined;
  return {
    metadata: pick(metadata, ['name', 'namespace', 'uid', 'labels', 'annotations', 'ownerReferences']),
    spec: pick(spec, ['nodeName']),
    status: {
      ...pick(status, ['podIP']),
      containerStatuses: slim(status?.containerStatuses) ?? [],
      initContainerStatuses: slim(status?.initContainerStatuses) ?? [],
    },
  };
}

function pick<T extends object, K extends keyof T>(from: T | undefined, keys: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {};
  if (isObject(from)) for (const key of keys) if (Object.hasOwn(from, key)) picked[key] = from[key];
  return picked as Pick<T, K>;
}

/** As Fluent Bit: containers and init containers; ephemeral ones are not looked for. */
function statusOf(pod: Pod, container: string | undefined): ContainerStatus | undefined {
  if (!container || !isObject(pod.status)) return undefined;
  const { containerStatuses, initContainerStatuses } = pod.status;
  for (const statuses of [containerStatuses, initContainerStatuses] as unknown[]) {
    if (!Array.isArray(statuses)) continue;
    const found = statuses.find((status) => isObject(status) && (status as ContainerStatus).name === container);
    if (found) return found as ContainerStatus;
  }
  return undefined;
}

/** `containerd://HEX` → `HEX`; what has no colon is no identity. */
function withoutScheme(identity: unknown): string | undefined {
  if (typeof identity !== 'string' || !identity.includes(':')) return undefined;
  return identity.replace(/^[^:]*:\/+/, '');
}

function put(map: Fields, key: string, from: unknown, name: string): void {
  if (isObject(from) && Object.hasOwn(from, name)) map[key] = (from as Fields)[name] as Value;
}

function putText(map: Fields, key: string, text: unknown): void {
  if (typeof text === 'string' && text !== '') map[key] = text;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
