/** Escaped text and back: the three forms that Fluent Bit's decoders know. All return the text itself, unescaped. */

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const simple = (letter: string): string => (Object.hasOwn(SIMPLE, letter) ? (SIMPLE[letter] as string) : letter);

/** \n, \t and their like become characters; of every other escape only the backslash goes. */
export function unescapeBackslashes(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\s\S])/g, (_all, letter: string) => simple(letter)) : text;
}

const ESCAPE =
  /\\(?:u([Dd][89ABab][\dA-Fa-f]{2})\\u([Dd][C-Fc-f][\dA-Fa-f]{2})|u([\dA-Fa-f]{1,4})|U([\dA-Fa-f]{1,8})|x([\dA-Fa-f]{1,2})|([0-7]{1,3})|([\s\S]))/g;

/** Also \uXXXX (pairs too), \UXXXXXXXX, \xXX and \ooo. What is not escaped stays, whatever it is. */
export function unescapeUtf8(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    ESCAPE,
    (
      _all,
      high?: string,
      low?: string,
      unit?: string,
      point?: string,
      hex?: string,
      octal?: string,
      letter?: string,
    ) => {
      if (high !== undefined) return String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low as string, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      const digits = unit ?? point ?? hex;
      return digits === undefined ? simple(letter ?? '') : codePoint(Number.parseInt(digits, 16));
    },
  );
}

/** Half of a pair, and what is beyond Unicode, is no character. */
function codePoint(point: number): string {
  return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : '\ufffd';
}

const MYSQL: Readonly<Record<string, string>> = { ...SIMPLE, '0': '\0', Z: '\x1a' };

/** 'text' or "text" as mysql prints it; text without quotes stays as it is. */
export function unescapeMysql(text: string): string {
  const quoted = /^(['"])([\s\S]*)\1$/.exec(text);
  if (!quoted) return text;
  return (quoted[2] as string).replace(/\\([\s\S])/g, (_all, letter: string) =>
    Object.hasOwn(MYSQL, letter) ? (MYSQL[letter] as string) : letter,
  );
}
