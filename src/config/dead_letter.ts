/** The option dead_letter over all outputs: it has to lead to an output that is there, and never in a circle. */
import type { OutputSpec } from '../spec.ts';
import { type Diagnostics, guess } from './diagnostic.ts';

/** @returns the outputs that dead letters lead to: they get something whatever their Match says. */
export function checkDeadLetters(outputs: readonly OutputSpec[], diagnostics: Diagnostics): Set<OutputSpec> {
  const targets = new Set<OutputSpec>();
  const named = new Map(
    outputs.flatMap((spec) => [[spec.name, spec] as const, [spec.alias ?? spec.name, spec] as const]),
  );
  for (const spec of outputs) {
    const { deadLetter } = spec;
    if (deadLetter?.kind !== 'output') continue;
    const place = spec.section.findLast(({ key }) => key.toLowerCase() === 'dead_letter')?.valuePlace ?? spec.place;
    const target = named.get(deadLetter.name);
    if (target) targets.add(target);
    if (!target)
      diagnostics.error(
        place,
        `dead_letter leads to '${deadLetter.name}', but no output has this name or Alias${guess(deadLetter.name, [...named.keys()])}; a file is written with a slash: ./${deadLetter.name}`,
      );
    else if (target === spec) diagnostics.error(place, 'dead_letter leads to the output itself');
    else if (target.deadLetter?.kind === 'output')
      diagnostics.error(
        place,
        `dead_letter leads to '${deadLetter.name}', whose own dead letters lead to an output again`,
      );
  }
  return targets;
}
