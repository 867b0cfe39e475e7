/**
 * OAuth 2.0 for HTTP outputs, by client credentials: a token is asked for when it is first needed, kept until shortly
 * before its end, asked for once although many wait for it, and thrown away when a server does not take it (401).
 *
 * Source: RFC 6749 (4.4), RFC 7523 for private_key_jwt.
 */
import { OptionError, type OptionsOf, type OptionTable } from '../options.ts';
import type { Clock } from '../plugin.ts';
import { basicAuth, headerValue } from './headers.ts';
import { HttpClient, type HttpClientSettings } from './http_client.ts';
import { Assertion } from './oauth2_assertion.ts';

export const OAUTH2_OPTIONS = {
  'oauth2.enable': { type: 'boolean', default: 'off', help: 'Logs in with a token of OAuth 2.0 (client credentials).' },
  'oauth2.token_url': { type: 'text', help: 'Where tokens are asked for.' },
  'oauth2.client_id': { type: 'text', help: 'Id of the client.' },
  'oauth2.client_secret': { type: 'text', secret: true, help: 'Secret of the client.' },
  'oauth2.scope': { type: 'text', help: 'Scope of the token.' },
  'oauth2.audience': { type: 'text', help: 'Audience of the token.' },
  'oauth2.resource': { type: 'text', help: 'Resource of the token.' },
  'oauth2.auth_method': {
    type: 'text',
    oneOf: ['basic', 'post', 'private_key_jwt'],
    default: 'basic',
    help: 'How the client shows who it is: its secret in a header, in the form, or an assertion that its key signs.',
  },
  'oauth2.user_agent': { type: 'text', help: 'User-Agent of the requests for tokens; none by default.' },
  'oauth2.jwt_key_file': { type: 'text', help: 'PEM file of the key that signs assertions (private_key_jwt).' },
  'oauth2.jwt_cert_file': { type: 'text', help: 'Certificate of that key; its fingerprint stands in assertions.' },
  'oauth2.jwt_aud': { type: 'text', help: 'Audience of assertions; by default oauth2.token_url.' },
  'oauth2.jwt_header': {
    type: 'text',
    default: 'kid',
    help: "Where the certificate's fingerprint stands: kid, x5t or x5t#S256.",
  },
  'oauth2.jwt_ttl_seconds': { type: 'integer', default: '300', help: 'How many seconds assertions are valid.' },
  'oauth2.refresh_skew_seconds': {
    type: 'integer',
    default: '60',
    help: 'How many seconds before its end a token is renewed; no more than half its life.',
  },
  'oauth2.timeout': {
    type: 'time',
    default: '0s',
    help: 'How long asking for a token may take; 0: http.response_timeout.',
  },
  'oauth2.connect_timeout': {
    type: 'time',
    default: '0s',
    help: 'How long connecting for a token may take; 0: net.connect_timeout.',
  },
} as const satisfies OptionTable;

export type OAuth2Options = OptionsOf<typeof OAUTH2_OPTIONS>;

/** Where a server does not say how long a token lives. */
const DEFAULT_LIFE_SECONDS = 300;
const DEFAULT_SKEW_SECONDS = 60;

interface Token {
  /** `Bearer ...` */
  readonly header: string;
  /** Unix milliseconds. */
  readonly renewAt: number;
}

/** @throws OptionError where something is missing. undefined where oauth2.enable is off. */
export function readOAuth2(
  given: OAuth2Options & HttpClientSettings['options'],
  clock: Clock,
): TokenSource | undefined {
  if (!given['oauth2.enable']) return undefined;
  const { 'oauth2.token_url': text, 'oauth2.client_id': id, 'oauth2.client_secret': secret } = given;
  const url = text === undefined ? null : URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new OptionError(`oauth2.enable needs an address, https://..., as 'oauth2.token_url'`, 'oauth2.token_url');
  if (id === undefined) throw new OptionError("oauth2.enable needs 'oauth2.client_id'", 'oauth2.client_id');
  const isKey = given['oauth2.auth_method'] === 'private_key_jwt';
  if (!isKey && secret === undefined)
    throw new OptionError("oauth2.enable needs 'oauth2.client_secret'", 'oauth2.client_secret');
  return new TokenSource(given, url, id, clock, isKey ? new Assertion(given, id, clock) : undefined);
}

