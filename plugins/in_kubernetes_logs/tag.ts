/**
 * The tag of a container: by default the one that tail gives its file on a node,
 * `kube.var.log.containers.POD_NAMESPACE_CONTAINER-ID.log`. In a Tag, `*` stands for the part after `kube.`, and
 * <pod_name>, <namespace_name>, <container_name>, <docker_id> and <pod_id> for what they say.
 */

export interface TagParts {
  readonly pod_name: string;
  readonly namespace_name: string;
  readonly container_name: string;
  readonly docker_id: string;
  readonly pod_id: string;
}

export const DEFAULT_TAG = 'kube.*';

export function tagOf(template: string, parts: TagParts): string {
  const { pod_name: pod, namespace_name: namespace, container_name: container, docker_id: id } = parts;
  const file = `var.log.containers.${pod}_${namespace}_${container}-${id}.log`;
  return template
    .replace('*', () => file)
    .replace(
      /<(pod_name|namespace_name|container_name|docker_id|pod_id)>/g,
      (_whole, name: keyof TagParts) => parts[name],
    );
}

/** The bare ID in `containerd://ID`. */
export function bareId(containerId: string | undefined): string {
  return containerId?.replace(/^[^:]*:\/\//, '') ?? '';
}
