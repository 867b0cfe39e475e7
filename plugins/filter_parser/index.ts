/**
 * The `parser` filter: parses one field of each record with the first parser that fits it.
 *
 * The parsed keys come first, then, with Reserve_Data, the other keys of the record, which win where a name repeats.
 * Records without the field, with one that is no text, or that no parser fits stay as they are. A time in the text
 * becomes that of the event.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { type Fields, type LogEvent, setField, type Value } from '../../src/data/event.ts';
import { appendField } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable, type Parser } from '../../src/plugin.ts';

const options = {
  key_name: {
    type: 'text',
    required: true,
    help: "The field to parse: a key, or an accessor such as $kubernetes['labels'].",
  },
  parser: { type: 'text', required: true, many: true, help: 'The name of a parser; the first that fits is taken.' },
  preserve_key: { type: 'boolean', default: 'off', help: 'Keeps the field that was parsed.' },
  reserve_data: { type: 'boolean', default: 'off', help: 'Keeps all other fields of the record.' },
  nest_under: { type: 'text', help: 'Puts the parsed keys into a map under this key.' },
  unescape_key: { type: 'boolean', help: 'Without effect, as in Fluent Bit.' },
} as const satisfies OptionTable;

interface Settings {
  readonly field: Accessor;
  /** The key that goes when it was parsed; undefined for an accessor, whose source stays. */
  readonly key: string | undefined;
  readonly preserveKey: boolean;
  readonly reserveData: boolean;
  readonly nestUnder: string | undefined;
}

export default defineFilter({
  name: 'parser',
  summary: 'Parses a field of each record.',
  options,
  create(given, host) {
    if (given.parser.length === 0) throw new OptionError("option 'parser' is missing", 'parser');
    const parsers = findParsers(given.parser, host);
    const settings: Settings = {
      field: compileAccessor(given.key_name),
      key: given.key_name.startsWith('$') ? undefined : given.key_name,
      preserveKey: given.preserve_key,
      reserveData: given.reserve_data,
      nestUnder: given.nest_under,
    };
    return {
      filter(events) {
        for (let i = 0; i < events.length; i++) parseEvent(events[i] as LogEvent, parsers, settings);
        return events;
      },
    };
  },
});

/** An unknown parser beside known ones is left out; without any the filter cannot start (as Fluent Bit). */
function findParsers(names: readonly string[], host: FilterHost): Parser[] {
  const parsers: Parser[] = [];
  for (const name of names) {
    const parser = host.parser(name);
    if (parser) parsers.push(parser);
    else host.log('error', `requested parser '${name}' not found`);
  }
  if (parsers.length === 0) throw new OptionError(`no parser '${names.join("', '")}' is defined`, 'parser');
  return parsers;
}

function parseEvent(event: LogEvent, parsers: readonly Parser[], settings: Settings): void {
  const text = settings.field.get(event.body);
  if (typeof text !== 'string') return;
  for (let i = 0; i < parsers.length; i++) {
    const parsed = (parsers[i] as Parser).parse(text, event.seconds, event.nanos);
    if (parsed === undefined) continue;
    event.seconds = parsed.seconds;
    event.nanos = parsed.nanos;
    event.body = merge(parsed.body, event.body, settings);
    return;
  }
}

/** `fields` were made for this event alone, so they are what grows. */
function merge(fields: Fields, before: Fields, { key, preserveKey, reserveData, nestUnder }: Settings): Fields {
  let parsed = fields;
  if (nestUnder !== undefined) {
    parsed = {};
    setField(parsed, nestUnder, fields);
  }
  if (!reserveData) {
    if (preserveKey && key !== undefined) setField(parsed, key, before[key] as Value);
    return parsed;
  }
  for (const name in before) {
    if (name === key && !preserveKey) continue;
    // A name that came twice stands where it came last, as in Fluent Bit.
    if (name in parsed || name === '__proto__') appendField(parsed, name, before[name] as Value);
    else parsed[name] = before[name] as Value;
  }
  return parsed;
}
