/**
 * undici without what nobody here needs: its main file also loads fetch, WebSockets, caches and mocks, which take 13 MB of
 * memory. Loaded when it is first asked for. Where a later version keeps its files elsewhere, the main file serves.
 */
import { createRequire } from 'node:module';
import type { Agent, EnvHttpProxyAgent, ProxyAgent } from 'undici';

interface Parts {
  readonly agent: typeof Agent;
  readonly 'proxy-agent': typeof ProxyAgent;
  readonly 'env-http-proxy-agent': typeof EnvHttpProxyAgent;
}

const NAMES = { agent: 'Agent', 'proxy-agent': 'ProxyAgent', 'env-http-proxy-agent': 'EnvHttpProxyAgent' } as const;
const load = createRequire(import.meta.url);

/** One class of undici, by the name of its file. */
export async function undiciPart<K extends keyof Parts>(file: K): Promise<Parts[K]> {
  try {
    // What the main file does as well: it gives every dispatcher its `request`.
    Object.assign(load('undici/lib/dispatcher/dispatcher.js').prototype, load('undici/lib/api/index.js'));
    return load(`undici/lib/dispatcher/${file}.js`) as Parts[K];
  } catch {
    return (await import('undici'))[NAMES[file]] as Parts[K];
  }
}
