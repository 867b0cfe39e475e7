/** The command line: the sections it makes, what it says about mistakes, and what to do. */
import t from 'tap';
import { readCommandLine } from '../src/cli.ts';
import { Diagnostics } from '../src/config/diagnostic.ts';

function read(...args: string[]) {
  const diagnostics = new Diagnostics();
  const command = readCommandLine(args, diagnostics);
  const sections = command.sections.map(({ kind, properties }) => [kind, properties.map((p) => `${p.key}=${p.value}`)]);
  return { command, sections, findings: diagnostics.list.map(({ severity, message }) => `${severity}: ${message}`) };
}

t.test('-i, -F, -o with -p, -t and -m make sections in the order given', async (t) => {
  const { sections, findings } = read(
    ...[
      '-i',
      'dummy',
      '-t',
      'cli',
      '-p',
      'dummy={"a":"b=c"}',
      '-F',
      'modify',
      '-m',
      '*',
      '-p',
      'Add=x 1',
      '-o',
      'file',
      '-m',
      '*',
    ],
  );
  t.same(findings, []);
  t.same(sections, [
    ['service', []],
    ['input', ['name=dummy', 'tag=cli', 'dummy={"a":"b=c"}']],
    ['filter', ['name=modify', 'match=*', 'add=x 1']],
    ['output', ['name=file', 'match=*']],
  ]);
});

t.test('long options do the same', async (t) => {
  const { sections, command } = read(
    '--flush=0.2',
    '--quiet',
    '--input=dummy',
    '--tag',
    'long',
    '--output=null',
    '--match=*',
  );
  t.same(sections, [
    ['service', ['flush=0.2']],
    ['input', ['name=dummy', 'tag=long']],
    ['output', ['name=null', 'match=*']],
  ]);
  t.equal(command.logLevel, null);
});

t.test('short options may be joined, and -v counts', async (t) => {
  t.equal(read('-vv').command.logLevel, 'trace');
  t.equal(read('-v').command.logLevel, 'debug');
  t.equal(read('-i', 'dummy').command.logLevel, 'info');
  t.same(read('-qcf.conf').command.file, 'f.conf');
});

t.test('-H, -P, -L, -b, -l, -Y and -d are keys of SERVICE', async (t) => {
  t.same(read('-H', '-P', '2021', '-L', '127.0.0.1', '-b', '/s', '-l', 'log', '-Y', '-d').sections[0], [
    'service',
    [
      'http_server=on',
      'http_port=2021',
      'http_listen=127.0.0.1',
      'storage.path=/s',
      'log_file=log',
      'hot_reload=on',
      'daemon=on',
    ],
  ]);
});

t.test('what to do: run, --dry-run, check, --version, --help', async (t) => {
  t.equal(read('-c', 'x').command.action, 'run');
  t.equal(read('-c', 'x', '--dry-run').command.action, 'dry-run');
  t.equal(read('-D', '-c', 'x').command.action, 'dry-run');
  t.equal(read('-V').command.action, 'version');
  t.equal(read('--help').command.action, 'help');
  t.equal(read().command.action, 'nothing');
  const { command } = read('check', '-c', 'x');
  t.equal(command.action, 'check');
  t.ok(command.strict);
  t.match(read('-i', 'tail', '-h').command, { action: 'help', plugin: { kind: 'input', name: 'tail' } });
  t.match(read('-o', 'loki', '-J').command, { action: 'schema', plugin: { kind: 'output', name: 'loki' } });
});

t.test('mistakes are found with their place in the command line', async (t) => {
  const diagnostics = new Diagnostics();
  readCommandLine(['-i', 'dummy', '--no-such-option', '--inptu=x', '-c'], diagnostics);
  t.match(diagnostics.list, [
    {
      severity: 'error',
      message: "there is no option '--no-such-option'",
      place: { file: 'command line', column: 10 },
    },
    { severity: 'error', message: "there is no option '--inptu'; did you mean 'input'?" },
    { severity: 'error', message: "'-c' needs a value: FILE" },
  ]);
});

t.test('what cannot have an effect is said and ignored', async (t) => {
  t.same(read('-p', 'a=b', '-i', 'dummy', '-m', '*', '-p', 'novalue', 'stray', '-s', '1', '-Z').findings, [
    "warning: '-p a=b' is ignored: no -i, -F or -o stands before it",
    "warning: '-m' is ignored: it belongs after -F or -o",
    "warning: '-p novalue' is ignored: write -p key=value",
    "warning: the argument 'stray' is ignored",
    "note: '-s' has no effect in Sluice",
    "note: '-Z' has no effect in Sluice",
  ]);
});

t.test('options for what Sluice does otherwise, or not at all, are taken', async (t) => {
  const { findings, sections } = read('--supervisor', '-r', 'sql', '--trace-input', 'dummy.0', '-i', 'dummy');
  t.same(findings, [
    "note: '--supervisor' has no effect in Sluice",
    "note: '-r' has no effect in Sluice",
    "note: '--trace-input' has no effect in Sluice",
  ]);
  t.same(sections, [
    ['service', []],
    ['input', ['name=dummy']],
  ]);
});

t.test('what Sluice cannot do at all is an error', async (t) => {
  t.same(read('-e', 'x.so', '-T', 'SELECT 1;').findings, [
    "error: '-e' is not in Sluice: plugins in shared libraries",
    "error: '-T' is not in Sluice: the stream processor",
  ]);
});
