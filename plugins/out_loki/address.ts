/** Loki's address as one URL, in the place of host, port, uri and tls. */
import { OptionError } from '../../src/plugin.ts';
import type { Options } from './settings.ts';

const PUSH = '/loki/api/v1/push';

/** The options as if the parts of `url` had been written each. @throws OptionError */
export function withAddress(given: Options): Options {
  if (given.url === undefined) return given;
  if (!URL.canParse(given.url) || !/^https?:$/.test(new URL(given.url).protocol))
    throw new OptionError(`'${given.url}' is no address of Loki; write http://HOST:PORT`, 'url');
  const { protocol, hostname, port, pathname, username, password } = new URL(given.url);
  const tls = protocol === 'https:';
  return {
    ...given,
    tls,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    uri: pathname === '/' ? PUSH : pathname,
    http_user: username === '' ? given.http_user : decodeURIComponent(username),
    http_passwd: username === '' ? given.http_passwd : decodeURIComponent(password),
  };
}
