/**
 * Files that are not UTF-8: where a line ends in their bytes, and how its bytes become text. Lines are cut before they
 * are decoded, so that no character is divided by the end of a buffer (Fluent Bit converts whole buffers instead).
 *
 * In all the encodings of `Generic.Encoding` the byte 0A is a line break and nothing else; in UTF-16 a line break is
 * the unit 000A at an even offset.
 */
import { OptionError } from '../../src/plugin.ts';

export interface Encoding {
  readonly name: string;
  /** Bytes of a code unit; lines begin at multiples of it. */
  readonly unit: 1 | 2;
  /** The index of the line break in `bytes[from, to)`, or -1. `from` is the beginning of a unit. */
  lineEnd(bytes: Buffer, from: number, to: number): number;
  decode(bytes: Buffer, from: number, to: number): string;
}

/** What `Unicode.Encoding` asks for; `auto` looks at the byte order mark of every file. */
export type EncodingChoice = Encoding | 'auto' | undefined;

function byteEncoding(name: string, label: string): Encoding {
  const decoder = new TextDecoder(label);
  return {
    name,
    unit: 1,
    lineEnd(bytes, from, to) {
      const at = bytes.indexOf(10, from);
      return at < to ? at : -1;
    },
    decode: (bytes, from, to) => decoder.decode(bytes.subarray(from, to)),
  };
}

function utf16(name: string, highFirst: boolean): Encoding {
  const decoder = new TextDecoder(highFirst ? 'utf-16be' : 'utf-16le', { ignoreBOM: true });
  const low = highFirst ? 1 : 0;
  return {
    name,
    unit: 2,
    lineEnd(bytes, from, to) {
      for (let at = bytes.indexOf(10, from); at >= 0 && at < to; at = bytes.indexOf(10, at + 1)) {
        const unitAt = at - low;
        const isUnit = (unitAt - from) % 2 === 0 && unitAt >= from && unitAt + 2 <= to;
        if (isUnit && bytes[unitAt + 1 - low] === 0) return unitAt;
      }
      return -1;
    },
    decode: (bytes, from, to) => decoder.decode(bytes.subarray(from, to)),
  };
}

const LITTLE = utf16('UTF-16LE', false);
const BIG = utf16('UTF-16BE', true);

/** Names as Fluent Bit documents them (in lower case) and as the Encoding Standard knows them. */
const GENERIC: Readonly<Record<string, string>> = {
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  cp932: 'shift_jis',
  'windows-31j': 'shift_jis',
  uhc: 'euc-kr',
  cp949: 'euc-kr',
  'windows-949': 'euc-kr',
  gbk: 'gbk',
  cp936: 'gbk',
  gb18030: 'gb18030',
  big5: 'big5',
  cp950: 'big5',
  win866: 'ibm866',
  cp866: 'ibm866',
  win874: 'windows-874',
  cp874: 'windows-874',
};

/** @throws OptionError for a name that is unknown. */
export function readEncoding(unicode: string | undefined, generic: string | undefined): EncodingChoice {
  if (generic !== undefined) return readGeneric(generic);
  if (unicode === undefined) return undefined;
  if (unicode === 'auto') return 'auto';
  return unicode === 'UTF-16BE' ? BIG : LITTLE;
}

function readGeneric(text: string): Encoding {
  const word = text.trim().toLowerCase();
  const windows = /^(?:win|cp|windows-)(125[0-8])$/.exec(word);
  const label = windows ? `windows-${windows[1]}` : GENERIC[word];
  if (label === undefined) throw new OptionError(`'${text}' is not an encoding that is known`, 'generic.encoding');
  return byteEncoding(text, label);
}

/**
 * Looks at the first bytes of a file: its encoding (undefined for UTF-8) and how many bytes its byte order mark has.
 */
export function detectEncoding(choice: EncodingChoice, head: Buffer): { encoding: Encoding | undefined; mark: number } {
  if (choice === undefined) return { encoding: undefined, mark: 0 };
  if (choice !== 'auto' && choice.unit === 1) return { encoding: choice, mark: 0 };
  const little = head.length >= 2 && head[0] === 0xff && head[1] === 0xfe;
  const big = head.length >= 2 && head[0] === 0xfe && head[1] === 0xff;
  if (choice !== 'auto') return { encoding: choice, mark: (choice === BIG ? big : little) ? 2 : 0 };
  if (little) return { encoding: LITTLE, mark: 2 };
  if (big) return { encoding: BIG, mark: 2 };
  const utf8 = head.length >= 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  return { encoding: undefined, mark: utf8 ? 3 : 0 };
}
