/**
 * The words of a rule or a condition of `modify`. As Fluent Bit: blanks part them; a word that begins with a double or a
 * single quote goes on to the same quote, and within it a backslash stands before that quote or another backslash.
 */
import { OptionError } from '../../src/plugin.ts';

const WORD = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(["'].*)|\S+/gs;

/** @throws OptionError where a quote is not closed. */
export function splitWords(option: string, text: string): string[] {
  const words: string[] = [];
  for (const [word, double, single, open] of text.matchAll(WORD)) {
    if (open !== undefined) throw new OptionError(`the quote of ${open} is not closed`, option);
    if (double !== undefined) words.push(double.replace(/\\(["\\])/g, '$1'));
    else if (single !== undefined) words.push(single.replace(/\\(['\\])/g, '$1'));
    else words.push(word);
  }
  return words;
}
