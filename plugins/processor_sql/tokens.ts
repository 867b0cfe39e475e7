/** A query's text to tokens, by the rules of Fluent Bit: keywords in any case, names with dots in them, 'texts'. */
import { OptionError } from '../../src/plugin.ts';

export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign' | 'end';
  /** Keywords and signs in upper case; the content of a text, with its doubled quotes made one. */
  readonly text: string;
  readonly written: string;
}

const PATTERN = /\s+|([_A-Za-z][A-Za-z0-9_.]*)|(-?\d+(?:\.\d+)?)|'((?:[^']|'')*)'|(!=|<>|<=|>=|[*,=()<>;])|(.)/gs;

/** @throws OptionError at what is no token. The last token is the end. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  for (const [written, word, number, text, sign, other] of query.matchAll(PATTERN)) {
    if (word !== undefined) tokens.push({ kind: 'word', text: word.toUpperCase(), written });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, written });
    else if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll("''", "'"), written });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign === '<>' ? '!=' : sign, written });
    else if (other !== undefined) throw new OptionError(`the query has a '${other}' that means nothing`, 'query');
  }
  tokens.push({ kind: 'end', text: '', written: 'the end' });
  return tokens;
}
