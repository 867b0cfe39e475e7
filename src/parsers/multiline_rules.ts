/**
 * The multiline parsers that are there without a [MULTILINE_PARSER]: two for container logs, which join the parts of a
 * long line, and those for stack traces, as tables of rules. A rule: from one of the states, a line that fits the
 * pattern belongs to the record and leads to the next state. `start_state` is where a record begins. A rule that leads
 * to a state from which a record may begin ends the record.
 *
 * The patterns are Fluent Bit's (Ruby syntax), which took most of them from Google's detect-exceptions plugin.
 */
import { compileRegex, fits } from '../data/regex.ts';
import type { MultilineParser, MultilineRule } from '../plugin.ts';
import { CriParser, DockerParser } from './container_lines.ts';

/** How long a record may wait for its next line where nothing else is said. */
export const FLUSH_MS = 4000;

type Row = readonly [from: string, pattern: string, to: string];

const GO: readonly Row[] = [
  ['start_state', '/\\bpanic: /', 'go_after_panic'],
  ['start_state', '/http: panic serving/', 'go_goroutine'],
  ['go_after_panic', '/^$/', 'go_goroutine'],
  ['go_after_panic, go_after_signal, go_frame_1', '/^$/', 'go_goroutine'],
  ['go_after_panic', '/^\\[signal /', 'go_after_signal'],
  ['go_goroutine', '/^goroutine \\d+ \\[[^\\]]+\\]:$/', 'go_frame_1'],
  ['go_frame_1', '/^(?:[^\\s.:]+\\.)*[^\\s.():]+\\(|^created by /', 'go_frame_2'],
  ['go_frame_2', '/^\\s/', 'go_frame_1'],
];

const JAVA: readonly Row[] = [
  [
    'start_state, java_start_exception',
    '/(.)(?:Exception|Error|Throwable|V8 errors stack trace)[:\\r\\n]/',
    'java_after_exception',
  ],
  ['java_after_exception', '/^[\\t ]*nested exception is:[\\t ]*/', 'java_start_exception'],
  ['java_after_exception', '/^[\\r\\n]*$/', 'java_after_exception'],
  ['java_after_exception, java', '/^[\\t ]+(?:eval )?at /', 'java'],
  ['java_after_exception, java', '/^[\\t ]+--- End of inner exception stack trace ---$/', 'java'],
  [
    'java_after_exception, java',
    '/^--- End of stack trace from previous location where exception was thrown ---$/',
    'java',
  ],
  ['java_after_exception, java', '/^[\\t ]*(?:Caused by|Suppressed):/', 'java_after_exception'],
  ['java_after_exception, java', '/^[\\t ]*... \\d+ (?:more|common frames omitted)/', 'java'],
];

const PYTHON: readonly Row[] = [
  ['start_state', '/^Traceback \\(most recent call last\\):$/', 'python'],
  ['python', '/^[\\t ]+File /', 'python_code'],
  ['python_code', '/[^\\t ]/', 'python'],
  ['python', '/^(?:[^\\s.():]+\\.)*[^\\s.():]+:/', 'start_state'],
];

const RUBY: readonly Row[] = [
  ['start_state, ruby_start_exception', '/^.+:\\d+:in\\s+.*/', 'ruby_after_exception'],
  ['ruby_after_exception, ruby', '/^\\s+from\\s+.*:\\d+:in\\s+.*/', 'ruby'],
];

/** The head of a line of Abseil's logging library: severity, month and day, time, thread, file and line. */
const ABSL =
  '(?:I|W|E|F)(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])\\s+\\d{2}:\\d{2}:\\d{2}\\.\\d{6}\\s+\\d+\\s+\\S+:\\d+\\]';

const CPP_ABSL: readonly Row[] = [
  ['start_state, cpp_absl_start', `/^${ABSL}\\s+.+/`, 'cpp_absl_stack'],
  ['cpp_absl_stack', `/^(?!${ABSL}).+/`, 'cpp_absl_stack'],
  ['cpp_absl_stack', '/^[\\r\\n]*$/', 'cpp_absl_stack'],
];

/** Pretty-printed objects: an opening brace at the margin, indented lines, a closing brace. */
const JSON_OBJECTS: readonly Row[] = [
  ['start_state', '/^\\{.*/', 'cont'],
  ['cont', '/^([^\\S\\r\\n].*|\\})$/', 'cont'],
];

/** @throws OptionError for a pattern that cannot be compiled. */
export function compileRule(from: string, pattern: string, to: string): MultilineRule {
  const regex = compileRegex(pattern);
  const states = from
    .split(',')
    .map((state) => state.trim())
    .filter((state) => state !== '');
  return { from: states, to, test: (text) => fits(regex, text) };
}

/** Its patterns are compiled when it is first used: nearly nobody uses all of them (5 ms). */
function byRules(name: string, rows: readonly Row[]): MultilineParser {
  let rules: MultilineRule[] | undefined;
  return {
    name,
    type: 'regex',
    get rules() {
      rules ??= rows.map(([from, pattern, to]) => compileRule(from, pattern, to));
      return rules;
    },
    negate: false,
    flushMs: FLUSH_MS,
  };
}

const CONTAINER = { rules: [], negate: false, flushMs: FLUSH_MS, keyContent: 'log', keyGroup: 'stream' } as const;

const BUILT_IN: readonly MultilineParser[] = [
  { ...CONTAINER, name: 'docker', type: 'endswith', matchText: '\n', parser: new DockerParser() },
  { ...CONTAINER, name: 'cri', type: 'equal', matchText: 'F', keyPattern: '_p', parser: new CriParser() },
  byRules('java', JAVA),
  byRules('go', GO),
  byRules('ruby', RUBY),
  byRules('python', PYTHON),
  byRules('cpp_absl', CPP_ABSL),
  byRules('json', JSON_OBJECTS),
];

/** By name, in lower case: names of multiline parsers are compared in any case. */
export const BUILT_IN_MULTILINE: ReadonlyMap<string, MultilineParser> = new Map(
  BUILT_IN.map((parser) => [parser.name, parser]),
);
