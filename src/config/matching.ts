/**
 * Which Match can match no tag at all: surely a mistake, though Fluent Bit says nothing. Only what is certain is
 * reported: as soon as a plugin makes tags of its own (forward, rewrite_tag), every Match may fit something.
 */
import { compileMatch, matchesRegex } from '../data/tag.ts';
import type { FilterSpec, InputSpec, OutputSpec } from '../spec.ts';

/** Inputs whose events bring their tags. */
const OWN_TAGS = new Set([
  'forward',
  'http',
  'opentelemetry',
  'splunk',
  'elasticsearch',
  'kubernetes_events',
  'collectd',
  'prometheus_remote_write',
  'storage_backlog',
]);
const OWN_TAG_OPTIONS = ['tag_key', 'tag_prefix', 'tag_regex', 'tag_from_uri'];
const TAG_FILTERS = new Set(['rewrite_tag', 'lua', 'wasm', 'log_to_metrics']);

/** The tags of a configuration, as patterns in which `*` stands for anything; undefined where any tag may occur. */
export function tagPatterns(
  inputs: readonly InputSpec[],
  filters: readonly { definition: { name: string } }[],
): string[] | undefined {
  if (filters.some(({ definition }) => TAG_FILTERS.has(definition.name))) return undefined;
  const patterns: string[] = [];
  for (const input of inputs) {
    if (OWN_TAGS.has(input.definition.name)) return undefined;
    if (OWN_TAG_OPTIONS.some((option) => input.options[option] !== undefined)) return undefined;
    patterns.push(input.tag ?? input.name);
  }
  return patterns;
}

/** True where the filter or output can never see an event of these tags. */
export function matchesNothing(
  spec: FilterSpec | OutputSpec,
  patterns: readonly string[],
  regex: RegExp | undefined,
): boolean {
  if (spec.match === undefined && !regex) return false;
  return !patterns.some((pattern) => {
    if (spec.match !== undefined && overlap(spec.match, pattern)) return true;
    if (!regex) return false;
    return pattern.includes('*') || matchesRegex(regex, pattern);
  });
}

/** Whether some text fits both patterns. A tag without a star is simply tried. */
function overlap(match: string, tag: string): boolean {
  if (!tag.includes('*')) return compileMatch(match)(tag);
  // reachable[j]: the beginning of `match` up to j fits the tag's beginning so far. Stars on both sides move freely.
  let reachable = closure(new Set([0]), match);
  for (const char of tag) {
    const next = new Set<number>();
    if (char === '*') for (let j = Math.min(...reachable); j <= match.length; j++) next.add(j);
    else
      for (const j of reachable) {
        if (match[j] === '*') next.add(j);
        else if (match[j] === char) next.add(j + 1);
      }
    reachable = closure(next, match);
    if (reachable.size === 0) return false;
  }
  return reachable.has(match.length);
}

/** A star of the pattern may stand for nothing. */
function closure(states: Set<number>, match: string): Set<number> {
  for (const j of states) if (match[j] === '*') states.add(j + 1);
  return states;
}
