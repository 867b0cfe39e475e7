/**
 * The `modify` filter: adds, sets, renames, copies, moves and removes top-level fields, where all conditions are met.
 *
 * Rules work in the order in which they stand in the section, whatever their kind, each on what the one before it made.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { defineFilter, OptionError, type Property } from '../../src/plugin.ts';
import { type Condition, compileCondition } from './conditions.ts';
import { options } from './options.ts';
import { compileRule, type Rule } from './rules.ts';
import { splitWords } from './words.ts';

export default defineFilter({
  name: 'modify',
  summary: 'Adds, sets, renames, copies, moves and removes fields.',
  options,
  create: (_given, host) => {
    const modify = compileModify(host.section);
    return {
      filter: (events) => {
        for (const event of events) modify(event);
        return events;
      },
    };
  },
});

const RULES = new Set([...Object.keys(options), 'add_if_not_present']);

/** @throws OptionError */
export function compileModify(section: readonly Property[]): (event: LogEvent) => void {
  const rules: Rule[] = [];
  const conditions: Condition[] = [];
  for (const { key, value } of section) {
    if (!RULES.has(key)) continue;
    const words = splitWords(key, value);
    if (words.length === 0 || words.length > 3)
      throw new OptionError(`'${value}' has ${words.length} words; quote values with blanks`, key);
    if (key === 'condition') conditions.push(compileCondition(words));
    else rules.push(compileRule(key, words));
  }
  return (event) => {
    const { body } = event;
    for (const condition of conditions) if (!condition(body)) return;
    let changed = body;
    for (const rule of rules) changed = rule(changed, changed !== body);
    event.body = changed;
  };
}
