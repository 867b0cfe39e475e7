/** Sections that stand where they have no meaning, or have none in Sluice at all: what to say about them. */
import { type Diagnostics, guess } from './diagnostic.ts';
import { SECTION_NAMES, type Section, type SectionKind } from './tree.ts';

/** What Fluent Bit has and Sluice does not. An error where the pipeline would lack something that was asked for. */
const NOT_HERE: Readonly<Partial<Record<SectionKind, { severity: 'error' | 'warning'; text: string }>>> = {
  custom: { severity: 'warning', text: 'has no effect: Sluice has no custom plugins' },
  plugins: { severity: 'error', text: 'cannot be loaded: Sluice takes no plugins of Fluent Bit (Go, WASM)' },
  stream_processor: { severity: 'error', text: 'cannot run: Sluice has no stream processor' },
  upstream: { severity: 'warning', text: 'has no effect: Sluice does not balance over several upstreams yet' },
};

export function checkSections(sections: readonly Section[], diagnostics: Diagnostics): void {
  for (const section of sections) checkSection(section, diagnostics);
}

function checkSection({ kind, name, place, main }: Section, diagnostics: Diagnostics): void {
  const parser = kind === 'parser' || kind === 'multiline_parser';
  const classic = !/\.ya?ml$/i.test(place.file);
  const missing = NOT_HERE[kind];
  if (parser && main && classic)
    diagnostics.error(place, `a ${name} section belongs into a parsers file: name it in SERVICE with Parsers_File`);
  else if (!parser && !main) diagnostics.warning(place, `a ${name} section has no effect in a parsers file`);
  else if (kind === 'other')
    diagnostics.warning(place, `the section '${name}' is not known and is ignored${guess(name, SECTION_NAMES)}`);
  else if (missing) diagnostics[missing.severity](place, `'${name}' ${missing.text}`);
}
