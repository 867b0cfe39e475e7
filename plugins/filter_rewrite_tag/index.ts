/**
 * The `rewrite_tag` filter: gives records a new tag by the first rule whose pattern fits one of their fields.
 *
 * A record with a new tag goes through all filters from the first one on, but not through this one again. Fluent Bit
 * keeps such records in a buffer of its own (the emitter) and loses them when that is full; here they go straight on
 * to the buffer of the input they came from, whose limit and back-pressure count, and the source is told that a record
 * is safe only when it is safe under its new tag. Filters that send records round in a circle are found (the engine
 * counts the hops): the records then come out under the tag that they have, and an error says so.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import type { LogEvent } from '../../src/data/event.ts';
import { compileRegex, matchOf } from '../../src/data/regex.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable } from '../../src/plugin.ts';

const options = {
  rule: {
    type: 'words',
    many: true,
    help: 'KEY PATTERN NEW_TAG KEEP: records whose field fits get the new tag; KEEP true: they stay under the old one, too.',
  },
  emitter_name: { type: 'text', help: 'Accepted; there is no emitter: records go on by themselves.' },
  'emitter_storage.type': {
    type: 'text',
    oneOf: ['memory', 'filesystem', 'memrb'],
    default: 'memory',
    help: 'Accepted; the storage.type of the input counts.',
  },
  emitter_mem_buf_limit: { type: 'size', default: '10M', help: 'Accepted; the limit of the input counts.' },
} as const satisfies OptionTable;

interface Rule {
  readonly field: Accessor;
  readonly regex: RegExp;
  readonly tag: Template;
  readonly keep: boolean;
}

export default defineFilter({
  name: 'rewrite_tag',
  summary: 'Gives records a new tag by what their fields hold.',
  options,
  create: (given, host) => {
    const rules = given.rule.map(compileRule);
    if (rules.length === 0) host.log('warn', 'there is no rule: no record gets a new tag');
    const rewriter = new Rewriter(rules, host);
    return { filter: (events, tag) => rewriter.rewrite(events, tag) };
  },
});

function compileRule(words: readonly string[]): Rule {
  const [key, pattern, tag, keep] = words;
  if (key === undefined || pattern === undefined || tag === undefined || keep === undefined)
    throw new OptionError(`'${words.join(' ')}' is no rule; write KEY PATTERN NEW_TAG KEEP`, 'rule');
  try {
    return {
      field: compileAccessor(key),
      regex: compileRegex(pattern),
      tag: compileTemplate(tag),
      keep: /^(on|true|yes)$/i.test(keep),
    };
  } catch (error) {
    throw new OptionError((error as Error).message, 'rule');
  }
}

class Rewriter {
  readonly #rules: readonly Rule[];
  readonly #host: FilterHost;
  readonly #loops = new Set<string>();

  constructor(rules: readonly Rule[], host: FilterHost) {
    this.#rules = rules;
    this.#host = host;
  }

  /** @returns the same array where no rule fits. */
  rewrite(events: LogEvent[], tag: string): LogEvent[] {
    let kept: LogEvent[] | undefined;
    let emitted: Map<string, LogEvent[]> | undefined;
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as LogEvent;
      const rule = this.#apply(event, tag);
      if (!rule) {
        kept?.push(event);
        continue;
      }
      kept ??= events.slice(0, at);
      if (rule.keep) kept.push(event);
      emitted ??= new Map();
      const moved = rule.keep ? { ...event } : event;
      const group = emitted.get(this.#tag);
      if (group) group.push(moved);
      else emitted.set(this.#tag, [moved]);
    }
    if (!kept || !emitted) return events;
    return this.#emit(emitted, tag) ? kept : events;
  }

  /** The new tag that `#apply` found. */
  #tag = '';

  #apply(event: LogEvent, tag: string): Rule | undefined {
    for (const rule of this.#rules) {
      const value = rule.field.get(event.body);
      if (typeof value !== 'string') continue;
      const match = matchOf(rule.regex, value);
      if (!match) continue;
      this.#tag = rule.tag.fill(event.body, tag, match);
      // As Fluent Bit: without a tag there is nothing to emit, and the record stays.
      return this.#tag === '' ? undefined : rule;
    }
    return undefined;
  }

  /** False where the records have gone round in a circle. All groups have the same history, so all are taken or none. */
  #emit(groups: Map<string, LogEvent[]>, oldTag: string): boolean {
    for (const [tag, events] of groups) {
      const settle = this.#host.hold();
      if (this.#host.emit(tag, events, settle)) continue;
      settle('safe');
      this.#host.count('loops_total', events.length);
      if (!this.#loops.has(oldTag) && this.#loops.size < 100) {
        this.#loops.add(oldTag);
        this.#host.log(
          'error',
          `rewrite_tag filters send records round in a circle: '${oldTag}' was to become '${tag}' again. They come out as ` +
            `'${oldTag}'; change the Match or the rules so that no new tag leads back`,
        );
      }
      return false;
    }
    return true;
  }
}
