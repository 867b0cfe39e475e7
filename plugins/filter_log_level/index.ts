/**
 * The `log_level` filter: gives records a field with their level in one normal form: trace, debug, info, warn, error or
 * fatal. It comes from a field that says it (a word in any spelling, a number of syslog, pino or OpenTelemetry), else
 * from the text of the record. Sluice's own; Fluent Bit has none.
 */
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { type Fields, Float, getField, type Value, withField } from '../../src/data/event.ts';
import { defineFilter, OptionError, type OptionTable } from '../../src/plugin.ts';
import { detectLevel } from './detect.ts';
import { type LogLevel, levelOfNumber, levelOfOtel, levelOfWord } from './levels.ts';

const options = {
  key: {
    type: 'text',
    default: 'level',
    help: 'The field that gets the level. One that is there is put in normal form.',
  },
  level_keys: {
    type: 'csv',
    default:
      "level,severity,lvl,loglevel,log_level,levelname,severity_text,severityText,log.level,$log['level'],@level,severity_number,severityNumber,PRIORITY",
    help: 'Fields that may say the level: keys or record accessors; the first that does counts.',
  },
  text_keys: {
    type: 'csv',
    default: 'log,message,msg,MESSAGE',
    help: 'Fields with a text in which a level may stand.',
  },
  default: { type: 'text', help: 'The level of records that say none; without it they stay as they are.' },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'log_level',
  summary: 'Finds the level of a record and writes it in one normal form.',
  options,
  create: (given) => {
    const sources = given.level_keys.map(compileSource);
    const texts = given.text_keys.map(compileField);
    const fallback = given.default === undefined ? undefined : levelOfWord(given.default);
    if (given.default !== undefined && !fallback)
      throw new OptionError(
        `'${given.default}' is no level; write trace, debug, info, warn, error or fatal`,
        'default',
      );
    return {
      filter: (events) => {
        for (const event of events) {
          const level = fromFields(event.body, sources) ?? fromTexts(event.body, texts) ?? fallback;
          if (level && getField(event.body, given.key) !== level) event.body = withField(event.body, given.key, level);
        }
        return events;
      },
    };
  },
});

interface Source {
  readonly get: Accessor['get'];
  readonly isOtel: boolean;
}

/** A key is taken as it stands, with dots and signs; only with a dollar sign it is an accessor. */
function compileField(key: string): Accessor['get'] {
  return key.startsWith('$') ? compileAccessor(key).get : (body) => getField(body, key);
}

function compileSource(key: string): Source {
  return { get: compileField(key), isOtel: /severity_?number/i.test(key) };
}

function fromFields(body: Fields, sources: readonly Source[]): LogLevel | undefined {
  for (let i = 0; i < sources.length; i++) {
    const { get, isOtel } = sources[i] as Source;
    const value = get(body);
    const level = value === undefined ? undefined : levelOf(value, isOtel);
    if (level) return level;
  }
  return undefined;
}

function levelOf(value: Value, isOtel: boolean): LogLevel | undefined {
  if (typeof value === 'string') return levelOfWord(value);
  const number = typeof value === 'number' ? value : value instanceof Float ? value.value : undefined;
  if (number === undefined) return undefined;
  return isOtel ? levelOfOtel(number) : levelOfNumber(number);
}

function fromTexts(body: Fields, texts: readonly Accessor['get'][]): LogLevel | undefined {
  for (let i = 0; i < texts.length; i++) {
    const text = (texts[i] as Accessor['get'])(body);
    const level = typeof text === 'string' ? detectLevel(text) : undefined;
    if (level) return level;
  }
  return undefined;
}
