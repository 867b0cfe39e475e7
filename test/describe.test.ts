/** An option table as help, as Markdown, as a JSON schema and as a section to begin with. */
import t from 'tap';
import { helpText, jsonSchema, markdownTable, sampleSection } from '../src/describe.ts';

const PLUGIN = {
  kind: 'input',
  name: 'demo',
  summary: 'Shows tables.',
  options: {
    path: { type: 'text', required: true, help: 'Which files, a|b.' },
    mode: { type: 'text', default: 'fast', oneOf: ['fast', 'slow'], help: 'How.' },
    rule: { type: 'words', many: true, help: `What. ${'long '.repeat(40)}` },
  },
} as const;

t.test('help names every option with its type and default, wrapped', async (t) => {
  const text = helpText(PLUGIN, { tag: { type: 'text', help: 'The tag.' } });
  t.match(text, /^demo input plugin\n\nShows tables\.\n\nOPTIONS\npath +Which files/);
  t.match(text, /> default: fast, type: text, one of fast, slow/);
  t.match(text, /> type: text, required/);
  t.match(text, /OPTIONS OF EVERY INPUT\ntag +The tag\./);
  t.ok(text.split('\n').every((line) => line.length <= 104));
});

t.test('the table of a README escapes what would break it', async (t) => {
  t.equal(
    markdownTable(PLUGIN.options).split('\n').slice(0, 4).join('\n'),
    `| option | type | default | what it does |
| --- | --- | --- | --- |
| \`path\` | text |  | Which files, a\\|b. Required. |
| \`mode\` | text | \`fast\` | How. One of \`fast\`, \`slow\`. |`,
  );
});

t.test('the schema tells types, what is allowed and what is required', async (t) => {
  t.match(jsonSchema(PLUGIN, { tag: { type: 'text', help: 'The tag.' } }), {
    required: ['name', 'path'],
    additionalProperties: false,
    properties: {
      mode: { enum: ['fast', 'slow'], default: 'fast' },
      rule: { anyOf: [{}, { type: 'array' }] },
      tag: {},
    },
  });
});

t.test('a sample section shows what is required and comments the rest', async (t) => {
  t.equal(sampleSection(PLUGIN), '[INPUT]\n    name  demo\n    path  ...\n    # mode  fast\n    # rule\n');
});
