/** The manifests in conf/kubernetes: their configurations pass --dry-run, and what the configuration needs is mounted and allowed. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';

const ROOT = path.join(import.meta.dirname, '..');
const MAIN = path.join(ROOT, 'src', 'main.ts');
const FOLDER = path.join(ROOT, 'conf', 'kubernetes');

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

function manifests(file: string): Map<string, Manifest> {
  const documents = parseAllDocuments(fs.readFileSync(path.join(FOLDER, file), 'utf8'));
  return new Map(documents.map((document) => document.toJS() as Manifest).map((one) => [one.kind, one]));
}

t.test('the configuration of the DaemonSet has no mistake and no warning', async (t) => {
  const all = manifests('daemonset.yaml');
  const folder = t.testdir({});
  for (const [name, text] of Object.entries(all.get('ConfigMap')?.data ?? {})) {
    const here = text.replaceAll('/etc/sluice/', `${ROOT}/conf/`).replaceAll('/var/lib/sluice', folder);
    fs.writeFileSync(path.join(folder, name), here);
  }
  const container = all.get('DaemonSet')?.spec?.template.spec.containers[0];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value ?? 'a-value']));
  const args = (container?.args ?? []).map((arg) => arg.replace('/config', folder));
  const result = spawnSync(process.execPath, [MAIN, '--dry-run', '--strict', ...args], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /configuration test is successful/);
});

t.test('the DaemonSet names its own account, volumes and ConfigMap, and may watch pods', async (t) => {
  const all = manifests('daemonset.yaml');
  const pod = all.get('DaemonSet')?.spec?.template.spec;
  const container = pod?.containers[0];
  t.equal(pod?.serviceAccountName, all.get('ServiceAccount')?.metadata.name);
  t.same(container?.volumeMounts.map(({ name }) => name).sort(), pod?.volumes.map(({ name }) => name).sort());
  for (const { verbs } of all.get('ClusterRole')?.rules ?? []) t.same(verbs, ['get', 'list', 'watch']);
  t.same(all.get('ClusterRole')?.rules?.[0]?.resources, ['pods', 'namespaces']);
  const config = all.get('ConfigMap')?.data?.['fluent-bit.conf'] ?? '';
  const writable = container?.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
  for (const [, file = ''] of config.matchAll(/^\s*(?:DB|storage\.path)\s+(\S+)/gm))
    t.ok(
      writable?.some((folder) => file.startsWith(`${folder}/`)),
      `${file} can be written`,
    );
  for (const [, name = ''] of config.matchAll(/\$\{(\w+)\}/g))
    t.ok(
      container?.env.some((variable) => variable.name === name),
      `${name} is set`,
    );
});
