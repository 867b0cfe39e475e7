/**
 * The map `kubernetes` of a container, from the pod as the watch has it: exactly the one that filter_kubernetes makes of
 * the same pod. One frozen object a container, shared by all its events.
 */
import type { Fields } from '../../src/data/event.ts';
import { kubernetesMap } from '../../src/net/kube_metadata.ts';
import type { KeptPod } from './book.ts';
import type { Selected } from './select.ts';
import type { Options } from './settings.ts';

type Maker = (pod: KeptPod, container: Selected, dockerId: string) => Fields | undefined;

export function mapMaker(options: Options): Maker {
  if (!options.kubernetes) return () => undefined;
  const { labels, annotations, owner_references: ownerReferences } = options;
  return ({ name, namespace, pod }, container, dockerId) =>
    kubernetesMap({ pod: name, namespace, container: container.name, dockerId }, pod, {
      labels,
      annotations,
      ownerReferences,
    });
}
