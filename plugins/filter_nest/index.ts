/**
 * The `nest` filter: puts fields into a map (nest), or takes the fields of a map out of it (lift).
 *
 * As Fluent Bit: the new map, or what was lifted, stands at the end; of a name that comes twice the last value stays, at
 * the last place; a field to lift that is no map is left alone. A record in which nothing is to do keeps its body.
 */
import { type Fields, isFields, setField, type Value } from '../../src/data/event.ts';
import { appendField } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable, type Property } from '../../src/plugin.ts';

const options = {
  operation: { type: 'text', required: true, help: 'nest puts fields into a map, lift takes the fields of a map out.' },
  wildcard: { type: 'text', many: true, help: 'For nest: a field; a star at its end stands for any rest of the name.' },
  wildcard_exclude: {
    type: 'text',
    many: true,
    help: 'For nest: a field, or a start with a star, that stays outside.',
  },
  nest_under: { type: 'text', help: 'For nest: the name of the map.' },
  nested_under: { type: 'text', help: 'For lift: the map whose fields come out.' },
  add_prefix: { type: 'text', aliases: ['prefix_with'], help: 'What is put before each name that moves.' },
  remove_prefix: { type: 'text', help: 'What is taken off each name that moves and begins so.' },
} as const satisfies OptionTable;

type Change = (body: Fields) => Fields;

export default defineFilter({
  name: 'nest',
  summary: 'Puts fields into a map, or takes those of a map out.',
  options,
  create: (given, host) => {
    const change = compileChange(given.operation, compileMoves(given.wildcard, given.wildcard_exclude), host);
    return {
      filter: (events) => {
        for (const event of events) event.body = change(event.body);
        return events;
      },
    };
  },
});

function compileChange(operation: string, moves: (key: string) => boolean, host: FilterHost): Change {
  const key = lastOf(host.section, ['nest_under', 'nested_under']) ?? '';
  if (key === '') host.log('warn', 'neither nest_under nor nested_under is given: the name of the map is empty');
  const naming = compileNaming(host.section);
  if (/^nest/i.test(operation)) return nest(moves, key, naming);
  if (/^lift/i.test(operation)) return lift(key, naming, host);
  throw new OptionError(`'${operation}' is no operation; write nest or lift`, 'operation');
}

/** The value of the option of these names that is written last. */
function lastOf(section: readonly Property[], keys: readonly string[]): string | undefined {
  return section.findLast(({ key }) => keys.includes(key))?.value;
}

type Naming = ((name: string) => string) | undefined;

function compileNaming(section: readonly Property[]): Naming {
  const added = lastOf(section, ['add_prefix', 'prefix_with']);
  const removed = lastOf(section, ['remove_prefix']);
  if (added !== undefined && removed !== undefined)
    throw new OptionError('add_prefix and remove_prefix cannot be used together', 'remove_prefix');
  if (added !== undefined) return (name) => added + name;
  if (removed !== undefined) return (name) => (name.startsWith(removed) ? name.slice(removed.length) : name);
  return undefined;
}

function nest(moves: (key: string) => boolean, under: string, naming: Naming): Change {
  return (body) => {
    for (const key in body) if (moves(key)) return nestFields(body, moves, under, naming);
    return body;
  };
}

function nestFields(body: Fields, moves: (key: string) => boolean, under: string, naming: Naming): Fields {
  const outer: Fields = {};
  const inner: Fields = {};
  for (const key in body) {
    if (!moves(key)) {
      if (key !== under) setField(outer, key, body[key] as Value);
    } else if (naming) appendField(inner, naming(key), body[key] as Value);
    else setField(inner, key, body[key] as Value);
  }
  setField(outer, under, inner);
  return outer;
}

function lift(under: string, naming: Naming, host: FilterHost): Change {
  let said = false;
  return (body) => {
    if (!Object.hasOwn(body, under)) return body;
    const inner = body[under];
    if (isFields(inner)) return liftFields(body, under, inner, naming);
    if (!said) host.log('info', `'${under}' is no map in some records, which stay as they are`);
    said = true;
    return body;
  };
}

function liftFields(body: Fields, under: string, inner: Fields, naming: Naming): Fields {
  const copy: Fields = {};
  for (const key in body) if (key !== under) setField(copy, key, body[key] as Value);
  for (const key in inner) appendField(copy, naming ? naming(key) : key, inner[key] as Value);
  return copy;
}

/** Verdicts on so many names are remembered; records rarely have more. */
const REMEMBERED = 1000;

function compileMoves(wildcards: readonly string[], excluded: readonly string[]): (key: string) => boolean {
  const moves = compileNames(wildcards);
  if (excluded.length === 0) return moves;
  const stays = compileNames(excluded);
  return (key) => moves(key) && !stays(key);
}

function compileNames(wildcards: readonly string[]): (key: string) => boolean {
  const exact = new Set(wildcards.filter((name) => !name.endsWith('*')));
  const starts = wildcards.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  if (starts.length === 0) return (key) => exact.has(key);
  const known = new Map<string, boolean>();
  return (key) => {
    let verdict = known.get(key);
    if (verdict === undefined) {
      verdict = exact.has(key) || starts.some((start) => key.startsWith(start));
      if (known.size < REMEMBERED) known.set(key, verdict);
    }
    return verdict;
  };
}