export class TokenSource {
  readonly #given: OAuth2Options;
  readonly #url: URL;
  readonly #id: string;
  readonly #clock: Clock;
  readonly #assertion: Assertion | undefined;
  readonly #http: HttpClient;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor(
    given: OAuth2Options & HttpClientSettings['options'],
    url: URL,
    id: string,
    clock: Clock,
    assertion: Assertion | undefined,
  ) {
    this.#given = given;
    this.#url = url;
    this.#id = id;
    this.#clock = clock;
    this.#assertion = assertion;
    this.#http = new HttpClient({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      options: tokenOptions(given, url.protocol === 'https:'),
      clock,
    });
  }

  /** Reads the files of keys. @throws OptionError */
  async open(): Promise<void> {
    await this.#assertion?.open();
    await this.#http.open();
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** The value of the Authorization header. @throws an Error that says what the token server answered. */
  async header(): Promise<string> {
    if (this.#token && this.#clock.now() < this.#token.renewAt) return this.#token.header;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#token = await this.#asking;
    return this.#token.header;
  }

  /** That token was not taken; the next one is new, unless somebody else has seen to it. */
  refused(header: string): void {
    if (this.#token?.header === header) this.#token = undefined;
  }

  async #ask(): Promise<Token> {
    const { 'oauth2.auth_method': method, 'oauth2.client_secret': secret = '' } = this.#given;
    const headers = ['Content-Type', 'application/x-www-form-urlencoded', 'Accept', 'application/json'];
    const agent = this.#given['oauth2.user_agent'];
    if (agent !== undefined) headers.push('User-Agent', headerValue(agent));
    if (method === 'basic') headers.push('Authorization', basicAuth(this.#id, secret));
    const path = `${this.#url.pathname}${this.#url.search}`;
    let answer: Awaited<ReturnType<HttpClient['request']>>;
    try {
      answer = await this.#http.request({ method: 'POST', path, headers, body: this.#form(method, secret) });
    } catch (error) {
      throw new Error(`no token from ${this.#url.origin}`, { cause: error });
    }
    return this.#read(answer.status, answer.text);
  }

  #form(method: string, secret: string): string {
    const { 'oauth2.scope': scope, 'oauth2.audience': audience, 'oauth2.resource': resource } = this.#given;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== undefined) form.set('scope', scope);
    if (audience !== undefined) form.set('audience', audience);
    if (resource !== undefined) form.set('resource', resource);
    if (method !== 'basic') form.set('client_id', this.#id);
    if (method === 'post') form.set('client_secret', secret);
    if (this.#assertion) {
      form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      form.set('client_assertion', this.#assertion.sign());
    }
    return form.toString();
  }

  /** RFC 6749, 5.1 and 5.2. */
  #read(status: number, text: string): Token {
    const said = fieldsOf(text);
    const { access_token: token, token_type: type, expires_in: seconds, error, error_description: more } = said;
    if (status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      const words = [error, more].filter((word) => typeof word === 'string').join(', ');
      const what = status === 200 ? 'an answer without access_token' : `HTTP status ${status}`;
      throw new Error(`no token from ${this.#url.origin}: ${what}${words && `: ${words}`}`);
    }
    const life = Number(seconds) > 0 ? Number(seconds) : DEFAULT_LIFE_SECONDS;
    const skew = this.#given['oauth2.refresh_skew_seconds'];
    const early = Math.min(skew > 0 ? skew : DEFAULT_SKEW_SECONDS, life / 2);
    // Some servers write `bearer`, which not every other server reads.
    const kind = typeof type !== 'string' || /^bearer$/i.test(type) ? 'Bearer' : type;
    return { header: `${kind} ${token}`, renewAt: this.#clock.now() + (life - early) * 1000 };
  }
}

/** Tokens come from another server than the one that the tls.* options are about; its certificate is always checked. */
function tokenOptions(
  given: OAuth2Options & HttpClientSettings['options'],
  tls: boolean,
): HttpClientSettings['options'] {
  return {
    ...given,
    tls,
    'tls.verify': true,
    'tls.verify_hostname': true,
    'tls.vhost': undefined,
    'tls.ca_file': undefined,
    'tls.ca_path': undefined,
    'tls.crt_file': undefined,
    'tls.key_file': undefined,
    'http.response_timeout': given['oauth2.timeout'] || given['http.response_timeout'],
    'net.connect_timeout': given['oauth2.connect_timeout'] || given['net.connect_timeout'],
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
