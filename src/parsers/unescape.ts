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

/** Also \uXXXX (pairs too), \UXXXXXXXX, \xXX and \ooo. */
export function unescapeUtf8(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(
      /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/g,
      (_all, unit?: string, point?: string, hex?: string, octal?: string, letter?: string) => {
        if (unit ?? hex) return String.fromCharCode(Number.parseInt((unit ?? hex) as string, 16));
        if (point) return codePoint(Number.parseInt(point, 16));
        if (octal) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
        return simple(letter ?? '');
      },
    )
    .toWellFormed();
}

function codePoint(point: number): string {
  return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
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
