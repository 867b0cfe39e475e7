/**
 * What pods (and namespaces) ask for in their annotations, for each stream of a container:
 *
 *     fluentbit.io/parser[_stdout|_stderr][-CONTAINER]: PARSER
 *     fluentbit.io/exclude[_stdout|_stderr][-CONTAINER]: true
 *
 * An annotation for the container goes before one for all, and of those for all the first one that names a stream. Both
 * have to be allowed by an option.
 */
import { annotationsOf } from '../../src/net/kube_metadata.ts';
import type { KubeObject } from '../../src/net/kube_types.ts';
import type { Level, Parser } from '../../src/plugin.ts';

export interface StreamWish {
  readonly parser: Parser | undefined;
  /** undefined: it says nothing. */
  readonly excluded: boolean | undefined;
}

export interface Wishes {
  readonly stdout: StreamWish;
  readonly stderr: StreamWish;
}

export const NO_WISHES: Wishes = {
  stdout: { parser: undefined, excluded: undefined },
  stderr: { parser: undefined, excluded: undefined },
};

export interface WishRules {
  readonly allowsParser: boolean;
  readonly allowsExclude: boolean;
  parser(name: string): Parser | undefined;
  log(level: Level, message: string): void;
}

const PREFIX = 'fluentbit.io/';
const FORM = /^(parser|exclude)(?:_(stdout|stderr))?(?:-(.+))?$/s;

const STREAMS = ['stdout', 'stderr'] as const;
type Stream = (typeof STREAMS)[number];

interface Wish {
  parser?: Parser;
  excluded?: boolean;
}

/** Called once for a container, not for its events. @param where names the object in a log line. */
export function readWishes(
  object: KubeObject | undefined,
  container: string | undefined,
  where: string,
  rules: WishRules,
): Wishes {
  const all: Record<Stream, Wish> = { stdout: {}, stderr: {} };
  const own: Record<Stream, Wish> = { stdout: {}, stderr: {} };
  let isAsked = false;
  for (const [key, value] of annotationsOf(object)) {
    if (!key.startsWith(PREFIX)) continue;
    const form = FORM.exec(key.slice(PREFIX.length));
    if (!form) {
      rules.log('warn', `unknown annotation '${key}' (${where})`);
      continue;
    }
    const [, kind, stream, only] = form;
    if (only !== undefined && only !== container) continue;
    const wish = kind === 'parser' ? parserWish(key, value, where, rules) : excludeWish(key, value, where, rules);
    if (!wish) continue;
    isAsked = true;
    // As Fluent Bit: of several for all containers the first one counts, of several for this one the last.
    for (const name of stream === undefined ? STREAMS : [stream as Stream])
      if (only === undefined) all[name] = { ...wish, ...all[name] };
      else own[name] = { ...own[name], ...wish };
  }
  if (!isAsked) return NO_WISHES;
  return { stdout: joined(all.stdout, own.stdout), stderr: joined(all.stderr, own.stderr) };
}

/** What a namespace wishes holds where the pod says nothing of it. */
export function withNamespace(pod: Wishes, namespace: Wishes): Wishes {
  if (namespace === NO_WISHES) return pod;
  const over = (own: StreamWish, other: StreamWish): StreamWish => ({
    parser: own.parser,
    excluded: own.excluded ?? other.excluded,
  });
  return { stdout: over(pod.stdout, namespace.stdout), stderr: over(pod.stderr, namespace.stderr) };
}

function joined(all: Wish, own: Wish): StreamWish {
  return { parser: own.parser ?? all.parser, excluded: own.excluded ?? all.excluded };
}

function parserWish(key: string, value: string, where: string, rules: WishRules): Wish | undefined {
  if (!rules.allowsParser) return notAllowed(key, where, rules);
  const parser = rules.parser(value);
  if (parser) return { parser };
  rules.log('warn', `annotation '${key}': no parser '${value}' is defined (${where})`);
  return undefined;
}

function excludeWish(key: string, value: string, where: string, rules: WishRules): Wish | undefined {
  if (!rules.allowsExclude) return notAllowed(key, where, rules);
  return { excluded: /^(true|on|yes)$/i.test(value) };
}

function notAllowed(key: string, where: string, rules: WishRules): undefined {
  rules.log('debug', `annotation '${key}' is not allowed (${where})`);
  return undefined;
}
