/**
 * The `record_modifier` filter: appends fields with fixed values, and removes fields by name or keeps only some.
 *
 * As Fluent Bit: names to remove or keep are compared in any case, and a star at their end stands for any rest; an
 * appended field that is there already moves to the end; a record of which nothing is left is dropped, unless that would
 * empty the whole chunk (then the chunk stays as it was).
 */
import { randomUUID } from 'node:crypto';
import { type Fields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { defineFilter, OptionError, type OptionsOf, type OptionTable } from '../../src/plugin.ts';

const options = {
  record: { type: 'words', many: true, help: 'KEY VALUE: appends a field; quote values with blanks.' },
  remove_key: { type: 'text', many: true, help: 'Removes a field; a star at the end stands for any rest of the name.' },
  allowlist_key: {
    type: 'text',
    many: true,
    aliases: ['whitelist_key'],
    help: 'Keeps only such fields; a star at the end stands for any rest of the name.',
  },
  uuid_key: { type: 'text', help: 'Appends a field of this name with a random UUID.' },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

export default defineFilter({
  name: 'record_modifier',
  summary: 'Appends fields, and removes fields or keeps only some.',
  options,
  create: (given, host) => {
    const { remove_key: removed, allowlist_key: allowed } = given;
    if (removed.length > 0 && allowed.length > 0)
      throw new OptionError('remove_key and allowlist_key cannot be used together', 'allowlist_key');
    for (const words of given.record)
      if (words.length !== 2)
        host.log('error', `record '${words.join(' ')}' is ignored: write KEY VALUE, and quote a value with blanks`);
    const modify = compileBody(given);
    return { filter: (events) => apply(events, modify) };
  },
});

function apply(events: LogEvent[], modify: (body: Fields) => Fields): LogEvent[] {
  const bodies: Fields[] = [];
  let left = 0;
  let changed = false;
  for (const event of events) {
    const body = modify(event.body);
    bodies.push(body);
    if (body !== event.body) changed = true;
    if (hasFields(body)) left++;
  }
  if (left === 0 || !changed) return events;
  events.forEach((event, at) => {
    event.body = bodies[at] as Fields;
  });
  return left === events.length ? events : events.filter((event) => hasFields(event.body));
}

function hasFields(body: Fields): boolean {
  for (const _key in body) return true;
  return false;
}

/** @returns the same object where nothing changes. */
export function compileBody(given: Options): (body: Fields) => Fields {
  const select = compileSelect(given.remove_key, given.allowlist_key);
  const added = given.record.filter((words) => words.length === 2) as unknown as [string, string][];
  const { uuid_key: uuidKey } = given;
  if (added.length === 0 && uuidKey === undefined) return select;
  return (body) => {
    const selected = select(body);
    let copy = selected === body ? { ...body } : selected;
    for (const [key, value] of added) copy = append(copy, key, value);
    return uuidKey === undefined ? copy : append(copy, uuidKey, randomUUID());
  };
}

/** Writes into `body`, or, to move a field to the end, into a copy without it. */
function append(body: Fields, key: string, value: Value): Fields {
  let copy = body;
  if (Object.hasOwn(body, key)) {
    copy = {};
    for (const name in body) if (name !== key) setField(copy, name, body[name] as Value);
  }
  setField(copy, key, value);
  return copy;
}

function compileSelect(removed: readonly string[], allowed: readonly string[]): (body: Fields) => Fields {
  if (removed.length === 0 && allowed.length === 0) return (body) => body;
  const matches = compileNames(removed.length > 0 ? removed : allowed);
  const keeps = removed.length > 0 ? (key: string) => !matches(key) : matches;
  return (body) => {
    for (const key in body) if (!keeps(key)) return pick(body, keeps);
    return body;
  };
}

function pick(body: Fields, keeps: (key: string) => boolean): Fields {
  const copy: Fields = {};
  for (const key in body) if (keeps(key)) setField(copy, key, body[key] as Value);
  return copy;
}

/** Verdicts on so many names are remembered; records rarely have more. */
const REMEMBERED = 1000;

function compileNames(names: readonly string[]): (key: string) => boolean {
  const exact = new Set<string>();
  const starts: string[] = [];
  for (const name of names) {
    if (name.endsWith('*')) starts.push(name.slice(0, -1).toLowerCase());
    else exact.add(name.toLowerCase());
  }
  const known = new Map<string, boolean>();
  return (key) => {
    let verdict = known.get(key);
    if (verdict === undefined) {
      const lower = key.toLowerCase();
      verdict = exact.has(lower) || starts.some((start) => lower.startsWith(start));
      if (known.size < REMEMBERED) known.set(key, verdict);
    }
    return verdict;
  };
}
