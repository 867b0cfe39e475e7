/**
 * How to reach a Kubernetes API server, and as whom: what the client asks before every request.
 *
 * Tokens and certificates rotate while Sluice runs (the token of a service account about every hour), so files are read
 * again: at most every `REREAD_MS`, and at once when the server said 401. The pieces here (a file that is read again, a
 * token of a command) serve the service account of a pod, a kubeconfig and plugins that name their files themselves.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import type tls from 'node:tls';
import type { Clock, Soon } from '../plugin.ts';

/** TLS settings; the same object as long as nothing changed, so that a client knows when to connect anew. */
export type KubeTls = Readonly<
  Pick<
    tls.ConnectionOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'
  >
>;

export interface KubeAccess {
  /** `https://host:port`. */
  readonly origin: string;
  /** What stands before every path: empty, or the path of the server's URL (`/k8s/clusters/c-1`). */
  readonly prefix: string;
  /** The namespace of the pod or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** `http://host:port` of a proxy. */
  readonly proxy?: string | undefined;
  /** Names the source of the credentials, for logs. */
  readonly source: string;
  /** The value of the header Authorization; undefined where there is none. @throws where there should be one. */
  authorization(): Soon<string | undefined>;
  /** @throws where a file cannot be read. */
  tls(): Soon<KubeTls>;
  /** The server answered 401: what is cached is not asked again. */
  refused(): void;
}

/** How old what was read from a file may be. */
export const REREAD_MS = 60_000;

/** The text of a file, read again when it is older than `ageMs`. When it cannot be read again, what was read before stays. */
export class FreshFile {
  readonly path: string;
  readonly #clock: Clock;
  #text: string | undefined;
  readonly #ageMs: number;
  #readAt = Number.NEGATIVE_INFINITY;
  /** Several that ask at once wait for one reading, and go on in the order in which they asked. */
  #reading: Promise<string> | undefined;
  #forgotten = 0;

  constructor(file: string, clock: Clock, ageMs = REREAD_MS) {
    this.path = file;
    this.#clock = clock;
    this.#ageMs = ageMs;
  }

  /** @throws where the file could never be read. */
  async read(): Promise<string> {
    if (this.#text !== undefined && this.#clock.monotonic() - this.#readAt < this.#ageMs) return this.#text;
    this.#reading ??= this.#readAnew(this.#forgotten);
    return this.#reading;
  }

  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading = undefined;
    this.#forgotten++;
  }

  async #readAnew(forgotten: number): Promise<string> {
    try {
      this.#text = await fs.readFile(this.path, 'utf8');
    } catch (error) {
      if (this.#text === undefined) throw new Error(`cannot read ${this.path}: ${(error as Error).message}`);
    } finally {
      // Unless it was forgotten meanwhile: then somebody reads it again, or will.
      if (forgotten === this.#forgotten) this.#reading = undefined;
    }
    if (forgotten === this.#forgotten) this.#readAt = this.#clock.monotonic();
    return this.#text;
  }
}

/** A bearer token and how long it may be used. */
export interface Token {
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAtMs?: number;
  /** A client certificate that came with it, PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 60_000;

/** What a command or another source gives, kept until it expires; several that ask at once wait for one answer. */
export class CachedToken {
  readonly #get: () => Promise<Token>;
  readonly #clock: Clock;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor(get: () => Promise<Token>, clock: Clock) {
    this.#get = get;
    this.#clock = clock;
  }

  async read(): Promise<Token> {
    const token = this.#token;
    if (token && (token.expiresAtMs ?? Number.POSITIVE_INFINITY) - RENEW_BEFORE_MS > this.#clock.now()) return token;
    this.#asking ??= this.#get().finally(() => {
      this.#asking = undefined;
    });
    this.#token = await this.#asking;
    return this.#token;
  }

  forget(): void {
    this.#token = undefined;
  }
}

/** How long a command that prints a token may run. */
const COMMAND_MS = 30_000;

/** Runs a program and gives what it writes. @throws with what it wrote to its standard error. */
export function runForText(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: COMMAND_MS, maxBuffer: 1 << 20, ...(env ? { env } : {}) };
    execFile(command, [...args], options, (error, out, errors) => {
      if (!error) resolve(out);
      else reject(new Error(`${command} failed: ${errors.trim().split('\n').at(-1) || error.message}`));
    });
  });
}

/** Splits the URL of a server. @throws where it is none. */
export function serverOf(url: string): { origin: string; prefix: string } {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error(`'${url}' is no URL of a Kubernetes API server; write https://HOST:PORT`);
  const { origin, pathname } = new URL(url);
  return { origin, prefix: pathname.replace(/\/+$/, '') };
}

