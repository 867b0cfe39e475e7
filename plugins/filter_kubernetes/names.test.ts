import t from 'tap';
import type { Parser } from '../../src/plugin.ts';
import { readJournalName, readTag } from './names.ts';

const PREFIX = 'kube.var.log.containers.';
const ID = '0123456789abcdef'.repeat(4);
const read = readTag(PREFIX.length, undefined);

t.test('a file name gives pod, namespace, container and id', async (t) => {
  t.same(read(`${PREFIX}web-0_shop_app-${ID}.log`), {
    pod: 'web-0',
    namespace: 'shop',
    container: 'app',
    dockerId: ID,
  });
  t.match(read(`${PREFIX}kube-proxy-ip-10-0-1-7.ec2.internal_kube-system_kube-proxy-${ID}.log`), {
    pod: 'kube-proxy-ip-10-0-1-7.ec2.internal',
    container: 'kube-proxy',
  });
});

t.test('what does not fit gives nothing', async (t) => {
  for (const rest of [
    'web-0',
    `web-0_shop-${ID}.log`,
    'web-0_shop_app-123.log',
    `web-0_shop_app-${ID}.log.gz`,
    `_shop_app-${ID}.log`,
  ])
    t.equal(read(PREFIX + rest), undefined, rest);
  for (const tag of ['', 'kube', PREFIX, `${PREFIX}x`]) t.equal(read(tag), undefined, tag);
});

t.test('the prefix is cut off by its length alone', async (t) => {
  t.match(readTag(1, undefined)(`xweb-0_shop_app-${ID}.log`), { pod: 'web-0' });
  t.match(readTag(PREFIX.length, undefined)(`app.var.log.containers.web-0_shop_app-${ID}.log`), { pod: 'eb-0' });
});

t.test('a long tag that does not fit is given up quickly', async (t) => {
  const before = performance.now();
  for (const rest of ['a-'.repeat(2000), 'a.'.repeat(2000), `${'a'.repeat(2000)}_`.repeat(3)]) read(PREFIX + rest);
  t.ok(performance.now() - before < 2000);
});

t.test('CONTAINER_NAME gives container, pod and namespace, and a hash where there is one', async (t) => {
  const name = readJournalName(undefined);
  t.same(name('k8s_app_web-0_shop_uid_0'), {
    container: 'app',
    containerHash: undefined,
    pod: 'web-0',
    namespace: 'shop',
  });
  t.match(name('k8s_app.4f3d_web-0_shop_uid_0'), { container: 'app', containerHash: '4f3d' });
  for (const text of ['', 'portainer', 'k8s_app_web-0_shop_uid', 'k8s_app_web-0_shop_uid_0_1'])
    t.equal(name(text), undefined);
});

t.test('a parser reads the rest of the tag; numbers and empty groups do no harm', async (t) => {
  const parser: Parser = {
    name: 'custom',
    parse(text, seconds, nanos) {
      const [pod, namespace] = text.split('/');
      if (namespace === undefined) return undefined;
      return { seconds, nanos, metadata: {}, body: { pod_name: pod ?? '', namespace_name: namespace, docker_id: 7 } };
    },
  };
  const custom = readTag(5, parser);
  t.match(custom('kube.web-0/shop'), { pod: 'web-0', namespace: 'shop', dockerId: '7', container: undefined });
  t.match(custom('kube./shop'), { pod: undefined, namespace: 'shop' });
  t.equal(custom('kube.web-0'), undefined);
});
