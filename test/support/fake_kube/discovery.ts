/** What a client asks to learn what there is: /version, /api, /apis and the lists of resources that kubectl needs. */

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

const resource = (name: string, kind: string, namespaced: boolean, shortNames: readonly string[], verbs = VERBS) => ({
  name,
  singularName: name.includes('/') ? '' : kind.toLowerCase(),
  namespaced,
  kind,
  verbs,
  shortNames,
});

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/version': { major: '1', minor: '32', gitVersion: 'v1.32.0-fake', platform: 'linux/amd64' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'coordination.k8s.io',
        versions: [{ groupVersion: 'coordination.k8s.io/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'coordination.k8s.io/v1', version: 'v1' },
      },
    ],
  },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      resource('pods', 'Pod', true, ['po']),
      resource('pods/log', 'Pod', true, [], ['get']),
      resource('namespaces', 'Namespace', false, ['ns']),
      resource('configmaps', 'ConfigMap', true, ['cm']),
    ],
  },
  '/apis/coordination.k8s.io/v1': {
    kind: 'APIResourceList',
    groupVersion: 'coordination.k8s.io/v1',
    resources: [resource('leases', 'Lease', true, [])],
  },
  '/healthz': 'ok',
  '/readyz': 'ok',
  '/livez': 'ok',
};

export function discover(path: string): unknown {
  return ANSWERS[path];
}