export interface ExplicitAccess {
  readonly url: string;
  readonly caFile?: string | undefined;
  readonly caPath?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** Run with `sh -c`; its output is the token. */
  readonly tokenCommand?: string | undefined;
  /** How long a token is used: of a file at most a minute, of a command ten minutes where this says nothing. */
  readonly tokenTtlSeconds?: number | undefined;
  readonly verify: boolean;
  readonly verifyHostname?: boolean;
  /** The name to ask the server for, and to expect in its certificate. */
  readonly serverName?: string | undefined;
  readonly namespace?: string | undefined;
  readonly source?: string;
  readonly clock: Clock;
}

/** Access from files and settings that an option or the environment names. Files are read when they are needed. */
export function explicitAccess(given: ExplicitAccess): KubeAccess {
  const { clock } = given;
  const { origin, prefix } = serverOf(given.url);
  const tokenAgeMs = Math.min((given.tokenTtlSeconds ?? Number.POSITIVE_INFINITY) * 1000, REREAD_MS);
  const token = given.tokenFile === undefined ? undefined : new FreshFile(given.tokenFile, clock, tokenAgeMs);
  const command = given.tokenCommand === undefined ? undefined : commandToken(given, given.tokenCommand);
  const authorities = authoritiesOf(given);
  let last: { ca: string; tls: KubeTls } | undefined;
  return {
    origin,
    prefix,
    namespace: given.namespace,
    source: given.source ?? `${origin}, token of ${given.tokenCommand ?? given.tokenFile ?? 'nobody'}`,
    async authorization() {
      const text = command ? (await command.read()).value : (await token?.read())?.trim();
      return text ? `Bearer ${text}` : undefined;
    },
    async tls() {
      const ca = await authorities.read();
      if (last?.ca !== ca) last = { ca, tls: tlsOf(given, ca) };
      return last.tls;
    },
    refused() {
      token?.forget();
      command?.forget();
      authorities.forget();
    },
  };
}

function tlsOf(given: ExplicitAccess, ca: string): KubeTls {
  return {
    rejectUnauthorized: given.verify,
    ...(given.verifyHostname === false ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === '' ? {} : { ca }),
    ...(given.serverName === undefined ? {} : { servername: given.serverName }),
  };
}

function commandToken(given: ExplicitAccess, command: string): CachedToken {
  const ttlMs = (given.tokenTtlSeconds ?? 600) * 1000;
  return new CachedToken(async () => {
    const value = (await runForText('sh', ['-c', command])).trim();
    return { value, expiresAtMs: given.clock.now() + ttlMs + RENEW_BEFORE_MS };
  }, given.clock);
}

/** The certificates of a file, a folder, both or none, in one text. */
function authoritiesOf({ caFile, caPath, clock }: ExplicitAccess): { read(): Promise<string>; forget(): void } {
  const file = caFile === undefined ? undefined : new FreshFile(caFile, clock);
  const folder = caPath === undefined ? undefined : new CachedToken(() => readFolder(caPath, clock), clock);
  return {
    read: async () => `${(await file?.read()) ?? ''}${(await folder?.read())?.value ?? ''}`,
    forget() {
      file?.forget();
      folder?.forget();
    },
  };
}

async function readFolder(folder: string, clock: Clock): Promise<Token> {
  let value = '';
  for (const name of (await fs.readdir(folder)).sort()) {
    const text = await fs.readFile(path.join(folder, name), 'utf8').catch(() => '');
    if (text.includes('BEGIN CERTIFICATE')) value += `${text}\n`;
  }
  return { value, expiresAtMs: clock.now() + REREAD_MS + RENEW_BEFORE_MS };
}

/** Where a pod finds its service account. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The service account of the pod that this program runs in; undefined outside a cluster. */
export async function inClusterAccess(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  folder = ACCOUNT,
): Promise<KubeAccess | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  const tokenFile = path.join(folder, 'token');
  const namespace = await fs.readFile(path.join(folder, 'namespace'), 'utf8').catch(() => undefined);
  const hasToken = await fs.access(tokenFile).then(
    () => true,
    () => false,
  );
  if (!hasToken) return undefined;
  return explicitAccess({
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caFile: path.join(folder, 'ca.crt'),
    tokenFile,
    verify: true,
    namespace: namespace?.trim(),
    source: 'the service account of this pod',
    clock,
  });
}
