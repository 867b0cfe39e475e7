/**
 * The instance metadata service of EC2, versions 1 and 2: in version 2 every question carries a token, which is asked for
 * when there is none yet or the service takes the old one no longer.
 *
 * Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
import { askLocal, type LocalAnswer } from '../../src/net/local_http.ts';

export interface ImdsSettings {
  readonly version: 'v1' | 'v2';
  /** `http://169.254.169.254`, unless somebody has set it elsewhere. */
  readonly endpoint: string;
  readonly signal: AbortSignal;
}

export const IMDS_ENDPOINT = 'http://169.254.169.254';
/** As Fluent Bit: an instance answers at once; a container that may not ask never hears anything. */
const TIMEOUT_MS = 1000;
const TOKEN_SECONDS = '21600';

/** The service answered, and not with 200. */
export class ImdsError extends Error {
  readonly status: number;
  constructor(path: string, status: number) {
    super(`${path}: HTTP status ${status}`);
    this.status = status;
  }
}

export class Imds {
  readonly #settings: ImdsSettings;
  readonly #host: string;
  readonly #port: number;
  #token = '';

  /** @throws where the endpoint is no URL. */
  constructor(settings: ImdsSettings) {
    this.#settings = settings;
    const { hostname, port } = new URL(settings.endpoint);
    this.#host = hostname.replace(/^\[|\]$/g, '');
    this.#port = Number(port) || 80;
  }

  /** @throws ImdsError, or the error of the connection. */
  async get(path: string): Promise<string> {
    let answer = await this.#ask('GET', path, this.#tokenHeader());
    if (answer.status === 401 && this.#settings.version === 'v2') {
      await this.#renewToken();
      answer = await this.#ask('GET', path, this.#tokenHeader());
    }
    if (answer.status !== 200) throw new ImdsError(path, answer.status);
    return answer.text;
  }

  async #renewToken(): Promise<void> {
    const path = '/latest/api/token';
    const answer = await this.#ask('PUT', path, { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS });
    if (answer.status !== 200) throw new ImdsError(path, answer.status);
    this.#token = answer.text.trim();
  }

  #tokenHeader(): Record<string, string> {
    if (this.#settings.version === 'v1') return {};
    return { 'x-aws-ec2-metadata-token': this.#token === '' ? 'none' : this.#token };
  }

  #ask(method: 'GET' | 'PUT', path: string, headers: Record<string, string>): Promise<LocalAnswer> {
    const { signal } = this.#settings;
    return askLocal({ method, host: this.#host, port: this.#port, path, headers, timeoutMs: TIMEOUT_MS, signal });
  }
}
