/**
 * Which container a record comes from: out of its tag (POD_NAMESPACE_CONTAINER-ID.log after the prefix, or whatever
 * Regex_Parser reads) or out of the journal's CONTAINER_NAME (k8s_CONTAINER.HASH_POD_NAMESPACE_UID_ATTEMPT). Pure.
 *
 * As in Fluent Bit, the prefix counts as a number of characters and is never compared.
 */
import type { Value } from '../../src/data/event.ts';
import type { ContainerName } from '../../src/net/kube_metadata.ts';
import type { Parser } from '../../src/plugin.ts';

const FILE_NAME =
  /([a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)_([^_]+)_(.+)-([a-z0-9]{64})\.log$/;
const CONTAINER_NAME = /^[^_]+_([^._]+)(?:\.([^_]+))?_([^_]+)_([^_]+)_[^_]+_[^_]+$/;

export type ReadName = (text: string) => ContainerName | undefined;

/** @returns undefined where the tag, without its prefix, names no container. */
export function readTag(prefixLength: number, parser: Parser | undefined): ReadName {
  const read = parser ? readWith(parser) : readFileName;
  return (tag) => (prefixLength + 1 >= tag.length ? undefined : read(tag.slice(prefixLength)));
}

export function readJournalName(parser: Parser | undefined): ReadName {
  return parser ? readWith(parser) : readContainerName;
}

function readFileName(text: string): ContainerName | undefined {
  const match = FILE_NAME.exec(text);
  return match ? { pod: match[1], namespace: match[2], container: match[3], dockerId: match[4] } : undefined;
}

function readContainerName(text: string): ContainerName | undefined {
  const match = CONTAINER_NAME.exec(text);
  return match ? { container: match[1], containerHash: match[2], pod: match[3], namespace: match[4] } : undefined;
}

function readWith(parser: Parser): ReadName {
  return (text) => {
    const body = parser.parse(text, 0, 0)?.body;
    if (!body) return undefined;
    return {
      pod: textOf(body.pod_name),
      namespace: textOf(body.namespace_name),
      container: textOf(body.container_name),
      dockerId: textOf(body.docker_id),
      containerHash: textOf(body.container_hash),
    };
  };
}

/** A parser's Types may have made a number of an id. */
function textOf(value: Value | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value);
}
