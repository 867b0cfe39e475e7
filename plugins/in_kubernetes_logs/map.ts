/**
 * The map `kubernetes` of a container, from the pod as the watch has it: the keys and their order are those of
 * filter_kubernetes. One frozen object a container, shared by all its events.
 */
import type { Fields } from '../../src/data/event.ts';
import type { Pod } from '../../src/net/kube_types.ts';
import type { KeptPod } from './book.ts';
import type { Selected } from './select.ts';
import type { Options } from './settings.ts';

type Maker = (pod: KeptPod, container: Selected, dockerId: string) => Fields | undefined;

export function mapMaker(options: Options): Maker {
  if (!options.kubernetes) return () => undefined;
  return ({ pod }, container, dockerId) => (pod ? mapOf(pod, container, dockerId, options) : undefined);
}

function mapOf({ metadata = {}, spec, status }: Pod, container: Selected, dockerId: string, options: Options): Fields {
  const map: Fields = { pod_name: metadata.name ?? '', namespace_name: metadata.namespace ?? '' };
  const put = (key: string, value: unknown) => {
    if (value !== undefined && value !== '') map[key] = value as Fields;
  };
  put('pod_id', metadata.uid);
  if (options.labels) put('labels', metadata.labels);
  if (options.annotations) put('annotations', metadata.annotations);
  if (options.owner_references) put('ownerReferences', metadata.ownerReferences);
  put('host', spec?.nodeName);
  put('pod_ip', status?.podIP);
  put('container_name', container.name);
  put('docker_id', dockerId);
  put('container_hash', container.status?.imageID?.replace(/^[^:]*:\/\//, ''));
  put('container_image', container.status?.image ?? container.image);
  return Object.freeze(map);
}
