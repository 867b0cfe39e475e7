/**
 * Access as kubectl has it, from a kubeconfig: for development, where Sluice runs beside a cluster and not in it.
 *
 * KUBECONFIG may name several files (a list with colons); the first that defines a thing wins, as in kubectl. Paths in a
 * file are relative to its folder. Known: current-context and namespace, certificate authorities, client certificates,
 * tokens and token files, user names with passwords, exec plugins (such as `aws eks get-token`) with their expiry,
 * tls-server-name, proxy-url, insecure-skip-tls-verify. Source: the reference of `kubeconfig (v1)` and of
 * `client.authentication.k8s.io`.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../plugin.ts';
import {
  CachedToken,
  FreshFile,
  type KubeAccess,
  type KubeTls,
  runForText,
  serverOf,
  type Token,
} from './kube_access.ts';

interface Cluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}

interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: Exec;
  readonly 'auth-provider'?: { readonly name?: string };
}

interface Exec {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

interface Context {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

interface ConfigFile {
  readonly clusters?: readonly { readonly name?: string; readonly cluster?: Cluster }[] | null;
  readonly users?: readonly { readonly name?: string; readonly user?: User }[] | null;
  readonly contexts?: readonly { readonly name?: string; readonly context?: Context }[] | null;
  readonly 'current-context'?: string;
}

/** What one context comes to. `folders` are those of the files that the parts stand in. */
interface Chosen {
  readonly contextName: string;
  readonly context: Context;
  readonly cluster: Cluster;
  readonly clusterFolder: string;
  readonly user: User;
  readonly userFolder: string;
}

export interface KubeconfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One file instead of those of the environment. */
  readonly file?: string | undefined;
  /** A context instead of the current one. */
  readonly context?: string | undefined;
  readonly clock: Clock;
}

/** The files that would be read: those of KUBECONFIG, or the one in the home folder. */
export function kubeconfigFiles({ env, file }: KubeconfigSource): string[] {
  if (file !== undefined) return [file];
  if (env.KUBECONFIG) return env.KUBECONFIG.split(path.delimiter).filter((one) => one !== '');
  return [path.join(env.HOME ?? os.homedir(), '.kube', 'config')];
}

/** Undefined where no file is there. @throws where one is broken or the context is not whole. */
export async function kubeconfigAccess(source: KubeconfigSource): Promise<KubeAccess | undefined> {
  const files = kubeconfigFiles(source);
  const chosen = choose(await readFiles(files), source.context);
  return chosen && new ConfiguredAccess(chosen, source, files.join(', '));
}

interface ReadFile {
  readonly folder: string;
  readonly config: ConfigFile;
}

