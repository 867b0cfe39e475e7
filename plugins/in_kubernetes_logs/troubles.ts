/**
 * Says what goes wrong with logs without flooding: the first of a kind as a warning, what follows for ten minutes only at
 * debug. A kind is the status of the answer, or the code of the connection's error.
 */
import { explain, KubeError } from '../../src/net/kube.ts';
import type { InputHost } from '../../src/plugin.ts';

const QUIET_MS = 600_000;

export class Troubles {
  readonly #host: InputHost;
  readonly #toldAt = new Map<string, number>();

  constructor(host: InputHost) {
    this.#host = host;
  }

  say(error: Error, name: string): void {
    const kind = error instanceof KubeError ? String(error.status) : ((error as NodeJS.ErrnoException).code ?? '');
    const now = this.#host.clock.monotonic();
    const isNew = now - (this.#toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) >= QUIET_MS;
    if (isNew) this.#toldAt.set(kind, now);
    // A container that is about to start, and a connection that was cut, are everyday.
    const isUsual = kind === '400' || kind === 'UND_ERR_SOCKET' || kind === 'ECONNRESET' || kind === '';
    this.#host.count('log_requests_failed_total');
    const message = `cannot read the log of ${name}: ${explain(error, 'read logs of pods (pods/log)')}; trying again`;
    this.#host.log(isNew && !isUsual ? 'warn' : 'debug', message);
  }
}
