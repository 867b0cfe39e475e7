/**
 * The `redact` filter: finds card numbers, social security numbers, e-mail addresses, keys of AWS, bearer tokens, IP
 * addresses and what the user's own patterns describe, in all fields or chosen ones, and puts a mask, a salted hash or
 * nothing in their place. Sluice's own; Fluent Bit has none.
 */
import type { Value } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { defineFilter, OptionError, type OptionsOf, type OptionTable } from '../../src/plugin.ts';
import { compileChoice, compileNames } from './choice.ts';
import { Finder } from './find.ts';
import { KINDS, type Kind } from './kinds.ts';
import { compilePattern } from './patterns.ts';
import { ACTIONS, type Action, Counts, compileReplace, type Replace } from './replace.ts';
import { type Redaction, Walk } from './walk.ts';

const options = {
  kinds: {
    type: 'csv',
    default: 'card,ssn,email,aws,token,ip',
    help: 'Which of these are looked for; `none`: only own patterns and secret fields.',
  },
  pattern: {
    type: 'text',
    many: true,
    help: 'NAME REGEX: a kind of your own, as a regular expression; of one with groups only these are redacted.',
  },
  secret_key: {
    type: 'text',
    many: true,
    help: 'A field that is redacted as a whole: a name, at any depth and in any case, or a record accessor.',
  },
  key: {
    type: 'text',
    many: true,
    help: 'Only this field and what is in it: a key or a record accessor; without one all fields.',
  },
  exclude_key: { type: 'text', many: true, help: 'Not this field nor what is in it: a key or a record accessor.' },
  action: { type: 'text', oneOf: ACTIONS, default: 'mask', help: 'What happens with what was found.' },
  action_of: { type: 'words', many: true, help: 'KIND ACTION: another action for one kind.' },
  mask: { type: 'text', default: '[redacted:{kind}]', help: 'What stands in its place; {kind} is the kind.' },
  card_keep_last: {
    type: 'integer',
    default: '0',
    min: 0,
    max: 4,
    help: 'How many of the last digits of a card number stay behind its mask.',
  },
  salt: { type: 'text', secret: true, help: 'The secret that hashes are made with; needed for the action hash.' },
} as const satisfies OptionTable;

type Options = OptionsOf<typeof options>;

export default defineFilter({
  name: 'redact',
  summary: 'Masks, hashes or removes card numbers, addresses, keys, tokens and what own patterns find.',
  options,
  create: (given, host) => {
    const counts = new Counts(host);
    const walk = new Walk(
      compileRedaction(given, counts),
      compileChoice(given.key, given.exclude_key, given.secret_key),
    );
    return {
      filter: (events) => {
        for (const event of events) {
          const body = walk.redact(event.body);
          if (body !== event.body) event.body = body;
        }
        counts.tell();
        return events;
      },
    };
  },
});

/** The kind of fields that are secret as a whole. */
const FIELD = 'field';

function compileRedaction(given: Options, counts: Counts): Redaction {
  const patterns = given.pattern.map(compilePattern);
  const kinds = readKinds(given.kinds);
  const actions = readActions(given, [...kinds, ...patterns.map(({ kind }) => kind), FIELD]);
  const replaceOf = (kind: string): Replace => {
    const action = actions.get(kind) ?? given.action;
    if (action === 'hash' && !given.salt) throw new OptionError("the action hash needs 'salt'", 'salt');
    const keepLast = kind === 'card' ? given.card_keep_last : 0;
    const replace = compileReplace(kind, action, given.mask, given.salt ?? '', keepLast);
    return (found) => {
      counts.add(kind);
      return replace(found);
    };
  };
  const replaces = new Map<Kind, Replace>(kinds.map((kind) => [kind, replaceOf(kind)]));
  const own = patterns.map(({ kind, redact }) => ({ redact, replace: replaceOf(kind) }));
  const builtIn = kinds.length > 0 ? redactorOf(new Finder(kinds), replaces) : (text: string) => text;
  const ownFirst = (text: string): string => {
    let changed = text;
    for (const { redact, replace } of own) changed = redact(changed, replace);
    return changed;
  };
  const field = replaceOf(FIELD);
  return {
    text: own.length > 0 ? (text) => builtIn(ownFirst(text)) : builtIn,
    card: replaces.get('card'),
    secretKey: replaces.get('aws'),
    field: (value: Value) => field(typeof value === 'string' ? value : toJson(value, false)),
    isSecretField: compileNames(given.secret_key),
  };
}

/** The shortest of what is built in is an address such as a@b.co (but for ::1, which is nobody's). */
const SHORTEST = 6;

/** Most records hold a time or two; to know them costs a third of looking through them. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?$/;

function redactorOf(finder: Finder, replaces: ReadonlyMap<Kind, Replace>): (text: string) => string {
  return (text) => {
    if (text.length < SHORTEST || (text.length > 18 && text.charCodeAt(10) === 84 && TIME.test(text))) return text;
    if (!finder.begin(text) || !finder.next()) return text;
    let out = '';
    let done = 0;
    do {
      const replace = replaces.get(finder.kind) as Replace;
      out += text.slice(done, finder.start) + replace(text.slice(finder.start, finder.end));
      done = finder.end;
    } while (finder.next());
    return out + text.slice(done);
  };
}

function readKinds(words: readonly string[]): Kind[] {
  const kinds = new Set<Kind>();
  for (const word of words) {
    const kind = KINDS.find((one) => one === word.toLowerCase());
    if (kind) kinds.add(kind);
    else if (word.toLowerCase() !== 'none')
      throw new OptionError(`'${word}' is no kind; write ${KINDS.join(', ')} or none`, 'kinds');
  }
  return [...kinds];
}

function readActions(given: Options, kinds: readonly string[]): Map<string, Action> {
  const actions = new Map<string, Action>();
  for (const words of given.action_of) {
    const [kind = '', word = ''] = words;
    const action = ACTIONS.find((one) => one === word.toLowerCase());
    if (!action || words.length > 2)
      throw new OptionError(
        `'${words.join(' ')}' is no action of a kind; write KIND mask, hash or remove`,
        'action_of',
      );
    if (!kinds.includes(kind)) throw new OptionError(`nothing of the kind '${kind}' is looked for`, 'action_of');
    actions.set(kind, action);
  }
  return actions;
}
