/**
 * Which pods and containers are read: by name, label, annotation and kind of container. Pure; the selectors that the
 * API server understands are its own work.
 */
import type { Container, ContainerStatus, Pod } from '../../src/net/kube_types.ts';
import type { Options } from './settings.ts';

export interface Selected {
  readonly name: string;
  readonly image: string | undefined;
  readonly status: ContainerStatus | undefined;
}

export class Selection {
  readonly #options: Options;
  readonly #self: { readonly name: string; readonly namespace: string | undefined } | undefined;
  readonly #pods: RegExp | undefined;
  readonly #excludedPods: RegExp | undefined;
  readonly #containers: RegExp | undefined;
  readonly #excludedContainers: RegExp | undefined;
  readonly #excludedLabels: ReadonlyMap<string, RegExp>;
  readonly #excludedApps: readonly string[];

  constructor(options: Options, self: { name: string; namespace: string | undefined } | undefined) {
    this.#options = options;
    this.#self = options.exclude_self ? self : undefined;
    this.#pods = namesOf(options.pods);
    this.#excludedPods = namesOf(options.exclude_pods);
    this.#containers = namesOf(options.containers);
    this.#excludedContainers = namesOf(options.exclude_containers);
    this.#excludedLabels = labelsOf(options.exclude_labels);
    this.#excludedApps = options.exclude_apps ?? [];
  }

  /** The containers of a pod that are read; none where the pod is left out. */
  containers(pod: Pod): Selected[] {
    if (!this.#takesPod(pod)) return [];
    const { spec = {}, status = {} } = pod;
    const { init_containers: init, ephemeral_containers: ephemeral } = this.#options;
    return [
      ...(init ? this.#of(pod, spec.initContainers, status.initContainerStatuses) : []),
      ...this.#of(pod, spec.containers, status.containerStatuses),
      ...(ephemeral ? this.#of(pod, spec.ephemeralContainers, status.ephemeralContainerStatuses) : []),
    ];
  }

  #takesPod({ metadata = {} }: Pod): boolean {
    const { name = '', namespace, labels = {}, annotations = {} } = metadata;
    if (this.#self?.name === name && (this.#self.namespace ?? namespace) === namespace) return false;
    if (this.#pods && !this.#pods.test(name)) return false;
    if (this.#excludedPods?.test(name)) return false;
    const app = labels.app ?? labels['app.kubernetes.io/name'];
    if (this.#excludedApps.some((one) => one === app || name.startsWith(one))) return false;
    for (const [key, values] of this.#excludedLabels)
      if (Object.hasOwn(labels, key) && values.test(labels[key] ?? '')) return false;
    return !(this.#options['k8s-logging.exclude'] && isOn(annotations['fluentbit.io/exclude']) && !hasOwn(annotations));
  }

  #of(
    pod: Pod,
    containers: readonly Container[] | undefined,
    statuses: readonly ContainerStatus[] | undefined,
  ): Selected[] {
    const selected: Selected[] = [];
    for (const { name = '', image } of containers ?? []) {
      if (name === '' || (this.#containers && !this.#containers.test(name))) continue;
      if (this.#excludedContainers?.test(name) || this.#isExcluded(pod, name)) continue;
      selected.push({ name, image, status: statuses?.find((status) => status.name === name) });
    }
    return selected;
  }

  /** A container's own annotation goes before that of the pod. */
  #isExcluded({ metadata = {} }: Pod, container: string): boolean {
    if (!this.#options['k8s-logging.exclude']) return false;
    const { annotations = {} } = metadata;
    return isOn(annotations[`fluentbit.io/exclude-${container}`] ?? annotations['fluentbit.io/exclude']);
  }
}

/** Whether some container has its own word. */
function hasOwn(annotations: Readonly<Record<string, string>>): boolean {
  return Object.keys(annotations).some((key) => key.startsWith('fluentbit.io/exclude-'));
}

/** As the filter has it: true, on, yes in any case. */
function isOn(text: string | undefined): boolean {
  return text !== undefined && /^(true|on|yes)$/i.test(text);
}

function namesOf(patterns: readonly string[] | undefined): RegExp | undefined {
  if (!patterns || patterns.length === 0) return undefined;
  return new RegExp(`^(?:${patterns.map(toSource).join('|')})$`);
}

function toSource(pattern: string): string {
  return pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}

function labelsOf(terms: readonly string[] | undefined): Map<string, RegExp> {
  const values = new Map<string, string[]>();
  let key = '';
  for (const term of terms ?? []) {
    const at = term.indexOf('=');
    if (at >= 0) key = term.slice(0, at).trim();
    const value = term.slice(at + 1).trim();
    if (key !== '' && value !== '') values.set(key, [...(values.get(key) ?? []), value]);
  }
  return new Map([...values].map(([name, list]) => [name, namesOf(list) as RegExp]));
}
