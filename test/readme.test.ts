import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { plugins } from '../plugins/index.ts';
import { markdownTable } from '../src/describe.ts';

const PREFIXES = { inputs: 'in', filters: 'filter', processors: 'processor', outputs: 'out' } as const;
const HEAD = '| option | type | default |';

t.test("the option table in a plugin's README is the one that its options give", async (t) => {
  for (const kind of Object.keys(PREFIXES) as (keyof typeof PREFIXES)[])
    for (const [name, load] of Object.entries(plugins[kind])) {
      const readme = path.join(import.meta.dirname, `../plugins/${PREFIXES[kind]}_${name}/README.md`);
      if (!fs.existsSync(readme)) continue;
      const text = fs.readFileSync(readme, 'utf8');
      if (!text.includes(HEAD)) continue;
      const { options } = (await load()).default;
      const written = text.slice(text.indexOf(HEAD)).split('\n\n')[0]?.trim();
      t.equal(written, markdownTable(options).trim(), `${name}: print it anew with markdownTable of src/describe.ts`);
    }
});
