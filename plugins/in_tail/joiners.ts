/** Makes the joiner that a tail input's settings ask for. */
import { MultilinePlan } from '../../src/parsers/multiline.ts';
import { DockerJoiner } from './docker_mode.ts';
import { FirstLineJoiner } from './first_line.ts';
import type { MakeJoiner } from './joiner.ts';
import { MultilineJoiner } from './multiline.ts';
import type { Settings } from './settings.ts';
import { Shaper } from './shape.ts';

/** undefined where lines are not joined. */
export function joinerMaker(settings: Settings): MakeJoiner | undefined {
  const { joining, parser } = settings;
  const shaper = new Shaper(settings);
  switch (joining.kind) {
    case 'multiline': {
      const plan = new MultilinePlan(joining.parsers);
      return (name) => new MultilineJoiner(plan, shaper, name);
    }
    case 'docker':
      return (name) => new DockerJoiner({ ...joining, parser, shaper }, name);
    case 'first-line':
      return (name) => new FirstLineJoiner({ ...joining, shaper }, name);
    default:
      return undefined;
  }
}
