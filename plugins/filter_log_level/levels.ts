/** The six levels, and every word and number that programs use for them. */

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

const WORDS: Readonly<Record<LogLevel, string>> = {
  trace: 'trace trc verbose verb finest finer silly t v',
  debug: 'debug dbg debu fine config d',
  info: 'info inf information informational notice note log ok i n',
  warn: 'warn wrn warning w',
  error: 'error err eror severe failure e',
  fatal: 'fatal ftl critical crit alert emergency emerg panic dpanic f c a p',
};

const BY_WORD = new Map<string, LogLevel>();
for (const [level, words] of Object.entries(WORDS))
  for (const word of words.split(' ')) BY_WORD.set(word, level as LogLevel);

/** Syslog's severities, 0 to 7. */
const SYSLOG: readonly LogLevel[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'];

const MAX_WORD = 16;

/** A word in any case, or a number as text. undefined: it is no level. */
export function levelOfWord(word: string): LogLevel | undefined {
  if (word.length > MAX_WORD) return undefined;
  const found = BY_WORD.get(word) ?? BY_WORD.get(word.trim().toLowerCase());
  return found ?? (/^\d{1,2}$/.test(word) ? levelOfNumber(Number(word)) : undefined);
}

/** 0 to 7 is a severity of syslog; 10 to 60 a level of pino or bunyan. */
export function levelOfNumber(number: number): LogLevel | undefined {
  if (number >= 0 && number <= 7) return SYSLOG[Math.trunc(number)];
  if (number < 10 || number > 60) return undefined;
  return (['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)[Math.trunc(number / 10) - 1];
}

/** OpenTelemetry's severity number, 1 to 24: four for each level. */
export function levelOfOtel(number: number): LogLevel | undefined {
  if (number < 1 || number > 24) return undefined;
  return (['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)[Math.floor((number - 1) / 4)];
}
