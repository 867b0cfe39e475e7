/**
 * The options of the tail input, as data: names, defaults and meaning are those of Fluent Bit 5.1. What the values
 * become is in settings.ts.
 */
import type { OptionTable } from '../../src/plugin.ts';

type OptionSpec = OptionTable[string];
type ParserN = Readonly<Record<`parser_${number}`, OptionSpec>>;

/** Parser_1 .. Parser_9; the values are read from the section, in the order in which they were written. */
const PARSER_N: ParserN = Object.fromEntries(
  Array.from({ length: 9 }, (_, i) => [
    `parser_${i + 1}`,
    { type: 'text', help: 'Multiline on: a parser for the lines that follow a first line.' } satisfies OptionSpec,
  ]),
);

export const TAIL_OPTIONS = {
  path: {
    type: 'csv',
    required: true,
    help: 'Files to read: paths or patterns with *, ? and [..], with commas between them.',
  },
  exclude_path: { type: 'csv', help: 'Patterns over the whole path (* matches / too): such files are left out.' },
  key: { type: 'text', default: 'log', help: 'The key of a line that no parser took.' },
  path_key: { type: 'text', help: 'Adds the name of the file under this key.' },
  offset_key: { type: 'text', help: 'Adds the offset of the first byte of the line under this key.' },
  tag_regex: { type: 'text', help: 'A regular expression over the path; its named groups fill <name> in the Tag.' },
  parser: { type: 'text', help: 'The parser for every line.' },
  read_from_head: {
    type: 'boolean',
    default: 'false',
    help: 'Read files that are there at the start, and not in the database, from their head.',
  },
  read_newly_discovered_files_from_head: {
    type: 'boolean',
    default: 'true',
    help: 'Read files found after the start from their head.',
  },
  refresh_interval: { type: 'time', default: '60', help: 'Time between two looks for new files by their pattern.' },
  watcher_interval: { type: 'time', default: '2s', help: 'Time between two looks for rotated files and links.' },
  progress_check_interval: { type: 'time', default: '2s', help: 'Time between two looks for bytes nobody reported.' },
  progress_check_interval_nsec: {
    type: 'integer',
    default: '0',
    help: 'Nanoseconds to add to progress_check_interval.',
  },
  rotate_wait: {
    type: 'time',
    default: '5',
    help: 'How long a rotated or deleted file is followed after its last new byte.',
  },
  ignore_older: { type: 'time', default: '0', help: 'Leave out files not modified for this long; 0: none.' },
  ignore_active_older_files: {
    type: 'boolean',
    default: 'false',
    help: 'Stop following a file that was not modified for ignore_older.',
  },
  buffer_chunk_size: {
    type: 'size',
    default: '32768',
    help: 'The size by which the buffer grows for a long line.',
  },
  buffer_max_size: {
    type: 'size',
    default: '32768',
    help: 'A line with its newline must be shorter than this; longer ones are split, or see skip_long_lines.',
  },
  skip_long_lines: { type: 'boolean', default: 'false', help: 'Leave out lines longer than buffer_max_size.' },
  truncate_long_lines: {
    type: 'boolean',
    default: 'false',
    help: 'Keep the beginning of lines longer than buffer_max_size.',
  },
  skip_empty_lines: { type: 'boolean', default: 'false', help: 'Leave out empty lines.' },
  static_batch_size: {
    type: 'size',
    default: '50M',
    help: 'Bytes read in one go from files that were there at the start.',
  },
  event_batch_size: { type: 'size', default: '50M', help: 'Bytes read in one go from files that grew.' },
  inotify_watcher: { type: 'boolean', default: 'true', help: 'off: look at the files every 250 ms instead.' },
  file_cache_advise: {
    type: 'boolean',
    default: 'true',
    help: 'Taken and ignored: Node has no posix_fadvise.',
  },
  exit_on_eof: { type: 'boolean', default: 'false', help: 'End the program when every file is read.' },
  max_open_files: {
    type: 'integer',
    default: '0',
    min: 0,
    help: 'How many files are kept open at once; more are read by turns. 0: half of what the system allows, at most 1024.',
  },
  db: { type: 'text', help: 'The SQLite file that keeps the offsets; without it nothing is kept over a restart.' },
  'db.sync': { type: 'text', default: 'normal', help: 'extra, full, normal or off: how SQLite waits for the disk.' },
  'db.locking': { type: 'boolean', default: 'false', help: 'on: no other program may open the database.' },
  'db.journal_mode': {
    type: 'text',
    default: 'WAL',
    oneOf: ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL', 'OFF'],
    help: "SQLite's journal mode; WAL does not work on network file systems.",
  },
  'db.compare_filename': {
    type: 'boolean',
    default: 'false',
    help: 'on: a row of the database counts only for a file of the same name.',
  },
  'multiline.parser': {
    type: 'csv',
    many: true,
    help: 'Multiline parsers (docker, cri, go, java, python, ruby or own ones) that join lines.',
  },
  multiline: { type: 'boolean', default: 'false', help: 'The older way of joining lines, with parser_firstline.' },
  multiline_flush: { type: 'time', default: '4', help: 'Multiline on: how long a record waits for its next line.' },
  parser_firstline: { type: 'text', help: 'Multiline on: the parser that knows the first line of a record.' },
  ...PARSER_N,
  docker_mode: { type: 'boolean', default: 'false', help: 'Join the parts of JSON lines that Docker split.' },
  docker_mode_flush: { type: 'integer', default: '4', help: 'Seconds that an unfinished part waits for the next.' },
  docker_mode_parser: { type: 'text', help: 'Docker_Mode: the parser that knows the first line of a record.' },
  'unicode.encoding': {
    type: 'text',
    oneOf: ['auto', 'UTF-16LE', 'UTF-16BE'],
    help: 'The encoding of the files.',
  },
  'generic.encoding': {
    type: 'text',
    help: 'The encoding: ShiftJIS, UHC, GBK, GB18030, Big5, Win866, Win874, Win1250 .. Win1258.',
  },
} as const satisfies OptionTable;
