/**
 * Kubernetes' API for plugins, in one place: find the access, make a client, mirror objects.
 *
 *     kube_access.ts, kube_kubeconfig.ts ─▶ kube_client.ts ─▶ kube_watch.ts ─▶ kube_reflector.ts
 */
import type { Clock } from '../plugin.ts';
import { inClusterAccess, type KubeAccess } from './kube_access.ts';
import { kubeconfigAccess, kubeconfigFiles } from './kube_kubeconfig.ts';

export { explicitAccess, inClusterAccess, type KubeAccess } from './kube_access.ts';
export { Backoff } from './kube_backoff.ts';
export { KubeClient, type KubeStream, type StreamHandler } from './kube_client.ts';
export { explain, isExpired, KubeError } from './kube_error.ts';
export { kubeconfigAccess } from './kube_kubeconfig.ts';
export { Reflector, type ReflectorSettings } from './kube_reflector.ts';
export type * from './kube_types.ts';

export interface FindAccess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** A kubeconfig that an option names; goes before the service account. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig. */
  readonly context?: string | undefined;
}

/**
 * The access that is there: the kubeconfig that an option or KUBECONFIG names, the service account of the pod, the
 * kubeconfig of the home folder, in this order. @throws where there is none, or a kubeconfig is broken.
 */
export async function findAccess({ env, clock, kubeconfig, context }: FindAccess): Promise<KubeAccess> {
  const source = { env, clock, file: kubeconfig, context };
  const isNamed = kubeconfig !== undefined || context !== undefined || !!env.KUBECONFIG;
  const named = isNamed ? await kubeconfigAccess(source) : undefined;
  if (named) return named;
  if (isNamed && kubeconfig !== undefined) throw new Error(`there is no kubeconfig ${kubeconfig}`);
  const found = (await inClusterAccess(env, clock)) ?? (await kubeconfigAccess(source));
  if (found) return found;
  throw new Error(
    `no way to a Kubernetes API server: no service account is mounted, and there is no ${kubeconfigFiles(source).join(', ')}`,
  );
}
