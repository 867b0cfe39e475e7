import t from 'tap';
import type { Value } from '../../src/data/event.ts';
import { annotationsOf, kubernetesMap, namespaceMap, slimPod } from '../../src/net/kube_metadata.ts';
import type { Pod } from '../../src/net/kube_types.ts';

const ALL = { labels: true, annotations: true, ownerReferences: true };
const NAME = { pod: 'web-0', namespace: 'shop', container: 'app', dockerId: 'abc' };

const POD: Pod = {
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    uid: 'u-1',
    labels: { app: 'web' },
    annotations: { note: 'x' },
    ownerReferences: [{ kind: 'StatefulSet', name: 'web', controller: true }],
    resourceVersion: '7',
  },
  spec: { nodeName: 'worker-1', containers: [{ name: 'app', image: 'reg/app:1' }] },
  status: {
    podIP: '10.0.0.1',
    phase: 'Running',
    containerStatuses: [
      {
        name: 'app',
        image: 'reg/app:1',
        imageID: 'docker-pullable://reg/app@sha256:11',
        containerID: 'containerd://id1',
      },
    ],
    initContainerStatuses: [{ name: 'setup', image: 'reg/setup:2', imageID: 'reg/setup@sha256:22', containerID: '' }],
    ephemeralContainerStatuses: [{ name: 'debug', image: 'reg/debug:3', imageID: 'reg/debug@sha256:33' }],
  },
};

t.test('the map has all keys in the order of Fluent Bit', async (t) => {
  const map = kubernetesMap(NAME, POD, ALL);
  t.equal(
    JSON.stringify(map),
    JSON.stringify({
      pod_name: 'web-0',
      namespace_name: 'shop',
      pod_id: 'u-1',
      labels: { app: 'web' },
      annotations: { note: 'x' },
      ownerReferences: [{ kind: 'StatefulSet', name: 'web', controller: true }],
      host: 'worker-1',
      pod_ip: '10.0.0.1',
      container_name: 'app',
      docker_id: 'abc',
      container_hash: 'reg/app@sha256:11',
      container_image: 'reg/app:1',
    }),
  );
});

t.test('the map is frozen to its depths', async (t) => {
  const map = kubernetesMap(NAME, structuredClone(POD), ALL);
  t.ok(Object.isFrozen(map));
  for (const key of ['labels', 'annotations', 'ownerReferences']) t.ok(Object.isFrozen(map[key]), key);
  t.ok(Object.isFrozen((map.ownerReferences as Value[])[0]));
});

t.test('options leave out labels, annotations and owners', async (t) => {
  const map = kubernetesMap(NAME, POD, { labels: false, annotations: false, ownerReferences: false });
  t.notOk('labels' in map || 'annotations' in map || 'ownerReferences' in map);
  t.equal(map.pod_id, 'u-1');
});

t.test('without a pod the map has what the name gives', async (t) => {
  t.same(Object.keys(kubernetesMap(NAME, undefined, ALL)), [
    'pod_name',
    'namespace_name',
    'container_name',
    'docker_id',
  ]);
  t.same(kubernetesMap({ pod: 'a', namespace: '' }, undefined, ALL), { pod_name: 'a' });
});

t.test('empty labels stay, missing ones are left out', async (t) => {
  const map = kubernetesMap(NAME, { metadata: { labels: {} } }, ALL);
  t.same(map.labels, {});
  t.notOk('annotations' in map);
});

t.test('an init container is found, an ephemeral one is not', async (t) => {
  const init = kubernetesMap({ ...NAME, container: 'setup' }, POD, ALL);
  t.equal(init.container_hash, 'reg/setup@sha256:22');
  t.equal(init.container_image, 'reg/setup:2');
  t.notOk('container_hash' in kubernetesMap({ ...NAME, container: 'debug' }, POD, ALL));
});

t.test('the id and the hash of the name go before those of the status', async (t) => {
  t.equal(kubernetesMap({ ...NAME, dockerId: undefined }, POD, ALL).docker_id, 'id1');
  t.equal(kubernetesMap({ ...NAME, containerHash: 'h' }, POD, ALL).container_hash, 'h');
});

t.test('an identity without a colon or without anything after its scheme is none', async (t) => {
  for (const containerID of ['nothing', 'containerd://', '']) {
    const pod: Pod = { status: { containerStatuses: [{ name: 'app', containerID }] } };
    t.notOk('docker_id' in kubernetesMap({ ...NAME, dockerId: undefined }, pod, ALL), containerID);
  }
});

t.test('objects of any shape do no harm', async (t) => {
  const odd = [
    [],
    {},
    { metadata: null },
    { metadata: [] },
    { status: { containerStatuses: [null, 3] } },
    { status: 'x' },
  ];
  for (const pod of odd)
    t.same(
      Object.keys(kubernetesMap(NAME, pod as Pod, ALL)),
      ['pod_name', 'namespace_name', 'container_name', 'docker_id'],
      JSON.stringify(pod),
    );
  for (const pod of odd) t.doesNotThrow(() => slimPod(pod as Pod), JSON.stringify(pod));
});

t.test('a label named __proto__ is a label', async (t) => {
  const pod = JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as Pod;
  t.equal(JSON.stringify(kubernetesMap(NAME, pod, ALL).labels), '{"__proto__":"x"}');
});

t.test('the map of a namespace', async (t) => {
  const shop = { metadata: { name: 'shop', labels: { team: 'a' }, annotations: { b: 'c' } } };
  t.same(namespaceMap('shop', shop, { labels: true, annotations: true }), {
    name: 'shop',
    labels: { team: 'a' },
    annotations: { b: 'c' },
  });
  t.same(namespaceMap('shop', shop, { labels: false, annotations: false }), { name: 'shop' });
  t.same(namespaceMap('shop', {}, { labels: true, annotations: true }), { name: 'shop' });
});

t.test('a slim pod gives the same map and the same annotations', async (t) => {
  const slim = slimPod(POD);
  for (const container of ['app', 'setup', 'debug', 'none'])
    t.equal(
      JSON.stringify(kubernetesMap({ ...NAME, container }, slim, ALL)),
      JSON.stringify(kubernetesMap({ ...NAME, container }, POD, ALL)),
    );
  t.same(annotationsOf(slim), [['note', 'x']]);
  t.notOk('resourceVersion' in (slim.metadata ?? {}));
});

t.test('annotations that are no text are left out', async (t) => {
  t.same(annotationsOf(JSON.parse('{"metadata":{"annotations":{"a":1,"b":"x","c":null}}}')), [['b', 'x']]);
  t.same(annotationsOf(undefined), []);
});
