/**
 * [MULTILINE_PARSER] sections, compiled; and, for who joins lines, all that belongs to it: the built-in parsers
 * (multiline_rules.ts) and the machine that runs a list of parsers over the lines of a file (multiline_stream.ts).
 */
import { OptionError, type OptionTable, type Property, readBoolean, readInteger, readSize } from '../options.ts';
import type { MultilineParser, MultilineRule, Parser } from '../plugin.ts';
import { compileRule, FLUSH_MS } from './multiline_rules.ts';
import { START_STATE } from './rule_graph.ts';

export { BUILT_IN_MULTILINE } from './multiline_rules.ts';
export { MultilinePlan, MultilineStream } from './multiline_stream.ts';

export const MULTILINE_PARSER_OPTIONS = {
  name: { type: 'text', required: true, help: 'The name for multiline.parser.' },
  type: { type: 'text', required: true, help: 'regex (rules), endswith or equal (eq).' },
  match_string: { type: 'text', help: 'The text at the end of a last line (endswith), or the whole of it (equal).' },
  negate: { type: 'boolean', default: 'off', help: 'The lines that do not fit Match_String end a record.' },
  key_content: { type: 'text', help: 'The key that holds the text, after Parser or in the multiline filter.' },
  key_pattern: { type: 'text', help: 'The key to compare with Match_String instead of the text.' },
  key_group: { type: 'text', help: 'Lines with different values of this key are joined apart from each other.' },
  parser: { type: 'text', help: 'A parser that every line goes through first.' },
  flush_timeout: { type: 'integer', default: '4000', help: 'Milliseconds until an unfinished record is put out.' },
  rule: { type: 'text', many: true, help: '"state, ..." "pattern" "next state": for type regex.' },
} as const satisfies OptionTable;

const TYPES: Readonly<Record<string, MultilineParser['type']>> = {
  regex: 'regex',
  endswith: 'endswith',
  equal: 'equal',
  eq: 'equal',
};

/**
 * Compiles one section. A Parser that nobody defined is as none (as Fluent Bit: multiline/custom-unknown-parser-is-ignored),
 * and `parserByName` is where to notice it.
 * @throws OptionError naming the property.
 */
export function compileMultilineParser(
  properties: readonly Property[],
  parserByName: (name: string) => Parser | undefined,
): MultilineParser {
  const first = (key: string): string | undefined => properties.find((property) => property.key === key)?.value;
  const type = TYPES[(first('type') ?? '').toLowerCase()];
  if (type === undefined) throw new OptionError("'type' must be regex, endswith or equal", 'type');
  const matchText = first('match_string');
  if (type !== 'regex' && matchText === undefined)
    throw new OptionError(`type ${type} needs a 'match_string'`, 'match_string');
  const timeout = first('flush_timeout');
  const parserName = first('parser');
  const found = parserName === undefined ? undefined : parserByName(parserName);
  const optional = {
    matchText,
    keyContent: first('key_content'),
    keyPattern: first('key_pattern'),
    keyGroup: first('key_group'),
  };
  return {
    name: first('name') ?? '',
    type,
    rules: type === 'regex' ? compileRules(properties) : [],
    negate: readNegate(first('negate')),
    flushMs: timeout === undefined ? FLUSH_MS : readInteger(timeout),
    ...present(optional),
    ...(found && { parser: found }),
  };
}

function readNegate(text: string | undefined): boolean {
  try {
    return text !== undefined && readBoolean(text);
  } catch (error) {
    throw new OptionError((error as Error).message, 'negate');
  }
}

function compileRules(properties: readonly Property[]): MultilineRule[] {
  const rules: MultilineRule[] = [];
  for (const { key, value } of properties) {
    if (key !== 'rule') continue;
    const [from, pattern, to, ...rest] = splitRule(value);
    if (from === undefined || pattern === undefined || to === undefined || rest.length > 0)
      throw new OptionError('a rule is "state" "pattern" "next state", each in double quotes', 'rule');
    const rule = compileRule(from, pattern, to);
    if (rule.from.length === 0) throw new OptionError('a rule needs the state that it starts from', 'rule');
    rules.push(rule);
  }
  checkStates(rules);
  return rules;
}

/** Words, or texts in double quotes in which only \\" is an escape: a pattern keeps its backslashes. */
function splitRule(text: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g))
    words.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('\\"', '"'));
  return words;
}

function checkStates(rules: readonly MultilineRule[]): void {
  if (rules.length === 0) throw new OptionError("type regex needs a 'rule'", 'rule');
  if (!rules[0]?.from.includes(START_STATE))
    throw new OptionError(`the first rule must start from '${START_STATE}'`, 'rule');
  for (const { to } of rules)
    if (!rules.some(({ from }) => from.includes(to)))
      throw new OptionError(`a rule leads to '${to}', but no rule starts from it`, 'rule');
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Only the keys whose values are there. */
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** Multiline_Buffer_Limit: as a size, but k, M and G are powers of 1024; 0 for `false`: no limit. @throws OptionError */
export function readMultilineLimit(text: string): number {
  return readSize(text.replace(/([kmg])b?\s*$/i, '$1iB'));
}
