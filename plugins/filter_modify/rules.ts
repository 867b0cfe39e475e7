/**
 * The rules of `modify`: each is compiled to a function from a body to a body. One that changes nothing returns what it
 * got; one that does returns a new object, or, where `mine` says that the object is already a copy of this filter, may
 * write into it. So a record is copied once, however many rules add to it.
 *
 * Places are Fluent Bit's: Set moves a field to the end, Rename keeps its place, a copy stands right after its source.
 */
import { type Fields, getField, setField, type Value } from '../../src/data/event.ts';
import { compileRegex } from '../../src/data/regex.ts';
import { OptionError } from '../../src/plugin.ts';

export type Rule = (body: Fields, mine: boolean) => Fields;

const has = (body: Fields, key: string): boolean => Object.hasOwn(body, key);

/** `words` are those of the option's value, with their quotes taken off. @throws OptionError */
export function compileRule(name: string, words: readonly string[]): Rule {
  const [first = '', second = ''] = words;
  // As Fluent Bit: three words make any rule a Rename of the first to the last (filter/modify-three-words).
  if (words.length === 3) return rename(first, words[2] as string);
  const one = ONE_WORD[name];
  if (one && words.length === 1) return one(first);
  const two = TWO_WORDS[name];
  if (two && words.length === 2) return two(first, second);
  throw new OptionError(`'${words.join(' ')}' does not fit ${name}: it takes ${one ? 'one word' : 'two words'}`, name);
}

const ONE_WORD: Readonly<Record<string, (word: string) => Rule>> = {
  remove: (key) => (body) => (has(body, key) ? without(body, (name) => name === key) : body),
  remove_wildcard: (start) => removeIf((key) => key.startsWith(start)),
  remove_regex: (pattern) => {
    const regex = compileRegex(pattern);
    return removeIf((key) => regex.test(key));
  },
  move_to_start: (start) => move((key) => key.startsWith(start)),
  move_to_end: (start) => move((key) => !key.startsWith(start)),
};

const TWO_WORDS: Readonly<Record<string, (key: string, value: string) => Rule>> = {
  add,
  add_if_not_present: add,
  set: (key, value) => (body, mine) => {
    if (has(body, key))
      return put(
        without(body, (name) => name === key),
        key,
        value,
      );
    return put(mine ? body : { ...body }, key, value);
  },
  rename,
  hard_rename: (from, to) => (body) => (has(body, from) ? rebuild(body, from, to) : body),
  copy: (from, to) => (body) => (has(body, from) && !has(body, to) ? copyAfter(body, from, to) : body),
  hard_copy: (from, to) => (body) => (has(body, from) ? copyAfter(body, from, to) : body),
};

function add(key: string, value: string): Rule {
  return (body, mine) => (has(body, key) ? body : put(mine ? body : { ...body }, key, value));
}

function rename(from: string, to: string): Rule {
  return (body) => (has(body, from) && !has(body, to) ? rebuild(body, from, to) : body);
}

function put(body: Fields, key: string, value: Value): Fields {
  setField(body, key, value);
  return body;
}

/** A copy with `from` under the name `to`, at its place; what had that name is left out. */
function rebuild(body: Fields, from: string, to: string): Fields {
  const copy: Fields = {};
  for (const key in body) {
    if (key === to) continue;
    setField(copy, key === from ? to : key, body[key] as Value);
  }
  return copy;
}

function copyAfter(body: Fields, from: string, to: string): Fields {
  const copy: Fields = {};
  for (const key in body) {
    if (key === to && from !== to) continue;
    setField(copy, key, body[key] as Value);
    if (key === from) setField(copy, to, getField(body, from) as Value);
  }
  return copy;
}

function without(body: Fields, drops: (key: string) => boolean): Fields {
  const copy: Fields = {};
  for (const key in body) if (!drops(key)) setField(copy, key, body[key] as Value);
  return copy;
}

function removeIf(drops: (key: string) => boolean): Rule {
  return (body) => {
    for (const key in body) if (drops(key)) return without(body, drops);
    return body;
  };
}

/** Fields for which `early` holds first, then the others. */
function move(early: (key: string) => boolean): Rule {
  return (body) => {
    const first: Fields = {};
    for (const key in body) if (early(key)) setField(first, key, body[key] as Value);
    for (const key in body) if (!early(key)) setField(first, key, body[key] as Value);
    return first;
  };
}
