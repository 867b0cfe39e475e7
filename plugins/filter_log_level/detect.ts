/**
 * The level within a line of text: JSON and logfmt fields, klog, syslog's priority, a word in brackets, in capitals or
 * before a colon, and at last what an exception looks like. Only the start of a line is looked at, and every pattern
 * is bounded, so that no line takes long.
 */
import { type LogLevel, levelOfNumber, levelOfWord } from './levels.ts';

/** So much of a text is looked at: fields of JSON may stand anywhere, words only at the start. */
const FIELDS_WITHIN = 2048;
const WORDS_WITHIN = 160;
/** So many fields with a telling name are tried. */
const MOST_FIELDS = 4;

const JSON_FIELD =
  /"(?:level|severity|lvl|log_?level|levelname|severity_?text|log\.level)"\s{0,4}:\s{0,4}(?:"([^"]{1,16})"|(\d{1,2})\b)/gi;
const LOGFMT_FIELD = /(?:^|[\s,;{])(?:level|severity|lvl|loglevel|log_level)=["']?(\w{1,16})/gi;
const KLOG = /^([IWEF])\d{4} \d\d:/;
const SYSLOG = /^<(\d{1,3})>/;
const POSTGRES = /(?:^|\s)(DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC): {2}/;
const NAMES = 'trace|debug|info|information|notice|warn|warning|error|err|severe|fatal|critical|crit|alert|emerg|panic';
/** [error], [ warn], <info>, |ERROR| */
const BRACKETED = new RegExp(`[\\[<(|]\\s{0,3}(${NAMES}|dbg|inf|wrn|ftl|trc)\\s{0,3}[\\]>)|:]`, 'i');
const CAPITALS =
  /(?:^|[^\w])(TRACE|DEBUG|DBG|INFO|INF|NOTICE|WARN|WARNING|WRN|ERROR|ERR|SEVERE|FATAL|CRITICAL|CRIT|ALERT|EMERG|PANIC)(?![\w])/;
const BEFORE_COLON = new RegExp(`^(?:[^\\s]{1,40}\\s{1,3}){0,4}?(${NAMES}):(?:\\s|$)`, 'i');
const EXCEPTION =
  /^(?:Traceback \(most recent call last\)|Exception in thread|Unhandled |Uncaught |Caused by: |(?:[\w$]{1,60}\.){0,12}[A-Z]\w{0,60}(?:Exception|Error)\b)/;

export function detectLevel(text: string): LogLevel | undefined {
  return fromFields(text) ?? fromWords(text.length > WORDS_WITHIN ? text.slice(0, WORDS_WITHIN) : text);
}

function fromFields(text: string): LogLevel | undefined {
  const start = text.length > FIELDS_WITHIN ? text.slice(0, FIELDS_WITHIN) : text;
  const level = start.includes('":') || start.includes('" :') ? firstLevel(JSON_FIELD, start) : undefined;
  return level ?? (start.includes('=') ? firstLevel(LOGFMT_FIELD, start) : undefined);
}

/** The first field that says a level; others of such a name may say something else. */
function firstLevel(field: RegExp, text: string): LogLevel | undefined {
  field.lastIndex = 0;
  for (let tries = 0; tries < MOST_FIELDS; tries++) {
    const found = field.exec(text);
    if (!found) return undefined;
    const level = levelOfWord(found[1] ?? found[2] ?? '');
    if (level) return level;
  }
  return undefined;
}

function fromWords(start: string): LogLevel | undefined {
  const klog = KLOG.exec(start);
  if (klog) return levelOfWord(klog[1] as string);
  const syslog = SYSLOG.exec(start);
  if (syslog) return levelOfNumber(Number(syslog[1]) & 7);
  const word = ((start.includes(':  ') ? POSTGRES.exec(start) : null) ??
    earlier(BRACKETED.exec(start), CAPITALS.exec(start)) ??
    BEFORE_COLON.exec(start))?.[1];
  if (word !== undefined) return levelOfWord(word.replace(/\d$/, ''));
  return EXCEPTION.test(start) ? 'error' : undefined;
}

function earlier(a: RegExpExecArray | null, b: RegExpExecArray | null): RegExpExecArray | null {
  return a && b ? (b.index < a.index ? b : a) : (a ?? b);
}