async function readFiles(files: readonly string[]): Promise<ReadFile[]> {
  const { parse } = await import('yaml');
  const read: ReadFile[] = [];
  for (const file of files) {
    const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new Error(`cannot read ${file}: ${error.message}`);
    });
    if (text === undefined) continue;
    try {
      read.push({ folder: path.dirname(file), config: (parse(text) ?? {}) as ConfigFile });
    } catch (error) {
      throw new Error(`${file} is no YAML: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return read;
}

function choose(files: readonly ReadFile[], wanted: string | undefined): Chosen | undefined {
  if (files.length === 0) return undefined;
  const contextName = wanted ?? files.map(({ config }) => config['current-context']).find((name) => name);
  if (!contextName) throw new Error('the kubeconfig has no current-context');
  const context = pick(files, 'contexts', 'context', contextName).body;
  const cluster = pick(files, 'clusters', 'cluster', context.cluster ?? '');
  const user = context.user ? pick(files, 'users', 'user', context.user) : { body: {}, folder: '.' };
  return {
    contextName,
    context,
    cluster: cluster.body,
    clusterFolder: cluster.folder,
    user: user.body,
    userFolder: user.folder,
  };
}

interface Kinds {
  context: Context;
  cluster: Cluster;
  user: User;
}

function pick<K extends keyof Kinds>(
  files: readonly ReadFile[],
  list: `${K}s`,
  kind: K,
  name: string,
): { body: Kinds[K]; folder: string } {
  for (const { config, folder } of files)
    for (const entry of (config[list] ?? []) as readonly ({ readonly name?: string } & Partial<Kinds>)[])
      if (entry?.name === name && entry[kind]) return { body: entry[kind] as Kinds[K], folder };
  throw new Error(`the kubeconfig has no ${kind} '${name}'`);
}

class ConfiguredAccess implements KubeAccess {
  readonly origin: string;
  readonly prefix: string;
  readonly namespace: string | undefined;
  readonly proxy: string | undefined;
  readonly source: string;
  readonly #chosen: Chosen;
  readonly #tokenFile: FreshFile | undefined;
  readonly #exec: CachedToken | undefined;
  readonly #files = new Map<string, FreshFile>();
  readonly #clock: Clock;
  #last: { mark: string; tls: KubeTls } | undefined;

  constructor(chosen: Chosen, { clock, env }: KubeconfigSource, files: string) {
    const { cluster, context, user, userFolder } = chosen;
    const { origin, prefix } = serverOf(cluster.server ?? '');
    this.origin = origin;
    this.prefix = prefix;
    this.namespace = context.namespace || undefined;
    this.proxy = cluster['proxy-url'] || undefined;
    this.source = `context ${chosen.contextName} of ${files}`;
    this.#chosen = chosen;
    this.#clock = clock;
    if (user['auth-provider'])
      throw new Error(`the auth-provider '${user['auth-provider'].name}' is gone from Kubernetes; use an exec plugin`);
    if (user.tokenFile) this.#tokenFile = new FreshFile(path.resolve(userFolder, user.tokenFile), clock);
    const { exec } = user;
    if (exec) this.#exec = new CachedToken(() => runPlugin(exec, chosen, env), clock);
  }

  async authorization(): Promise<string | undefined> {
    const { token, username, password } = this.#chosen.user;
    if (this.#exec) {
      const { value } = await this.#exec.read();
      return value === '' ? undefined : `Bearer ${value}`;
    }
    if (this.#tokenFile) return `Bearer ${(await this.#tokenFile.read()).trim()}`;
    if (token) return `Bearer ${token}`;
    if (username) return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
    return undefined;
  }

  async tls(): Promise<KubeTls> {
    const { cluster, clusterFolder, user, userFolder } = this.#chosen;
    const fromPlugin = await this.#exec?.read();
    const ca = await this.#pem(cluster, 'certificate-authority', clusterFolder);
    const cert = fromPlugin?.cert ?? (await this.#pem(user, 'client-certificate', userFolder));
    const key = fromPlugin?.key ?? (await this.#pem(user, 'client-key', userFolder));
    const mark = `${ca}\n${cert}\n${key}`;
    if (this.#last?.mark === mark) return this.#last.tls;
    const servername = cluster['tls-server-name'];
    const tls: KubeTls = {
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername ? { servername } : {}),
    };
    this.#last = { mark, tls };
    return tls;
  }

  refused(): void {
    this.#exec?.forget();
    this.#tokenFile?.forget();
    for (const file of this.#files.values()) file.forget();
  }

  /** What stands in the kubeconfig itself, or in a file that it names. */
  async #pem<N extends string>(
    from: Partial<Record<N | `${N}-data`, unknown>>,
    name: N,
    folder: string,
  ): Promise<string | undefined> {
    const data = from[`${name}-data`];
    if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString('utf8');
    const file = from[name];
    if (typeof file !== 'string' || file === '') return undefined;
    const full = path.resolve(folder, file);
    let fresh = this.#files.get(full);
    if (!fresh) {
      fresh = new FreshFile(full, this.#clock);
      this.#files.set(full, fresh);
    }
    return fresh.read();
  }
}

interface ExecCredential {
  readonly status?: {
    readonly token?: string;
    readonly expirationTimestamp?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
  };
}

async function runPlugin(exec: Exec, chosen: Chosen, env: KubeconfigSource['env']): Promise<Token> {
  const { apiVersion = 'client.authentication.k8s.io/v1', command = '' } = exec;
  const cluster = exec.provideClusterInfo ? clusterInfo(chosen.cluster) : undefined;
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false, ...(cluster ? { cluster } : {}) } };
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  // A command with a slash is relative to its kubeconfig; others are looked up in PATH.
  const program = command.includes('/') ? path.resolve(chosen.userFolder, command) : command;
  let text: string;
  try {
    text = await runForText(program, exec.args ?? [], { ...env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) });
  } catch (error) {
    throw new Error(`${(error as Error).message}${exec.installHint ? `; ${exec.installHint}` : ''}`);
  }
  return readCredential(text, command);
}

function readCredential(text: string, command: string): Token {
  let status: ExecCredential['status'];
  try {
    status = (JSON.parse(text) as ExecCredential).status;
  } catch {
    // Told below.
  }
  if (!status?.token && !status?.clientCertificateData) throw new Error(`${command} gave no credentials`);
  const expires = Date.parse(status.expirationTimestamp ?? '');
  return {
    value: status.token ?? '',
    ...(Number.isNaN(expires) ? {} : { expiresAtMs: expires }),
    ...(status.clientCertificateData ? { cert: status.clientCertificateData } : {}),
    ...(status.clientKeyData ? { key: status.clientKeyData } : {}),
  };
}

function clusterInfo(cluster: Cluster): Record<string, unknown> {
  const data = cluster['certificate-authority-data'];
  return {
    server: cluster.server,
    ...(data ? { 'certificate-authority-data': data } : {}),
    ...(cluster['tls-server-name'] ? { 'tls-server-name': cluster['tls-server-name'] } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { 'insecure-skip-tls-verify': true } : {}),
    ...(cluster['proxy-url'] ? { 'proxy-url': cluster['proxy-url'] } : {}),
  };
}
