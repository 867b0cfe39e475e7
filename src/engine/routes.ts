/**
 * Which outputs an event goes to: by Match and Match_Regex of the outputs, kept for every tag seen, or by the `routes`
 * of an input (YAML), which look at each event and leave outputs that only match by tag aside.
 */
import { compileCondition } from '../data/condition.ts';
import type { LogEvent } from '../data/event.ts';
import { compileRegex } from '../data/regex.ts';
import { compileMatch, matchesRegex } from '../data/tag.ts';
import type { Matching, RouteRule } from '../spec.ts';
import type { OutputUnit } from './output_unit.ts';

/** More tags than this are not remembered at once: tags may come from outside. */
const MAX_REMEMBERED_TAGS = 10_000;

/** Match or Match_Regex: either is enough; neither fits nothing. */
export function compileMatching({ match, matchRegex }: Matching): (tag: string) => boolean {
  const byMatch = match === undefined ? undefined : compileMatch(match);
  const regex = matchRegex === undefined ? undefined : compileRegex(matchRegex);
  return (tag) => (byMatch?.(tag) ?? false) || (regex !== undefined && matchesRegex(regex, tag));
}

/** Remembers the answer of a function of the tag. */
export function perTag<T>(compute: (tag: string) => T): (tag: string) => T {
  const known = new Map<string, T>();
  return (tag) => {
    const found = known.get(tag);
    if (found !== undefined) return found;
    if (known.size >= MAX_REMEMBERED_TAGS) known.clear();
    const made = compute(tag);
    known.set(tag, made);
    return made;
  };
}

/** Events that take the same outputs; `key` tells the groups of one input apart. */
export interface RouteGroup {
  readonly key: string;
  readonly outputs: readonly OutputUnit[];
  readonly events: LogEvent[];
}

export interface CompiledRule {
  readonly takes: ((event: LogEvent) => boolean) | 'default';
  readonly outputs: readonly OutputUnit[];
}

/**
 * The router of an input with routes. As Fluent Bit: routes of which none leads to an output are as none, and the input is
 * routed by tag. One whose list of routes is empty (Routable off) reaches nothing.
 */
export function compileRouter(rules: readonly RouteRule[], outputs: readonly OutputUnit[]): EventRouter | undefined {
  const compiled = rules.map(({ condition, outputs: names, fallbacks }): CompiledRule => {
    const units = names.map((name) => findOutput(outputs, name) ?? findOutput(outputs, fallbacks?.get(name)));
    return {
      takes: condition === 'default' ? 'default' : condition === undefined ? () => true : compileCondition(condition),
      outputs: units.filter((unit) => unit !== undefined),
    };
  });
  const isEmpty = compiled.length > 0 && compiled.every((rule) => rule.outputs.length === 0);
  return isEmpty ? undefined : new EventRouter(compiled);
}

/** The first one that has this Alias or name, or is of this plugin. */
function findOutput(outputs: readonly OutputUnit[], name: string | undefined): OutputUnit | undefined {
  if (name === undefined) return undefined;
  return outputs.find(({ spec }) => name === spec.alias || name === spec.name || name === spec.definition.name);
}

export class EventRouter {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  /** Every event is in exactly one group; one whose outputs are empty is to be dropped. */
  split(events: readonly LogEvent[]): RouteGroup[] {
    const groups = new Map<string, RouteGroup>();
    for (const event of events) {
      const taken = this.#taken(event);
      const key = taken.join(',');
      let group = groups.get(key);
      if (!group) {
        const outputs = new Set(taken.flatMap((index) => this.#rules[index]?.outputs ?? []));
        group = { key, outputs: [...outputs], events: [] };
        groups.set(key, group);
      }
      group.events.push(event);
    }
    return [...groups.values()];
  }

  #taken(event: LogEvent): number[] {
    const taken: number[] = [];
    this.#rules.forEach(({ takes }, index) => {
      if (takes !== 'default' && takes(event)) taken.push(index);
    });
    if (taken.length > 0) return taken;
    return this.#rules.flatMap(({ takes }, index) => (takes === 'default' ? [index] : []));
  }
}
