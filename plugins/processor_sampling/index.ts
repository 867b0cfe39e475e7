/**
 * The `sampling` processor: lets a random part of the records through, by one percentage or by one for each level.
 *
 * Fluent Bit samples traces only, and leaves logs as they are; here `probabilistic` samples logs. `tail` decides on whole
 * traces, which do not exist here: it lets everything through, with a warning.
 */
import { compileAccessor } from '../../src/data/accessor.ts';
import type { Fields } from '../../src/data/event.ts';
import { readNumber } from '../../src/options.ts';
import { defineProcessor, OptionError, type OptionTable } from '../../src/plugin.ts';

const options = {
  type: {
    type: 'text',
    oneOf: ['probabilistic', 'tail'],
    default: 'probabilistic',
    help: 'probabilistic samples records; tail is for traces and lets all records through.',
  },
  'sampling_settings.sampling_percentage': {
    type: 'number',
    default: '100',
    min: 0,
    max: 100,
    aliases: ['sampling_percentage'],
    help: 'How many of a hundred records pass.',
  },
  level_percentage: {
    type: 'words',
    many: true,
    help: 'Sluice: LEVEL PERCENTAGE: how many of a hundred records of this level pass, such as: debug 10.',
  },
  level_key: { type: 'text', default: 'level', help: 'Sluice: the field with the level; compared in any case.' },
  'sampling_settings.decision_wait': { type: 'text', help: 'For tail: accepted.' },
  'sampling_settings.max_traces': { type: 'text', help: 'For tail: accepted.' },
  debug: { type: 'boolean', default: 'off', help: 'Accepted; it is for traces.' },
  conditions: { type: 'text', many: true, help: 'For tail: accepted.' },
} as const satisfies OptionTable;

export default defineProcessor({
  name: 'sampling',
  summary: 'Lets a random part of the records through.',
  options,
  create: (given, host) => {
    if (given.type === 'tail') {
      host.log('warn', 'type tail is for traces; all records pass');
      return { filter: (events) => events };
    }
    const chance = compileChance(
      given.level_key,
      given.level_percentage,
      given['sampling_settings.sampling_percentage'],
    );
    return {
      filter: (events) => {
        const kept = events.filter((event) => {
          const part = chance(event.body);
          return part >= 1 || (part > 0 && host.clock.random() < part);
        });
        return kept.length === events.length ? events : kept;
      },
    };
  },
});

/** The part of such records that passes, 0 to 1. */
function compileChance(
  key: string,
  levels: readonly (readonly string[])[],
  percentage: number,
): (body: Fields) => number {
  const others = percentage / 100;
  if (levels.length === 0) return () => others;
  const byLevel = new Map(levels.map(readLevel));
  const { get } = compileAccessor(key);
  return (body) => {
    const level = get(body);
    if (typeof level !== 'string') return others;
    return byLevel.get(level) ?? byLevel.get(level.toLowerCase()) ?? others;
  };
}

function readLevel(words: readonly string[]): [string, number] {
  const [level, text] = words;
  if (level === undefined || text === undefined || words.length > 2)
    throw new OptionError(`'${words.join(' ')}' is no level; write LEVEL PERCENTAGE`, 'level_percentage');
  const percentage = readNumber(text.replace(/%$/, ''));
  if (percentage < 0 || percentage > 100) throw new OptionError(`${text} is not between 0 and 100`, 'level_percentage');
  return [level.toLowerCase(), percentage / 100];
}
