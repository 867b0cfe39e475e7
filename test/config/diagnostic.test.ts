/** How findings look, and what is guessed. */
import t from 'tap';
import {
  Diagnostics,
  guess,
  nearestWord,
  renderDiagnostic,
  renderDiagnostics,
  strictly,
} from '../../src/config/diagnostic.ts';

const place = { file: 'fluent-bit.conf', line: 5, column: 5, length: 9, text: '    line_formt   json' };

t.test('a finding shows its place, its message, the line and carets below', async (t) => {
  const text = renderDiagnostic({ severity: 'error', message: "output loki has no option 'line_formt'", place });
  t.equal(
    text,
    `fluent-bit.conf:5:5: error: output loki has no option 'line_formt'
  5 |     line_formt   json
    |     ^^^^^^^^^
`,
  );
});

t.test('a finding without a place is one line', async (t) => {
  t.equal(renderDiagnostic({ severity: 'warning', message: 'hm', place: undefined }), 'warning: hm\n');
});

t.test('tabs keep the carets in place and control characters are not printed', async (t) => {
  const text = renderDiagnostic({
    severity: 'error',
    message: 'm',
    place: { file: 'f', line: 12, column: 2, length: 2, text: '\tab\x1b[31m' },
  });
  t.equal(text, 'f:12:2: error: m\n  12 |  ab?[31m\n     |  ^^\n');
});

t.test('a long line is cut around the place', async (t) => {
  const line = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`;
  const text = renderDiagnostic({
    severity: 'error',
    message: 'm',
    place: { ...place, column: 5001, length: 4, text: line },
  });
  const [, shown = '', carets = ''] = text.split('\n');
  t.ok(shown.length < 200);
  t.equal(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'HERE');
});

t.test('all findings end with their number', async (t) => {
  const diagnostics = new Diagnostics();
  diagnostics.error(undefined, 'a');
  diagnostics.warning(undefined, 'b');
  diagnostics.note(undefined, 'c');
  t.equal(renderDiagnostics(diagnostics.list), 'error: a\nwarning: b\nnote: c\n1 error, 1 warning\n');
  t.equal(renderDiagnostics([]), '');
});

t.test('the same finding at the same place counts once', async (t) => {
  const diagnostics = new Diagnostics();
  diagnostics.warning(place, 'twice');
  diagnostics.warning({ ...place }, 'twice');
  diagnostics.warning({ ...place, line: 6 }, 'twice');
  t.equal(diagnostics.list.length, 2);
});

t.test('strictly, a warning is an error and a note stays one', async (t) => {
  const diagnostics = new Diagnostics();
  diagnostics.warning(undefined, 'w');
  diagnostics.note(undefined, 'n');
  t.notOk(diagnostics.failed);
  t.same(
    strictly(diagnostics.list).map(({ severity }) => severity),
    ['error', 'note'],
  );
});

t.test('the nearest word is found in spite of a typing mistake, and nothing far away is guessed', async (t) => {
  const words = ['samples', 'read_from_head', 'multiline.parser', 'path', 'tag'];
  t.equal(nearestWord('Sampels', words), 'samples');
  t.equal(nearestWord('readfromhead', words), 'read_from_head');
  t.equal(nearestWord('Multiline_Parser', words), 'multiline.parser');
  t.equal(nearestWord('paht', words), 'path');
  t.equal(nearestWord('compression', words), undefined);
  t.equal(nearestWord('xyz', ['tag']), undefined);
  t.equal(guess('sample', words), "; did you mean 'samples'?");
  t.equal(guess('zzz', words), '');
});

t.test('a very long word costs little', async (t) => {
  t.equal(nearestWord('x'.repeat(1_000_000), ['path']), undefined);
});

t.test('a value that sounds like a secret is not shown, and the carets stay', async (t) => {
  const shown = (text: string, column = 3, length = 4): string =>
    renderDiagnostic({ severity: 'error', message: 'm', place: { file: 'f', line: 1, column, text, length } });
  for (const line of [
    '  http_passwd hunter2',
    '  http_paswd  hunter2',
    '  - http_passwd: "hunter2"',
    '    "tls.key_passwd": hunter2',
    '  Shared_Key hunter2',
    '  bearer_token hunter2',
    '  oauth2.client_secret hunter2',
    '  Header Authorization Bearer hunter2',
    '  header: Authorization Basic hunter2',
  ]) {
    t.notMatch(shown(line), /hunter2|Bearer/, line);
    t.match(shown(line), new RegExp(`  1 \\| ${line.slice(0, 8)}`));
  }
  t.match(shown('  path /var/log/tokens.log'), 'tokens.log');
  t.match(shown('  http_passwd hunter2', 15, 7), /\| {15}\^{7}\n/);
});
