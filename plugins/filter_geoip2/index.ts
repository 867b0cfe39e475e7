/**
 * The `geoip2` filter: looks addresses up in a database of MaxMind and appends what is known of them.
 *
 * As Fluent Bit: only strings are looked up, names of fields in any case; where nothing is found the new field is null.
 * Unlike there, a name must fit as a whole, and may be a record accessor.
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import type { Fields, Value } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { defineFilter, OptionError, type OptionTable } from '../../src/plugin.ts';
import { type Lookup, openDatabase } from './lookup.ts';

const options = {
  database: { type: 'text', required: true, help: 'The file of the database (.mmdb).' },
  lookup_key: { type: 'text', many: true, required: true, help: 'A field with an address.' },
  record: {
    type: 'text',
    many: true,
    required: true,
    help: 'KEY LOOKUP_KEY VALUE: the field KEY gets VALUE, such as %{country.iso_code}, of the address in LOOKUP_KEY.',
  },
} as const satisfies OptionTable;

interface Rule {
  readonly key: string;
  readonly address: (body: Fields) => string | undefined;
  readonly path: readonly string[];
}

export default defineFilter({
  name: 'geoip2',
  summary: 'Appends what a database of MaxMind knows of an address.',
  options,
  create: (given, host) => {
    if (given.lookup_key.length === 0) throw new OptionError("option 'lookup_key' is missing", 'lookup_key');
    const rules: Rule[] = [];
    for (const text of given.record) {
      const rule = compileRule(text, given.lookup_key);
      if (rule) rules.push(rule);
      else host.log('error', `record '${text}' is ignored: write KEY LOOKUP_KEY %{path.in.the.database}`);
    }
    if (rules.length === 0) throw new OptionError("there is no usable 'record'", 'record');
    let lookup: Lookup = () => null;
    return {
      start: async () => {
        lookup = await openDatabase(given.database).catch((error: Error) => {
          throw new OptionError(`the database cannot be opened: ${error.message}`, 'database');
        });
      },
      filter: (events) => {
        for (const event of events) event.body = locate(event.body, rules, lookup);
        return events;
      },
    };
  },
});

/** undefined where it is not made of three parts. */
function compileRule(text: string, lookupKeys: readonly string[]): Rule | undefined {
  const [, key, lookupKey, wanted] = /^\s*(\S+)\s+(\S+)\s+%\{([^}]+)\}\s*$/.exec(text) ?? [];
  if (key === undefined || lookupKey === undefined || wanted === undefined) return undefined;
  const isKnown = lookupKeys.includes(lookupKey);
  return { key, address: isKnown ? compileAddress(lookupKey) : () => undefined, path: wanted.split('.') };
}

function compileAddress(key: string): Rule['address'] {
  const text = (value: Value | undefined) => (typeof value === 'string' ? value : undefined);
  if (key.startsWith('$')) {
    const { get } = compileAccessor(key);
    return (body) => text(get(body));
  }
  const lower = key.toLowerCase();
  return (body) => {
    if (Object.hasOwn(body, key)) return text(body[key]);
    for (const name in body) if (name.length === key.length && name.toLowerCase() === lower) return text(body[name]);
    return undefined;
  };
}

function locate(body: Fields, rules: readonly Rule[], lookup: Lookup): Fields {
  const added: [string, Value][] = [];
  for (const { key, address, path } of rules) {
    const found = address(body);
    added.push([key, found === undefined ? null : lookup(found, path)]);
  }
  return withAppended(body, added);
}
